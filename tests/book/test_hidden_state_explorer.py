"""The hidden state explorer in a page without a kernel: what it shows of a text is what torch computes for it."""

import numpy as np
import pytest
import torch
from driving import darken

from largemodels.live import HiddenStateExplorer, HiddenStates, live
from largemodels.models import CharRNN, CharRNNConfig
from largemodels.text import UNKNOWN, Vocabulary

VOCABULARY = Vocabulary((UNKNOWN, "\n", *map(chr, range(32, 127))))
TEXT = 'def f(name):\n    return "hi " + name\n'
EXAMPLES = {"a function": TEXT, "a list": "x = [1, (2, 'three')]  # four\n"}
HELDOUT = [f'x = ["{i}", f(\'{i}\')]  # note {i}\nif x:\n    y = "{2 * i}" + ({i})\n' for i in range(8, 13)]
QUANTITIES = {
    "cell": "cell",
    "hidden state": "hidden",
    "input gate": "input_gate",
    "forget gate": "forget_gate",
    "output gate": "output_gate",
    "candidate": "candidate",
}
LINE = "The text as the network read it: arrow keys move from character to character"
MAP = "All units, one a row, and all characters, one a column"


def build(cell="LSTM", **sizes):
    """A model whose weights are large enough for its gates to open and close."""
    torch.manual_seed(0)
    model = CharRNN(CharRNNConfig(cell=cell, **sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.5)
    return model.half().float()


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def explorer(model):
    view = HiddenStateExplorer(VOCABULARY, EXAMPLES, HELDOUT)
    return live(view, HiddenStates(model), {"ids": VOCABULARY.encode(TEXT)[None]})


def answer(model, text):
    with torch.no_grad():
        return {name: value[0] for name, value in HiddenStates(model)(VOCABULARY.encode(text)[None]).items()}


# ---- reading the page -----------------------------------------------------------------------------


def shown(page):
    """Every output that the page holds, (t, n)."""
    values = page.evaluate(
        "Object.fromEntries(Object.entries(document.querySelector('.hx-map').values)"
        ".map(([name, numbers]) => [name, Array.from(numbers)]))"
    )
    t = len(values["seen"])
    return {name: torch.tensor(numbers).view(t, -1) for name, numbers in values.items()}


def check_against_torch(page, model, text):
    """Compare everything on the page with torch, for a text that the model must have been given."""
    want, got = answer(model, text), shown(page)
    assert "".join(chr(int(point)) for point in got.pop("seen")) == text
    assert set(got) == set(want)
    for name, numbers in got.items():
        torch.testing.assert_close(numbers, want[name], atol=1e-5, rtol=0, msg=f"{name} differs")
    unit, place = unit_of(page), place_of(page)
    assert [cell.get_attribute("data-place") for cell in page.locator(".lm-line .lm-char").all()] == [
        str(i) for i in range(len(text))
    ]
    for number in page.locator(".hx-number").all():
        name = number.get_attribute("data-quantity")
        at = place - 1 if name.endswith("_before") else place
        value = want[name.removesuffix("_before")][at, unit].item() if at >= 0 else 0.0
        assert float(number.get_attribute("data-value")) == pytest.approx(value, abs=1e-5), name
        assert float(number.text_content().replace("−", "-")) == pytest.approx(value, abs=0.0051)
    chances = want["probabilities"][place]
    bars = page.locator(".hx-next:visible").all()
    values = torch.tensor([float(bar.get_attribute("data-value")) for bar in bars])
    torch.testing.assert_close(values[:8], chances.topk(8).values, atol=1e-5, rtol=0)
    return want


def unit_of(page):
    return int(page.get_by_label("Unit", exact=True).first.input_value())


def place_of(page):
    return int(page.get_by_role("slider", name=LINE).first.get_attribute("aria-valuenow")) - 1


def settle(page, text):
    """Wait until the page shows what the network made of a text."""
    page.wait_for_function(
        "text => { const el = document.querySelector('[data-drawn]');"
        " const { seen } = el.querySelector('.hx-map').values;"
        " return el.dataset.state === 'ready' && String.fromCodePoint(...seen) === text"
        " && el.querySelectorAll('.lm-line .lm-char').length === seen.length; }",
        arg=text,
    )


def write(page, text):
    page.locator("textarea").first.fill(text)
    settle(page, text)


# ---- the claims -----------------------------------------------------------------------------------


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer, model):
    page = widget_page(explorer)
    assert page.locator("textarea").input_value() == TEXT
    assert page.get_by_role("radio", name="a function").is_checked()
    check_against_torch(page, model, TEXT)
    page.get_by_role("slider", name=LINE).focus()
    page.keyboard.press("ArrowLeft")
    check_against_torch(page, model, TEXT)
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(widget_page, explorer, model, scheme):
    page = widget_page(explorer, scheme=scheme)
    page.locator("textarea").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("x = f('you')")
    text = TEXT + "x = f('you')"
    settle(page, text)
    assert place_of(page) == len(text) - 1
    check_against_torch(page, model, text)
    for _ in range(4):
        page.keyboard.press("Backspace")
    settle(page, text[:-4])
    page.keyboard.press("Control+Home")
    page.keyboard.type("#")
    settle(page, "#" + text[:-4])
    assert place_of(page) == 0
    check_against_torch(page, model, "#" + text[:-4])


