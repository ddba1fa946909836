"""The digit reader in a page without a kernel: what is drawn gets the answer that torch gives."""

import itertools
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from driving import Fingers, darken, draw_by_mouse, drawing, drawn, settle

from largemodels.data import digits
from largemodels.live import DigitReader, live
from largemodels.models import ConvNet
from largemodels.train import load_weights

ROOT = Path(__file__).resolve().parents[2]
SIZE = 28
SEVEN = [(7, 5), (20, 5), (13, 23)]
ONE = [(14, 4), (14, 24)]


@pytest.fixture(scope="module")
def model():
    """The network that the book keeps for drawings."""
    model = ConvNet()
    load_weights(ROOT / "assets/checkpoints/convnet.safetensors", model)
    return model.eval()


@pytest.fixture(scope="module")
def examples():
    """A digit of each class, small in the middle of the frame, with the classes; the last is said to be another."""
    test = digits(20).test
    picks = [(test.labels == label).nonzero()[0].item() for label in range(10)]
    labels = torch.tensor([*range(9), 4])
    return F.pad(test.images[picks], (4,) * 4), labels


@pytest.fixture(scope="module")
def view(model, examples):
    images, labels = examples
    return live(DigitReader(images, digits().names, labels), model, {"image": images[3:4]})


@pytest.fixture
def reader(widget_page, view):
    """Open the reader on a page of its own: ``reader(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


def check_against_torch(page, model):
    """Compare bars, numbers and the large answer with torch, for what is drawn; return the answer."""
    with torch.no_grad():
        probabilities = model(drawing(page))[0].softmax(0)
    rows = page.locator(".dr-class")
    assert rows.locator(".dr-name").all_text_contents() == list("0123456789")
    values = rows.evaluate_all("rows => rows.map(row => Number(row.dataset.value))")
    torch.testing.assert_close(torch.tensor(values), probabilities, atol=1e-5, rtol=0)
    track = page.locator(".dr-track").first.bounding_box()["width"]
    bars = page.locator(".dr-fill").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    torch.testing.assert_close(torch.tensor(bars) / track, probabilities, atol=0.02, rtol=0)
    said = [float(text.split()[0]) for text in page.locator(".dr-percent").all_text_contents()]
    torch.testing.assert_close(torch.tensor(said) / 100, probabilities, atol=6e-4, rtol=0)
    blank = drawing(page).sum() == 0
    answer = str(probabilities.argmax().item())
    assert page.locator(".dr-answer").text_content() == ("?" if blank else answer)
    assert page.locator(".dr-first .dr-name").all_text_contents() == ([] if blank else [answer])
    return answer


# ---- the claims ---------------------------------------------------------------------------------


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(reader, model):
    page = reader(fresh=True)
    assert check_against_torch(page, model) == "3"
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_digits_drawn_by_mouse_are_read(reader, model, scheme):
    page = reader(scheme=scheme)
    draw_by_mouse(page, SEVEN)
    assert 0.05 < drawing(page).mean() < 0.5  # the example is gone
    assert check_against_torch(page, model) == "7"
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.querySelector('.dr-board').values.every(v => v === 0)")
    check_against_torch(page, model)
    draw_by_mouse(page, ONE)
    assert check_against_torch(page, model) == "1"


def test_a_digit_drawn_by_finger_is_read_and_the_page_fits_a_phone(reader, model):
    page = reader(width=390, height=844, touch=True)
    before = drawn(page)
    hand = Fingers(page, ".dr-board")
    for start, end in itertools.pairwise(SEVEN):
        for i in range(9):
            hand.touch(tuple((a + (b - a) * i / 8) / SIZE for a, b in zip(start, end, strict=True)))
    hand.lift()
    settle(page, before)
    assert check_against_torch(page, model) == "7"
    assert page.locator(".dr-board").bounding_box()["width"] > 190  # room for a finger
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_digit_drawn_by_keyboard_is_read_and_the_answer_is_spoken(reader, model):
    page = reader()
    page.locator(".dr-board").focus()
    before = drawn(page)
    for key in [*["ArrowUp"] * 10, "Space", *["ArrowDown"] * 20, "Space"]:
        page.keyboard.press(key)
    settle(page, before)
    assert check_against_torch(page, model) == "1"
    words = page.locator(".dr-words").text_content()
    spoken = "text => [...document.querySelectorAll('.lm-hidden')].some(p => p.textContent === text)"
    page.wait_for_function(spoken, arg=f"The network reads 1: {words}")
    assert page.get_by_role("group", name="Probability of each class").count() == 1


def test_examples_are_picked_by_mouse_and_keyboard_and_wrong_answers_are_marked(reader, examples, model):
    page = reader()
    before = drawn(page)
    page.locator(".dr-gallery label").nth(5).click()
    settle(page, before)
    assert (drawing(page)[0] - examples[0][5]).abs().max() < 1 / 255
    assert check_against_torch(page, model) == "5"
    before = drawn(page)
    page.keyboard.press("ArrowRight")
    settle(page, before)
    assert check_against_torch(page, model) == "6"
    wrong = page.locator(".dr-gallery input").last.get_attribute("aria-label")
    assert wrong == "a 4, which the network takes for 9"


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model, examples):
    names = ["<b>none</b>", "some"]
    torch.manual_seed(0)
    own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(SIZE**2, 2))
    other = live(DigitReader(examples[0][:2], names), own, {"image": examples[0][:1]})
    page = widget_page(view, other)
    second = page.locator(".rd").nth(1)
    before = second.inner_html()
    draw_by_mouse(page, SEVEN)
    assert second.inner_html() == before
    assert second.locator(".dr-name").all_text_contents() == names  # text, never markup
    assert page.locator(".rd b").count() == 0
    second.locator(".dr-gallery label").nth(1).click()
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn === '2'")
    with torch.no_grad():
        wanted = own(drawing(page, 1))[0].softmax(0)
    values = second.locator(".dr-class").evaluate_all("rows => rows.map(row => Number(row.dataset.value))")
    torch.testing.assert_close(torch.tensor(values), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(reader, axe, options):
    page = reader(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    draw_by_mouse(page, SEVEN)
    assert axe(page) == []
