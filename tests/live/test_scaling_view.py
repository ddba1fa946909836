"""What the scaling explorer hands to the page: laws, limits and points, and a function that ONNX runs."""

from dataclasses import replace

import onnxruntime
import pytest
import torch
from torch.testing import assert_close

from largemodels.estimate import Fit, LossSurface
from largemodels.estimate.optimal import FITS
from largemodels.live import Law, ScalingExplorer, live
from largemodels.live.scaling_explorer import NAMES, POINTS

LAW = Law("refit", FITS["besiroglu"], "tokens", (1e7, 1e13), (1e8, 1e15), ((7e7, 1.6e10), (5e9, 5e11)), 4.0,
          {"Chinchilla": (70e9, 1.4e12)})  # fmt: skip


@pytest.fixture(scope="module")
def view():
    view = ScalingExplorer([LAW])
    return live(view, LossSurface(), view.start())


def test_it_starts_at_the_first_point_of_the_first_law():
    start = ScalingExplorer([LAW]).start()
    assert tuple(start) == NAMES
    assert_close(start["law"], torch.tensor(LAW.fit[:5]))
    assert (start["parameters"].item(), start["tokens"].item()) == (pytest.approx(70e9), pytest.approx(1.4e12))
    assert len(start["at"]) == POINTS
    assert_close(start["at"][[0, -1]], torch.tensor([1e7, 1e13]), rtol=1e-5, atol=0)


def test_the_page_gets_torchs_answer(view):
    session = onnxruntime.InferenceSession(view.onnx)
    exact = ScalingExplorer([LAW]).start()
    answers = session.run(None, {name: value.numpy() for name, value in exact.items()})
    wanted = LossSurface()(*(value.double() for value in exact.values()))
    for (name, want), answer in zip(wanted.items(), answers, strict=True):
        assert_close(
            torch.from_numpy(answer).double(), want, rtol=3e-5, atol=0, msg=lambda text, n=name: f"{n}: {text}"
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fit": Fit(0.0, 1, 1, 1, 1)}, "the constants of 'refit' must be finite and above 0"),
        ({"parameters": (2.0, 1.0)}, "the parameters of 'refit' lie between two numbers above 0; got 2 and 1"),
        ({"tokens": (0.0, 1.0)}, "the tokens of 'refit' lie between"),
        ({"top": 1.0}, "the top of 'refit' lies above its floor, 1.8172; got 1.0"),
        ({"points": {}}, "'refit' has no point to start from"),
        ({"points": {"too small": (1.0, 1e9)}}, "'too small' of 'refit' lies outside its limits: 1 param"),
    ],
)  # fmt: skip
def test_a_law_that_cannot_be_shown_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ScalingExplorer([replace(LAW, **change)])


def test_what_means_nothing_is_named():
    with pytest.raises(ValueError, match="laws of different names; got none"):
        ScalingExplorer([])
    with pytest.raises(ValueError, match="laws of different names; got refit, refit"):
        ScalingExplorer([LAW, LAW])
    with pytest.raises(ValueError, match=r"the key is a letter, .*; got 'My Key'"):
        ScalingExplorer([LAW], key="My Key")
    with pytest.raises(ValueError, match="it takes law, parameters, tokens, at, in this order; got x"):
        live(ScalingExplorer([LAW]), LossSurface(), {"x": torch.ones(1)})
