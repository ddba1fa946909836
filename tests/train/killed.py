"""Train in processes that die by SIGKILL at every possible moment, go on in another, and keep the final weights.

Each training is a forked child of this script, so that all of them start from the same state.
"""

import os
import signal
import sys
import traceback
from pathlib import Path

import torch
import torch._dynamo  # optimizers import it at their first step: once here instead of in every child
from small import small_batches, small_model

from largemodels.train import Checkpoint, Recipe, fit, save_weights

RECIPE = Recipe(learning_rate=0.01, schedule="cosine", warmup=2, weight_decay=0.1, accumulate=2, clip=1.0)
STEPS = 7


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, every: int, after_step: int = -1, inside_step: int = -1, saving: str = "", at_save: int = 0):
    """Train to the end, or die after or inside a step, or in the given system call of a save."""
    saves = [0]

    def dying(call):
        def wrapped(*args):
            saves[0] += 1
            if saves[0] == at_save:
                die()
            return call(*args)

        return wrapped

    if saving:
        setattr(os, saving, dying(getattr(os, saving)))
    model, batches = small_model(), small_batches(STEPS)
    for step in fit(model, batches, RECIPE, Checkpoint(folder / "run.safetensors", every), progress=False):
        torch.rand(3)  # a reader may draw random numbers between two steps
        if step.index == after_step:
            die()
        if step.index + 1 == inside_step:
            model[3].register_forward_hook(lambda *_: die())
    save_weights(folder / "weights.safetensors", model)


def run(**settings) -> int:
    """Run ``train`` in a child; return the signal that it died of, or 0."""
    child = os.fork()
    if child == 0:
        try:
            train(**settings)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, settings
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main(root: Path) -> None:
    torch.set_num_threads(1)
    deaths = {"unbroken": {}}
    deaths |= {f"after-{k}": {"after_step": k} for k in range(STEPS)}
    deaths |= {f"inside-{k}": {"inside_step": k} for k in range(1, STEPS)}
    deaths |= {f"{call}-{n}": {"saving": call, "at_save": n} for call in ("fsync", "replace") for n in (1, 2)}
    for every in (1, 3):
        for name, death in deaths.items():
            folder = root / f"{name}-every-{every}"
            folder.mkdir()
            died_of = run(folder=folder, every=every, **death)
            if death:
                assert died_of == signal.SIGKILL, (name, died_of)
                assert not (folder / "weights.safetensors").exists()
                run(folder=folder, every=every)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
