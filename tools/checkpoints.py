"""Train the pages' language models and write assets/checkpoints/NAME.safetensors and .json, and the ONNX of each.

    OMP_NUM_THREADS=1 python tools/checkpoints.py char-lstm|gpt [--seeds 0 1 2] [--steps N] [--out assets]

The weights that are kept are the first seed's, whichever is best; the others show what chance does. Beside them stand
the n-gram models that the network has to beat, on the same characters (`train.evaluate_text`). About ten minutes a
seed on one CPU core.

    char-lstm   an LSTM; its step from one character to the next: assets/checkpoints/char-lstm.onnx
    gpt         a GPT, rounded to half precision; what its explorer asks of it: assets/models/gpt.onnx; and what it
                expects next, and draws: assets/models/gpt-next.onnx
"""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor, nn

from largemodels.data import Text, TextBatches, source_code
from largemodels.device import describe
from largemodels.export import to_onnx
from largemodels.interpret import capture
from largemodels.live import AttentionExplorer, GPTExplained, NextCharacter, live
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, NGram
from largemodels.train import Recipe, evaluate_text, fit, save_weights
from largemodels.train.files import write_whole
from largemodels.train.language import unscored

OUT = Path(__file__).resolve().parent.parent / "assets"
ORDERS = (5, 8)
MEASURED = 24  # times per run,
ON_THE_WAY = 65_536  # on so many characters; on all at its end


class Step(nn.Module):
    """Read one character on from a state, in the form that a browser can run for as long as it likes.

    Takes ``token`` ``(1, 1)``, ``h`` and ``c`` ``(1, 1, hidden)``; returns ``logits`` ``(1, vocabulary)``, ``next_h``
    and ``next_c``, and ``gates`` ``(1, 4, hidden)``: input gate, forget gate, candidate, output gate.
    """

    def __init__(self, model: CharRNN):
        super().__init__()
        self.model = model

    def forward(self, token: Tensor, h: Tensor, c: Tensor) -> dict[str, Tensor]:
        with capture(self.model, "recurrent.gates") as seen:
            logits, (h, c) = self.model.advance(token, (h, c))
        return {"logits": logits[:, 0], "next_h": h, "next_c": c, "gates": seen["recurrent.gates"][:, 0]}


def lstm_onnx(model: CharRNN, text: Text) -> bytes:
    """Return a step of the LSTM as ONNX."""
    state = torch.zeros(2, 1, 1, model.config.hidden)
    return to_onnx(Step(model), {"token": torch.zeros(1, 1, dtype=torch.int64), "h": state[0], "c": state[1]})


def gpt_onnx(model: GPT, text: Text) -> bytes:
    """Return what the explorer of attention asks of the GPT, as ONNX."""
    start = {"ids": text.validation[None, :8]}
    return live(AttentionExplorer(text.vocabulary), GPTExplained(model), start).onnx


def next_onnx(model: GPT, text: Text) -> bytes:
    """Return what the GPT expects after a text, as ONNX."""
    view = NextCharacter(text.vocabulary, window=model.config.context)
    return live(view, model, {"ids": text.validation[None, :8]}).onnx


@dataclass(frozen=True)
class Page:
    """A model for the pages, and how it is trained.

    Attributes:
        what: in words.
        model: makes it from ``config``.
        context, batch, steps: characters per passage, passages per step, and steps of the training.
        half: whether the weights that are kept are rounded to half precision.
        onnx: path → what exports to it.
    """

    what: str
    model: Callable[[Any], nn.Module]
    config: Any
    recipe: Recipe
    context: int
    batch: int
    steps: int
    half: bool
    onnx: dict[str, Callable[[Any, Text], bytes]]


PAGES = {
    "char-lstm": Page(
        "CharRNN, an LSTM that predicts the next character of Python source code",
        CharRNN,
        CharRNNConfig(),
        Recipe(learning_rate=1e-2, schedule="cosine", warmup=500, clip=1.0),
        context=96,
        batch=32,
        steps=18_000,
        half=False,
        onnx={"checkpoints/char-lstm.onnx": lstm_onnx},
    ),
    "gpt": Page(
        "GPT, a Transformer that predicts the next character of Python source code",
        GPT,
        GPTConfig(),
        Recipe(learning_rate=4e-3, weight_decay=0.1, schedule="cosine", warmup=200, clip=1.0, precision="bfloat16"),
        context=64,
        batch=32,
        steps=5_000,
        half=True,
        onnx={"models/gpt.onnx": gpt_onnx, "models/gpt-next.onnx": next_onnx},
    ),
}


