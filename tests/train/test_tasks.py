"""The command line learns text and windows of tokens as it learns images."""

import json
import os
import signal
from dataclasses import asdict
from math import exp

import pytest
import torch

from largemodels.data import LabelledWindows, Text, TextBatches, WindowData
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, RecurrentClassifier, RecurrentClassifierConfig
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import Recipe, checks, evaluate, evaluate_text, load_weights
from largemodels.train.__main__ import main
from largemodels.train.registry import DATA, MODELS, Entry
from largemodels.train.tasks import Characters

LETTERS = Vocabulary((UNKNOWN, *"abcde"))
TEXT = ["char-rnn", "--features", "3", "--hidden", "5", "--batch", "11", "--context", "13"]


def small_text(device="cpu"):
    generator = torch.Generator().manual_seed(0)
    tokens = (torch.randint(2, (499,), generator=generator).cumsum(0) % 5 + 1).to(device)
    return Text(tokens[:401], tokens[401:], LETTERS)


def small_windows(device="cpu"):
    generator = torch.Generator().manual_seed(0)
    train, test = (
        LabelledWindows(torch.randint(6, (n, 7), generator=generator).to(device), (torch.arange(n) % 3).to(device))
        for n in (31, 13)
    )
    return WindowData(train, test, ("x", "y", "z"), LETTERS)


@pytest.fixture(autouse=True)
def small_data(monkeypatch):
    monkeypatch.setitem(DATA, "source_code", small_text)
    monkeypatch.setitem(DATA, "shakespeare", small_text)
    monkeypatch.setitem(DATA, "packages", small_windows)


def test_a_text_is_learned_in_steps_and_measured_on_what_was_held_out(tmp_path, capsys):
    flags = [*TEXT, "--steps", "7", "--measure-every", "3", "--cell", "GRU", "--device", "cpu"]
    assert main([*flags, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed[:3]] == ["step 3", "step 6", "step 7"]
    assert sorted(os.listdir(tmp_path)) == ["metrics.json", "weights.safetensors"]

    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    config = CharRNNConfig(vocabulary=6, features=3, hidden=5, cell="GRU")
    model = CharRNN(config)
    load_weights(tmp_path / "weights.safetensors", model)
    score = evaluate_text(model, small_text().validation, LETTERS)
    loss = score.nats
    assert metrics["loss"] == pytest.approx(loss, rel=1e-5)
    assert metrics["standard_error"] == pytest.approx(score.standard_error, rel=1e-3)
    assert metrics["bits_per_byte"] == pytest.approx(score.bits_per_byte, rel=1e-5)
    assert metrics["perplexity"] == pytest.approx(exp(loss), rel=1e-5)
    assert f"validation perplexity {exp(loss):.3f}, loss {loss:.4f}" in printed[3]
    assert [line["step"] for line in metrics["steps"]] == [3, 6, 7]
    assert metrics["steps"][2]["validation_loss"] == metrics["loss"]
    assert "epochs" not in metrics
    parameters = sum(p.numel() for p in model.parameters())
    assert metrics["model"] == {"name": "char-rnn", "parameters": parameters, **asdict(config)}
    assert metrics["recipe"]["clip"] == 1.0
    assert metrics["seconds"] >= 0


def test_windows_are_learned_in_epochs(tmp_path, capsys):
    flags = ["recurrent-classifier", "--features", "3", "--hidden", "5", "--epochs", "2", "--batch", "11"]
    assert main([*flags, "--device", "cpu", "--out", str(tmp_path)]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()[:2]] == ["epoch 1", "epoch 2"]
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    model = RecurrentClassifier(RecurrentClassifierConfig(vocabulary=6, features=3, hidden=5, steps=7, classes=3))
    load_weights(tmp_path / "weights.safetensors", model)
    test = small_windows().test
    assert metrics["accuracy"] == pytest.approx(evaluate(model, test.tokens, test.labels).accuracy)
    assert (metrics["model"]["vocabulary"], metrics["model"]["steps"], metrics["model"]["classes"]) == (6, 7, 3)


def test_a_text_that_was_cut_off_goes_on_to_the_weights_of_an_unbroken_run(tmp_path, monkeypatch):
    flags = [*TEXT, "--steps", "8", "--measure-every", "3", "--device", "cpu"]
    measured, score = [], Characters.score

    def interrupted(self, model, data):
        measured.append(1)
        if len(measured) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return score(self, model, data)

    monkeypatch.setattr(Characters, "score", interrupted)
    assert main([*flags, "--out", str(tmp_path / "broken")]) == 130
    assert main([*flags, "--out", str(tmp_path / "broken"), "--resume"]) == 0
    assert main([*flags, "--out", str(tmp_path / "unbroken")]) == 0
    a, b = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("broken", "unbroken"))
    assert a == b
    a, b = (
        json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8")) for name in ("broken", "unbroken")
    )
    for key in ("step", "loss", "validation_loss"):
        assert [line[key] for line in a["steps"]] == [line[key] for line in b["steps"]]
    assert (a["resumed"], b["resumed"]) == (True, False)


