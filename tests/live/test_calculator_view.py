"""A calculator's numbers are checked when it is made, and page and kernel compute the same of them."""

import re

import onnxruntime
import pytest
import torch
from torch import nn

from largemodels.estimate import Quantity, Serving, TrainingMemory, TrainingRun
from largemodels.live import Calculator, live
from largemodels.live.binding import pack

A, B = Quantity("a", "A", "", 1, 100, whole=True), Quantity("b_b", "B", "kWh", 0, 1)
SUM = Quantity("total", "Sum", "", 0, 1000)


class Sum(nn.Module):
    def forward(self, a, b):
        if not torch.compiler.is_compiling() and (a == 13).any():
            raise ValueError("13 is no number to calculate with")
        return {"total": a + b}


def make(key="sum", takes=(A, B), gives=(SUM,), **more):
    return Calculator(key, takes, gives, **more)


def some_numbers(takes, chance):
    """Return a tensor ``(1,)`` for each quantity, of any size that is allowed."""
    values = []
    for each in takes:
        low, high = max(each.low, min(each.high, 1e20) * 1e-8), min(each.high, 1e20)
        number = low * (high / low) ** torch.rand((), generator=chance).item()
        values.append(torch.tensor([float(round(number)) if each.whole else number]).clamp(each.low, each.high))
    return values


@pytest.mark.parametrize("formula", [TrainingRun, Serving, TrainingMemory], ids=lambda each: each.__name__)
def test_the_page_computes_what_torch_does(formula):
    """In six figures, wherever the kernel has an answer."""
    chance = torch.Generator().manual_seed(3)
    module, taken = formula(), [each.name for each in formula.takes]

    def draw():
        for _ in range(100_000):  # most sizes do not go together
            inputs = some_numbers(formula.takes, chance)
            answer = _answer(module, inputs)
            if all(number.isfinite() for number in answer.values()):
                return inputs, answer
        raise AssertionError("there is no answer to any")

    view = live(make("any", formula.takes, formula.gives), module, dict(zip(taken, draw()[0], strict=True)))
    session = onnxruntime.InferenceSession(view.onnx)
    names, used = [each.name for each in session.get_outputs()], {each.name for each in session.get_inputs()}
    assert set(names) == {each.name for each in formula.gives}
    for _ in range(30):
        inputs, want = draw()
        feeds = {name: x.numpy() for name, x in zip(taken, inputs, strict=True) if name in used}
        for name, found in zip(names, session.run(names, feeds), strict=True):
            torch.testing.assert_close(torch.from_numpy(found), want[name], rtol=1e-6, atol=0)


def _answer(module, inputs):
    """Return the module's answer, or NaN where it refuses."""
    try:
        return module(*inputs)
    except ValueError:
        return {"refused": torch.tensor([torch.nan])}


def test_a_preset_takes_the_numbers_of_an_option_and_the_start_for_the_rest():
    chips = {"Chip": {"X": {"peak": 5.0, "watts": 7.0}, "Y": {"peak": 11.0, "watts": 13.0}}}
    presets = {
        "One": {"Chip": "Y", "watts": 17.0, "source": ("a page", "https://example.org"), "published": {"days": 3.0}},
        "Two": {"tokens": 19.0, "source": "https://example.org/two"},
    }
    view = Calculator("run", TrainingRun.takes, TrainingRun.gives, presets, chips)
    start = {each.name: max(1.0, each.low) if each.high > 1 else 0.5 for each in TrainingRun.takes}
    one, two = live(view, TrainingRun(), view.start(start)).settings["presets"]
    assert one["values"] == start | {"peak": 11.0, "watts": 17.0}
    assert (one["source"], one["link"], one["published"]) == ("a page", "https://example.org", {"days": 3.0})
    assert two["values"] == start | {"tokens": 19.0}
    assert (two["source"], two["link"]) == ("example.org", "https://example.org/two")
    assert view.settings["start"] == start


@pytest.mark.usefixtures("kernel")
def test_a_number_of_the_start_is_the_decimal_that_was_meant():
    view = make()
    assert live(view, Sum(), view.start({"a": 3, "b_b": 0.1})).settings["start"] == {"a": 3.0, "b_b": 0.1}


