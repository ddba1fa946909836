"""The sampling explorer in a page without a kernel: bars are torch's, draws come from what is left, seeds repeat."""

import pytest
import torch
from driving import darken, drawn, settle

from largemodels.live import Sampling, SamplingExplorer, live
from largemodels.live.sampling_explorer import SHOWN

ROWS, SIZE = 16, 900
TEXTS = ("The capital of <b>France</b> is", "I think that")


def some_logits(seed):
    return 3 * torch.randn(SIZE, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def view():
    return SamplingExplorer({text: some_logits(seed) for seed, text in enumerate(TEXTS)}, " t{}".format)


@pytest.fixture(scope="module")
def explorer(view):
    return live(view, Sampling(), view.start())


def start(seed=0, **rules):
    """Return torch's inputs for a text and rules."""
    example = SamplingExplorer({"a": some_logits(seed)}, str).start()
    return example | {name: torch.tensor([float(value)]) for name, value in rules.items()}


def check_against_torch(page, seed=0, **rules):
    """Compare every bar with torch; return torch's answer."""
    want = Sampling()(**start(seed, **rules))
    rows = page.locator(".sx-row").all()
    for name in ("before", "after"):
        shown = torch.tensor([float(row.get_attribute(f"data-{name}")) for row in rows])
        bars = torch.cat([want[name][:ROWS], want[name][ROWS:].sum()[None]])
        torch.testing.assert_close(shown, bars, atol=1e-5, rtol=1e-4)
    order = some_logits(seed).argsort(descending=True)[:ROWS]
    assert page.locator(".sx-row:not(.sx-rest) .sx-name").all_text_contents() == [f"␣t{i}" for i in order.tolist()]
    return want


def slide(page, name, value):
    before = drawn(page)
    page.get_by_role("slider", name=name).fill(str(value))
    settle(page, before)


def places(page):
    return [int(one.get_attribute("data-place")) for one in page.locator(".sx-drawn li").all()]


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    check_against_torch(page)
    assert page.locator(".sx-verdict").text_content() == f"All {SIZE} tokens can be drawn."
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_rule_cuts_as_torch_does(widget_page, explorer, scheme):
    page = widget_page(explorer, scheme=scheme)
    slide(page, "Temperature", 0.7)
    check_against_torch(page, temperature=0.7)
    slide(page, "Top-k", 7)  # the eighth of the numbers to choose from: 10
    check_against_torch(page, temperature=0.7, top_k=10)
    slide(page, "Top-p", 0.8)
    check_against_torch(page, temperature=0.7, top_k=10, top_p=0.8)
    slide(page, "Min-p", 0.2)
    want = check_against_torch(page, temperature=0.7, top_k=10, top_p=0.8, min_p=0.2)
    left = int(want["kept"].sum())
    assert page.locator(".sx-verdict").text_content().startswith(f"{left} of {SIZE} tokens can be drawn.")
    assert page.locator(".sx-gone:not(.sx-rest)").count() == ROWS - left
    before = drawn(page)
    page.get_by_role("button", name="Reset").click()
    settle(page, before)
    check_against_torch(page)


def test_another_text_keeps_the_rules(widget_page, explorer):
    page = widget_page(explorer)
    slide(page, "Min-p", 0.1)
    before = drawn(page)
    page.locator(".sx .lm-chip").nth(1).click()
    settle(page, before)
    check_against_torch(page, seed=1, min_p=0.1)
    assert page.get_by_role("radio", name=TEXTS[1]).is_checked()
    assert page.locator(".sx-rules b, .lm-chip b").count() == 0  # text, never markup


def test_ten_tokens_are_drawn_from_what_is_left_and_a_seed_repeats_them(widget_page, explorer):
    page = widget_page(explorer)
    first = places(page)
    assert len(first) == 10
    page.get_by_role("button", name="Draw 10 others").click()
    assert page.get_by_label("Seed").input_value() == "1"
    second = places(page)
    assert second != first
    page.get_by_label("Seed").fill("0")
    assert places(page) == first
    slide(page, "Top-k", 2)  # three tokens
    found = set()
    for seed in range(20):
        page.get_by_label("Seed").fill(str(seed))
        found |= set(places(page))
    assert found == {0, 1, 2}


def test_draws_are_as_frequent_as_the_bars_say(widget_page, explorer):
    page = widget_page(explorer)
    want = Sampling()(**start())["after"]
    counts = torch.zeros(len(want))
    for seed in range(60):
        page.get_by_label("Seed").fill(str(seed))
        counts += torch.bincount(torch.tensor(places(page)), minlength=len(want))
    likely = want > 0.05
    share = torch.cat([counts[likely], counts[~likely].sum()[None]]) / 600
    p = torch.cat([want[likely], want[~likely].sum()[None]])
    assert ((share - p).abs() < 4 * (p * (1 - p) / 600).sqrt()).all()
    names = page.locator(".sx-drawn li").all_text_contents()
    for place, name in zip(places(page), names, strict=True):
        assert name.startswith("␣t" if place < SHOWN else "no. ")


def test_sliders_move_by_keyboard_and_say_what_is_left(widget_page, explorer):
    page = widget_page(explorer)
    page.get_by_role("slider", name="Top-p").focus()
    before = drawn(page)
    page.keyboard.press("ArrowLeft")
    settle(page, before)
    want = check_against_torch(page, top_p=0.99)
    assert page.get_by_role("slider", name="Top-p").get_attribute("aria-valuetext") == "0.99"
    page.wait_for_function(
        "start => [...document.querySelectorAll('.lm-hidden')].some(p => p.textContent.startsWith(start))",
        arg=f"{int(want['kept'].sum())} of {SIZE} tokens",
    )


def test_two_on_a_page_do_not_disturb_each_other(widget_page, explorer):
    other = SamplingExplorer({"x": some_logits(9)}, str)
    page = widget_page(live(other, Sampling(), other.start()), explorer)
    before = page.locator(".sx").first.inner_html()
    page.get_by_role("slider", name="Min-p").nth(1).fill("0.3")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-drawn]')].map(el => el.dataset.drawn).join() === '1,2'"
    )
    assert page.locator(".sx").first.inner_html() == before


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
    slide(page, "Top-k", 4)
    assert axe(page) == []
