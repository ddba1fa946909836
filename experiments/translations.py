"""Let the real model translate sentences that people have translated: results/translations.json.

    OMP_NUM_THREADS=1 python experiments/translations.py

The sentences are messages of Sphinx, the program that builds this book, which volunteers have translated into many
languages. Forty that exist in Spanish, French and Japanese are translated back into English, the likeliest token at
each step, and scored by the words that they share with the English message. They are compared with the sentence left
as it is, which shares names and some words, and with what the model makes of another sentence. A few minutes on one CPU
core.
"""

import gettext
import re
import sys
from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import sphinx
import torch
from results import machine, write

from largemodels.data import smollm2
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/translations.json"
LANGUAGES = {"es": "Spanish", "fr": "French", "ja": "Japanese"}
SENTENCES, WORDS, LONGEST = 40, (5, 16), 40  # how many; words of one in English; tokens of an answer
ASK = "Translate the following sentence from {language} into English. Answer with the translation only.\n\n{text}"


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def overlap(translation: str, reference: str) -> float:
    """Return ROUGE-1 (Lin 2004) as F1: the words that both have, beside the words that each has."""
    one, other = Counter(words(translation)), Counter(words(reference))
    return 2 * (one & other).total() / max(1, one.total() + other.total())


def is_sentence(message: object) -> bool:
    """Tell whether a message is words alone, without places to fill in, marks of a program, or names of options."""
    if not isinstance(message, str) or not re.fullmatch(r"[A-Za-z](?:[A-Za-z' ,.]|\b-\b)*", message):
        return False
    return WORDS[0] <= len(message.split()) <= WORDS[1]


def sentences(folder: Path) -> list[dict[str, str]]:
    """Return messages that people have translated into all languages, with English first, evenly drawn from all."""
    catalogues = {}
    for code in LANGUAGES:
        with (folder / code / "LC_MESSAGES" / "sphinx.mo").open("rb") as file:
            catalogues[code] = gettext.GNUTranslations(file)
    messages = sorted(filter(is_sentence, catalogues["es"]._catalog))
    found = [{"en": each} | {code: known.gettext(each) for code, known in catalogues.items()} for each in messages]
    found = [each for each in found if all(each[code] != each["en"] for code in LANGUAGES)]
    return [found[i] for i in np.linspace(0, len(found) - 1, SENTENCES).astype(int)]


@torch.inference_mode()
def translate(model: Llama, tokenizer: Tokenizer, language: str, text: str) -> str:
    """Return the first line of what the model answers."""
    prompt = tokenizer.prompt([{"role": "user", "content": ASK.format(language=language, text=text)}])
    stop = (tokenizer.ids["<|im_end|>"],)
    answer = model.generate(prompt[None], LONGEST, stop, temperature=0)[0, len(prompt) :]
    return (tokenizer.decode(answer, special=False).strip().splitlines() or [""])[0].strip(' "')


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    start = process_time()
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    found, runs = sentences(Path(sphinx.__file__).parent / "locale"), []
    for code, language in LANGUAGES.items():
        answers = [translate(model, tokenizer, language, each[code]) for each in found]
        for i, (each, answer) in enumerate(zip(found, answers, strict=True)):
            made = {"SmolLM2": answer, "left as it is": each[code], "SmolLM2, of another sentence": answers[i - 1]}
            scores = {name: round(overlap(text, each["en"]), 4) for name, text in made.items()}
            run = {"language": language, "text": each[code], "reference": each["en"], "answer": answer, "rouge": scores}
            runs.append(run)
            print(run, flush=True)
    head = {
        "what": "messages that people have translated, translated back into English: ROUGE-1 as F1 with the original",
        "command": "python experiments/translations.py",
        "data": f"messages of Sphinx {sphinx.__version__} (BSD licence), translated by volunteers",
        "asked": ASK,
    }
    write(FILE, head | machine(), runs, since=start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
