"""What the tests of the recurrence explorer share: its page, and what torch makes of the numbers on it."""

import pytest
import torch
from driving import drawn, settle

from largemodels.live import Recur, RecurrenceExplorer, live

STEPS = 12
TIME = "Step. Left and right arrow keys move through time, up and down change the input"
PRESETS = ("forgets", "remembers", "latches", "oscillates", "explodes")


@pytest.fixture(scope="session")
def explorer():
    start = {
        "x": torch.eye(STEPS, 1),
        "W": torch.tensor([[1.0], [0.5]]),
        "U": torch.tensor([[0.9, -0.4], [0.2, 0.7]]),
        "b": torch.tensor([0.0, 0.1]),
    }
    return live(RecurrenceExplorer(), Recur(), start)


def values(page, selector):
    return torch.tensor([float(one.get_attribute("data-value")) for one in page.locator(selector).all()])


def given(page):
    """The numbers in the fields, and the whole sequence."""

    def fields(name, *shape):
        return torch.tensor([float(one.input_value()) for one in page.get_by_label(f"{name}, ").all()]).view(shape)

    x = values(page, ".rx-step .rx-input").view(STEPS, 1)
    return x, fields("W", 2, 1), fields("U", 2, 2), fields("b", 2)


def check_against_torch(page):
    """Compare every number on the page with torch, for the weights and the sequence that are on it."""
    x, W, U, b = given(page)
    want = Recur()(x, W, U, b)
    close = {"atol": 1e-5, "rtol": 1e-4}
    torch.testing.assert_close(values(page, ".rx-step .rx-cell").view(STEPS, 2), want["states"], **close)
    torch.testing.assert_close(values(page, ".rx-step .rx-norm"), want["norms"], **close)
    torch.testing.assert_close(
        values(page, ".rx-measures output"), torch.cat([want["singular"], want["radius"]]), **close
    )
    t = step(page) - 1
    torch.testing.assert_close(values(page, ".rx-verdict"), want["norms"][t : t + 1], **close)
    rows = values(page, ".rx-sum td[data-value]").view(2, 5)
    sums = [want["from_input"][t], want["from_state"][t], b, want["total"][t], want["states"][t]]
    torch.testing.assert_close(rows, torch.stack(sums, 1), **close)
    before = want["states"][t - 1] if t else torch.zeros(2)
    torch.testing.assert_close(values(page, ".rx-state"), before, **close)
    assert float(page.get_by_label(f"Input of step {t + 1}", exact=True).input_value()) == pytest.approx(x[t].item())
    return want


def step(page):
    return int(page.get_by_role("slider", name=TIME).first.get_attribute("aria-valuenow"))


def choose(page, name):
    before = drawn(page)
    page.get_by_text(name, exact=True).first.click()
    settle(page, before)
