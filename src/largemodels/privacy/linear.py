"""Linear classifiers under DP-SGD, any number at once: an example's gradient is an outer product, so none is stored."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.privacy.accounted import Accountant
from largemodels.privacy.sgd import Privacy


def linear_step(
    weights: Tensor, x: Tensor, truth: Tensor, drawn: Tensor, noise: Tensor, clip: Tensor, rate: Tensor, expected: float
) -> tuple[Tensor, Tensor]:
    r"""Take one step of DP-SGD for each of some linear classifiers; return their weights, and who was clipped.

    The gradient of the cross-entropy of one example is :math:`(p - y)\,x^\top`, an outer product, whose length is
    :math:`|p - y|\,|x|`. So it can be clipped before it is ever formed, and one product adds up all that were drawn.

    Args:
        weights: ``(d, m, k)``, for m classifiers of k classes.
        x, truth: inputs ``(n, d)`` and labels, one-hot, ``(n, k)``.
        drawn: who is in the batch of which classifier, ``(n, m)``, 0 or 1, in floating point.
        noise: what is added to the sum, ``(d, m, k)``.
        clip, rate: C and the learning rate.
        expected: the mean size of a batch.

    Returns:
        The new weights, and 1 where an example's gradient was longer than C, ``(n, m)``.
    """
    d, m, k = weights.shape
    wrong = (x @ weights.view(d, m * k)).view(-1, m, k).softmax(2) - truth[:, None]
    lengths = wrong.square().sum(2).sqrt() * x.square().sum(1, keepdim=True).sqrt()  # (n, m)
    shorter = drawn * (clip / lengths).clamp(max=1)  # a length of 0 gives infinity, so 1
    total = x.T @ (wrong * shorter[:, :, None]).view(-1, m * k)
    return weights - rate * (total.view(d, m, k) + noise) / expected, drawn * (lengths > clip)


def fit_linear(
    x: Tensor,
    y: Tensor,
    inside: Tensor,
    sampling: float,
    steps: int,
    privacy: Privacy,
    rate: float,
    seed: int = 0,
    classes: int = 10,
) -> Tensor:
    """Train linear classifiers by DP-SGD with Poisson sampling, each on its own examples: weights ``(m, d, classes)``.

    They begin at zero, and each draws its own batches and its own noise. :func:`fit_privately` does the same for one
    model of any kind.

    Args:
        x, y: all inputs ``(n, d)``, a constant among them if a bias is wanted, and labels ``(n,)``.
        inside: which of them each classifier learns from, ``(m, n)``, booleans.
        sampling: the probability with which an example is in a batch.
        steps: how many, at least 1.
        privacy: C and σ.
        rate: of plain gradient descent, above 0.
        seed: of batches and noise.
        classes: how many.

    Raises ``ValueError`` for shapes that do not fit, or numbers out of their range.
    """
    _check(x, y, classes, sampling, steps)
    if inside.dtype != torch.bool or inside.shape[1:] != y.shape or not rate > 0:
        raise ValueError(
            f"inside is booleans (m, {len(y)}), and the rate is above 0; "
            f"got {inside.dtype} {tuple(inside.shape)}, {rate}"
        )
    chance = torch.Generator().manual_seed(seed)
    weights = x.new_zeros(x.shape[1], len(inside), classes)
    truth, mine = F.one_hot(y, classes).to(x.dtype), inside.T
    clip, pace = torch.tensor(privacy.clip), torch.tensor(rate)
    for _ in range(steps):
        drawn = ((torch.rand(mine.shape, generator=chance) < sampling) & mine).to(x.dtype)
        noise = torch.randn(weights.shape, generator=chance).to(x.dtype) * (privacy.noise * privacy.clip)
        weights, _ = linear_step(weights, x, truth, drawn, noise, clip, pace, sampling * len(x))
    return weights.transpose(0, 1)


class PrivateLinear(nn.Module):
    """A whole private training as a formula: noise, clip and learning rate in, accuracy and ε out.

    Some classifiers train side by side, which differ in the batches and the noise that they draw. Both are stored, so
    that the answer is the same every time; a release would need secret chance.

    Args:
        pixels, y: images as whole numbers, ``(n, d)``, uint8, since a page has to load them, and labels ``(n,)``. An
            input is a pixel divided by ``white``, less ``middle``, and a constant 1 is added to each image.
        tests: pixels and labels to test on.
        sampling, steps: as for :func:`fit_linear`.
        delta: δ, for ε.
        copies: classifiers.
        seed: of the batches and the noise.
        classes: how many.
        white, middle: of the pixels.

    Raises ``ValueError`` for shapes that do not fit, or numbers out of their range.
    """

    def __init__(
        self,
        pixels: Tensor,
        y: Tensor,
        tests: tuple[Tensor, Tensor],
        sampling: float,
        steps: int,
        delta: float,
        copies: int = 5,
        seed: int = 0,
        classes: int = 10,
        white: int = 16,
        middle: float = 0.3,
    ):
        super().__init__()
        _check(pixels, y, classes, sampling, steps)
        asked, answers = tests
        if copies < 1 or asked.shape[1:] != pixels.shape[1:] or asked.shape[:1] != answers.shape:
            raise ValueError(f"at least one copy, and tests like the images; got {copies}, {tuple(asked.shape)}")
        if {pixels.dtype, asked.dtype} != {torch.uint8}:
            raise ValueError(f"pixels are uint8; got {pixels.dtype} and {asked.dtype}")
        chance = torch.Generator().manual_seed(seed)
        self.steps, self.expected, self.white, self.middle = steps, sampling * len(pixels), white, middle
        self.accountant = Accountant(sampling, steps, delta)
        self.register_buffer("pixels", pixels)
        self.register_buffer("truth", F.one_hot(y, classes).bool())
        self.register_buffer("asked", asked)
        self.register_buffer("answers", answers)
        self.register_buffer("drawn", torch.rand(steps, len(pixels), copies, generator=chance) < sampling)
        noise = torch.randn(steps, pixels.shape[1] + 1, copies, classes, generator=chance)
        self.register_buffer("noise", noise.half())

    def inputs(self, pixels: Tensor) -> Tensor:
        """Return what the classifiers see of pixels ``(n, d)``: ``(n, d + 1)``, the last one always 1."""
        return F.pad(pixels.float() / self.white - self.middle, (0, 1), value=1.0)

    def forward(self, noise: Tensor, clip: Tensor, rate: Tensor) -> dict[str, Tensor]:
        """Return ``epsilon``, ``accuracy`` with its range over the copies, and the share ``clipped``: ``(1,)`` each.

        Args:
            noise, clip, rate: σ, C and the learning rate, ``(1,)``.

        Raises ``ValueError`` for noise below 0, or a clip or rate that is not above 0.
        """
        if not torch.compiler.is_compiling() and not ((noise >= 0) & (clip > 0) & (rate > 0)).all():
            raise ValueError(f"noise is 0 or more, clip and rate are above 0; got {noise}, {clip}, {rate}")
        x, truth = self.inputs(self.pixels), self.truth.float()
        weights = torch.zeros_like(self.noise[0], dtype=torch.float32)  # (d, m, k)
        clipped = torch.zeros(())
        for step in range(self.steps):
            drawn, added = self.drawn[step].float(), self.noise[step].float() * (noise * clip)
            weights, long = linear_step(weights, x, truth, drawn, added, clip, rate, self.expected)
            clipped = clipped + long.sum()
        d, m, k = weights.shape
        said = (self.inputs(self.asked) @ weights.view(d, m * k)).view(-1, m, k).argmax(2)
        right = (said == self.answers[:, None]).float().mean(0)  # (m,)
        return {
            "epsilon": self.accountant(noise),
            "accuracy": right.mean(0, keepdim=True),
            "accuracy_low": right.min().view(1),
            "accuracy_high": right.max().view(1),
            "clipped": (clipped / self.drawn.sum()).view(1),
        }


def _check(x: Tensor, y: Tensor, classes: int, sampling: float, steps: int) -> None:
    if x.ndim != 2 or y.shape != x.shape[:1] or len(x) == 0 or not ((y >= 0) & (y < classes)).all():
        raise ValueError(f"inputs (n, d) and labels (n,) below {classes}; got {tuple(x.shape)} and {tuple(y.shape)}")
    if not 0 < sampling <= 1 or steps < 1:
        raise ValueError(f"0 < sampling <= 1 and at least one step; got {sampling} and {steps}")
