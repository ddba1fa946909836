"""The same training in the book's code: through `fit`, or through a bare loop whose tricks can be left out."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from bench.worker import Stretches, pin
from largemodels.data import Batches, TextBatches
from largemodels.device import PRECISIONS, autocast, keep_large_buffers
from largemodels.models import GPT, AttentionClassifier, ConvNet, GPTConfig, RecurrentClassifier
from largemodels.train import Recipe, fit

# nanoGPT's size for a CPU, with GPT-2's parts
NANO = GPTConfig(97, 64, 4, 4, 128, positions="learned", norm_queries=False, quiet_start=False)
MODELS = {
    "cnn": ConvNet,
    "rnn": RecurrentClassifier,
    "transformer": AttentionClassifier,
    "gpt": lambda: GPT(NANO),
}

# what makes training fast, and the form that a reader would write without it
TRICKS = {
    "channels last": "channels first, torch's default",
    "fused Adam": "Adam one parameter after the other",
    "pooling before the ReLU": "ReLU before pooling",
    "no DataLoader": "a DataLoader that collects single examples",
    "unread pixels left out": "every pixel convolved, also those that pooling drops",
    "buffers kept": "buffers returned to the system after each step",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapter", choices=tuple(MODELS))
    parser.add_argument("data", type=Path, help="folder with examples.npy and labels.npy, or text.npy")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=tuple(PRECISIONS), default="float32")
    parser.add_argument("--samples", type=int, help="of the data; all if not given")
    parser.add_argument("--loop", action="store_true", help="a bare loop instead of fit, for the cnn")
    parser.add_argument("--without", nargs="*", choices=tuple(TRICKS), default=(), help="tricks the loop leaves out")
    arguments = parser.parse_args()
    pin(arguments.threads)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    model = MODELS[arguments.chapter]()
    parameters = sum(p.numel() for p in model.parameters())
    if arguments.chapter == "gpt":
        text = torch.from_numpy(np.load(arguments.data / "text.npy"))
        batches, per_stretch, samples = TextBatches(text, NANO.context, 12, 10**6), 50, 50 * 12
    else:
        examples = torch.from_numpy(np.load(arguments.data / "examples.npy")[: arguments.samples])
        labels = torch.from_numpy(np.load(arguments.data / "labels.npy")[: arguments.samples])
        batches, per_stretch, samples = Batches(examples, labels, epochs=10**4), -(-len(examples) // 64), len(examples)
    if arguments.loop:
        steps = loop(model, examples, labels, arguments.precision, arguments.without)
    else:
        steps = fit(model, batches, Recipe(precision=arguments.precision), progress=False)

    stretches = Stretches(torch=torch.__version__, parameters=parameters)
    while True:
        stretches.begin()
        for _ in range(per_stretch):
            next(steps)
        stretches.end(samples)


def loop(
    model: nn.Module, images: Tensor, labels: Tensor, precision: str, without: tuple[str, ...] = ()
) -> Iterator[float]:
    """Train as `fit` does with the source document's recipe, less the named tricks; yield the losses."""
    layout = torch.contiguous_format if "channels last" in without else torch.channels_last
    if "buffers kept" not in without:
        keep_large_buffers()
    if "pooling before the ReLU" in without:
        model.stages = nn.Sequential(*(nn.Sequential(s.conv, s.relu, s.pool) for s in model.stages))
    if "unread pixels left out" in without:
        model.stages.register_forward_hook(lambda *_: None)  # a model that is watched computes every map whole
    model.to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), fused="fused Adam" not in without)
    batches = loaded if "no DataLoader" in without else indexed
    for x, y in batches(images, labels):
        optimizer.zero_grad()
        with autocast(x.device, precision):
            logits = model(x.contiguous(memory_format=layout))
        loss = F.cross_entropy(logits.float(), y)
        loss.backward()
        optimizer.step()
        yield loss.item()


def indexed(images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the book's batches: each one picked out of the whole data by a single operation."""
    batches = Batches(images, labels, epochs=10**4)
    return (batches[i] for i in range(len(batches)))


def loaded(images: Tensor, labels: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches as most programs get them: example by example."""
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    while True:
        yield from loader


if __name__ == "__main__":
    main()
