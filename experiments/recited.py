"""Let SmolLM2 guess the tokens of texts that it may know by heart, and of controls: results/recited.json.

    OMP_NUM_THREADS=1 python experiments/recited.py [--texts 24] [--out results]

The beginnings of 24 texts that many have copied, the same with words exchanged, and others in the same manner that
stand nowhere. Noted for each token but the first of 48: whether it is the model's first choice, given those before it
(1 or 0). About twenty seconds.
"""

import argparse
import sys
from pathlib import Path

import torch
from results import machine, write

from largemodels.data import public_texts, smollm2
from largemodels.models import Llama
from largemodels.privacy import guessed
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

OUT = Path(__file__).resolve().parents[1] / "results"
KINDS = ("text", "exchanged", "anew")
TOKENS = 48


def hits(model: torch.nn.Module, tokenizer: Tokenizer, texts: list[str]) -> list[str]:
    """Return a text of 47 ones and zeros for each of the texts."""
    ids = torch.stack([tokenizer.encode(text)[:TOKENS] for text in texts])
    return ["".join(str(int(hit)) for hit in row) for row in guessed(model, ids)]


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    texts = public_texts()[: options.texts]
    found = {kind: hits(model, tokenizer, [getattr(text, kind) for text in texts]) for kind in KINDS}
    rows = [{"name": text.name} | {kind: found[kind][i] for kind in KINDS} for i, text in enumerate(texts)]
    head = {
        "what": "is a token SmolLM2-135M-Instruct's first choice? texts that many have copied, and two controls",
        "command": "python experiments/recited.py",
        "tokens": TOKENS,
    }
    write(options.out / "recited.json", head | machine(), {"rows": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
