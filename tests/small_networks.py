"""A small network of each chapter, and batches that it can learn from: for what is true of every training step."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import LSTM, attention, causal_mask, conv2d, max_pool2d


class Convolutional(nn.Module):
    """Images (b, 1, 14, 14) to logits (b, 5), by torch's layers."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 3, 5), nn.Conv2d(3, 7, 3)
        self.classifier = nn.Linear(7 * 3 * 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        return self.classifier(F.relu(self.second(x)).flatten(1))


class WrittenOut(Convolutional):
    """The same by the book's layers."""

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(conv2d(x, self.first.weight, self.first.bias), 2).relu()
        return self.classifier(conv2d(x, self.second.weight, self.second.bias).relu().flatten(1))


class Recurrent(nn.Module):
    """Sequences of numbers (b, t) to the one that stood last, (b, 5)."""

    def __init__(self):
        super().__init__()
        self.embedding, self.lstm, self.out = nn.Embedding(5, 3), LSTM(3, 11), nn.Linear(11, 5)

    def forward(self, ids: Tensor) -> Tensor:
        return self.out(self.lstm(self.embedding(ids))[0][:, -1])


class Attending(nn.Module):
    """Sequences of numbers (b, t) to the number before each, (b, t, 5): one head and a residual.

    Without biases: that of the keys changes no weight of attention, so its gradient is nothing but rounding, which Adam
    would make as large as all others.
    """

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(5, 8), nn.Embedding(7, 8)
        self.to_qkv, self.out = nn.Linear(8, 24, bias=False), nn.Linear(8, 5)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        q, k, v = self.to_qkv(x).chunk(3, -1)
        return self.out(x + attention(q, k, v, causal_mask(ids.shape[1])))


NETWORKS = {
    "convolution": Convolutional,
    "written out": WrittenOut,
    "recurrence": Recurrent,
    "attention": Attending,
}


def batches_for(name: str, steps: int, size: int = 16) -> list[tuple[Tensor, Tensor]]:
    """Return batches of a task that the network of this name begins to learn in some steps."""
    generator = torch.Generator().manual_seed(7)
    if name in ("convolution", "written out"):
        patterns = torch.rand(5, 1, 14, 14, generator=generator)
        labels = torch.randint(0, 5, (steps, size), generator=generator)
        noise = torch.rand(steps, size, 1, 14, 14, generator=generator)
        return [(0.7 * patterns[y] + 0.3 * n, y) for y, n in zip(labels, noise, strict=True)]
    ids = torch.randint(0, 5, (steps, size, 7), generator=generator)
    if name == "recurrence":
        return [(x, x[:, -1]) for x in ids]
    return [(x, torch.cat([torch.full((size, 1), -100), x[:, :-1]], 1)) for x in ids]
