"""The command line trains, can be stopped and resumed, and answers a wrong input in one line."""

import json
import os
import shlex
import signal
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from unittest.mock import Mock

import pytest
import torch

from largemodels.data import Batches, LabelledWindows, WindowData, digits
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import __main__ as command
from largemodels.train import evaluate, load_weights
from largemodels.train.__main__ import main
from largemodels.train.registry import DATA

SMALL = ["cnn", "--widths", "3", "5", "--epochs", "2", "--batch", "131", "--seed", "7"]


def test_it_writes_weights_and_what_it_measured(tmp_path, capsys):
    assert main([*SMALL, "--learning-rate", "0.01", "--device", "cpu", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed[:2]] == ["epoch 1", "epoch 2"]
    assert sorted(os.listdir(tmp_path)) == ["metrics.json", "weights.safetensors"]

    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    model = ConvNet(ConvNetConfig(widths=(3, 5)))
    load_weights(tmp_path / "weights.safetensors", model)
    data = digits()
    score = evaluate(model, data.test.images, data.test.labels)
    assert metrics["accuracy"] == pytest.approx(score.accuracy)
    assert f"test accuracy {score.accuracy:.2%}" in printed[2]
    assert metrics["loss"] == pytest.approx(score.loss, rel=1e-5)
    assert [line["epoch"] for line in metrics["epochs"]] == [1, 2]
    assert metrics["epochs"][1]["test_accuracy"] == metrics["accuracy"]
    assert metrics["command"].startswith("python -m largemodels.train cnn --widths 3 5")
    parameters = sum(p.numel() for p in model.parameters())
    assert (metrics["model"]["name"], metrics["model"]["parameters"]) == ("cnn", parameters)
    assert (metrics["model"]["widths"], metrics["model"]["size"]) == ([3, 5], 28)
    assert metrics["recipe"]["learning_rate"] == 0.01
    assert (metrics["seed"], metrics["torch"]) == (7, torch.__version__)
    assert metrics["hardware"]


@pytest.mark.parametrize("seed", [20260102030405, 2**64 - 1, -(2**63), -5])
def test_any_seed_that_torch_takes_is_taken(tmp_path, monkeypatch, seed):
    flags = ["cnn", "--widths", "3", "--epochs", "1", "--batch", "479", "--shift", "1", "--device", "cpu"]
    assert main([*flags, "--seed", str(seed), "--out", str(tmp_path / "a")]) == 0
    assert json.loads((tmp_path / "a/metrics.json").read_text(encoding="utf-8"))["seed"] == seed
    monkeypatch.setattr(command, "rank", lambda: 1)  # another process of several draws from another seed
    monkeypatch.setattr(command, "fit", lambda *_: iter(()))
    assert main([*flags, "--seed", str(seed), "--out", str(tmp_path / "b")]) == 0
    assert torch.initial_seed() == (seed + 1) % 2**64


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_seed_that_torch_does_not_take_is_named_with_those_that_it_does(tmp_path, capsys, seed):
    assert main([*SMALL, "--seed", str(seed), "--out", str(tmp_path / "out")]) == 2
    message = rf"error: --seed must be from -2**63 to 2**64 - 1, as torch.manual_seed takes it; got {seed}"
    assert capsys.readouterr().err.splitlines() == [message]
    assert not (tmp_path / "out").exists()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
UTF_8 = {"PYTHONUTF8": "1"}
INTERRUPTED = """
import sys
from largemodels.data import Batches
from largemodels.train.__main__ import main
batch = Batches.__getitem__
def interrupted(self, i):
    if i == 4:
        raise KeyboardInterrupt
    return batch(self, i)
Batches.__getitem__ = interrupted
sys.exit(main())
"""


@pytest.mark.parametrize(("first", "then"), [(UTF_8, ASCII), (ASCII, UTF_8)], ids=["then-ascii", "first-ascii"])
def test_a_folder_may_have_any_name_whatever_the_locale(tmp_path, monkeypatch, capfdbinary, first, then):
    flags = ["cnn", "--widths", "3", "--epochs", "2", "--batch", "479", "--checkpoint-every", "1", "--device", "cpu"]
    flags += ["--out", "runs/läufe"]

    def run(env, program, here):
        """Run the command in another process, or in this one if it speaks UTF-8 as well."""
        if env is UTF_8 and sys.getfilesystemencoding() == "utf-8":
            with monkeypatch.context() as patch:
                patch.chdir(tmp_path)
                return here(patch), *capfdbinary.readouterr()
        command = [sys.executable, *program, *flags]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, env={**os.environ, **env})
        return done.returncode, done.stdout, done.stderr

    def interrupted(patch):
        batch, stop = Batches.__getitem__, Mock(side_effect=KeyboardInterrupt)
        patch.setattr(Batches, "__getitem__", lambda self, i: stop() if i == 4 else batch(self, i))
        return main(flags)

    status, _, said = run(first, ["-c", INTERRUPTED], interrupted)
    assert status == 130, said
    resume = f"python -m largemodels.train {shlex.join(flags)} --resume"
    assert said.decode() == f"stopped; go on with: {resume}\n"
    flags.append("--resume")
    status, shown, said = run(then, ["-m", "largemodels.train"], lambda _: main(flags))
    assert status == 0, said
    assert shown.decode().endswith("weights and metrics are in runs/läufe\n")
    metrics = json.loads((tmp_path / "runs/läufe/metrics.json").read_text(encoding="utf-8"))
    assert metrics["command"] == resume
    assert [line["epoch"] for line in metrics["epochs"]] == [1, 2]


