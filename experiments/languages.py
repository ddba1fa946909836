"""Let SmolLM2 read the same articles in 24 languages: results/languages.json.

    OMP_NUM_THREADS=1 python experiments/languages.py [--languages 24] [--out results]

Short articles of the Universal Declaration of Human Rights. Noted for each language and article: bytes, tokens, the
bits with which the model predicts it, and the CPU seconds of reading it. In English also articles written anew, in the
same manner, which stand nowhere: whoever knows the Declaration by heart predicts it too well. About three minutes.
"""

import argparse
import json
import math
import sys
from pathlib import Path
from time import process_time

import torch
from torch import Tensor

from largemodels.data import declaration, smollm2
from largemodels.device import describe
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

OUT = Path(__file__).resolve().parents[1] / "results"
ARTICLES = (1, 3, 4, 5, 6, 9)  # from 1; the shortest

ANEW = [
    "All rowing boats are built narrow and light in frame and planks. They are fitted with oars and cushions and "
    "should return across the lake before the evening of the same day.",
    "Everyone has the duty of silence, patience and care of the boats.",
    "No boat shall be left out in frost or rain; frost and sun shall be kept from the oars by all their owners.",
    "No rower shall be sent to rescue or to slow, crowded or exhausting races on the river.",
    "Everyone has the chance of company everywhere on a bench beside the boathouse.",
    "No boat shall be lent on uncertain weather, repair or promises.",
]


@torch.inference_mode()
def bits(model: Llama, ids: Tensor, opening: Tensor) -> float:
    """Return the bits with which tokens ``(t,)`` are predicted after ``opening`` ``(s,)``."""
    logits = model.advance(torch.cat([opening, ids])[None, :-1], last=len(ids))[0].double()
    return torch.nn.functional.cross_entropy(logits, ids, reduction="sum").item() / math.log(2)


def read(model: Llama, tokenizer: Tokenizer, text: str) -> dict:
    """Return what it costs to read one text, from a beginning that says nothing."""
    ids, opening = tokenizer.encode(text), tokenizer.encode("\n\n")
    start = process_time()
    found = bits(model, ids, opening)
    seconds = process_time() - start
    return {"bytes": len(text.encode()), "tokens": len(ids), "bits": round(found, 2), "seconds": round(seconds, 4)}


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", type=int, default=24)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    read(model, tokenizer, "The first run is slower.")
    texts = {name: [all_[i - 1] for i in ARTICLES] for name, all_ in declaration(options.languages).items()}
    texts["English, written anew"] = ANEW
    rows = []
    for language, articles in texts.items():
        rows += [{"language": language} | read(model, tokenizer, article) for article in articles]
        print(rows[-1], flush=True)
    result = {
        "what": "short articles of the Universal Declaration of Human Rights, as SmolLM2-135M-Instruct reads them",
        "command": "python experiments/languages.py",
        "articles": ARTICLES,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    head = json.dumps(result, indent=1, ensure_ascii=False)[:-2]
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "languages.json").write_text(f'{head},\n "rows": [\n  {lines}\n ]\n}}\n', encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
