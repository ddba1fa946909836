"""The arithmetic of `make bench`, and that it compares like with like."""

import subprocess
import sys
from math import prod
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from bench import attention, cnn, convolution, generation, recurrent, report, rnn, transformer
from bench.keras_program import PROGRAMS
from bench.our_program import TRICKS, indexed, loop
from bench.pages import Pages, _beside, default_base, resolve
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


def results(slowdown, speedup, fast_bfloat16=True):
    middle = lambda value: {"median": value, "lower": value, "upper": value}  # noqa: E731
    form = {"milliseconds": middle(1.0), "times_torch": middle(slowdown)}
    program = {"samples_per_second": middle(5000.0), "times_keras": middle(speedup)}
    return {
        "batch": 64,
        "data": "mnist",
        "fast_bfloat16": fast_bfloat16,
        "convolution": [{"case": "a layer", "forms": {"layers.conv2d": form}}],
        "training": [
            {"threads": 2, "others": 0.0, "programs": {"fit, float32": program, "fit, bfloat16": program}},
        ],
    }


@pytest.mark.parametrize(
    ("slowdown", "speedup", "holds"),
    [(2.5, 2.0, [True, True, True]), (2.51, 1.6, [False, True, False]), (1.0, 1.59, [True, False, False])],
)
def test_a_broken_floor_is_found(slowdown, speedup, holds):
    assert [floor["holds"] for floor in cnn.floors(results(slowdown, speedup))] == holds


def test_bfloat16_is_judged_where_the_processor_computes_in_it():
    assert len(cnn.floors(results(1.0, 1.7, fast_bfloat16=False))) == 2


def test_floors_are_for_programs_that_have_the_whole_machine():
    runs = [{"threads": n, "seed": seed} for n in (2, 1) for seed in (3, 5)]
    assert report.widest(runs) == runs[:2]
    assert report.widest([]) == []


def test_tables_say_which_floor_is_broken_and_when_other_programs_disturbed():
    found = results(3.0, 2.0)
    found["training"][0]["others"] = 1.3
    text = "\n".join([*cnn.tables(found), *report.floors(cnn.floors(found))])
    assert "BROKEN" in text
    assert "NOT RELIABLE: other programs took 1.3 cores" in text


def test_a_broken_floor_of_the_recurrent_layers_is_found():
    middle = {"median": 1.69, "lower": 1.0, "upper": 2.0}
    form = {"milliseconds": middle, "times_torch": middle}
    found = {
        "batch": 64,
        "recurrent": [{"case": "LSTM", "forms": {"layers.LSTM": form, "layers.LSTM, compiled": form}}],
        "classifier": [
            {
                "threads": 1,
                "others": 0.0,
                "programs": {"fit, float32": {"samples_per_second": middle, "times_keras": middle}},
            }
        ],
    }
    assert [floor["holds"] for floor in rnn.floors(found)] == [True, True, False]
    assert "BROKEN" in "\n".join([*rnn.tables(found), *report.floors(rnn.floors(found))])


def test_a_broken_floor_of_attention_is_found():
    middle = {"median": 1.2, "lower": 1.0, "upper": 2.0}
    form = {"milliseconds": middle, "times_torch": middle, "megabytes": 1.0}
    program = {"samples_per_second": middle, "times_keras": middle, "times_transformers": middle}
    run = {"threads": 1, "others": 0.0, "programs": {"fit, float32": program, "fit, bfloat16": program}}
    found = {
        "fast_bfloat16": True,
        "attention": [{"case": "", "tokens": t, "forms": {"layers.attention": form}} for t in (64, 256)],
        "attention-classifier": [run],
        "gpt": [run],
        "generation": {"ways": {"generate": {"tokens_per_second": middle, "times_transformers": middle}}},
    }
    floors = transformer.floors(found)
    assert [floor["holds"] for floor in floors] == [False, True, True, False, True, False, False]
    assert "BROKEN" in "\n".join([*transformer.tables(found), *report.floors(floors)])


# ---- pages ---------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    """A git repository with two commits on main: ``(folder, git)``, where ``git(*arguments)`` runs it there."""

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
        )

    git("init", "--quiet", "--initial-branch=main")
    for text in ("one", "two"):
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", text)
    return tmp_path, git


def test_pages_are_measured_beside_where_the_work_left_main(repository):
    folder, git = repository
    assert default_base(folder) == "HEAD~1"  # nothing is new but the last commit
    (folder / "page.md").write_text("three", encoding="utf-8")
    tip = resolve("main", folder)
    assert default_base(folder) == tip
    git("switch", "--quiet", "--create", "work")
    git("commit", "--quiet", "--all", "--message", "three")
    assert default_base(folder) == tip
    git("branch", "--quiet", "--delete", "--force", "main")
    assert default_base(folder) == "HEAD~1"


def test_a_base_that_is_no_commit_is_named(repository):
    with pytest.raises(ValueError, match="no a commit named lost"):
        resolve("lost", repository[0])


class Tabs:
    """Stands in for a browser in which the book of now takes 1.2 times as long as the other, but for bad moments."""

    def __init__(self):
        self.times = {
            "base": iter([100.0, 900.0, 100.0, 100.0, 130.0]),
            "now": iter([700.0, 120.0, 120.0, 300.0, 120.0]),
        }

    def measure(self, case, book):
        return next(self.times[book.name])


def test_a_page_is_held_to_its_best_beside_the_bases_best():
    case = type("Case", (), {"name": "a page"})()
    found = {"base": "0123456789abcdef", **_beside(Tabs(), case, Path("base"), Path("now"), rounds=4)}
    assert found["milliseconds_base"]["median"] == 115
    assert found["beside_base"]["upper"] > 1.2
    assert found["best_beside_base"] == pytest.approx(1.2)
    pages = Pages()
    (floor,) = pages.floors({"answers": [found]})
    assert floor["claim"] == "a page, beside 012345678"
    assert floor["holds"]
    (floor,) = pages.floors({"paint": [{**found, "best_beside_base": 1.3}]})
    assert not floor["holds"]
    table = "\n".join(pages.tables({"answers": [found]}))
    assert "| a page |" in table
    assert "1.20" in table
