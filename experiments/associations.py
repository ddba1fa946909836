"""What the real model associates with occupations, in pairs of sentences: results/associations.json.

    python experiments/associations.py [--out FILE]

39 occupations and 16 nouns that name a sex, each in nine sentences that differ in one word such as [she|he], and in
nine that differ in words without a sex; three sets of three. The same with the weights of the model in random order,
another order for each set. A run keeps the scores of one template, noun by noun. It takes about two minutes on one CPU
core.
"""

import argparse
import shlex
import sys
from pathlib import Path

import torch
from results import write

from largemodels.data import SETS, gendered_nouns, occupations, sentence_pairs, smollm2
from largemodels.device import describe
from largemodels.interpret import pair_scores, shuffled_weights
from largemodels.models import Llama
from largemodels.text import Tokenizer


def scored(model: Llama, tokenizer: Tokenizer, nouns: list[str], which: str, neutral: bool) -> list[dict]:
    """Return the scores of each template of a set for all nouns, in nats."""
    start = tokenizer.encode("<|endoftext|>", special=True)
    if len(start) != 1:
        raise ValueError(f"the token that separates texts is not one token: {start}")
    found = []
    for number, pairs in enumerate(sentence_pairs(nouns, which, neutral)):
        scores = pair_scores(model, tokenizer.encode, pairs, int(start))
        rounded = {kind: [round(each, 4) for each in getattr(scores, kind).tolist()] for kind in ("whole", "word")}
        found.append({"set": which, "template": number, "neutral": neutral} | rounded)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/associations.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    jobs, nouns = list(occupations()), list(gendered_nouns())
    runs = []
    for seed, which in enumerate(SETS):
        for neutral in (False, True):
            runs += [{"model": "real"} | run for run in scored(model, tokenizer, jobs + nouns, which, neutral)]
        mixed = shuffled_weights(model, torch.Generator().manual_seed(seed))
        runs += [{"model": "weights shuffled"} | run for run in scored(mixed, tokenizer, jobs, which, False)]
        print(which, flush=True)
    head = {
        "what": "log-probability of a sentence with the first word less that with the second, in nats, noun by noun; "
        "whole: of the sentence, word: of the word alone in its context",
        "command": shlex.join(["python", "experiments/associations.py", *sys.argv[1:]]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "model": "SmolLM2-135M-Instruct",
        "nouns": jobs + nouns,
    }
    write(arguments.out, head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
