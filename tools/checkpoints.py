"""Train the page's character model and write assets/checkpoints/char-lstm.safetensors, .onnx and .json.

    OMP_NUM_THREADS=1 python tools/checkpoints.py [--seeds 0 1 2] [--steps 18000] [--out assets/checkpoints]

The weights that are kept are the first seed's, whichever is best; the others show what chance does. Beside them stand
the n-gram models that the network has to beat, on the same text. About ten minutes a seed on one CPU core.
"""

import argparse
import json
import platform
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import Tensor, nn

from largemodels.capture import capture
from largemodels.data import Text, TextBatches, passages, source_code
from largemodels.device import describe
from largemodels.export import to_onnx
from largemodels.models import CharRNN, CharRNNConfig, NGram
from largemodels.train import Recipe, evaluate, fit, save_weights
from largemodels.train.files import write_whole

OUT = Path(__file__).resolve().parent.parent / "assets" / "checkpoints"
CONFIG = CharRNNConfig()
RECIPE = Recipe(learning_rate=1e-2, schedule="cosine", warmup=500, clip=1.0)
CONTEXT, BATCH = 96, 32
ORDERS = (5, 8)
MEASURED = 24  # times a run


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


def loss(model: CharRNN, text: Text) -> float:
    """Return nats a character of the whole validation text, in passages so long that their beginnings do not count."""
    x, y = passages(text.validation, min(8192, len(text.validation) - 1))
    return round(evaluate(model, x, y, batch=16).loss, 5)


def train(text: Text, seed: int, steps: int) -> tuple[CharRNN, dict]:
    """Train a model; return it with what was measured on the way."""
    torch.manual_seed(seed)
    model, batches = CharRNN(CONFIG), TextBatches(text.train, CONTEXT, BATCH, steps, seed)
    curve, clocks, spent = [], [perf_counter, process_time], [0.0, 0.0]
    start = [clock() for clock in clocks]
    for step in fit(model, batches, RECIPE):
        done = step.index + 1
        if done * MEASURED // steps > step.index * MEASURED // steps:
            spent = [total + clock() - then for total, clock, then in zip(spent, clocks, start, strict=True)]
            curve.append({"step": done, "cpu_seconds": round(spent[1], 1), "validation_loss": loss(model, text)})
            print(f"seed {seed}:", curve[-1], flush=True)
            start = [clock() for clock in clocks]  # measuring is not training
    seconds, cpu_seconds = (round(total, 1) for total in spent)
    run = {"seed": seed, "validation_loss": curve[-1]["validation_loss"], "seconds": seconds}
    return model, {**run, "cpu_seconds": cpu_seconds, "curve": curve}


def count(text: Text, order: int) -> dict:
    """Fit an n-gram model; return its loss and how long it took."""
    start = process_time()
    model = NGram(order).fit(text.train, len(text.vocabulary))
    seconds = round(process_time() - start, 1)
    return {"order": order, "validation_loss": round(model.loss(text.validation), 5), "cpu_seconds": seconds}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=18_000)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)

    text = source_code()
    baselines = [count(text, order) for order in ORDERS]
    models, runs = zip(*(train(text, seed, options.steps) for seed in options.seeds), strict=True)
    kept = models[0].eval()
    state = torch.zeros(2, 1, 1, CONFIG.hidden)
    example = {"token": torch.zeros(1, 1, dtype=torch.int64), "h": state[0], "c": state[1]}
    result = {
        "what": "CharRNN, an LSTM that predicts the next character of Python source code",
        "command": shlex.join(["python", "tools/checkpoints.py", *(sys.argv[1:] if argv is None else argv)]),
        "text": {
            "what": "source_code(): Python's standard library, without tests, encodings and pydoc_data",
            "python": platform.python_version(),
            "train_characters": len(text.train),
            "validation_characters": len(text.validation),
        },
        "model": asdict(CONFIG),
        "parameters": sum(p.numel() for p in kept.parameters()),
        "recipe": asdict(RECIPE),
        "batches": {"context": CONTEXT, "size": BATCH, "steps": options.steps},
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "seeds": options.seeds,
        "kept": options.seeds[0],
        "validation_loss": [run["validation_loss"] for run in runs],
        "cpu_seconds": [run["cpu_seconds"] for run in runs],
        "ngram": baselines,
        "runs": runs,
    }
    save_weights(options.out / "char-lstm.safetensors", kept)
    write_whole(options.out / "char-lstm.onnx", to_onnx(Step(kept), example))
    write_whole(options.out / "char-lstm.json", (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
