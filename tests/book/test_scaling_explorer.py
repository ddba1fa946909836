"""The scaling explorer in a page without a kernel: what it says is torch's; moves keep what they promise to keep."""

import pytest
import torch
from driving import darken, drawn, settle

from largemodels.estimate import LossSurface
from largemodels.estimate.optimal import FITS
from largemodels.live import Law, ScalingExplorer, live

REFIT = Law("refit", FITS["besiroglu"], "tokens", (1e7, 1e12), (1e8, 1e14), ((7e7, 1.6e10), (5e9, 5e11)), 4.0,
            {"Chinchilla": (70e9, 1.4e12), "Gopher": (280e9, 300e9)})  # fmt: skip
PRINTED = Law("<i>printed</i>", FITS["hoffmann"], "tokens", (1e8, 1e12), (1e9, 1e14), ((7e7, 1.6e10), (5e9, 5e11)), 4.0,
              {"one": (1e9, 2e10)})  # fmt: skip


@pytest.fixture(scope="module")
def explorer():
    view = ScalingExplorer([REFIT, PRINTED])
    return live(view, LossSurface(), view.start())


@pytest.fixture(scope="module")
def sent():
    view = ScalingExplorer([REFIT, PRINTED], key="surface")
    return live(view, LossSurface(), view.start())


def shown(page, name, number=0):
    text = page.locator(".sx-verdict").nth(number).get_attribute(f"data-{name}")
    return [float(part) for part in text.split(",")]


def check(page, law, parameters, tokens):
    """Compare what the page says with torch's answer at a point, in float64."""
    n, d = (torch.tensor([float(value)], dtype=torch.float64) for value in (parameters, tokens))
    want = LossSurface()(torch.tensor(law.fit[:5], dtype=torch.float64), n, d, n)
    for name, output in (
        ("loss", "loss"), ("terms", "terms"), ("compute", "compute"), ("needed", "needed"),
        ("parameters", "parameters_best"), ("tokens", "tokens_best"), ("best", "loss_best"),
    ):  # fmt: skip
        assert shown(page, name) == pytest.approx(want[output].tolist(), rel=3e-5), name
    return {name: value.tolist() for name, value in want.items()}


def box(page, label):
    return page.get_by_role("textbox", name=label)


def type_in(page, label, text):
    before = drawn(page)
    box(page, label).fill(text)
    box(page, label).press("Enter")
    settle(page, before)


def surface(page):
    return page.get_by_role("slider", name="Parameters, at the same computation")


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    found = check(page, REFIT, 70e9, 1.4e12)
    assert page.locator(".sx-verdict").text_content().startswith(f"Loss {found['loss'][0]:.3f} nats: 1.817 that no")
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_computation_keeps_the_ratio_and_the_others_keep_the_computation(widget_page, explorer, scheme):
    page = widget_page(explorer, scheme=scheme)
    type_in(page, "Parameters", "280B")
    check(page, REFIT, 280e9, 350e9)
    type_in(page, "Tokens", "1.4 trillion")
    check(page, REFIT, 70e9, 1.4e12)
    type_in(page, "Computation", "5.88e21")
    check(page, REFIT, 7e9, 1.4e11)


def test_the_best_split_is_reached_and_said(widget_page, explorer):
    page = widget_page(explorer)
    before = drawn(page)
    page.get_by_role("button", name="Gopher").click()
    settle(page, before)
    found = check(page, REFIT, 280e9, 300e9)
    before = drawn(page)
    page.get_by_role("button", name="Go to the best split").click()
    settle(page, before)
    check(page, REFIT, found["parameters_best"][0], found["tokens_best"][0])
    assert page.get_by_text("This is the best split of this computation").is_visible()


def test_another_law_begins_at_its_own_point(widget_page, explorer):
    page = widget_page(explorer)
    before = drawn(page)
    page.get_by_role("radio", name="<i>printed</i>").locator("..").click()
    settle(page, before)
    check(page, PRINTED, 1e9, 2e10)
    assert page.locator(".sx i").count() == 0  # text, never markup


def test_the_curve_is_walked_by_keyboard(widget_page, explorer):
    page = widget_page(explorer)
    surface(page).focus()
    for key, parameters, tokens in (("End", 1e12, 9.8e10), ("Home", 1e7, 1e14)):
        before = drawn(page)
        page.keyboard.press(key)
        settle(page, before)
        if key == "End":
            check(page, REFIT, parameters, tokens)
        else:  # where the data cannot grow on, the size goes no further
            check(page, REFIT, 9.8e22 / 1e14, 1e14)
    before = drawn(page)
    page.keyboard.press("Shift+ArrowRight")
    settle(page, before)
    assert shown(page, "compute")[0] == pytest.approx(6 * 9.8e22, rel=1e-5)
    assert "parameters, loss" in surface(page).get_attribute("aria-valuetext")


@pytest.mark.parametrize("text", ["-3", "many", "1e40"])
def test_what_cannot_be_is_explained_in_its_place_and_moves_nothing(widget_page, explorer, text):
    page = widget_page(explorer)
    box(page, "Parameters").fill(text)
    box(page, "Parameters").press("Enter")
    assert "Allowed: from 10 million to 1 trillion" in page.locator(".cx-wrong:visible").first.text_content()
    check(page, REFIT, 70e9, 1.4e12)


def test_a_link_brings_the_point_back(widget_page, open_page, sent):
    page = widget_page(sent, fresh=True)
    assert "#" not in page.url
    type_in(page, "Parameters", "280B")
    page.wait_for_function("location.hash.includes('_parameters-280e9_')")
    assert page.url.endswith("#surface-1_law-0_parameters-280e9_tokens-350e9_end")
    again = open_page(page.url)
    again.wait_for_function("document.querySelector('[data-drawn]')?.dataset.drawn > 1")
    check(again, REFIT, 280e9, 350e9)


@pytest.mark.parametrize(
    "end", ["_law-7_parameters-1e9_tokens-1e9_end", "_law-0_parameters-1e9", "_law-0_parameters-1_tokens-1e9_end"]
)
def test_a_link_that_cannot_be_read_is_said_to_be_so(widget_address, open_page, sent, end):
    page = open_page(widget_address(sent) + "#surface-1" + end)
    page.get_by_text("numbers that cannot be read").wait_for()
    check(page, REFIT, 70e9, 1.4e12)


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, options):
    page = widget_page(explorer, **options)
    if options.get("dark"):
        darken(page)
    type_in(page, "Parameters", "280B")
    assert axe(page) == []


def test_two_on_a_page_do_not_disturb_each_other(widget_page, explorer, sent):
    page = widget_page(explorer, sent)
    before = page.locator(".sx-verdict").first.text_content()
    page.get_by_role("button", name="Gopher").nth(1).click()
    page.wait_for_function("[...document.querySelectorAll('[data-drawn]')][1].dataset.drawn > 1")
    assert page.locator(".sx-verdict").first.text_content() == before