def test_help_is_given_in_any_locale(monkeypatch):
    shown = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", shown)
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    shown.flush()
    assert stop.value.code == 0
    assert "… cnn --help" in shown.buffer.getvalue().decode()


def test_the_same_seed_gives_the_same_weights_and_another_one_others(tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "5")):
        main([*SMALL[:-2], "--seed", seed, "--device", "cpu", "--out", str(tmp_path / name)])
    a, b, c = ((tmp_path / name / "weights.safetensors").read_bytes() for name in "abc")
    assert a == b != c


def test_the_residual_network_learns_from_shifted_images_with_its_own_flags(tmp_path):
    flags = ["resnet", "--widths", "2", "3", "--blocks", "1", "--no-residual", "--epochs", "1", "--batch", "131"]
    assert main([*flags, "--shift", "1", "--device", "cpu", "--out", str(tmp_path)]) == 0
    model = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))["model"]
    assert (model["widths"], model["blocks"], model["residual"], model["normalise"]) == ([2, 3], 1, False, True)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("attention-classifier", {}),
        (
            "transformer-encoder --layers 1 --positions sinusoidal --no-residual --readout flatten",
            {"layers": 1, "positions": "sinusoidal", "residual": False, "normalise": True, "readout": "flatten"},
        ),
    ],
)
def test_attention_learns_from_windows_whose_sizes_the_data_give(tmp_path, monkeypatch, flags, expected):
    monkeypatch.setitem(DATA, "packages", windows)
    train = ["--width", "6", "--heads", "3", "--epochs", "1", "--batch", "7", "--device", "cpu"]
    assert main([*flags.split(), *train, "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    sizes = {"vocabulary": 23, "steps": 11, "classes": 5, "width": 6, "heads": 3}
    assert {name: metrics["model"][name] for name in sizes | expected} == sizes | expected
    assert 0 <= metrics["accuracy"] <= 1


def windows(device):
    """Return a few windows of 11 tokens, in place of those that are read from installed packages."""
    tokens = torch.randint(23, (13, 11), generator=torch.Generator().manual_seed(0)).to(device)
    part = LabelledWindows(tokens, torch.arange(13, device=device) % 5)
    return WindowData(part, part, tuple("abcde"), Vocabulary((UNKNOWN, *map(str, range(22)))))


def test_ctrl_c_says_how_to_go_on_and_the_resumed_run_ends_where_an_unbroken_one_does(tmp_path):
    flags = [*SMALL, "--device", "cpu", "--epochs", "12"]
    command = [sys.executable, "-m", "largemodels.train", *flags, "--out", str(tmp_path / "broken")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as run:
        assert run.stdout.readline().startswith("epoch 1:")
        run.send_signal(signal.SIGINT)
        _, said = run.communicate()
    assert run.returncode == 130
    assert said.splitlines() == [f"stopped; go on with: python {' '.join(command[1:])} --resume"]
    assert sorted(os.listdir(tmp_path / "broken")) == ["checkpoint.safetensors", "metrics.json"]

    assert main([*flags, "--out", str(tmp_path / "unbroken")]) == 0
    assert main([*flags, "--out", str(tmp_path / "broken")]) == 2  # not without --resume
    assert main([*flags, "--out", str(tmp_path / "broken"), "--resume"]) == 0
    a, b = ((tmp_path / name / "weights.safetensors").read_bytes() for name in ("broken", "unbroken"))
    assert a == b
    a, b = (
        json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8")) for name in ("broken", "unbroken")
    )
    assert [line["test_accuracy"] for line in a["epochs"]] == [line["test_accuracy"] for line in b["epochs"]]
    assert (a["resumed"], b["resumed"]) == (True, False)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--device", "quantum"], "no device 'quantum' on this machine"),
        (["--learning-rate", "-1"], "learning_rate must be a number above 0"),
        (["--batch", "0"], "size and epochs must be at least 1"),
        (["--checkpoint-every", "0"], "every 1 or more steps"),
        (["--widths", "3", "0"], "every size must be at least 1"),
    ],
)
def test_a_wrong_input_is_answered_in_one_line(tmp_path, capsys, flags, message):
    assert main([*SMALL, *flags, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_unknown_data_and_unknown_models_are_answered_with_those_that_there_are(capsys):
    for flags, there in ((["cnn", "--data", "cats"], "'digits', 'mnist'"), (["llama"], "'cnn', 'resnet'")):
        with pytest.raises(SystemExit) as stop:
            main(flags)
        assert stop.value.code == 2
        assert there in capsys.readouterr().err


def test_a_corrupt_data_file_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz").write_bytes(b"half a fi")
    assert main(["cnn", "--data", "mnist", "--device", "cpu", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "train-images-idx3-ubyte.gz is damaged" in said
    assert "Traceback" not in said


def test_ctrl_c_before_the_first_step_has_nothing_to_go_on_with(tmp_path, capsys, monkeypatch):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setitem(DATA, "digits", interrupted)
    assert main([*SMALL, "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err == "stopped before anything was kept\n"
