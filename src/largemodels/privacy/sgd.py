"""DP-SGD (Abadi et al. 2016): clip what each example says, add noise to the sum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from largemodels.privacy.per_sample import Gradients, Loss, all_at_once, check_mixing, mean_cross_entropy


@dataclass(frozen=True)
class Privacy:
    """How much one example may say, and how loud the noise is.

    Attributes:
        clip: C, the greatest length of one example's gradient, over all parameters together.
        noise: σ; to each number of the sum is added a normal one of standard deviation σC. 0 is no privacy at all.
        chunk: examples whose gradients are held at once; it changes the memory, not the result.

    Raises ``ValueError`` for a clip that is not above 0, noise below 0, either not finite, or a chunk below 1.
    """

    clip: float = 1.0
    noise: float = 1.0
    chunk: int = 64

    def __post_init__(self):
        if not (0 < self.clip < inf and 0 <= self.noise < inf and self.chunk >= 1):
            raise ValueError(f"clip is above 0, noise 0 or more, both finite, and chunk at least 1; got {self}")


@dataclass(frozen=True)
class PrivateStep:
    """What one private step did. No noise hides these numbers: look at them while you train, and release none.

    Attributes:
        index: its number, from 0.
        examples: how many were drawn; 0 is possible.
        clipped: the share of them whose gradient was longer than C; 0 if there were none.
    """

    index: int
    examples: int
    clipped: float


class PoissonBatches(Sequence):
    """``batches[i]`` holds every example with probability ``rate``, independently: what the accountant assumes.

    Sizes differ, and a batch can be empty. Any batch can be asked for by its number and is the same every time.

    Args:
        x, y: all inputs ``(n, …)`` and targets ``(n, …)``.
        rate: the probability with which an example is in a batch, above 0 and at most 1.
        steps: how many batches there are.
        seed: a whole number from 0. A real release needs secret chance: with the seed anyone can tell who was drawn.

    Attributes:
        expected: the mean size, ``rate · n``; steps divide by it, since the true size depends on who is there.

    Raises ``ValueError`` for inputs and targets that do not fit, none at all, or numbers out of their range, and
    ``IndexError`` for a batch that is none.
    """

    def __init__(self, x: Tensor, y: Tensor, rate: float, steps: int, seed: int = 0):
        if len(x) != len(y) or len(x) == 0:
            raise ValueError(f"as many targets as inputs, and at least one; got {len(x)} and {len(y)}")
        if not 0 < rate <= 1 or steps < 1 or seed < 0:
            raise ValueError(f"0 < rate <= 1, at least 1 step, seed from 0; got {rate}, {steps} and {seed}")
        self.x, self.y, self.rate, self.steps, self.seed = x, y, rate, steps, seed
        self.expected = rate * len(x)

    def __len__(self):
        return self.steps

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        if not 0 <= i < self.steps:
            raise IndexError(f"batch {i} of a run of {self.steps}")
        chance = torch.Generator().manual_seed((self.seed * 1_000_003 + i) % 2**63)
        drawn = (torch.rand(len(self.x), generator=chance, dtype=torch.float64) < self.rate).to(self.x.device)
        return self.x[drawn], self.y[drawn]


def clipped_sum(samples: Gradients, clip: float) -> tuple[Gradients, Tensor]:
    r"""Shorten each example's gradient to at most ``clip``, and add up: :math:`\sum_i g_i \min(1, C / |g_i|)`.

    Args:
        samples: ``(n, *shape)`` by name; an example's length is that over all of them.
        clip: C.

    Returns:
        The sums, ``shape`` each, and the lengths before, ``(n,)``.

    Raises ``FloatingPointError`` if an example's gradient is not finite: it could not be clipped.
    """
    parts = [value.flatten(1).norm(dim=1) for value in samples.values()]
    lengths = torch.stack(parts).norm(dim=0)
    if not lengths.isfinite().all():
        raise FloatingPointError(f"{int((~lengths.isfinite()).sum())} of {len(lengths)} gradients are not finite")
    factors = (clip / lengths).clamp(max=1)  # a length of 0 gives infinity, so 1
    return {name: torch.tensordot(factors.to(value.dtype), value, 1) for name, value in samples.items()}, lengths


def private_gradient(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    privacy: Privacy,
    expected: float,
    generator: torch.Generator,
    loss: Loss = mean_cross_entropy,
) -> tuple[Gradients, Tensor]:
    """Return DP-SGD's gradient, and the lengths of the examples' gradients before they were clipped, ``(n,)``.

    Clip each to C, add noise of σC to the sum, divide by the expected size of a batch. An empty batch gives noise
    alone: were it left out, the step would tell that nobody was there.

    Args:
        model: as for ``all_at_once``; on the device of the batch.
        batch: inputs ``(n, …)`` and targets; ``n`` may be 0.
        privacy: C and σ.
        expected: the mean size of a batch, above 0.
        generator: where the noise comes from, on the CPU.
        loss: of one example.

    Raises ``ValueError`` as ``all_at_once`` does, and ``FloatingPointError`` as :func:`clipped_sum` does.
    """
    if not expected > 0:
        raise ValueError(f"the expected size of a batch is above 0; got {expected}")
    check_mixing(model)
    total = {name: torch.zeros_like(p) for name, p in model.named_parameters() if p.requires_grad}
    lengths = [torch.zeros(0)]
    x, y = batch
    for px, py in zip(x.split(privacy.chunk), y.split(privacy.chunk), strict=True) if len(x) else ():
        sums, long = clipped_sum(all_at_once(model, px, py, loss), privacy.clip)
        total = {name: value + sums[name] for name, value in total.items()}
        lengths.append(long.cpu())
    for name, value in total.items():
        noise = torch.randn(value.shape, generator=generator).to(value) * (privacy.noise * privacy.clip)
        total[name] = (value + noise) / expected
    return total, torch.cat(lengths)


def fit_privately(
    model: nn.Module,
    batches: PoissonBatches,
    optimizer: Optimizer,
    privacy: Privacy | None = None,
    seed: int = 0,
    loss: Loss = mean_cross_entropy,
) -> Iterator[PrivateStep]:
    """Train a model by DP-SGD, one batch after the other, and yield a :class:`PrivateStep` for each.

    What it costs, :func:`epsilon` says from ``batches.rate``, ``privacy.noise`` and the steps taken. The optimizer may
    be any: what it does with a private gradient costs nothing more.

    Args:
        model: as for ``all_at_once``; on the device of the data. It is set to training.
        batches: drawn by chance, as :class:`PoissonBatches` draws them.
        optimizer: of the model's parameters.
        privacy: C and σ.
        seed: of the noise. A real release needs secret chance: with the seed anyone can take the noise away.
        loss: of one example.

    Raises ``ValueError`` as ``all_at_once`` does, before the first step where the model mixes examples or the batches
    were not drawn by chance, and ``FloatingPointError`` for a gradient that is not finite.
    """
    if not isinstance(batches, PoissonBatches):
        raise ValueError(
            f"the accountant assumes that chance alone decides who is in a batch; give PoissonBatches, "
            f"not a {type(batches).__name__}"
        )
    privacy = privacy or Privacy()
    generator = torch.Generator().manual_seed(seed)
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    model.train()
    check_mixing(model)
    for index in range(len(batches)):
        gradient, lengths = private_gradient(model, batches[index], privacy, batches.expected, generator, loss)
        for name, parameter in learning.items():
            parameter.grad = gradient[name]
        optimizer.step()
        clipped = float((lengths > privacy.clip).double().mean()) if len(lengths) else 0.0
        yield PrivateStep(index, len(lengths), clipped)
