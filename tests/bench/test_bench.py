"""The arithmetic of `make bench`, and that it compares like with like."""

import sys
from math import prod

import pytest
import torch
import torch.nn.functional as F
from bench import attention, convolution, generation, recurrent
from bench.keras_program import PROGRAMS
from bench.our_program import TRICKS, indexed, loop
from bench.timing import in_turns, ratio, spread
from bench.worker import Worker
from torch.testing import assert_close

from largemodels.data import Batches
from largemodels.layers import causal_mask
from largemodels.models import AttentionClassifier, ConvNet, RecurrentClassifier
from largemodels.train import fit


def test_every_task_runs_once_a_round_and_each_goes_first_in_its_turn():
    order = []
    tasks = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    measured = in_turns(tasks, rounds=3, warm_up=1)
    assert "".join(order) == "abcbcacababc"
    assert measured == {"a": [6, 8, 10], "b": [4, 9, 11], "c": [5, 7, 12]}


def test_quartiles_take_two_rounds():
    with pytest.raises(ValueError, match="at least two rounds"):
        in_turns({"a": lambda: 1.0}, rounds=1)


def test_ratios_are_taken_round_by_round():
    # the machine was three times as slow in the second round: no ratio shows it
    assert ratio([2.0, 6.0, 2.0], [1.0, 3.0, 1.0]) == {"median": 2.0, "lower": 2.0, "upper": 2.0}
    assert spread([1.0, 2.0, 3.0, 4.0, 9.0]) == {"median": 3.0, "lower": 2.0, "upper": 4.0}


PROGRAM = """
from bench.worker import Stretches
stretches = Stretches(parameters=7)
print("what a library prints")
for samples in (11, 13):
    stretches.begin()
    stretches.end(samples)
raise SystemExit("out of data")
"""


def test_a_worker_trains_when_asked_and_its_last_words_are_heard():
    with Worker([sys.executable, "-c", PROGRAM]) as worker:
        assert worker.facts == {"parameters": 7}
        first = worker.stretch()
        assert first["samples"] == 11
        assert first["seconds"] > 0
        assert worker.stretch()["samples"] == 13
        with pytest.raises(RuntimeError, match="out of data"):
            worker.stretch()
    assert worker.process.returncode is not None


@pytest.mark.parametrize("form", convolution.FORMS.values(), ids=convolution.FORMS)
def test_every_form_of_convolution_that_is_timed_computes_the_same(form):
    x, weight, bias = torch.randn(2, 3, 7, 11), torch.randn(5, 3, 3, 3), torch.randn(5)
    assert_close(form(x, weight, bias), F.conv2d(x, weight, bias), atol=1e-5, rtol=1e-5)


def test_convolution_is_timed_against_torch_on_both_layers():
    found = convolution.measure(rounds=2, batch=2)
    assert {(case["channels"], case["filters"], case["size"]) for case in found} == {(1, 32, 28), (32, 64, 13)}
    for case in found:
        assert case["forms"]["F.conv2d"]["times_torch"] == {"median": 1.0, "lower": 1.0, "upper": 1.0}
        assert all(form["milliseconds"]["median"] > 0 for form in case["forms"].values())


class Shape(tuple):
    """Stands in for a tensor of Keras, and counts the parameters of the layers that it went through."""

    parameters = 0


