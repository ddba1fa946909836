"""What the systems explorer hands to the page: every figure with its source, and a function that ONNX runs."""

import math

import onnxruntime
import pytest
import torch
from torch.testing import assert_close

from largemodels.data import systems
from largemodels.estimate import DoublingTime
from largemodels.live import SystemsExplorer, live
from largemodels.live.systems_explorer import AXES, spelt

ALL = systems()


@pytest.fixture(scope="module")
def view():
    view = SystemsExplorer(ALL)
    return live(view, DoublingTime(), view.start())


def test_every_figure_reaches_the_page_with_its_source_or_the_reason_why_there_is_none(view):
    for system, row in zip(ALL, view.settings["systems"], strict=True):
        for key, quantity in (("compute", "compute"), ("parameters", "parameters"), ("text", "data")):
            figure, written = getattr(system, quantity), row["figures"][key]
            if figure is None:
                assert written == {"missing": system.missing[quantity]}
            else:
                assert (written["source"], written["place"], written["link"]) == (
                    figure.text,
                    figure.place,
                    figure.link,
                )
                assert written["known"] == (f"{figure.how} by {figure.by}" if figure.by else "reported by its makers")
        assert [other["link"] for other in row["others"]] == [other.link for other in system.others]


def test_only_what_can_be_compared_shares_an_axis(view):
    for axis, (key, (_, quantity, units)) in zip(view.settings["axes"], AXES.items(), strict=True):
        assert axis["key"] == key
        for system, value in zip(ALL, axis["values"], strict=True):
            figure = getattr(system, quantity)
            fits = figure is not None and figure.unit in units
            assert value == (pytest.approx(math.log2(figure.value)) if fits else None)


def test_the_page_computes_what_torch_does_to_six_digits(view):
    session = onnxruntime.InferenceSession(view.onnx)
    names = [output.name for output in session.get_outputs()]
    start = SystemsExplorer(ALL).start()
    for seed in range(20):
        keep = torch.rand(len(ALL), generator=torch.Generator().manual_seed(seed)) < 0.1 + 0.04 * seed
        example = start | {"weights": start["weights"] * keep}
        found = dict(
            zip(names, session.run(None, {name: tensor.numpy() for name, tensor in example.items()}), strict=True)
        )
        exact = DoublingTime()(*(tensor.double() for tensor in example.values()))
        for name, value in DoublingTime()(*example.values()).items():
            digits = {"rtol": 0, "atol": 2e-6 * exact[name].abs().max().item()}
            assert_close(torch.from_numpy(found[name]), value, **digits)
            assert_close(value.double(), exact[name], **digits)


@pytest.mark.parametrize("axis", list(AXES))
def test_it_begins_with_the_axis_that_is_asked_for(axis):
    start = SystemsExplorer(ALL, axis).start()
    values = {each["key"]: each["values"] for each in SystemsExplorer(ALL).settings["axes"]}[axis]
    assert start["weights"].tolist() == [value is not None for value in values]
    assert_close(start["doublings"], torch.tensor([value or 0 for value in values]))
    assert_close(
        start["years"].double() + 1995, torch.tensor([system.year for system in ALL]).double(), atol=1e-4, rtol=0
    )
    assert (start["at"][0] + 1995, start["at"][-1] + 1995) == (1957, 2027)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17, "17"), (7291, "7,291"), (60e6, "60 million"), (999.9e9, "1000 billion"), (1.4e12, "1.4 trillion"),
        (3.14e23, "3.14 × 10²³"), (1e15, "1 × 10¹⁵"),
    ],
)  # fmt: skip
def test_numbers_are_spelt_for_readers(value, text):
    assert spelt(value) == text


def test_what_means_nothing_is_named():
    with pytest.raises(ValueError, match="at least three systems, the oldest first; got 2"):
        SystemsExplorer(ALL[:2])
    with pytest.raises(ValueError, match="the oldest first"):
        SystemsExplorer(ALL[::-1])
    with pytest.raises(ValueError, match="must be one of compute, parameters, text, images; got 'fame'"):
        SystemsExplorer(ALL, "fame")
    with pytest.raises(ValueError, match=r"the key is a letter, .*; got 'My Key'"):
        SystemsExplorer(ALL, key="My Key")
    with pytest.raises(ValueError, match="it takes years, doublings, weights, at, in this order; got x"):
        live(SystemsExplorer(ALL), DoublingTime(), {"x": torch.ones(1)})
