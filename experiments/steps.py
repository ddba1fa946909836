"""How the errors of SmolLM2 add up over steps: longer sums, longer chains of sums, longer copies: results/steps.json.

    python experiments/steps.py [--seeds 0 1 2] [--asked 40] [--out FILE]

The model reads a few solved examples, and then questions with their right answers (teacher forcing). A part of an
answer is right if its tokens are the model's likeliest after the right ones before them; so an answer is the one that
the model would write on its own, always taking the likeliest token, just when all its parts are right. ``sum``: two
numbers of so many digits; the parts are the digits. ``chain``: so many small numbers are added up, each step
as a sum of its own. ``run on``: the same in one line, in which a total stands for the next step as well. ``wrong``: the
lines of ``run on``, but the third total is wrong, and right is what follows from it. ``at once``: such a sum with the
last total alone. ``copy``: so many words drawn at random. A run keeps for each question a
string of 1 (right) and 0. The default takes about 6 minutes on one CPU core.
"""

import argparse
import shlex
import sys
from pathlib import Path

import torch
from results import write
from steps_tasks import EXAMPLES, SHOTS, SIZES, TASKS, Piece
from torch import Tensor

from largemodels.data import smollm2
from largemodels.device import describe
from largemodels.layers import Cache
from largemodels.models import Llama
from largemodels.text import Tokenizer

LARGEST = 4_096  # tokens at once, so that the logits fit


def shared(model: Llama, tokens: Tensor, batch: int, more: int) -> Cache:
    """Return a cache in which so many texts have read the same ``tokens`` ``(1, t)``, with room for ``more``."""
    one = model.start(1, tokens.shape[1])
    model.advance(tokens, one, last=1)
    cache = model.start(batch, tokens.shape[1] + more)
    for kept, read in zip(cache.kept, one.kept, strict=True):
        kept[:, :, :, : one.length] = read
    cache.length = one.length
    return cache


def encode(tokenizer: Tokenizer, pieces: list[Piece]) -> tuple[list[int], list[int]]:
    """Return the tokens of a text in pieces, and for each the asked piece that it belongs to, or -1."""
    parts = [tokenizer.encode(text).tolist() for text, _ in pieces]
    tokens = [token for part in parts for token in part]
    if tokens != tokenizer.encode("".join(text for text, _ in pieces)).tolist():
        raise ValueError(f"cut into pieces, this text has other tokens: {pieces}")
    return tokens, [i if pieces[i][1] else -1 for i, part in enumerate(parts) for _ in part]


@torch.no_grad()
def answered(model: Llama, tokenizer: Tokenizer, shots: list[list[Piece]], questions: list[list[Piece]]) -> list[str]:
    """Return for each question which parts of its answer are the likeliest: a string of 1 and 0."""
    examples = "".join(text for shot in shots for text, _ in shot)
    pairs = [encode(tokenizer, question) for question in questions]
    longest = max(len(tokens) for tokens, _ in pairs)
    batch, found = max(1, min(len(pairs), LARGEST // longest)), []
    for start in range(0, len(pairs), batch):
        some = pairs[start : start + batch]
        padded = torch.tensor([tokens + [0] * (longest - len(tokens)) for tokens, _ in some])
        cache = shared(model, tokenizer.encode(examples)[None], len(some), longest)
        likeliest = model.advance(padded, cache).argmax(-1)
        for (tokens, owners), row in zip(some, likeliest.tolist(), strict=True):
            right = {piece: True for piece in owners if piece >= 0}
            for i, piece in enumerate(owners):
                if piece >= 0:
                    right[piece] &= row[i - 1] == tokens[i]
            found.append("".join(str(int(each)) for each in right.values()))
    return found


def run(model: Llama, tokenizer: Tokenizer, task: str, size: int, seed: int, asked: int) -> dict:
    """Return what one task measures at one size, with fresh examples and questions."""
    draw = torch.Generator().manual_seed(1_000 * seed + size)
    shots = [EXAMPLES.get(task, TASKS[task])(size, draw) for _ in range(SHOTS.get(task, 4))]
    questions = [TASKS[task](size, draw) for _ in range(asked)]
    return {"task": task, "size": size, "seed": seed, "right": answered(model, tokenizer, shots, questions)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--asked", type=int, default=40, help="questions of each size and seed")
    parser.add_argument("--out", type=Path, default=Path("results/steps.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    head = {
        "command": shlex.join(["python", "experiments/steps.py", *sys.argv[1:]]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "model": "SmolLM2-135M-Instruct",
        "seeds": arguments.seeds,
        "asked": arguments.asked,
    }
    runs = []
    for seed in arguments.seeds:
        for task, sizes in SIZES.items():
            for size in sizes:
                asked = max(2, arguments.asked // (2 if size > 32 else 1))
                runs.append(run(model, tokenizer, task, size, seed, asked))
                whole = sum("0" not in string for string in runs[-1]["right"]) / len(runs[-1]["right"])
                print(f"seed {seed}, {task} {size}: {whole:.2f} wholly right", flush=True)
                write(arguments.out, head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