def test_one_character_is_a_text(widget_page, explorer, model):
    page = widget_page(explorer)
    write(page, "(")
    check_against_torch(page, model, "(")


def test_any_unicode_is_shown_marked_and_read_as_unknown(widget_page, explorer, model):
    page = widget_page(explorer)
    text = "naïve\t中\U0001f389\u200de\u0301 שלום '\u00a0'"
    write(page, text)
    check_against_torch(page, model, text)
    unknown = VOCABULARY.unknown(text)
    cells = page.locator(".lm-line .lm-char")
    for i, character in enumerate(text):
        marked = "lm-unknown" in cells.nth(i).get_attribute("class")
        assert marked == (character in unknown), character
    assert [cells.nth(i).text_content() for i in (0, 2, 5, 6, 7, 8)] == ["n", "ï", "⇥", "中", "\U0001f389", UNKNOWN]
    note = page.locator(".lm-strange")
    assert note.locator(".lm-char").count() == len(unknown)
    assert f"It reads {UNKNOWN} in their place." in note.text_content()
    write(page, "plain")
    assert note.text_content() == ""


def test_text_is_never_html(widget_page, explorer, model):
    page = widget_page(explorer)
    text = "<img src=x onerror=alert(1)><b>&amp;"
    write(page, text)
    assert page.locator(".lm-line").text_content().replace("\u00a0", " ") == text
    assert page.locator("main img, main b:not(.hx-where b)").count() == 0
    check_against_torch(page, model, text)


def test_an_empty_text_asks_for_one_and_the_next_is_read(widget_page, explorer, model):
    page = widget_page(explorer)
    page.locator("textarea").fill("")
    page.locator(".lm-line").wait_for(state="hidden")
    assert not any(page.get_by_role("radio", name=name).is_checked() for name in EXAMPLES)
    assert page.locator(".hx-inspector, .hx-map, .hx-expected").filter(visible=True).count() == 0
    assert "Type something" in page.locator("textarea").get_attribute("placeholder")
    darken(page)  # drawn again, it stays empty
    assert page.locator("textarea").input_value() == ""
    page.locator("textarea").focus()
    page.keyboard.type("ab")
    settle(page, "ab")
    assert page.locator(".lm-line").is_visible()
    check_against_torch(page, model, "ab")


def test_of_a_long_text_the_end_is_read_and_the_page_says_so(widget_page, explorer, model):
    page = widget_page(explorer)
    text = ("# 0123456789\n" * 40)[:450]
    page.locator("textarea").fill(text)
    settle(page, text[-400:])
    assert "reads the last 400 of 450 characters" in page.locator(".lm-text").text_content()
    assert page.locator("textarea").input_value() == text
    check_against_torch(page, model, text[-400:])


