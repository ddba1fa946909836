"""Let the real model summarise, and let it and counting predict the same English text: results/summaries.json.

    OMP_NUM_THREADS=1 python experiments/summaries.py

People wrote the summaries: the first line of what SciPy and scikit-learn say of a function. The model is given what
follows. It is compared with the first sentence of that, with its other sentences, and with two controls: what
it makes of another function's text, and the summary of another function. Then the bits that each byte of 24 held-out
passages of such text costs SmolLM2, and n-gram models that have counted several million characters of the same kind.
About four minutes on one CPU core.
"""

import re
import sys
from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import torch
import torch.nn.functional as F
from results import machine, write

from largemodels.data import documentation, smollm2
from largemodels.models import Llama, NGram
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/summaries.json"
PACKAGES = ("scipy", "sklearn")
TEXTS, WORDS, LONGEST = 40, (40, 130), 45  # texts; words of one; tokens of an answer
ASK = "Summarize the following text in one short sentence.\n\n"
PASSAGES, READ, SCORED = 24, 300, 300  # characters that are known, and that are predicted after them
ORDERS, SYMBOLS = (3, 5, 7), 128


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def overlap(summary: str, reference: str) -> float:
    """Return ROUGE-1 (Lin 2004) as F1: the words that both have, beside the words that each has."""
    one, other = Counter(words(summary)), Counter(words(reference))
    shared = (one & other).total()
    return 2 * shared / max(1, one.total() + other.total())


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", text) if len(words(part)) >= 3]


def described(text: str) -> tuple[str, str] | None:
    """Split a docstring into its first line and the prose after it; None where there is no such thing."""
    first, *rest = text.split("\n\n")
    prose = []
    for part in rest:
        if re.search(r"^\s*[-=]{3,}|>>>|::|^\s*[*.|]|:math:", part, re.M):  # the headed sections begin
            break
        prose.append(" ".join(part.split()))
    body = re.sub(r":\w+:`~?\.?([^`]*)`|``?([^`]*)``?", r"\1\2", " ".join(prose))
    whole = "\n" not in first.strip() and first.strip().endswith(".") and 5 <= len(words(first)) <= 16
    if whole and WORDS[0] <= len(words(body)) <= WORDS[1] and len(sentences(body)) >= 3:
        return first.strip(), body
    return None


def pairs() -> list[tuple[str, str]]:
    """Return summaries and texts, evenly drawn from all that there are."""
    learn, held = documentation(PACKAGES)
    found = list(dict.fromkeys(pair for text in learn + held if (pair := described(text))))
    return [found[i] for i in np.linspace(0, len(found) - 1, TEXTS).astype(int)]


@torch.inference_mode()
def summarise(model: Llama, tokenizer: Tokenizer, text: str) -> str:
    """Return the first sentence of what the model answers, its likeliest token at each step."""
    prompt = tokenizer.prompt([{"role": "user", "content": ASK + text}])
    stop = (tokenizer.ids["<|im_end|>"],)
    answer = model.generate(prompt[None], LONGEST, stop, temperature=0)[0, len(prompt) :]
    lines = tokenizer.decode(answer, special=False).strip().splitlines() or [""]
    return (sentences(lines[0]) or [lines[0]])[0]


def summaries(model: Llama, tokenizer: Tokenizer) -> list[dict]:
    found = pairs()
    answers = [summarise(model, tokenizer, text) for _, text in found]
    runs = []
    for i, ((reference, text), answer) in enumerate(zip(found, answers, strict=True)):
        first, *others = sentences(text)
        scores = {
            "SmolLM2": overlap(answer, reference),
            "first sentence": overlap(first, reference),
            "any other sentence": float(np.mean([overlap(other, reference) for other in others])),
            "SmolLM2, of another text": overlap(answers[i - 1], reference),
            "another summary": overlap(found[i - 1][0], reference),
        }
        run = {"what": "summary", "reference": reference, "text": text, "answer": answer, "words": len(words(answer))}
        runs.append(run | {"first_words": len(words(first)), "rouge": {k: round(v, 4) for k, v in scores.items()}})
        print(answer, scores, flush=True)
    return runs


@torch.inference_mode()
def bits_of_model(model: Llama, tokenizer: Tokenizer, passage: str) -> float:
    """Return bits per byte of the tokens that begin after the known characters."""
    ids = tokenizer.encode(passage)
    ends = np.cumsum([len(piece) for piece in tokenizer.pieces(passage)])
    begin = int((ends <= READ).sum())  # tokens that are known
    losses = F.cross_entropy(model(ids[None, :-1])[0], ids[1:], reduction="none")
    return (losses[begin - 1 :].sum() / np.log(2) / (len(passage) - ends[begin - 1])).item()


def bits(model: Llama, tokenizer: Tokenizer) -> list[dict]:
    """Return what passages cost each model; only ASCII, so that a character is a byte."""
    learn, held = ([text for text in side if text.isascii()] for side in documentation(("numpy", *PACKAGES)))
    known = codes("\n".join(learn))
    tables = {order: NGram(order).fit(known, SYMBOLS) for order in ORDERS}
    long = [text for text in held if len(text) > READ + SCORED]
    runs = []
    for i in np.linspace(0, len(long) - 1, PASSAGES).astype(int):
        passage = long[i][: READ + SCORED]
        run = {"what": "bits", "read": len(known), "SmolLM2": round(bits_of_model(model, tokenizer, passage), 4)}
        for order, table in tables.items():
            probabilities = table.probabilities(codes(passage))[READ:]
            run[f"{order}-gram"] = round(float(-np.log2(probabilities).mean()), 4)
        runs.append(run)
        print(run, flush=True)
    return runs


def codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int64)


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    start = process_time()
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    runs = bits(model, tokenizer) + summaries(model, tokenizer)
    head = {
        "what": "what people wrote as the summary of a text, beside the model, baselines and two controls: ROUGE-1 "
        "as F1; bits per byte of 300 characters after 300 known ones",
        "command": "python experiments/summaries.py",
        "asked": ASK,
    }
    write(FILE, head | machine(), runs, since=start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
