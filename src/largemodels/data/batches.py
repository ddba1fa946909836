"""The batches of a whole training run, each found by its number."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Augment = Callable[[Tensor, torch.Generator], Tensor]


class Batches(Sequence):
    """``batches[i]`` is the i-th pair of images and labels of the whole training, the same every time.

    Each epoch visits every example once, in an order that ``seed`` and the epoch decide; its last batch
    may be smaller. Because any batch can be asked for by number, a run that was cut off goes on without
    replaying what it has seen. The data stay where they are, so no worker processes are needed.

    Args:
        images: ``(n, …)``, floating point; or examples of any other kind, such as tokens ``(n, t)``.
        labels: ``(n,)``.
        size: examples per batch.
        epochs: how often every example is seen; ``len(batches) = epochs · ceil(n / size)``.
        seed: any whole number that ``torch.manual_seed`` takes.
        augment: changes a batch of images at random; everything random must come from the generator it is given.

    Raises:
        ValueError: no examples, unequal lengths, sizes below 1, a seed that torch does not take, or images that hold
            NaN or infinity.
        IndexError: a batch number outside the run.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor,
        size: int = 64,
        epochs: int = 10,
        seed: int = 0,
        augment: Augment | None = None,
    ):
        what = "image" if images.ndim == 4 else "example"
        if len(images) != len(labels) or len(images) == 0:
            raise ValueError(f"as many labels as {what}s, and at least one; got {len(images)} and {len(labels)}")
        if size < 1 or epochs < 1:
            raise ValueError(f"size and epochs must be at least 1; got {size} and {epochs}")
        check_seed(seed)
        finite = images.isfinite().reshape(len(images), -1).all(1)
        if not finite.all():
            bad = (~finite).nonzero().flatten().tolist()
            raise ValueError(
                f"{len(bad)} {what}s hold NaN or infinity, the first is {what} {bad[0]}; remove or repair them"
            )
        self.images, self.labels = images, labels
        self.size, self.epochs, self.seed, self.augment = size, epochs, seed, augment
        self.per_epoch = math.ceil(len(images) / size)
        self._order = (-1, None)  # the epoch that was shuffled last, and its order

    def __len__(self):
        return self.epochs * self.per_epoch

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        if not 0 <= i < len(self):
            raise IndexError(f"batch {i} of a run of {len(self)}")
        epoch, place = divmod(i, self.per_epoch)
        if self._order[0] != epoch:
            order = torch.randperm(len(self.images), generator=generator_for(self.seed, epoch, "order"))
            self._order = (epoch, order.to(self.images.device))
        picks = self._order[1][place * self.size : (place + 1) * self.size]
        images = self.images[picks]
        if self.augment is not None:
            images = self.augment(images, generator_for(self.seed, i, "augment"))
        return images, self.labels[picks]


def random_shift(pixels: int) -> Augment:
    """Return an augmentation that moves each image by up to ``pixels`` in both directions, filling with 0."""
    if pixels < 1:
        raise ValueError(f"a shift takes at least 1 pixel; got {pixels}")

    def shift(images: Tensor, generator: torch.Generator) -> Tensor:
        b, _, h, w = images.shape
        padded = torch.nn.functional.pad(images, (pixels,) * 4)
        down, right = torch.randint(2 * pixels + 1, (2, b), generator=generator).to(images.device)
        rows = down[:, None] + torch.arange(h, device=images.device)  # (b, h)
        columns = right[:, None] + torch.arange(w, device=images.device)  # (b, w)
        each = torch.arange(b, device=images.device)[:, None, None]
        return padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)

    return shift


def generator_for(seed: int, number: int, purpose: str) -> torch.Generator:
    """Return a generator whose stream depends on all three alone (hash() of text would change with the process)."""
    mixed = int(seed) * 1_000_003 + number * 2 + (purpose == "augment")
    return torch.Generator().manual_seed(mixed % 2**64)  # as torch maps what is below 0


def check_seed(seed: int, name: str = "seed") -> None:
    """Raise ``ValueError`` unless ``torch.manual_seed`` takes the seed."""
    if not -(2**63) <= seed < 2**64:
        raise ValueError(f"{name} must be from -2**63 to 2**64 - 1, as torch.manual_seed takes it; got {seed}")
