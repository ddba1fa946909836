"""Ask the real model for facts, and about things that do not exist: results/facts.json.

    OMP_NUM_THREADS=1 python experiments/facts.py

220 questions with known answers and sixty about countries, elements and people that do not exist, each asked as it is
and with the request to say so where the model does not know; then each with the beginning of an answer given, which
shows how probable the model holds what it says. The likeliest token is taken always, so nothing is random. It takes
about five minutes on one CPU core.
"""

import json
import sys
from pathlib import Path

import torch

from largemodels.data import facts, made_up, smollm2
from largemodels.device import describe
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train import TELLING, ask, complete
from largemodels.train.files import speak_utf8, write_whole

FILE = Path(__file__).resolve().parents[1] / "results/facts.json"


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    questions = [*facts(), *made_up()]
    plain, told = (ask(model, tokenizer, questions, telling) for telling in ("", TELLING))
    short = complete(model, tokenizer, questions)
    rows = [
        {
            "kind": fact.kind,
            "question": fact.question,
            "accepted": fact.accepted,
            "answer": one,
            "answer_when_told": other,
            "completed": sure.text,
            "probability": round(sure.probability, 5),
        }
        for fact, one, other, sure in zip(questions, plain, told, short, strict=True)
    ]
    result = {
        "what": "SmolLM2-135M-Instruct asked for facts in chat form: its answers, and, where the beginning "
        "of one is given, how it ends and with which probability; nothing accepted: there is no such thing",
        "command": "python experiments/facts.py",
        "told": TELLING.strip(),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    head = json.dumps(result, indent=1, ensure_ascii=False)[:-2]
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    write_whole(FILE, f'{head},\n "questions": [\n  {lines}\n ]\n}}\n'.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
