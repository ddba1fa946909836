"""Net benefit and a tutor's belief in a page: what it computes is what torch computes, and nonsense is explained."""

import pytest
import torch
from calculator_page import box, give, results

from largemodels.estimate import Belief, NetBenefit
from largemodels.live import Calculator, live

chance = torch.Generator().manual_seed(0)
NEEDED = torch.rand(97, generator=chance) < 0.4
MODELS = [0.3 * NEEDED + 0.7 * torch.rand(97, generator=chance) for _ in range(2)]
BELIEF = {"known": 0.3, "learned": 0.2, "guessed": 0.25, "slipped": 0.1}


def test_the_page_weighs_what_torch_weighs(widget_page):
    formula = NetBenefit(*MODELS, NEEDED)
    page = widget_page(
        live(view := Calculator("worth", formula.takes, formula.gives), formula, view.start({"harm": 2}))
    )
    for harm in (9, 0.25, 1, 50):
        give(page, formula.takes[0].label, str(harm))
        want, shown = formula(torch.tensor([float(harm)])), results(page)
        for name, value in want.items():
            assert shown[name] == pytest.approx([value.item()], rel=1e-5, abs=1e-5), name


def test_the_page_believes_what_torch_believes(widget_page):
    formula = Belief()
    start = BELIEF | {quantity.name: 2 for quantity in formula.takes[4:]}
    view = Calculator("belief", formula.takes, formula.gives)
    page = widget_page(live(view, formula, view.start(start)))
    for quantity, answer in zip(formula.takes[4:], (1, 0, 0, 1, 1, 0), strict=True):
        give(page, quantity.label, str(answer))
        start[quantity.name] = answer
        want, shown = formula.of(**start), results(page)
        for name, value in want.items():
            assert shown[name] == pytest.approx([value], rel=1e-5), name


def test_a_fourth_kind_of_answer_is_explained(widget_page):
    formula = Belief()
    view = Calculator("belief", formula.takes, formula.gives)
    page = widget_page(live(view, formula, view.start(BELIEF | {quantity.name: 2 for quantity in formula.takes[4:]})))
    box(page, formula.takes[4].label).fill("3")
    box(page, formula.takes[4].label).press("Enter")
    wrong = page.locator('.cx-field[data-name="first_right"] .cx-wrong')
    wrong.filter(has_text="3 is too large").wait_for()
    assert "from 0 to 2" in wrong.text_content() or "from 0 to 2" in page.locator(".cx-field").all_text_contents()[4]