@pytest.mark.usefixtures("kernel")
def test_what_the_module_refuses_is_said_and_the_last_results_stay():
    view = make()
    live(view, Sum(), view.start({"a": 2, "b_b": 0.5}))
    outputs = view.outputs
    view.inputs = {**view.inputs, "a": pack("a", torch.tensor([13.0]))}
    assert view.error == "13 is no number to calculate with"
    assert view.outputs == outputs
    view.inputs = {**view.inputs, "a": pack("a", torch.tensor([14.0]))}
    assert view.error == ""
    assert view.outputs != outputs


MISTAKES = [
    ({"key": "My run"}, "a key is a letter, then letters and digits, in lower case; got 'My run'"),
    ({"takes": ()}, "give at least one input and one output"),
    ({"takes": (A, A)}, "each with a name of its own; got a, a, total"),
    ({"gives": (A,)}, "each with a name of its own; got a, b_b, a"),
    ({"takes": (Quantity("A-b", "", "", 0, 1),)}, "in lower case; got A-b"),
    ({"takes": (Quantity("a", "", "", 0, float("inf")),)}, "a has to lie between two numbers; got 0 and inf"),
    ({"formulas": {"sum": "a + b"}}, "a formula names 'sum'; there are total"),
    ({"presets": {"P": {"c": 1}}}, "P names 'c'; there are a, b_b"),
    ({"presets": {"P": {"a": 2.5}}}, "P: a takes a whole number from 1 to 100; got 2.5"),
    ({"presets": {"P": {"b_b": -1}}}, "P: b_b takes from 0 to 1; got -1"),
    ({"presets": {"P": {"a": float("nan")}}}, "P: a takes a whole number from 1 to 100; got nan"),
    ({"presets": {"P": {"a": 1, "source": "a book"}}}, "the source of 'P' is a link, or a text and a link"),
    ({"presets": {"P": {"a": 1, "source": ("x", "javascript:alert(1)")}}}, "the source of 'P' is a link"),
    ({"presets": {"P": {"a": 1, "published": {"a": 1}}}}, "P names 'a'; there are total"),
    ({"presets": {"P": {"a": 1, "published": {"total": 0}}}}, "'P' has total published as 0; it has to be above 0"),
    ({"presets": {"P": {"C": "Z"}}, "choices": {"C": {"X": {"a": 1}}}}, "'P' has C 'Z'; choose one of X"),
    ({"choices": {"C": {}}}, "each option of 'C' must set the same quantities"),
    ({"choices": {"C": {"X": {"a": 1}, "Y": {"b_b": 1}}}}, "each option of 'C' must set the same quantities"),
    ({"choices": {"C": {"X": {"a": 101}}}}, "X: a takes a whole number from 1 to 100; got 101"),
]


@pytest.mark.parametrize(("more", "words"), MISTAKES)
def test_what_means_nothing_is_named(more, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make(**more)


@pytest.mark.usefixtures("kernel")
def test_a_module_that_does_not_fit_is_named():
    view = make()
    with pytest.raises(ValueError, match="it takes a, b_b; got a"):
        view.start({"a": 1})
    with pytest.raises(ValueError, match="the start: b_b takes from 0 to 1; got 2"):
        view.start({"a": 1, "b_b": 2})
    with pytest.raises(ValueError, match=r"it takes a, b_b, in this order, each \(1,\); got b_b \(1,\), a \(1,\)"):
        live(view, Sum(), {"b_b": torch.ones(1), "a": torch.ones(1)})
    with pytest.raises(ValueError, match=r"got a \(2,\), b_b \(1,\)"):
        live(view, Sum(), {"a": torch.ones(2), "b_b": torch.ones(1)})
    with pytest.raises(ValueError, match="the function gives total; named were other"):
        live(make(gives=(Quantity("other", "", "", 0, 1),)), Sum(), view.start({"a": 1, "b_b": 1}))


def test_of_two_choices_for_one_quantity_the_later_has_the_word():
    for names in (("x", "y"), ("y", "x"), ("zz", "aa"), ("aa", "zz")):
        options = {name: {"option": {"a": float(i + 1)}} for i, name in enumerate(names)}
        view = make(choices=options, presets={"p": dict.fromkeys(names, "option")})
        assert view.settings["presets"][0]["values"]["a"] == 2
    with pytest.raises(ValueError, match="published as None; it has to be above 0"):
        make(presets={"p": {"published": {"total": None}}})