def test_examples_are_read(widget_page, explorer, model):
    page = widget_page(explorer)
    page.get_by_text("a list", exact=True).click()
    settle(page, EXAMPLES["a list"])
    assert page.locator("textarea").input_value() == EXAMPLES["a list"]
    check_against_torch(page, model, EXAMPLES["a list"])


def test_the_caret_the_mouse_and_the_keys_choose_a_character(widget_page, explorer, model):
    page = widget_page(explorer)
    cells = page.locator(".lm-line .lm-char")
    cells.nth(20).click()
    assert place_of(page) == 20
    for key, there in {"ArrowRight": 21, "ArrowUp": 8, "ArrowDown": 21, "Home": 0, "ArrowLeft": 0, "End": 36}.items():
        page.keyboard.press(key)
        assert place_of(page) == there, key
    assert place_of(page) == len(TEXT) - 1
    page.locator("textarea").focus()
    page.keyboard.press("Control+Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.lm-line').getAttribute('aria-valuenow') === '4'")
    check_against_torch(page, model, TEXT)


def test_the_map_chooses_unit_and_character(widget_page, explorer, model):
    page = widget_page(explorer)
    page.get_by_text("none", exact=True).click()  # units by number
    surface = page.get_by_role("slider", name=MAP)
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    x, y = (11.5 / len(TEXT)) * box["width"], (77.5 / 128) * box["height"]
    surface.click(position={"x": x, "y": y})
    assert (unit_of(page), place_of(page)) == (77, 11)
    for key, there in {"ArrowDown": (78, 11), "ArrowLeft": (78, 10), "Shift+ArrowUp": (68, 10)}.items():
        page.keyboard.press(key)
        assert (unit_of(page), place_of(page)) == there, key
    words = surface.get_attribute("aria-valuetext")
    assert words.startswith("unit 68, character 11 of 37, “)”: cell ")
    check_against_torch(page, model, TEXT)
    page.get_by_label("Unit", exact=True).fill("500")
    assert unit_of(page) == 127
    check_against_torch(page, model, TEXT)


def test_the_map_follows_a_finger(widget_page, explorer):
    page = widget_page(explorer, width=390, height=844, touch=True)
    surface = page.get_by_role("slider", name=MAP)
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    page.touchscreen.tap(box["x"] + 20.5 / len(TEXT) * box["width"], box["y"] + box["height"] / 2)
    assert place_of(page) == 20
    cell = page.locator(".lm-line .lm-char").nth(5)
    cell.scroll_into_view_if_needed()
    cell.tap()
    assert place_of(page) == 5


@pytest.mark.parametrize("choice", list(QUANTITIES))
def test_text_and_map_are_coloured_by_the_quantity_chosen(widget_page, explorer, model, choice):
    page = widget_page(explorer)
    page.get_by_text("none", exact=True).click()
    page.get_by_text(choice, exact=True).click()
    want = answer(model, TEXT)[QUANTITIES[choice]].numpy()
    cells = page.locator(".lm-line .lm-char").evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))")
    np.testing.assert_allclose(cells, want[:, unit_of(page)], atol=1e-5)
    width, height, *rgba = page.evaluate(
        "() => { const c = document.querySelector('.hx-map canvas');"
        " return [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }"
    )
    assert (height, width) == (128, len(TEXT))
    rgb = np.array(rgba).reshape(height, width, 4)[..., :3].astype(int)
    if "gate" in choice:  # from paper to dark blue
        assert np.corrcoef(rgb.sum(2).flatten(), want.T.flatten())[0, 1] < -0.95
    else:
        strong = 0.25 * min(3, abs(want).max())
        high, low = rgb[strong < want.T], rgb[-strong > want.T]
        assert (high[:, 0] > high[:, 2]).all()  # positive: orange
        assert (low[:, 2] > low[:, 0]).all()  # negative: blue