def train(page: Page, text: Text, seed: int, steps: int) -> tuple[nn.Module, dict]:
    """Train a model; return it with what was measured on the way."""
    torch.manual_seed(seed)
    model, batches = page.model(page.config), TextBatches(text.train, page.context, page.batch, steps, seed)
    curve, clocks, spent = [], [perf_counter, process_time], [0.0, 0.0]
    start = [clock() for clock in clocks]
    for step in fit(model, batches, page.recipe):
        done = step.index + 1
        if done * MEASURED // steps > step.index * MEASURED // steps:
            spent = [total + clock() - then for total, clock, then in zip(spent, clocks, start, strict=True)]
            nats = evaluate_text(model, text.validation[:ON_THE_WAY], text.vocabulary).nats
            line = {"step": done, "cpu_seconds": round(spent[1], 1), "validation_loss": round(nats, 5)}
            curve.append(line)
            print(f"seed {seed}:", line, flush=True)
            start = [clock() for clock in clocks]  # measuring is not training
    seconds, cpu_seconds = (round(total, 1) for total in spent)
    run = {"seed": seed, **scored(model, text), "seconds": seconds}
    return model.eval(), {**run, "cpu_seconds": cpu_seconds, "curve": curve}


def scored(model: nn.Module | NGram, text: Text) -> dict[str, float]:
    """Return nats per character of the held-out text, their standard error, and bits per byte."""
    score = evaluate_text(model, text.validation, text.vocabulary)
    numbers = {
        "validation_loss": score.nats,
        "standard_error": score.standard_error,
        "bits_per_byte": score.bits_per_byte,
    }
    return {name: round(value, 5) for name, value in numbers.items()}


def count(text: Text, order: int) -> dict:
    """Fit an n-gram model; return its loss and how long it took."""
    start = process_time()
    model = NGram(order).fit(text.train, len(text.vocabulary))
    seconds = round(process_time() - start, 1)
    return {"order": order, **scored(model, text), "cpu_seconds": seconds}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=tuple(PAGES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="as written in this file if not given")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    page, out = PAGES[options.name], options.out
    steps = options.steps or page.steps

    text = source_code()
    baselines = [count(text, order) for order in ORDERS]
    kept, first = train(page, text, options.seeds[0], steps)
    kept = kept.half().float() if page.half else kept
    for path, export in page.onnx.items():
        write_whole(out / path, export(kept, text))
    save_weights(out / f"checkpoints/{options.name}.safetensors", deepcopy(kept).half() if page.half else kept)
    runs = [first, *(train(page, text, seed, steps)[1] for seed in options.seeds[1:])]
    result = {
        "what": page.what,
        "command": shlex.join(["python", "tools/checkpoints.py", *(sys.argv[1:] if argv is None else argv)]),
        "text": {
            "what": "source_code(): Python's standard library, without tests, encodings and pydoc_data",
            "python": platform.python_version(),
            "train_characters": len(text.train),
            "validation_characters": len(text.validation),
        },
        "measured": f"all held-out characters but the first {unscored(len(text.validation)):,} (train.evaluate_text); "
        f"on the way, of the first {ON_THE_WAY:,} only",
        "model": asdict(page.config),
        "parameters": sum(p.numel() for p in kept.parameters()),
        "recipe": asdict(page.recipe),
        "batches": {"context": page.context, "size": page.batch, "steps": steps},
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "seeds": options.seeds,
        "kept": options.seeds[0],
        **({"kept_in_half_precision": scored(kept, text)["validation_loss"]} if page.half else {}),
        "validation_loss": [run["validation_loss"] for run in runs],
        "cpu_seconds": [run["cpu_seconds"] for run in runs],
        "ngram": baselines,
        "runs": runs,
    }
    content = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    write_whole(out / f"checkpoints/{options.name}.json", content.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
