"""A run that is cut off goes on as if it had not been; another run's checkpoint is refused."""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from small import small_batches, small_model

from largemodels.train import Checkpoint, Recipe, fit
from largemodels.train.files import read_tensors

RECIPE = Recipe(learning_rate=0.01, schedule="cosine")


def weights(model):
    return {name: x.clone() for name, x in model.state_dict().items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def train(model, batches, **settings):
    steps = list(fit(model, batches, progress=False, **settings))
    return [step.index for step in steps]


@pytest.fixture
def python_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    root = tmp_path_factory.mktemp("killed")
    script = Path(__file__).with_name("killed.py")
    done = subprocess.run([sys.executable, script, root], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return root


def test_a_run_killed_at_any_moment_and_resumed_ends_in_the_very_weights_of_an_unbroken_one(killed):
    runs = sorted(folder for folder in killed.iterdir() if not folder.name.startswith("unbroken"))
    unbroken = (killed / "unbroken-every-1" / "weights.safetensors").read_bytes()
    assert unbroken == (killed / "unbroken-every-3" / "weights.safetensors").read_bytes()
    assert len(runs) == 2 * (7 + 6 + 4)
    assert [run.name for run in runs if (run / "weights.safetensors").read_bytes() != unbroken] == []


def test_a_kill_while_saving_leaves_no_half_written_file_behind(killed):
    for folder in killed.iterdir():
        assert sorted(p.name for p in folder.iterdir()) == ["run.safetensors", "weights.safetensors"], folder.name


def test_a_resumed_run_yields_the_steps_that_are_left(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=3)
    for step in fit(small_model(), small_batches(), RECIPE, checkpoint, progress=False):
        if step.index == 4:
            break
    assert train(small_model(), small_batches(), recipe=RECIPE, checkpoint=checkpoint) == [3, 4, 5, 6]
    assert train(small_model(), small_batches(), recipe=RECIPE, checkpoint=checkpoint) == []


def test_a_checkpoint_holds_tensors_and_text_and_nothing_that_is_code(tmp_path):
    path = tmp_path / "run.safetensors"
    train(small_model(), small_batches(), checkpoint=Checkpoint(path))
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
        assert set(file.metadata()) == {"run"}
    assert {"model.0.weight", "optimizer.0.weight.exp_avg", "optimizer.0.weight.step", "random.cpu"} < names


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists what is mapped")
def test_a_checkpoint_is_not_held_open_by_what_was_read_from_it(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=3)
    list(islice(fit(small_model(), small_batches(), checkpoint=checkpoint, progress=False), 5))
    steps = fit(small_model(), small_batches(), checkpoint=checkpoint, progress=False)
    assert next(steps).index == 3
    tensors, _ = read_tensors(checkpoint.path)
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert str(tmp_path) not in mapped
    assert tensors["model.0.weight"].shape == (11, 3, 3, 3)


def test_notes_go_with_the_state_to_which_they_belong(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=3, notes={"losses": []})
    for step in fit(small_model(), small_batches(), checkpoint=checkpoint, progress=False):
        checkpoint.notes["losses"].append(step.loss)
        if step.index == 4:
            break
    first = list(checkpoint.notes["losses"])
    resumed = Checkpoint(tmp_path / "run.safetensors", every=3, notes={"other": 1})
    next(fit(small_model(), small_batches(), checkpoint=resumed, progress=False))
    assert resumed.notes == {"losses": first[:3], "other": 1}  # of five, two came after the last writing


def test_resuming_keeps_the_order_of_memory(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=3)
    list(islice(fit(small_model(), small_batches(), checkpoint=checkpoint, progress=False), 5))
    model = small_model()
    list(fit(model, small_batches(), checkpoint=checkpoint, progress=False))
    assert model[4].weight.is_contiguous(memory_format=torch.channels_last)
    assert not model[4].weight.is_contiguous()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": replace(RECIPE, learning_rate=0.02)}, "learning_rate is 0.01 there and 0.02 here"),
        ({"recipe": replace(RECIPE, clip=1.0, warmup=5)}, "warmup is 0 there and 5 here; clip is None there and 1.0"),
        ({"model": small_model(dropout=0.5)}, r"Dropout\(p=0.3, inplace=False\) there and .*p=0.5"),
        ({"batches": small_batches(8)}, "steps: 7 there and 8 here"),
        ({"batches": small_batches(seed=1)}, "the first batch holds other examples"),
    ],
)
def test_another_runs_checkpoint_is_refused_and_nothing_changes(tmp_path, change, message):
    checkpoint = Checkpoint(tmp_path / "run.safetensors")
    train(small_model(), small_batches(), recipe=RECIPE, checkpoint=checkpoint)
    settings = {"model": small_model(), "batches": small_batches(), "recipe": RECIPE, **change}
    before = weights(settings["model"])
    with pytest.raises(ValueError, match=message):
        train(**settings, checkpoint=checkpoint)
    assert_same(weights(settings["model"]), before)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    train(small_model(), small_batches(), checkpoint=Checkpoint(path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"run\.safetensors is damaged"):
        train(small_model(), small_batches(), checkpoint=Checkpoint(path))


def test_a_file_of_weights_is_no_checkpoint(tmp_path):
    save_file({"x": torch.ones(3)}, tmp_path / "run.safetensors")
    with pytest.raises(ValueError, match="is no checkpoint of a training run"):
        train(small_model(), small_batches(), checkpoint=Checkpoint(tmp_path / "run.safetensors"))


def test_a_checkpoint_is_written_every_one_or_more_steps():
    with pytest.raises(ValueError, match="every 1 or more steps; got 0"):
        Checkpoint("run.safetensors", every=0)


class Interrupting(list):
    """Batches at whose third asking Ctrl-C is pressed, in the middle of a step."""

    def __getitem__(self, i):
        if i == 2:
            signal.raise_signal(signal.SIGINT)
        return super().__getitem__(i)


@pytest.mark.usefixtures("python_ctrl_c")
def test_ctrl_c_waits_for_the_step_to_end_and_keeps_a_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=100)
    model, seen = small_model(), []
    steps = fit(model, Interrupting(small_batches()), RECIPE, checkpoint, progress=False)
    with pytest.raises(KeyboardInterrupt):
        seen.extend(step.index for step in steps)
    rest = train(model, small_batches(), recipe=RECIPE, checkpoint=checkpoint)
    assert rest[0] in (3, 4)  # no later than the step after the one in which it was pressed
    assert rest == list(range(rest[0], 7))

    unbroken = small_model()
    train(unbroken, small_batches(), recipe=RECIPE)
    assert_same(weights(model), weights(unbroken))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("python_ctrl_c")
