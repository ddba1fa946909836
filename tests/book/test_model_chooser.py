"""Choosing a model in a page without a kernel: limits decide as torch does, and what is said is what is shown."""

import pytest
import torch
from driving import drawn, settle

from largemodels.live import Candidate, Choose, ModelChooser, Task, live

MEASURES = (("errors", "%"), ("time", "ms"), ("memory", "MB"))
MODELS = (
    Candidate("<b>large</b>", (2.0, 50.0, 13.0), 0.5),
    Candidate("quick", (5.0, 1.0, 0.1), 1.0, "can say why"),
    Candidate("slow", (5.0, 2.0, 0.1)),
    Candidate("tiny", (11.0, 0.5, 0.01)),
)
TASKS = (Task("digits", MEASURES, MODELS), Task("text", MEASURES, MODELS[1:]))


@pytest.fixture(scope="module")
def view():
    view = ModelChooser(TASKS)
    return live(view, Choose(), view.start(), dynamic={"figures": {0: "n"}})


def limits(page):
    return page.locator(".mc-limits input")


def limit(page, place, step):
    before = drawn(page)
    limits(page).nth(place).fill(str(step))
    settle(page, before)


def names(page, kind):
    return [row.get_attribute("data-name") for row in page.locator(f"tr.{kind}").all()]


def test_at_rest_all_models_fit_and_nothing_is_fetched(widget_page, view):
    page = widget_page(view, fresh=True)
    assert names(page, "mc-best") == ["<b>large</b>"]
    assert names(page, "mc-out") == []
    assert (
        page.locator(".mc-verdict").text_content()
        == "Take <b>large</b>: the best of the 4 that keep within your limits."
    )
    assert (
        page.locator("tr[data-name=slow] td").last.text_content()
        == "quick is as good in errors and memory, and better in time"
    )
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_limits_leave_what_torch_leaves(widget_page, view, scheme):
    page = widget_page(view, scheme=scheme)
    chance = torch.Generator().manual_seed(0)
    for _ in range(6):
        steps = torch.randint(0, 101, (3,), generator=chance).tolist()
        for place, step in enumerate(steps):
            if limits(page).nth(place).input_value() != str(step):
                limit(page, place, step)
        figures = TASKS[0].figures()
        low, high = figures.amin(0) * 0.9, figures.amax(0)
        now = low * (high / low) ** (torch.tensor(steps) / 100)
        now = torch.where(torch.tensor(steps) == 100, high, now)
        want = Choose()(figures, now)
        assert set(names(page, "mc-out")) == {m.name for m, fits in zip(MODELS, want["fits"], strict=True) if not fits}
        assert set(names(page, "mc-best")) == {m.name for m, best in zip(MODELS, want["best"], strict=True) if best}


def test_where_nothing_fits_the_nearest_is_named_with_what_it_breaks(widget_page, view):
    page = widget_page(view)
    limit(page, 0, 0)
    limit(page, 1, 0)
    verdict = page.locator(".mc-verdict").text_content()
    assert verdict.startswith("No model keeps within all limits. ")
    assert verdict.endswith(" times the limit.")


def test_another_task_has_other_models(widget_page, view):
    page = widget_page(view)
    before = drawn(page)
    page.locator(".lm-chip", has_text="text").click()
    settle(page, before)
    assert page.locator(".mc-table tbody tr").count() == 3
    assert page.locator(".mc-dot").count() == 3
    assert len(names(page, "mc-best")) == 2  # quick and slow err alike


@pytest.fixture(scope="module")
def beaten():
    """The first model beats one in all measures, and another in all but time, which is equal in float32."""
    figures = {"all": (4.0, 1.0, 0.05), "none": (5.0, 2.0, 0.1), "some": (5.0, 1.0 + 1e-12, 0.1)}
    view = ModelChooser((Task("digits", MEASURES, tuple(Candidate(*each) for each in figures.items())),))
    return live(view, Choose(), view.start(), dynamic={"figures": {0: "n"}})


def test_better_in_everything_is_said_of_nothing_else(widget_page, beaten):
    page = widget_page(beaten)
    remarks = {
        row.get_attribute("data-name"): row.locator("td").last.text_content() for row in page.locator("tbody tr").all()
    }
    assert remarks["none"] == "all is better in everything"
    assert remarks["some"] == "all is as good in time, and better in errors and memory"


def test_limits_are_set_by_keyboard_and_said(widget_page, view):
    page = widget_page(view)
    before = drawn(page)
    limits(page).nth(1).focus()
    page.keyboard.press("ArrowLeft")
    settle(page, before)
    assert limits(page).nth(1).get_attribute("aria-valuetext").endswith(" ms")
    assert page.get_by_role("slider", name="time, at most").count() == 1
    page.wait_for_function("document.querySelector('[aria-live]').textContent.startsWith('Take ')")


def test_it_fits_a_phone(widget_page, view):
    page = widget_page(view, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
