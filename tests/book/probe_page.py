"""What the tests of the static host share: widgets that say what they are given."""

import functools
from pathlib import Path

import pytest
import torch
from probe import Probe
from torch import nn

from largemodels.live import live

ROOT = Path(__file__).resolve().parents[2]


class Affine(nn.Module):
    def forward(self, x, y):
        return {"sum": 3 * x + y, "product": x * y}


class Weighed(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([2.0, 3.0, 5.0]))

    def forward(self, x):
        return self.weight * x


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def affine():
    return live(Probe(), Affine(), {"x": torch.tensor([2.0]), "y": torch.tensor([5.0])})


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def weighed():
    return live(Probe(), Weighed(), {"x": torch.tensor([1.0])})


def probe(page, number=0):
    return page.locator("[data-state]").nth(number)


def wait_for(page, text, number=0):
    page.wait_for_function(
        "([i, text]) => document.querySelectorAll('.probe-text')[i]?.textContent === text", arg=[number, text]
    )
    assert probe(page, number).get_attribute("data-state") == "ready"


def message(page):
    return page.locator(".live-message").first.text_content()