class Cut(Exception):
    """The machine goes down."""


@pytest.mark.parametrize("metrics", ["kept", "lost"])
@pytest.mark.parametrize("every", ["3", "2"])
def test_a_run_that_is_cut_between_two_measurements_reports_what_an_unbroken_one_does(
    tmp_path, monkeypatch, every, metrics
):
    flags = [*TEXT, "--steps", "11", "--measure-every", "4", "--checkpoint-every", every, "--device", "cpu"]
    batch, asked = TextBatches.__getitem__, []

    def cut(self, i):
        asked.append(i)
        if i == 6 and asked.count(6) == 1:
            os.kill(os.getpid(), signal.SIGINT)  # goes on to the end of the step
        if i == 9 and asked.count(9) == 1:
            raise Cut
        return batch(self, i)

    monkeypatch.setattr(TextBatches, "__getitem__", cut)
    broken = [*flags, "--out", str(tmp_path / "broken")]
    assert main(broken) == 130
    if metrics == "lost":
        (tmp_path / "broken" / "metrics.json").unlink()  # the checkpoint is enough
    with pytest.raises(Cut):
        main([*broken, "--resume"])
    assert main([*broken, "--resume"]) == 0
    assert asked.count(8) == (2 if every == "2" else 1)  # a step after the last checkpoint is taken again
    assert main([*flags, "--out", str(tmp_path / "unbroken")]) == 0
    a, b = (
        json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8")) for name in ("broken", "unbroken")
    )
    for key in ("step", "loss", "validation_loss"):
        assert [line[key] for line in a["steps"]] == [line[key] for line in b["steps"]]
    assert len(a["steps"]) == 3
    assert min(line["seconds"] for line in a["steps"]) > 0
    assert a["seconds"] == round(sum(line["seconds"] for line in a["steps"]), 1)


def test_a_resumed_run_of_another_model_is_refused_in_one_line(tmp_path, capsys, monkeypatch):
    batch = TextBatches.__getitem__
    flags = ["gpt", "--layers", "1", "--width", "8", "--context", "11", "--batch", "7", "--steps", "5"]
    flags += ["--checkpoint-every", "1", "--device", "cpu", "--out", str(tmp_path)]

    def cut(self, i):
        if i == 2:
            raise Cut
        return batch(self, i)

    monkeypatch.setattr(TextBatches, "__getitem__", cut)
    with pytest.raises(Cut):
        main([*flags, "--heads", "2"])
    assert main([*flags, "--heads", "4", "--resume"]) == 2
    said = capsys.readouterr().err
    assert "heads is 2 there and 4 here" in said
    assert said.count("\n") == 1