def test_ctrl_c_without_a_checkpoint_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(small_model(), Interrupting(small_batches()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("python_ctrl_c")
def test_ctrl_c_in_the_last_step_is_not_lost():
    with pytest.raises(KeyboardInterrupt):
        train(small_model(), Interrupting(small_batches(3)))


def test_an_interrupt_thrown_in_between_two_steps_keeps_a_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors")
    steps = fit(small_model(), small_batches(), RECIPE, checkpoint, progress=False)
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt)
    assert train(small_model(), small_batches(), recipe=RECIPE, checkpoint=checkpoint) == [1, 2, 3, 4, 5, 6]


def test_a_full_disk_leaves_the_old_checkpoint_and_says_so(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=1)
    steps = fit(small_model(), small_batches(), RECIPE, checkpoint, progress=False)
    next(steps)
    next(steps)  # the first checkpoint is there
    old = checkpoint.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(old) // 2, limits[1]))  # as if half of it still fitted
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(OSError, match=r"cannot write .*run\.safetensors .* file of before is still there") as error:
            next(steps)
    finally:
        signal.signal(signal.SIGXFSZ, before)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Free some space or choose another folder" in str(error.value)
    assert os.listdir(tmp_path) == ["run.safetensors"]
    assert checkpoint.path.read_bytes() == old
    assert train(small_model(), small_batches(), recipe=RECIPE, checkpoint=checkpoint) == [1, 2, 3, 4, 5, 6]
