"""Score the book's language models on the same characters of source code: results/language-models.json.

    OMP_NUM_THREADS=1 python experiments/language_models.py [--orders 3 5 8 9 12 15] [--out FILE]

N-gram models of several orders, the pages' LSTM and the pages' GPT; and each of the two networks mixed half and half
with the largest n-gram model. All are asked for the same held-out characters (`train.evaluate_text`). The standard
errors are those of drawing files, since whole files were held out; beside them stand those of equal pieces. About five
minutes on one CPU core.
"""

import argparse
import json
import platform
import shlex
import sys
from pathlib import Path
from time import process_time

import torch

from largemodels.data import Text, source_code
from largemodels.data.source_code import held_out_files
from largemodels.device import describe
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, NGram
from largemodels.train import TextScore, evaluate_text, load_weights, standard_error
from largemodels.train.files import write_whole
from largemodels.train.language import unscored

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "results/language-models.json"
CHECKPOINTS = ROOT / "assets/checkpoints"
ORDERS = (3, 5, 8, 9, 12, 15)
PIECES = (8, 16, 32, 64)  # equal ones, to compare with files


def checkpoint(name: str, kind: type, config: type) -> tuple[torch.nn.Module, dict]:
    """Return a model of the pages and its record."""
    record = json.loads((CHECKPOINTS / f"{name}.json").read_text(encoding="utf-8"))
    model = kind(config(**record["model"]))
    load_weights(CHECKPOINTS / f"{name}.safetensors", model)
    return model, record


def mixed(one: TextScore, other: TextScore) -> TextScore:
    """Return the score of a model whose probabilities are the mean of two models'."""
    losses = -torch.logaddexp(-one.losses, -other.losses) + torch.tensor(2.0).double().log()
    return TextScore(losses, one.scored, one.bytes)


def scores(text: Text, orders: list[int]) -> dict[str, tuple[TextScore, dict]]:
    """Return the score of every model, and what is to be said of it, by name."""
    found = {}
    for order in orders:
        start = process_time()
        model = NGram(order).fit(text.train, len(text.vocabulary))
        seconds = process_time() - start
        score = evaluate_text(model, text.validation, text.vocabulary)
        found[f"{order}-gram"] = score, {"numbers": model.kept, "cpu_seconds": round(seconds, 1)}
        print(f"{order}-gram", score.nats, flush=True)
    for name, (model, record) in {
        "LSTM": checkpoint("char-lstm", CharRNN, CharRNNConfig),
        "GPT": checkpoint("gpt", GPT, GPTConfig),
    }.items():
        score = evaluate_text(model, text.validation, text.vocabulary)
        found[name] = score, {"numbers": record["parameters"], "cpu_seconds": record["cpu_seconds"][0]}
        print(name, score.nats, flush=True)
    table = f"{max(orders)}-gram"
    for name in ("LSTM", "GPT"):
        both = [found[each] for each in (name, table)]
        numbers = sum(facts["numbers"] for _, facts in both)
        found[f"{name} + {table}"] = mixed(*(score for score, _ in both)), {"numbers": numbers}
    return found


def files_of(n: int) -> dict[str, int]:
    """Return how many of the scored characters each held-out file has: the last ``n`` of all."""
    files = held_out_files()
    before = sum(files.values()) - n
    for name, length in files.items():
        files[name] = max(0, length - before)
        before = max(0, before - length)
    return {name: length for name, length in files.items() if length}


def compare(found: dict, files: list[int]) -> list[dict]:
    """Return the paired differences of each network from every other model."""
    rows = []
    for one in ("GPT", "LSTM"):
        for other in [name for name in found if name not in (one, "GPT")]:
            difference = found[one][0].minus(found[other][0], files)
            off = (found[one][0].losses - found[other][0].losses).split(files)
            rows.append(
                {
                    "model": one,
                    "minus": other,
                    "nats": round(difference.nats, 5),
                    "standard_error": round(difference.standard_error, 5),
                    "by_pieces": {
                        str(n): round(found[one][0].minus(found[other][0], n).standard_error, 5) for n in PIECES
                    },
                    "files_ahead": sum((piece.sum() < 0).item() for piece in off),
                }
            )
    return rows


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=list(ORDERS))
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    text = source_code()
    found = scores(text, options.orders)
    score = next(iter(found.values()))[0]
    files = files_of(score.tokens)
    pieces = list(files.values())
    bits = score.tokens / score.bytes / torch.tensor(2.0).log().item()  # per byte, for one nat per character
    rows = [
        {
            "model": name,
            "nats": round(score.nats, 5),
            "standard_error": round(standard_error(score.losses, pieces), 5),
            "bits_per_byte": round(score.bits_per_byte, 5),
            "bits_error": round(standard_error(score.losses, pieces) * bits, 5),
            "by_pieces": {str(n): round(standard_error(score.losses, n), 5) for n in PIECES},
            **facts,
        }
        for name, (score, facts) in found.items()
    ]
    by_file = {
        name: [round(piece.mean().item(), 4) for piece in s.losses.split(pieces)] for name, (s, _) in found.items()
    }
    result = {
        "what": "the book's language models on the same held-out characters of source code: nats per character, bits "
        "per byte (UTF-8), standard errors, and paired differences; below 0 the first of the two is better",
        "command": shlex.join(["python", "experiments/language_models.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "seeds": [0],
        "text": {
            "what": f"source_code() of Python {platform.python_version()}",
            "train_characters": len(text.train),
            "read_and_not_scored": unscored(len(text.validation)),
            "characters": score.tokens,
            "bytes": score.bytes,
        },
        "known": "a GPT has 33 to 64 characters before each scored one, an LSTM at least 1,024, an n-gram n − 1",
        "standard_errors": "of a mean over files drawn at random, weighted by their length; by_pieces: of so many "
        "equal pieces instead",
        "models": rows,
        "differences": compare(found, pieces),
        "files": {"characters": files, "nats": by_file},
    }
    write_whole(options.out, (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
