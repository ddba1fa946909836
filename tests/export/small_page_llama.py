"""A made-up Llama whose weights have the few bits in which a page brings them, and its files."""

from pathlib import Path

import torch
from torch import nn

from largemodels.export.page_llama import write_page_llama
from largemodels.files import Packed, pack, unpack
from largemodels.live import page_vocabulary
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer, train_bpe

ENCODER = Path(__file__).resolve().parents[2] / "src/largemodels/live/token/encoder.js"
VOCABULARY, ROOM = 300, 77


def tokenizer() -> Tokenizer:
    return Tokenizer(train_bpe(Path(__file__).read_text(encoding="utf-8"), VOCABULARY))


def build(**sizes) -> tuple[Llama, dict[str, Packed]]:
    """Return the model, and its weights packed: two parts of the head, as many as layers of blocks."""
    torch.manual_seed(0)
    usual = {"layers": 3, "heads": 4, "kv_heads": 2, "width": 32, "hidden": 32, "head_width": 8, "context": ROOM}
    model = Llama(LlamaConfig(vocabulary=VOCABULARY, **(usual | sizes))).eval()
    packed = {}
    with torch.no_grad():
        for name, weight in model.named_parameters():
            nn.init.normal_(weight, mean=1.0 if weight.ndim == 1 else 0.0, std=0.4)
            kind = "F32" if weight.ndim == 1 else "Q8_0" if name == "embedding.weight" else "Q4_1"
            bytes_ = weight.detach().view(torch.uint8) if kind == "F32" else pack(weight, kind)
            weight.copy_(unpack(bytes_, kind))
            packed[name] = Packed(kind, tuple(weight.shape), bytes_.clone())
    return model, packed


def write(folder: Path, model: Llama, packed: dict[str, Packed], words: Tokenizer) -> dict:
    encoder = ENCODER.read_text(encoding="utf-8")
    return write_page_llama(folder, "Little", model.config, packed, page_vocabulary(words), encoder, ROOM)
