"""The reader of file types in a page without a kernel: what is shown is what torch computes from the same bytes."""

import pytest
import torch
from driving import darken, drawn, frames, settle
from every_view import TEXT, Views, some_file_types

from largemodels.live import FileTypeExplained

RULES = some_file_types()


@pytest.fixture(scope="module")
def view():
    return Views()["file_type"]


@pytest.fixture(scope="module")
def model(view):
    return view._binding.function


def write(page, text):
    before = drawn(page)
    page.locator("textarea").fill(text)
    settle(page, before)


def check_against_torch(page, model, content):
    """Compare bars, verdict and every byte with torch's answer for a file."""
    assert isinstance(model, FileTypeExplained)
    with torch.no_grad():
        answer = model(RULES.tokens(content)[None])
    chances, relevance = answer["probabilities"][0], answer["relevance"][0]
    shown = [float(row.get_attribute("data-value")) for row in page.locator(".ft-row").all()]
    torch.testing.assert_close(torch.tensor(shown), chances.sort(descending=True).values, atol=1e-5, rtol=1e-4)
    name = RULES.names[chances.argmax()]
    verdict = page.locator(".ft-verdict")
    assert verdict.get_attribute("data-name") == name
    assert verdict.get_attribute("data-answer") == RULES.decide(name, chances.max().item())
    cells = page.locator(".ft-strip .lm-char").evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))")
    torch.testing.assert_close(sum(cells), relevance.sum().item(), atol=1e-4, rtol=1e-3)
    return cells, relevance


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, view, model):
    page = widget_page(view, fresh=True)
    assert page.locator("textarea").input_value() == TEXT
    check_against_torch(page, model, TEXT.encode())
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(widget_page, view, model, scheme):
    page = widget_page(view, scheme=scheme)
    for text in ("  \n größer 人\t", "name,height\na,1\n", TEXT * 4):  # the last is longer than what is read
        write(page, text)
        check_against_torch(page, model, text.encode())


def test_a_short_text_stands_in_both_halves_and_each_character_has_the_sum(widget_page, view, model):
    page = widget_page(view)
    write(page, "äbcdefghi")
    cells, relevance = check_against_torch(page, model, "äbcdefghi".encode())
    both = relevance[:10] + relevance[-10:]
    wanted = torch.cat([both[:2].sum()[None], both[2:]])  # ä has two bytes
    torch.testing.assert_close(torch.tensor(cells), wanted, atol=1e-5, rtol=1e-3)


def test_examples_are_chosen_by_keyboard_also_those_that_are_no_text(widget_page, view, model):
    page = widget_page(view)
    radios = page.get_by_role("radio")
    before = drawn(page)
    radios.nth(0).press("ArrowRight")
    settle(page, before)
    check_against_torch(page, model, (TEXT * 3).encode())
    before = drawn(page)
    radios.nth(1).press("ArrowRight")
    settle(page, before)
    check_against_torch(page, model, bytes(range(120, 250)))
    assert page.locator("textarea").input_value() == ""
    assert page.locator("textarea").get_attribute("placeholder") == "bytes: 130 bytes, no text"
    assert radios.nth(2).is_checked()


def test_a_byte_is_looked_at_by_mouse_and_by_keyboard(widget_page, view):
    page = widget_page(view)
    strip = page.get_by_role("slider", name="Bytes of the file")
    page.locator(".ft-strip .lm-char").nth(2).click()
    assert page.locator(".ft-about").text_content().startswith("“r” byte 3, hexadecimal 72: ")
    strip.press("ArrowRight")
    assert page.locator(".ft-about").text_content().startswith("space byte 4, hexadecimal 20: ")
    assert strip.get_attribute("aria-valuetext").startswith("space byte 4")


def test_too_few_bytes_are_said_to_be_too_few(widget_page, view, model):
    page = widget_page(view)
    for text in ("", "   \n ", "seven b"):
        page.locator("textarea").fill(text)
        frames(page)
        assert page.locator(".ft-verdict").text_content().startswith("Fewer than 8 bytes")
        assert not page.locator(".ft-bytes").is_visible()
    write(page, "eight by")
    check_against_torch(page, model, b"eight by")


def test_it_is_dark_on_a_dark_page_and_fits_a_phone(widget_page, view):
    page = widget_page(view)
    darken(page)
    page.set_viewport_size({"width": 390, "height": 800})
    frames(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
