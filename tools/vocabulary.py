"""Write assets/models/smollm2-tokens.json: the vocabulary with which a page encodes text, from the model's file.

    python tools/vocabulary.py

It needs the model (`make model`); the file is kept in the repository, so that the book is built without it.
"""

from pathlib import Path

from largemodels.data import smollm2
from largemodels.live import page_vocabulary
from largemodels.text import Tokenizer

TARGET = Path(__file__).resolve().parents[1] / "assets/models/smollm2-tokens.json"

if __name__ == "__main__":
    TARGET.write_bytes(page_vocabulary(Tokenizer.from_gguf(smollm2())))
