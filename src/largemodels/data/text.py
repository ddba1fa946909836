"""Text as numbers: split in two, and the batches that a language model learns from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from largemodels.data.batches import check_seed, generator_for
from largemodels.data.cache import read_published
from largemodels.text import UNKNOWN, Vocabulary

SHAKESPEARE_MIRRORS = ("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",)
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@dataclass(frozen=True)
class Text:
    """The numbers of a text's characters, int64, split in two: ``train`` and ``validation``, each ``(n,)``."""

    train: Tensor
    validation: Tensor
    vocabulary: Vocabulary


class TextBatches(Sequence):
    """``batches[i]`` is the i-th pair of passages and the same moved by one: the next character at every place.

    Where the passages begin is drawn anew for each batch, from ``seed`` and ``i`` alone. Because any batch can
    be asked for by number, a run that was cut off goes on without replaying what it has seen.

    Args:
        tokens: the text, ``(n,)``, whole numbers.
        context: characters per passage; ``x`` and ``y`` are both ``(size, context)``.
        size: passages per batch.
        steps: batches in the whole training.
        seed: another one, other places.

    Raises:
        ValueError: no text ``(n,)`` of whole numbers, one too short for a passage, sizes below 1, or a seed that torch
            does not take.
        IndexError: a batch number outside the run.
    """

    def __init__(self, tokens: Tensor, context: int = 64, size: int = 32, steps: int = 1000, seed: int = 0):
        if min(size, steps) < 1:
            raise ValueError(f"size and steps must be at least 1; got {size} and {steps}")
        check_text(tokens, context)
        check_seed(seed)
        self.tokens, self.context, self.size, self.steps, self.seed = tokens, context, size, steps, seed
        self._passage = torch.arange(context + 1, device=tokens.device)

    def __len__(self):
        return self.steps

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        if not 0 <= i < len(self):
            raise IndexError(f"batch {i} of a run of {len(self)}")
        places = torch.randint(
            len(self.tokens) - self.context, (self.size, 1), generator=generator_for(self.seed, i, "order")
        )
        passages = self.tokens[places.to(self.tokens.device) + self._passage]  # (b, t + 1)
        return passages[:, :-1], passages[:, 1:]


def passages(tokens: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """Cut a whole text into passages, to be measured on: ``x`` and the next characters ``y``, both ``(n, context)``.

    They follow each other without a gap; what is left over at the end, fewer than ``context`` characters, is
    left out. Raises ``ValueError`` for a text too short for one passage.
    """
    check_text(tokens, context)
    n = (len(tokens) - 1) // context
    x, y = tokens[: n * context], tokens[1 : n * context + 1]
    return x.view(n, context), y.view(n, context)


def check_text(tokens: Tensor, context: int) -> None:
    """Raise ``ValueError`` unless ``tokens`` is a text ``(n,)`` of whole numbers that a passage fits into."""
    if tokens.ndim != 1 or tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool:
        raise ValueError(f"a text is whole numbers (n,); got {tokens.dtype} of shape {tuple(tokens.shape)}")
    if context < 1:
        raise ValueError(f"context must be at least 1 character; got {context}")
    if len(tokens) <= context:
        raise ValueError(
            f"a passage of {context} characters and the one after it need a text of at least {context + 1}; "
            f"got {len(tokens)}: take a longer text or a shorter context"
        )


def shakespeare(device: str | torch.device = "cpu") -> Text:
    """Return tiny Shakespeare, 1,115,394 characters of his plays; the last tenth is for validation (Karpathy 2015).

    Its vocabulary is ``UNKNOWN`` and the 65 characters of the text, sorted. Read from ``tinyshakespeare/`` in
    the data folder (``LARGEMODELS_DATA``), else downloaded into it once.

    Raises:
        DataError: no network, or a file whose content is not the published one.
    """
    content = read_published(
        "tinyshakespeare/input.txt",
        SHAKESPEARE_SHA256,
        SHAKESPEARE_MIRRORS,
        "Without a network use source_code(), which ships with Python.",
    )
    text = content.decode()
    vocabulary = Vocabulary((UNKNOWN, *sorted(set(text))))
    tokens = vocabulary.encode(text).to(device)
    end = len(tokens) * 9 // 10
    return Text(tokens[:end], tokens[end:], vocabulary)
