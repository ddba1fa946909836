"""What would stop a training, or spoil it, and can be known before its first step."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from largemodels.device import autocast, lstm_takes_bfloat16
from largemodels.layers import LSTM
from largemodels.train.distributed import count, pieces_of, sharded
from largemodels.train.evaluate import answering, device_of
from largemodels.train.recipe import Recipe


def runnable(recipe: Recipe, model: nn.Module) -> tuple[Recipe, str]:
    """Return the recipe that the model can be trained with where it lies, and what had to be changed, in words.

    torch has no LSTM in bfloat16 on a processor without instructions for it, and raises ``RuntimeError``; everything
    else is slower there, but computed. So a model that holds an LSTM is trained in float32.
    """
    lstm = any(isinstance(part, LSTM | nn.LSTM) for part in model.modules())
    if recipe.precision != "bfloat16" or not lstm or lstm_takes_bfloat16(device_of(model)):
        return recipe, ""
    return replace(recipe, precision="float32"), (
        "this processor has no instructions for bfloat16, without which torch computes no LSTM in it: "
        "the model is trained in float32"
    )


def check_single_examples(model: nn.Module, batches: Sequence, recipe: Recipe) -> None:
    """Raise ``ValueError`` if a single example is to be computed alone that the model cannot normalise.

    Batch normalisation takes mean and variance over the examples and places of a piece of a batch: of one example and
    one place there is no variance. Looks at the first and the last batch.
    """
    normalised = any(isinstance(part, _BatchNorm) for part in model.modules())
    together = count() > 1 and device_of(model).type == "cuda"  # there the statistics are those of all processes
    if not normalised or together or sharded(model):
        return
    size = len(batches[0][0])
    for name, i in (("first", 0), ("last", len(batches) - 1)):
        x = batches[i][0]
        pieces = pieces_of(len(x), recipe.accumulate) * count()
        alone, two = x[:1], x[:1].repeat(2, *[1] * (x.ndim - 1))
        if len(x) == 0 or len(x) // pieces > 1 or _trains(model, alone, recipe) or not _trains(model, two, recipe):
            continue
        cut = f"has {len(x)} examples, computed in {pieces} pieces of which one is a single example"
        raise ValueError(
            f"the {name} batch {cut if len(x) > 1 else 'is a single example'}, and the model shrinks it to one value a "
            f"channel, which has no variance for batch normalisation. "
            f"Choose another batch size than {size}{' or a smaller accumulate' * (recipe.accumulate > 1)}"
        )


def _trains(model: nn.Module, x: Tensor, recipe: Recipe) -> bool:
    """Tell whether the model computes an input in training; neither it nor torch's random numbers are changed."""
    device = device_of(model)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with (
        answering(model),
        torch.no_grad(),
        torch.random.fork_rng([device] if device.type == "cuda" else []),
        autocast(device, recipe.precision),
    ):
        model.train()
        try:
            torch.func.functional_call(model, buffers, (x.to(device),))
        except ValueError:
            return False
    return True
