"""Let the real model mark right and wrong answers to short exercises: results/marking.json.

    python experiments/marking.py [--seeds 0 1 2] [--asked 30] [--out FILE]

Each exercise stands there twice, with its right answer and with a wrong one. The model marks both, after five marked
examples: the score is the log-probability of " right" less that of " wrong". ``chat``: it is asked in a conversation,
without examples, to reply with yes or no. ``other``: as ``marked``, but the question of an answer is another one, so
that nobody could mark it. ``own``: no marks at all, but the log-probability of the answer
itself, after five questions with right answers. A run keeps the scores of right and of wrong answers, exercise by
exercise. It takes about two minutes on one CPU core.
"""

import argparse
import shlex
import sys
from pathlib import Path

import torch
from results import write
from steps import shared
from torch import Tensor

from largemodels.data import Exercise, exercises, smollm2
from largemodels.data.exercises import KINDS
from largemodels.device import describe
from largemodels.models import Llama
from largemodels.text import Tokenizer

EXAMPLES = 5
REQUEST = "Is this answer right? Reply with yes or no."
MARKS = (True, False, False, True, True)  # which of the examples show the right answer


def text(exercise: Exercise, right: bool) -> str:
    """Return a question and an answer to it."""
    return f"Question: {exercise.question}\nAnswer: {exercise.right if right else exercise.wrong}"


@torch.no_grad()
def likely(model: Llama, tokenizer: Tokenizer, before: str, texts: list[str]) -> tuple[Tensor, list[Tensor]]:
    """Return the log-probabilities after each text ``(n, vocabulary)``, and those of its own tokens."""
    ids, first = [tokenizer.encode(each) for each in texts], tokenizer.encode(before)
    if any(
        torch.cat([first, x]).tolist() != tokenizer.encode(before + t).tolist() for x, t in zip(ids, texts, strict=True)
    ):
        raise ValueError(f"cut in two, this text has other tokens: {before[-20:]!r} and {texts[0][:20]!r}")
    read = torch.zeros(len(ids), max(map(len, ids)), dtype=torch.long)
    for row, each in zip(read, ids, strict=True):
        row[: len(each)] = each
    cache = shared(model, first[None], len(ids), read.shape[1])
    logits = model.advance(read, cache).log_softmax(-1)
    own = [row[: len(x) - 1].gather(1, x[1:, None])[:, 0] for row, x in zip(logits, ids, strict=True)]
    return torch.stack([row[len(x) - 1] for row, x in zip(logits, ids, strict=True)]), own


def marked(model: Llama, tokenizer: Tokenizer, shown: list[Exercise], asked: list[Exercise]) -> list[list[float]]:
    """Return the score of the right and of the wrong answer of each exercise, ``[2][n]``."""
    before = "\n\n".join(
        f"{text(e, mark)}\nThe answer is {'right' if mark else 'wrong'}." for e, mark in zip(shown, MARKS, strict=True)
    )
    yes, no = (int(tokenizer.encode(word)) for word in (" right", " wrong"))
    found = []
    for right in (True, False):
        last, _ = likely(model, tokenizer, before, [f"\n\n{text(e, right)}\nThe answer is" for e in asked])
        found.append((last[:, yes] - last[:, no]).tolist())
    return found


@torch.no_grad()
def chatted(model: Llama, tokenizer: Tokenizer, shown: list[Exercise], asked: list[Exercise]) -> list[list[float]]:
    """Return the score of the right and of the wrong answer of each exercise, asked without examples, ``[2][n]``."""
    yes, no = (int(tokenizer.encode(word)) for word in ("Yes", "No"))
    found = []
    for right in (True, False):
        ids = [tokenizer.prompt([{"role": "user", "content": f"{text(e, right)}\n{REQUEST}"}]).tolist() for e in asked]
        same = next(i for i, column in enumerate(zip(*ids, strict=False)) if len(set(column)) > 1)
        read = torch.zeros(len(ids), max(map(len, ids)) - same, dtype=torch.long)
        for row, each in zip(read, ids, strict=True):
            row[: len(each) - same] = torch.tensor(each[same:])
        logits = model.advance(read, shared(model, torch.tensor([ids[0][:same]]), len(ids), read.shape[1]))
        last = torch.stack([row[len(each) - same - 1] for row, each in zip(logits, ids, strict=True)])
        found.append((last[:, yes] - last[:, no]).tolist())
    return found


def own(model: Llama, tokenizer: Tokenizer, shown: list[Exercise], asked: list[Exercise]) -> list[list[float]]:
    """Return the log-probability of the right and of the wrong answer of each exercise, ``[2][n]``."""
    before = "\n\n".join(text(e, True) for e in shown)
    found = []
    for right in (True, False):
        texts = [f"\n\n{text(e, right)}\n" for e in asked]
        starts = [len(tokenizer.encode(t[: t.index("\nAnswer:") + len("\nAnswer:")])) for t in texts]
        _, each = likely(model, tokenizer, before, texts)
        found.append([float(one[start - 1 :].sum()) for one, start in zip(each, starts, strict=True)])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", default=["marked", "chat", "other", "own"])
    parser.add_argument("--asked", type=int, default=30, help="exercises of each kind and seed")
    parser.add_argument("--out", type=Path, default=Path("results/marking.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    runs = []
    for seed in arguments.seeds:
        for kind in KINDS:
            drawn = exercises(kind, arguments.asked + EXAMPLES, seed)
            shown, asked = drawn[:EXAMPLES], drawn[EXAMPLES:]
            other = [Exercise(q.question, e.right, e.wrong) for e, q in zip(asked, asked[2:] + asked[:2], strict=True)]
            ways = {"marked": (marked, asked), "chat": (chatted, asked), "other": (marked, other), "own": (own, asked)}
            for name in arguments.ways:
                way, some = ways[name]
                right, wrong = ([round(score, 4) for score in scores] for scores in way(model, tokenizer, shown, some))
                runs.append({"kind": kind, "seed": seed, "way": name, "right": right, "wrong": wrong})
                better = sum(a > b for a, b in zip(right, wrong, strict=True)) / len(right)
                print(f"seed {seed}, {kind}, {name}: the right one scored higher {better:.2f}", flush=True)
    head = {
        "what": "scores of right and of wrong answers to the same exercises, in nats",
        "command": shlex.join(["python", "experiments/marking.py", *sys.argv[1:]]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "model": "SmolLM2-135M-Instruct",
        "seeds": arguments.seeds,
        "asked": arguments.asked,
    }
    write(arguments.out, head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