def test_a_property_ranks_the_units_and_names_the_correlation(widget_page, explorer, model):
    page = widget_page(explorer)
    for entry in explorer.settings["ranking"]:
        page.get_by_role("radio", name=entry["name"], exact=True).check(force=True)
        best = entry["units"][:5]
        assert unit_of(page) == best[0]
        finding = page.locator(".hx-finding")
        assert f"unit {best[0]}" in finding.text_content()
        assert float(finding.locator(".hx-correlation").get_attribute("data-value")) == entry["correlations"][0]
        closest = page.locator(".hx-closest .lm-chip").all_text_contents()
        assert [int(text.split(":")[0]) for text in closest] == best
        surface = page.get_by_role("slider", name=MAP)
        surface.focus()
        page.keyboard.press("ArrowDown")
        assert unit_of(page) == best[1]
        page.locator(".hx-closest .lm-chip").nth(3).click()
        assert unit_of(page) == best[3]
    check_against_torch(page, model, TEXT)
    page.get_by_text("none", exact=True).click()
    assert page.locator(".hx-finding").is_hidden()


def test_a_character_that_is_expected_is_typed_by_a_press(widget_page, explorer, model):
    page = widget_page(explorer)
    write(page, "ab")
    chances = answer(model, "ab")["probabilities"][1]
    best = VOCABULARY.symbols[chances[1:].argmax() + 1]
    bar = page.locator(".hx-next:enabled").first
    words = {"\n": "end of line", " ": "space"}.get(best, f"“{best}”")
    assert f"{words}: " in bar.text_content()
    bar.focus()
    page.keyboard.press("Enter")
    settle(page, "ab" + best)
    assert place_of(page) == 2
    assert page.locator("textarea").input_value() == "ab" + best
    page.locator(".lm-line .lm-char").nth(0).click()
    chances = answer(model, "a")["probabilities"][0]
    real = page.locator(".hx-real")
    assert "“b”, as in the text: " in real.text_content()
    share = chances[VOCABULARY.encode("b")[0]].item()
    assert float(real.get_attribute("data-value")) == pytest.approx(share, abs=1e-5)
    page.locator(".hx-next:enabled").nth(1).click()
    page.wait_for_function("document.querySelectorAll('.lm-line .lm-char').length === 4")
    text = page.locator("textarea").input_value()
    assert (text[0], text[2:]) == ("a", "b" + best)
    check_against_torch(page, model, text)


@pytest.mark.parametrize("cell", ["GRU", "RNN"])
def test_other_cells_are_shown_with_what_they_have(widget_page, cell):
    other = build(cell, features=7, hidden=13)
    page = widget_page(live(HiddenStateExplorer(VOCABULARY), HiddenStates(other), {"ids": torch.tensor([[5, 7, 11]])}))
    assert page.locator(".hx-finder").is_hidden()
    write(page, "x = (1, 2)\n")
    want = check_against_torch(page, other, "x = (1, 2)\n")
    names = page.locator(".hx-colours .lm-chip").all_text_contents()
    assert len(names) == len(want) - 1
    assert page.get_by_role("radio", name="hidden state").is_checked()


def test_the_map_of_a_few_units_is_low(widget_page):
    ids = {"ids": torch.tensor([[5, 7, 11]])}
    heights = []
    for hidden in (3, 31):
        page = widget_page(live(HiddenStateExplorer(VOCABULARY), HiddenStates(build(features=7, hidden=hidden)), ids))
        heights.append(page.locator(".hx-map canvas").bounding_box()["height"])
    assert heights[0] < heights[1] / 2


def test_two_views_of_one_widget_show_the_same_text(widget_page, explorer):
    page = widget_page(explorer, explorer)
    page.locator("textarea").nth(1).fill("x = 1")
    settle(page, "x = 1")
    assert [box.input_value() for box in page.locator("textarea").all()] == ["x = 1"] * 2


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    for text in ("x" * 130, TEXT):
        write(page, text)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inside = "element => element.scrollWidth <= element.clientWidth + 1"
        assert all(number.evaluate(inside) for number in page.locator(".hx-number").all())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, dark):
    page = widget_page(explorer, dark=dark)
    if dark:
        darken(page)
    write(page, "x = 'ï中'\n")
    assert axe(page) == []
    page.get_by_text("forget gate", exact=True).click()
    assert axe(page) == []
