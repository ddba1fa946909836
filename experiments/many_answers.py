"""Let the real model answer sums many times, and see what choosing among the answers gives: results/many-answers.json.

    OMP_NUM_THREADS=1 python experiments/many_answers.py [--seeds 0 1 2]

Each question is a sum of two numbers of two digits after four examples. The model answers once with its likeliest
tokens, and 32 times with tokens that are drawn. The file keeps every answer, so that whatever rule chooses among them
can be tried on the page. It takes about half an hour on one CPU core.
"""

import random
import re
import sys
from pathlib import Path

import torch
from results import asking, write
from torch import Tensor

from largemodels.data import smollm2
from largemodels.device import describe
from largemodels.models import Llama, write_each
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/many-answers.json"
SEEDS, QUESTIONS, SAMPLES, EXAMPLES = range(3), 64, 32, 4
TEMPERATURE, LENGTH = 0.8, 6  # of an answer, in tokens: the sum, and the end of its line


def questions(seed: int) -> list[tuple[str, int]]:
    """Return texts that ask for a sum, with the sum; the examples before it are other ones each time."""
    chance = random.Random(seed)

    def one() -> tuple[str, int]:
        a, b = chance.randint(11, 99), chance.randint(11, 99)
        return f"{a} + {b} =", a + b

    asked = []
    for _ in range(QUESTIONS):
        examples = [one() for _ in range(EXAMPLES)]
        text, total = one()
        asked.append(("\n".join([*(f"{before} {after}" for before, after in examples), text]), total))
    return asked


def number(tokenizer: Tokenizer, written: Tensor) -> int | None:
    """Return the number that an answer begins with, on its first line; None if it has none."""
    found = re.match(r"\s*(\d{1,6})\b", tokenizer.decode(written.tolist()).split("\n")[0])
    return int(found[1]) if found else None


@torch.inference_mode()
def draw_many(model: Llama, prompt: Tensor, samples: int, chance: torch.Generator) -> Tensor:
    """Write on from one prompt ``(t,)`` so many times, which is read once: ``(samples, LENGTH)``."""
    read, room = model.start(1, len(prompt) + LENGTH), len(prompt) + LENGTH
    model.advance(prompt[None, :-1], read)
    cache = model.start(samples, room)
    for kept, once in zip(cache.kept, read.kept, strict=True):
        kept.copy_(once.expand_as(kept))
    cache.length = read.length
    texts = prompt.expand(samples, -1)
    return torch.cat([*model.stream(texts, LENGTH, cache=cache, temperature=TEMPERATURE, generator=chance)], 1)


def measure(model: Llama, tokenizer: Tokenizer, seed: int, samples: int = SAMPLES) -> dict:
    """Ask the questions of a seed; return the sums, the likeliest answers, and those that were drawn."""
    asked = questions(seed)
    prompts = [tokenizer.encode(text) for text, _ in asked]
    chance = torch.Generator().manual_seed(seed)
    greedy = write_each(model, prompts, LENGTH, temperature=0)
    drawn = [draw_many(model, prompt, samples, chance) for prompt in prompts]
    return {
        "seed": seed,
        "sums": [total for _, total in asked],
        "greedy": [number(tokenizer, text) for text in greedy],
        "drawn": [[number(tokenizer, text) for text in texts] for texts in drawn],
    }


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    head = {
        "what": "sums of two numbers of two digits, asked after four examples: the answer of the likeliest tokens, and "
        f"{SAMPLES} answers drawn at temperature {TEMPERATURE}; null where an answer begins with no number",
        "command": "python experiments/many_answers.py",
        "model": "SmolLM2-135M-Instruct, float32",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    runs = []
    for seed in options.seeds:
        runs.append(measure(model, tokenizer, seed))
        write(options.out, head, runs)
        print(seed, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