class Layers:
    """Stands in for ``keras.layers``: shapes only."""

    @staticmethod
    def Input(shape):
        return Shape(shape)

    @staticmethod
    def Conv2D(filters, kernel, activation):
        return lambda x: grown(
            (x[0] - kernel[0] + 1, x[1] - kernel[1] + 1, filters), x, filters * (prod(kernel) * x[2] + 1)
        )

    @staticmethod
    def MaxPooling2D(size):
        return lambda x: grown((x[0] // size[0], x[1] // size[1], x[2]), x)

    @staticmethod
    def MultiHeadAttention(num_heads, key_dim):
        inner = num_heads * key_dim
        return lambda q, v, k: grown(q, q, v.parameters + k.parameters + 4 * q[1] * inner + 3 * inner + q[1])

    @staticmethod
    def Embedding(symbols, features):
        return lambda x: grown((*x, features), x, symbols * features)

    @staticmethod
    def LSTM(units, return_sequences):
        return lambda x: grown((x[0], units), x, 4 * units * (x[1] + units + 1))

    @staticmethod
    def Flatten():
        return lambda x: grown((prod(x),), x)

    @staticmethod
    def Dense(units, activation):
        return lambda x: grown((*x[:-1], units), x, units * (x[-1] + 1))


def grown(shape, before, parameters=0):
    shape = Shape(shape)
    shape.parameters = before.parameters + parameters
    return shape


def test_both_programs_train_34826_parameters():
    _, output = PROGRAMS["cnn"](Layers, lambda inputs, outputs: (inputs, outputs))
    assert output == (10,)
    assert output.parameters == sum(p.numel() for p in ConvNet().parameters()) == 34_826


def test_both_recurrent_programs_train_the_same_but_for_torchs_second_bias():
    _, output = PROGRAMS["rnn"](Layers, lambda inputs, outputs: (inputs, outputs))
    assert output == (10,)
    assert output.parameters == sum(p.numel() for p in RecurrentClassifier().parameters()) - 4 * 64 == 1_106_250


def test_both_programs_of_attention_train_the_same():
    _, output = PROGRAMS["transformer"](Layers, lambda inputs, outputs: (inputs, outputs))
    assert output == (10,)
    assert output.parameters == sum(p.numel() for p in AttentionClassifier().parameters()) == 2_004_810


@pytest.mark.parametrize("form", attention.FORMS.values(), ids=attention.FORMS)
def test_every_form_of_attention_that_is_timed_computes_the_same(form):
    q, k, v = torch.randn(3, 2, 3, 71, 5)
    reference = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert_close(form(q, k, v, causal_mask(71)), reference, atol=1e-5, rtol=1e-5)


def test_what_autograd_keeps_is_counted_once():
    x = torch.randn(10, 10, requires_grad=True)
    assert attention.kept(lambda: (x * x).exp()) == 400 + 400  # x, and what exp returned


def test_every_way_of_writing_that_is_timed_writes_the_same():
    prompt = torch.tensor([[1]])
    texts = [write(prompt) for write in generation.ways().values()]
    assert texts[0].shape == (1, 64)
    assert all(torch.equal(text, texts[0]) for text in texts)


@pytest.mark.parametrize("name", recurrent.LAYERS)
def test_every_form_of_a_recurrent_layer_that_is_timed_has_the_same_weights(name):
    reference, ours, *_ = recurrent.forms(name).values()
    x = torch.randn(2, 3, recurrent.FEATURES)
    assert_close(ours(x)[0], reference(x)[0], atol=1e-5, rtol=1e-5)


@pytest.fixture
def learned():
    """Return a function that trains a network on 5 batches and returns its weights."""
    chance = torch.Generator().manual_seed(0)
    images, labels = torch.rand(300, 1, 28, 28, generator=chance), torch.randint(10, (300,), generator=chance)

    def learn(train):
        torch.manual_seed(0)
        model = ConvNet()
        for _, _step in zip(range(5), train(model, images, labels), strict=False):
            pass
        return list(model.parameters())

    return learn


def test_the_loop_with_every_trick_is_fit(learned):
    by_fit = learned(lambda model, x, y: fit(model, Batches(x, y, epochs=1), progress=False))
    assert_close(learned(lambda model, x, y: loop(model, x, y, "float32")), by_fit, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("trick", [trick for trick in TRICKS if trick != "no DataLoader"])
def test_a_trick_changes_the_time_and_not_what_is_learned(learned, trick):
    with_all = learned(lambda model, x, y: loop(model, x, y, "float32"))
    assert_close(learned(lambda model, x, y: loop(model, x, y, "float32", (trick,))), with_all, atol=1e-5, rtol=1e-3)


def test_a_loader_gives_as_many_examples_a_batch(learned):
    sizes = []
    learned(lambda model, x, y: (sizes.append(len(labels)) for _, labels in indexed(x, y)))
    assert sizes == [64, 64, 64, 64, 44]
    learned(lambda model, x, y: loop(model, x, y, "float32", ("no DataLoader",)))