def test_an_lstm_is_trained_in_float32_where_the_processor_has_no_bfloat16(tmp_path, capsys, monkeypatch):
    flags = [*TEXT, "--steps", "2", "--precision", "bfloat16", "--device", "cpu"]
    monkeypatch.setattr(checks, "lstm_takes_bfloat16", lambda device: False)
    assert main([*flags, "--out", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().err
    assert "note: this processor has no instructions for bfloat16" in said
    assert said.count("\n") == 1
    assert main([*flags, "--precision", "float32", "--out", str(tmp_path / "b")]) == 0
    assert capsys.readouterr().err == ""
    a, b = (json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8")) for name in "ab")
    assert a["recipe"]["precision"] == "float32"  # what was used; the command tells what was asked for
    assert a["loss"] == b["loss"]


# as on a processor from before AVX-512, which has no instructions for bfloat16


def test_another_model_is_one_more_line(tmp_path, monkeypatch):
    tiny = GPTConfig(layers=1, heads=1, width=8)
    monkeypatch.setitem(MODELS, "tiny-gpt", Entry(GPT, tiny, Characters(steps=150, batch=7), Recipe(3e-2)))
    flags = ["--context", "11", "--layers", "2", "--device", "cpu", "--out", str(tmp_path)]
    assert main(["tiny-gpt", "--data", "shakespeare", *flags]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["model"]["vocabulary"], metrics["model"]["context"], metrics["model"]["layers"]) == (6, 11, 2)
    assert metrics["perplexity"] < 3  # of five characters


def test_a_gpt_learns_a_text_and_takes_its_context_from_the_task(tmp_path, capsys):
    flags = ["gpt", "--layers", "1", "--heads", "1", "--width", "8", "--context", "11", "--positions", "learned"]
    more = ["--no-quiet-start", "--steps", "150", "--batch", "7", "--measure-every", "150", "--device", "cpu"]
    assert main([*flags, *more, "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    config = GPTConfig(6, 11, 1, 1, 8, "learned", quiet_start=False)
    model = GPT(config)
    load_weights(tmp_path / "weights.safetensors", model)
    loss = evaluate_text(model, small_text().validation, LETTERS).nats
    assert metrics["loss"] == pytest.approx(loss, rel=1e-5)
    assert metrics["perplexity"] < 4.5  # of five characters
    parameters = sum(p.numel() for p in model.parameters())
    assert metrics["model"] == {"name": "gpt", "parameters": parameters, **asdict(config)}
    assert (metrics["recipe"]["schedule"], metrics["recipe"]["weight_decay"]) == ("cosine", 0.1)
    assert main([*flags, "--heads", "3", "--out", str(tmp_path / "wrong")]) == 2
    assert "the width must be a multiple of the heads; got 8 and 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--cell", "lstm"], "cell is 'lstm'; choose one of LSTM, GRU, RNN"),
        (["--context", "0"], "context must be at least 1 character; got 0"),
        (["--context", "401"], "a text of at least 402; got 401"),
        (["--steps", "0"], "size and steps must be at least 1"),
        (["--measure-every", "0"], "measure_every must be at least 1 step; got 0"),
        (["--hidden", "0"], "every size must be at least 1"),
    ],
)
def test_a_wrong_input_is_answered_in_one_line(tmp_path, capsys, flags, message):
    assert main([*TEXT, *flags, "--device", "cpu", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert message in said.err
    assert not (tmp_path / "out").exists()


def test_each_model_is_offered_the_data_of_its_kind_and_no_flag_that_the_data_decide(capsys):
    for model, there, hidden in (
        ("char-rnn", "{source_code,shakespeare}", "--vocabulary"),
        ("recurrent-classifier", "{packages}", "--classes"),
        ("gpt", "{source_code,shakespeare}", "--vocabulary"),
        ("cnn", "{digits,mnist}", "--channels"),
    ):
        with pytest.raises(SystemExit):
            main([model, "--help"])
        said = capsys.readouterr().out
        assert there in said
        assert hidden not in said
