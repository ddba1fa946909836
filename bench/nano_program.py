"""nanoGPT's run for a CPU, as it trains, and the same model with the same batches by the best means that lose nothing.

The plain form does what nanoGPT does with ``--device=cpu --compile=False`` (Karpathy 2022): slices of a memory map are
stacked, AdamW is not fused, products are float32, and attention is torch's fused kernel. The numbers of the model and
of the recipe are those of its README: 4 layers, 4 heads, width 128, 12 passages of 64 characters.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import AdamW

from bench.worker import Stretches, pin
from largemodels.device import PRECISIONS, autocast, keep_large_buffers

VOCABULARY, CONTEXT, SIZE, LAYERS, HEADS, WIDTH = 97, 64, 12, 4, 4, 128
PRODUCTS = {  # what a linear layer reads and writes -> how many there are
    (WIDTH, 3 * WIDTH): LAYERS,
    (WIDTH, WIDTH): LAYERS,
    (WIDTH, 4 * WIDTH): LAYERS,
    (4 * WIDTH, WIDTH): LAYERS,
    (WIDTH, VOCABULARY): 1,
}
PER_STRETCH = 25
FORMS = ("plain", "best")
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


def fused(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention by torch's kernel."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def in_one_piece(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The same as two products: in bfloat16, on a CPU, the fused kernel's backward pass takes several times as long.

    Compiled, and for texts as short as these, it is not slower in float32 either.
    """
    later = torch.full((q.shape[2], q.shape[2]), -torch.inf, dtype=torch.float32).triu(1)
    weights = ((q @ k.transpose(-2, -1)).float() * q.shape[-1] ** -0.5 + later).softmax(-1)
    return weights.to(v.dtype) @ v


class Block(nn.Module):
    """Attention, then an MLP; no biases, GELU as it is defined."""

    def __init__(self, attend: Attend):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, bias=False), nn.LayerNorm(WIDTH, bias=False)
        self.to_qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
        self.expand, self.contract = nn.Linear(WIDTH, 4 * WIDTH, bias=False), nn.Linear(4 * WIDTH, WIDTH, bias=False)
        self.attend = attend

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        b, t, d = x.shape
        q, k, v = (each.view(b, t, HEADS, -1).transpose(1, 2) for each in self.to_qkv(self.norm1(x)).split(d, 2))
        x = x + self.out(self.attend(q, k, v).transpose(1, 2).contiguous().view(b, t, d))
        return x + self.contract(F.gelu(self.expand(self.norm2(x))))


class Nano(nn.Module):
    """nanoGPT's model: from tokens and the next tokens, both ``(b, t)``, to the loss."""

    def __init__(self, attend: Attend = fused):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(*(Block(attend) for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                writes = name.endswith(("out.weight", "contract.weight"))
                nn.init.normal_(parameter, std=0.02 * ((2 * LAYERS) ** -0.5 if writes else 1.0))

    def forward(self, tokens: Tensor, following: Tensor) -> Tensor:
        """Return the mean cross-entropy."""
        x = self.embedding(tokens) + self.positions(torch.arange(tokens.shape[1]))
        logits = F.linear(self.norm(self.blocks(x)), self.embedding.weight)
        return F.cross_entropy(logits.float().flatten(0, 1), following.flatten())


def stacked(data: np.memmap, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return a batch as nanoGPT gets it: passage by passage."""
    places = torch.randint(len(data) - CONTEXT, (SIZE,), generator=generator)
    return tuple(
        torch.stack([torch.from_numpy(data[i + late : i + late + CONTEXT].astype(np.int64)) for i in places])
        for late in (0, 1)
    )


def picked(data: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the same batch, picked out of the whole text by a single operation."""
    places = torch.randint(len(data) - CONTEXT, (SIZE, 1), generator=generator)
    passages = data[places + torch.arange(CONTEXT + 1)]
    return passages[:, :-1].contiguous(), passages[:, 1:].contiguous()


def training(form: str, precision: str, text: np.ndarray, seed: int = 0) -> Iterator[float]:
    """Train, a step at each asking, and yield the losses: same weights at first and same batches for every form."""
    torch.manual_seed(seed)
    best = form == "best"
    model = Nano(in_one_piece if best else fused)
    matrices, norms = [p for p in model.parameters() if p.ndim > 1], [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": norms, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=1e-3, betas=(0.9, 0.99), fused=True if best else None)
    if best:
        keep_large_buffers()
    run = torch.compile(model) if best else model
    data, batch = (torch.from_numpy(text.astype(np.int64)), picked) if best else (text, stacked)
    generator = torch.Generator().manual_seed(seed)
    while True:
        x, y = batch(data, generator)
        with autocast(x.device, precision):
            loss = run(x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield loss.item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with text.npy")
    parser.add_argument("--form", choices=FORMS, required=True)
    parser.add_argument("--precision", choices=tuple(PRECISIONS), default="float32")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    pin(arguments.threads)
    torch.set_num_threads(arguments.threads)
    text = np.load(arguments.data / "text.npy").astype(np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        text.tofile(Path(folder) / "train.bin")
        mapped = np.memmap(Path(folder) / "train.bin", dtype=np.uint16, mode="r")
        steps = training(arguments.form, arguments.precision, mapped)
        stretches = Stretches(torch=torch.__version__)
        while True:
            stretches.begin()
            for _ in range(PER_STRETCH):
                next(steps)
            stretches.end(PER_STRETCH * SIZE * CONTEXT)


if __name__ == "__main__":
    main()
