"""The tokens in a page without a kernel: what the reader sees is what the tokenizer gives in Python."""

import pytest
from driving import darken, drawn, settle
from taking import link_of

from largemodels.data import declaration, smollm2
from largemodels.live import TokenExplorer
from largemodels.text import Tokenizer

TEXTS = {name: articles[0] for name, articles in declaration().items()}
TYPED = ("strawberry 2024", "def f(x):\n    return x + 1\n", "Straße 人人 👩‍👩‍👧 नमस्ते", "")


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


@pytest.fixture(scope="module")
def view(tokenizer):
    return TokenExplorer(tokenizer, TEXTS, beside="smollm2-tokens")


def write(page, text, number=0):
    before = drawn(page)
    page.locator("textarea").nth(number).fill(text)
    settle(page, before) if number == 0 else page.wait_for_function(
        "([n, text]) => document.querySelectorAll('.tk')[n].querySelector('textarea').value === text",
        arg=[number, text],
    )


def check_against_python(page, tokenizer, text):
    """Compare ids, bytes and counts on the page with the tokenizer's."""
    ids = tokenizer.encode(text).tolist()
    assert page.locator(".tk-token").evaluate_all("all => all.map(one => Number(one.dataset.id))") == ids
    assert page.locator(".tk-token small").all_text_contents() == [str(i) for i in ids]
    counts = page.locator(".tk-counts [data-count]").evaluate_all("all => all.map(one => Number(one.dataset.count))")
    assert counts == [len(ids), len(text), len(text.encode())]
    page.get_by_role("radio", name="its bytes").check(force=True)
    pieces = [piece.hex(" ").upper() for piece in tokenizer.pieces(text)]
    assert page.locator(".tk-token small").all_text_contents() == pieces
    page.get_by_role("radio", name="its id").check(force=True)


def test_at_rest_the_page_shows_the_notebooks_tokens_and_fetches_nothing(widget_page, view, tokenizer):
    page = widget_page(view, fresh=True)
    assert page.locator("textarea").input_value() == TEXTS["English"]
    check_against_python(page, tokenizer, TEXTS["English"])
    assert not any("models/" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_cut_as_python_cuts_it(widget_page, view, tokenizer, scheme):
    page = widget_page(view, scheme=scheme, fresh=True)
    for text in TYPED:
        write(page, text)
        check_against_python(page, tokenizer, text)
    assert sum("models/smollm2-tokens." in url for url in page.asked) == 1
    assert not any("onnxruntime" in url for url in page.asked)


def test_every_keystroke_counts_and_the_caret_points_at_its_token(widget_page, view, tokenizer):
    page = widget_page(view)
    write(page, "un")
    page.locator("textarea").press("End")
    for text in ("unh", "unha", "unhap"):
        before = drawn(page)
        page.keyboard.press(text[-1])
        settle(page, before)
        check_against_python(page, tokenizer, text)
        page.locator("textarea").focus()
    write(page, "one two three")
    page.locator("textarea").press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.tk-about').textContent.startsWith('Token 1 of 3: one is')")
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.tk-about').textContent.startsWith('Token 3 of 3: ␣three is')")
    assert page.locator(".tk-now").get_attribute("data-id") == str(tokenizer.encode(" three").item())


def test_a_press_on_a_token_tells_its_bytes(widget_page, view, tokenizer):
    page = widget_page(view)
    page.locator(".tk-token").nth(2).click()
    piece, i = tokenizer.pieces(TEXTS["English"])[2], tokenizer.encode(TEXTS["English"])[2].item()
    assert page.locator(".tk-about").text_content().endswith(f" is {i} of 49152, bytes {piece.hex(' ').upper()}")


def test_other_languages_are_counted_and_shown_by_keyboard(widget_page, view, tokenizer):
    page = widget_page(view)
    rows = page.locator(".tk-row")
    numbers = [len(tokenizer.encode(text)) for text in TEXTS.values()]
    assert rows.evaluate_all("all => all.map(row => Number(row.children[2].firstChild.data))") == numbers
    times = f"{numbers[5] / numbers[0]:.1f}×"
    assert page.get_by_role("button", name=f"Russian {numbers[5]} tokens, {times} those of English").count() == 1
    before = drawn(page)
    rows.nth(5).press("Enter")
    settle(page, before)
    check_against_python(page, tokenizer, TEXTS["Russian"])
    assert rows.evaluate_all("all => all.map(row => row.ariaPressed)").index("true") == 5


def test_what_no_token_has_is_named(widget_page, view):
    page = widget_page(view)
    write(page, "a\x04b")
    assert page.locator(".lm-strange").last.text_content() == "No token has the byte 04."


def test_a_vocabulary_that_cannot_be_fetched_says_so_and_is_tried_again(widget_page, view, tokenizer):
    page = widget_page(view, fresh=True)
    page.route("**/smollm2-tokens.bin", lambda route: route.abort(), times=1)
    page.locator("textarea").fill("one")
    page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'failed'")
    assert "a file that belongs to this page could not be fetched" in page.locator(".live-message").text_content()
    assert ["Failed to load resource" in text for text in page.errors] == [True]
    page.errors.clear()
    write(page, "one two")
    check_against_python(page, tokenizer, "one two")


def test_a_text_travels_in_a_link(widget_page, view, tokenizer, open_page):
    page = widget_page(view)
    write(page, TYPED[1])
    again = open_page(link_of(page))
    again.wait_for_function("text => document.querySelector('textarea')?.value === text", arg=TYPED[1])
    settle(again, 1)
    check_against_python(again, tokenizer, TYPED[1])


def test_two_on_a_page_do_not_disturb_each_other_and_share_what_is_fetched(widget_page, view, tokenizer):
    other = TokenExplorer(tokenizer, {"greeting": "hello"}, beside="smollm2-tokens")
    page = widget_page(view, other, fresh=True)
    write(page, "for the first")
    page.locator("textarea").nth(1).fill("and the second one")
    want = len(tokenizer.encode("and the second one"))
    page.wait_for_function(
        "n => document.querySelectorAll('.tk')[1].querySelectorAll('.tk-token').length === n", arg=want
    )
    assert page.locator(".tk").first.locator(".tk-token").count() == len(tokenizer.encode("for the first"))
    assert sum("models/smollm2-tokens." in url for url in page.asked) == 1


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, view, width):
    page = widget_page(view, width=width, height=844)
    write(page, "a" * 300 + " internationalisation " + "人" * 100)
    page.get_by_role("radio", name="its bytes").check(force=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, view, axe, dark):
    page = widget_page(view, dark=dark)
    if dark:
        darken(page)
    write(page, "words, 数 and more")
    page.locator("textarea").blur()
    page.locator(".tk-token").nth(1).click()
    assert axe(page) == []
