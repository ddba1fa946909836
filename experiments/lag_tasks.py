"""What is asked of recurrent networks that have to remember, and the networks: two tasks, nine ways to begin."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SYMBOLS, PLACES, HIDDEN, BATCH = 4, 10, 32, 32
LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
WAYS = {  # layer, first weights
    "RNN": ("RNN", None),
    "RNN, orthogonal": ("RNN", "orthogonal"),
    "RNN, identity": ("RNN", "identity"),
    "RNN, identity, small inputs": ("RNN", "small identity"),
    "LSTM": ("LSTM", None),
    "LSTM, forget bias 1": ("LSTM", "bias 1"),
    "LSTM, set for the lag": ("LSTM", "lag"),
    "GRU": ("GRU", None),
    "GRU, set for the lag": ("GRU", "lag"),
}


def first(lag: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return sequences ``(size, lag + 1, 8)`` and the symbols they begin with ``(size,)``."""
    symbols = torch.randint(SYMBOLS, 2 * SYMBOLS, (size, lag + 1), generator=generator)
    symbols[:, 0] -= SYMBOLS  # 0 to 3; all later ones are 4 to 7
    return F.one_hot(symbols, 2 * SYMBOLS).float(), symbols[:, 0]


def marked(lag: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return sequences ``(size, lag + 10, 8)`` and the symbol that is marked in each ``(size,)``."""
    symbols = torch.randint(SYMBOLS, (size, lag + PLACES), generator=generator)
    place, each = torch.randint(PLACES, (size,), generator=generator), torch.arange(size)
    x = F.one_hot(symbols, 2 * SYMBOLS).float()
    x[each, place, SYMBOLS] = 1
    return x, symbols[each, place]


class Remember(Sequence):
    """The batches of one run: ``batches[i]`` depends on the seed and ``i`` alone."""

    def __init__(self, task: str, lag: int, seed: int, steps: int):
        self.draw, self.lag, self.seed, self.steps = {"first": first, "marked": marked}[task], lag, seed, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.draw(self.lag, BATCH, torch.Generator().manual_seed((self.seed * 1_000_003 + i) % 2**64))


class LastState(nn.Module):
    """A recurrent layer, of whose last state a linear map names the symbol."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x)[0][:, -1])


def build(way: str, lag: int) -> LastState:
    """Return an untrained network."""
    kind, start = WAYS[way]
    identity = start in ("identity", "small identity")
    options = {"nonlinearity": "relu"} if identity else {}
    layer = LAYERS[kind](2 * SYMBOLS, HIDDEN, batch_first=True, **options)
    with torch.no_grad():
        if start == "orthogonal":
            nn.init.orthogonal_(layer.weight_hh_l0)
        elif identity:  # Le et al. 2015, whose input weights are small
            nn.init.eye_(layer.weight_hh_l0)
            nn.init.normal_(layer.weight_ih_l0, std=0.001 if start == "small identity" else 0.001**0.5)
            nn.init.zeros_(layer.bias_ih_l0)
            nn.init.zeros_(layer.bias_hh_l0)
        elif start is not None:
            # rows of the gates: an LSTM's input gate, then its forget gate; a GRU's update gate is its second
            opening, keeping = slice(0, HIDDEN), slice(HIDDEN, 2 * HIDDEN)
            layer.bias_hh_l0[: 2 * HIDDEN] = 0
            if start == "bias 1":
                layer.bias_ih_l0[keeping] = 1
            else:  # Tallec and Ollivier 2018
                layer.bias_ih_l0[keeping] = torch.empty(HIDDEN).uniform_(1, lag - 1).log()
                if kind == "LSTM":
                    layer.bias_ih_l0[opening] = -layer.bias_ih_l0[keeping]
    return LastState(layer)
