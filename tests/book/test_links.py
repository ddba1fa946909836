"""A drawing travels in a link: whole, also when a chat takes its end for punctuation; what is lost is said."""

import re
from pathlib import Path

import pytest
import torch
from driving import PATIENCE, drawn, settle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from taking import link_of

from largemodels.data import digits

ROOT = Path(__file__).resolve().parents[2]
SIZE = 28
BOARDS = ("digit_reader", "feature_maps", "attributions", "patch_attention")


@pytest.fixture(params=BOARDS)
def open_link(request, views, widget_address, open_page):
    """Open a drawing board, as a reader does who has a link: ``open_link("#drawing=…", **of open_page)``."""
    address = widget_address(views[request.param])

    def start(fragment: str = "", fresh=False):
        page = open_page(address + fragment, fresh=fresh)
        page.locator("[data-drawn][data-state]").wait_for()
        return page

    return start


@pytest.fixture
def board(open_link):
    """The page of a drawing board as a reader opens it."""
    return open_link()


@pytest.fixture(scope="module")
def coder(chromium):
    """The two functions of pad/link.js that write and read a link, in a browser."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    link = (ROOT / "src/largemodels/live/pad/link.js").read_text(encoding="utf-8")
    page.evaluate("text => { window.coder = new Function(text)(); }", link + "return {encodeInk, decodeInk};")
    yield Coder(page)
    page.close()


class Coder:
    def __init__(self, page):
        self.page = page

    def encode(self, shades):
        """Return the link of a drawing in shades from 0 to 31."""
        script = "text => coder.encodeInk(Array.from(text, digit => parseInt(digit, 32) / 31))"
        return self.page.evaluate(script, digits_of(shades))

    def decode(self, *texts):
        """Return for every text the shades that are read from it, or None."""
        shades = "ink => ink && Array.from(ink, value => Math.round(31 * value).toString(32)).join('')"
        read = self.page.evaluate(f"texts => texts.map(text => coder.decodeInk(text, 784)).map({shades})", texts)
        return [text if text is None else [int(digit, 32) for digit in text] for text in read]


def digits_of(shades) -> str:
    """Write a digit from 0 to v for every shade."""
    return "".join("0123456789abcdefghijklmnopqrstuv"[shade] for shade in shades)


def first_edition(shades):
    """The link that the book's first edition wrote: full stops around the length of a run of paper."""
    return re.sub("0{3,}", lambda run: f".{len(run[0])}.", digits_of(shades))


@st.composite
def drawings(draw):
    """Shades of the pixels: runs of paper and of ink of all lengths, in any order."""
    shades = []
    while len(shades) < SIZE**2:
        length = draw(st.integers(1, 60) | st.integers(1, SIZE**2))
        paper = draw(st.booleans())
        shades += [0] * length if paper else draw(st.lists(st.integers(0, 31), min_size=1, max_size=20))
    return shades[: SIZE**2]


def pixels(page):
    values = page.evaluate("Array.from(document.querySelector('.dr-board').values)")
    return torch.tensor(values, dtype=torch.float32)


def problem(page):
    return page.locator(".dr-drawing [role=status]").first


# ---- the text ------------------------------------------------------------------------------------


PUNCTUATION = ("", ".", ",", ")", ".)", "!", "?", ";", ":", "'", '"', "…", "”.", "*", "_", ">")
many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(drawings())
def test_every_drawing_has_a_link_of_letters_and_digits_that_brings_it_back(coder, shades):
    text = coder.encode(shades)
    assert re.fullmatch("[0-9a-z]+", text)
    assert coder.decode(*[text + end for end in PUNCTUATION]) == [shades] * len(PUNCTUATION)
    assert coder.decode(text[:-1], text[:-2], text[: len(text) // 2]) == [None] * 3  # never another drawing


@many
@given(drawings())
def test_a_link_of_the_first_edition_opens_with_and_without_its_last_character(coder, shades):
    text = first_edition(shades)
    assert coder.decode(*[text + end for end in PUNCTUATION]) == [shades] * len(PUNCTUATION)
    (cut,) = coder.decode(text[:-1])
    if text.endswith("."):
        assert cut == shades
    elif "." in text:
        assert cut == [*shades[:-1], 0]  # only the last pixel was lost


def test_what_is_no_drawing_is_never_read_as_one(coder):
    texts = ["", ".", "zzz", "0" * 783, "w9999x", "w784", "w783x!0", "w784x5", ".784.5", "<b>", ".9999.", "." * 784]
    assert coder.decode(*texts) == [None] * len(texts)


# ---- the page ------------------------------------------------------------------------------------


def copy_link(page):
    return link_of(page)


@pytest.mark.parametrize("example", range(3))
def test_the_links_of_real_drawings_end_in_a_letter_or_digit_and_open(board, open_link, example):
    before = drawn(board)
    board.locator(".dr-gallery label").nth(example).click()
    settle(board, before)
    link = copy_link(board)
    assert link.endswith("_end")
    page = open_link("#" + link.partition("#")[2], fresh=example == 0)
    settle(page, 1)
    assert (pixels(page) - digits().test.images[example].flatten()).abs().max() < 0.02
    assert problem(page).text_content() == ""


@pytest.mark.parametrize("end", ["", ".", ")", "cut"])
def test_a_link_of_the_first_edition_opens_whatever_a_chat_did_to_its_end(open_link, end):
    shades = [0] * SIZE**2
    shades[300:310] = [31] * 10
    text = first_edition(shades)
    board = open_link(f"#drawing={text[:-1] if end == 'cut' else text + end}")
    settle(board, 1)
    assert (pixels(board) * 31).round().int().tolist() == shades
    assert problem(board).text_content() == ""


BROKEN = ("zzz", "w784", "0w12x", ".9999.", ".783.%3Cb%3E", ".784.5", "")


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_a_link_that_cannot_be_read_says_so_and_the_page_works(open_link, broken):
    given = pixels(open_link())
    board = open_link(f"#drawing={broken}")
    board.locator(".dr-drawing [role=status]", has_text="cannot be read").wait_for()
    assert problem(board).bounding_box()["height"] > 10  # seen, and spoken as a status
    assert torch.equal(pixels(board), given)
    assert drawn(board) == 1
    before = drawn(board)
    board.get_by_role("button", name="Clear").click()
    settle(board, before)
    assert problem(board).text_content() == ""
    assert pixels(board).sum() == 0


def test_a_link_pasted_into_an_open_page_is_followed(board):
    shades = [0] * SIZE**2
    shades[400:404] = [31, 20, 10, 31]
    before = drawn(board)
    board.evaluate("text => { location.hash = text; }", f"drawing={first_edition(shades)}")
    settle(board, before)
    assert (pixels(board) * 31).round().int().tolist() == shades
    board.evaluate("location.hash = 'drawing=lost'")
    board.locator(".dr-drawing [role=status]", has_text="cannot be read").wait_for()
    board.evaluate("location.hash = 'elsewhere'")
    board.wait_for_function("document.querySelector('.dr-drawing [role=status]').textContent === ''")
    assert (pixels(board) * 31).round().int().tolist() == shades
