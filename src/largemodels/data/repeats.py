"""Random symbols that repeat: what comes next stands nowhere but in the text itself."""

from collections.abc import Sequence

import torch
from torch import Tensor

from largemodels.data.batches import check_seed, generator_for


class Repeats(Sequence):
    """``batches[i]`` is a batch of passages of random symbols that repeat, and the same moved by one.

    Each passage has a period of its own. Until it is over nothing can be known of the next symbol, and no training
    helps; from then on it is the one that followed the last time. Any batch can be asked for by number.

    Args:
        symbols: how many there are, numbered from 1; 0 never occurs.
        context: symbols per passage; ``x`` and ``y`` are both ``(size, context)``.
        size: passages per batch.
        steps: batches in the whole training.
        periods: the shortest and the longest.
        seed: another one, other symbols.

    Raises:
        ValueError: sizes below 1, periods of which none is long, or a seed that torch does not take.
        IndexError: a batch number outside the run.
    """

    def __init__(
        self,
        symbols: int,
        context: int,
        size: int = 32,
        steps: int = 1000,
        periods: tuple[int, int] = (6, 16),
        seed: int = 0,
    ):
        if min(symbols, context, size, steps) < 1:
            raise ValueError(f"every size must be at least 1; got {symbols}, {context}, {size} and {steps}")
        if not 1 <= periods[0] <= periods[1]:
            raise ValueError(f"periods are at least 1, the shortest first; got {periods}")
        check_seed(seed)
        self.symbols, self.context, self.size, self.steps = symbols, context, size, steps
        self.periods, self.seed = periods, seed

    def __len__(self):
        return self.steps

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        if not 0 <= i < len(self):
            raise IndexError(f"batch {i} of a run of {len(self)}")
        generator, (low, high) = generator_for(self.seed, i, "order"), self.periods
        period = torch.randint(low, high + 1, (self.size, 1), generator=generator)
        once = torch.randint(1, self.symbols + 1, (self.size, high), generator=generator)
        passages = once.gather(1, torch.arange(self.context + 1) % period)  # (b, t + 1)
        return passages[:, :-1], passages[:, 1:]
