"""Write the real language model into the book, for the page that runs it, from the file that `make model` brings.

    python tools/make_real.py

Into assets/vendor/real/, which is never committed, and into the book, if it is built already. A book without them
shows the model's stored reading, and offers nothing.
"""

import shutil
import sys
from pathlib import Path

from largemodels.data import DataError, smollm2
from largemodels.export.page_llama import write_page_llama
from largemodels.live import page_vocabulary
from largemodels.live.token_attention_explorer import LONGEST, MOST, REST
from largemodels.models import LlamaConfig
from largemodels.models.llama_files import packed_gguf
from largemodels.text import Tokenizer

ROOT = Path(__file__).resolve().parents[1]
ENCODER = ROOT / "src/largemodels/live/token/encoder.js"
NAME = "SmolLM2-135M-Instruct"


def write(path: Path, folder: Path) -> dict:
    """Write the parts of a GGUF file into a folder; return what their index tells."""
    settings, weights = packed_gguf(path)
    tokenizer, encoder = Tokenizer.from_gguf(path), ENCODER.read_text(encoding="utf-8")
    told = (page_vocabulary(tokenizer), encoder, LONGEST + MOST + REST, tokenizer.stop)
    return write_page_llama(folder, NAME, LlamaConfig(**settings), weights, *told)


def main() -> int:
    try:
        model = smollm2()
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    folder, built = ROOT / "assets/vendor/real", ROOT / "_build/html/_static"
    index = write(model, folder)
    if built.exists():
        shutil.copytree(folder, built / "vendor/real", dirs_exist_ok=True)
    size = sum(size for _, size, _ in index["parts"])
    print(f"The real model is in the book: {len(index['parts'])} parts, {size / 1e6:.1f} MB to fetch")
    return 0


if __name__ == "__main__":
    sys.exit(main())
