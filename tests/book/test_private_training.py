"""The private training of the chapter in a page: what it trains and promises is what torch trains and promises."""

import pytest
import torch
from calculator_page import box, results
from driving import drawn, settle

from largemodels.estimate import Quantity
from largemodels.live import Calculator, live
from largemodels.privacy import PrivateLinear, epsilon

BEGIN = {"noise": 2.0, "clip": 1.0, "rate": 3.0}
TAKES = tuple(Quantity(name, f"The {name}", "", 0.2 if name == "noise" else 0.01, 100) for name in BEGIN)
NAMES = ("epsilon", "accuracy", "accuracy_low", "accuracy_high", "clipped")
GIVES = tuple(Quantity(name, f"The {name}", "", 0, 1e6 if name == "epsilon" else 1) for name in NAMES)


def training():
    chance = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (80,), generator=chance)
    pixels = (torch.nn.functional.one_hot(labels, 5) * 9 + torch.randint(8, (80, 5), generator=chance)).byte()
    return PrivateLinear(pixels[:60], labels[:60], (pixels[60:], labels[60:]), 0.5, 3, 1e-3, copies=3, classes=3)


def test_the_page_trains_and_promises_what_torch_does(widget_page):
    formula = training()
    view = Calculator("private", TAKES, GIVES)
    page = widget_page(live(view, formula, view.start(BEGIN)))
    now = dict(BEGIN)
    for changed in ({"noise": 0.5}, {"noise": 30.0}, {"clip": 0.05}, {"rate": 40.0}):
        for name, value in changed.items():
            before = drawn(page)
            box(page, f"The {name}").fill(str(value))
            box(page, f"The {name}").press("Enter")
            settle(page, before)
            now[name] = value
        want = {key: each.item() for key, each in formula(*(torch.tensor([v]) for v in now.values())).items()}
        shown = results(page)
        assert shown["epsilon"] == pytest.approx([want["epsilon"]], rel=1e-6)
        assert want["epsilon"] == pytest.approx(epsilon(0.5, now["noise"], 3, 1e-3), rel=1e-5)
        assert shown["accuracy"] == pytest.approx([want[n] for n in NAMES[1:4]], rel=1e-6)
        assert shown["clipped"] == pytest.approx([want["clipped"]], rel=1e-6)
