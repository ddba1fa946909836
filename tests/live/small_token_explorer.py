"""A small attention explorer of tokens, for tests: a Llama of two layers that writes what its tokenizer reads."""

import torch
from torch import nn

from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.models import Llama, LlamaConfig
from largemodels.text import BytePairs, Tokenizer, train_bpe

TEXT = "the cat sat on the mat, the 人 sat"
END = "<|end|>"
SIZES = {"context": 37, "layers": 3, "heads": 6, "kv_heads": 2, "width": 20, "hidden": 22, "head_width": 10}


def tokenizer() -> Tokenizer:
    """One special token, the bytes, and a few words."""
    learnt = train_bpe("the cat sat on the mat and the rat sat on the hat", 268)
    return Tokenizer(BytePairs([END.encode(), *learnt.tokens], learnt.merges, learnt.split), ids={END: 0}, stop=(0,))


def build(seed=0, **change) -> Llama:
    """A Llama whose heads look at some tokens more than at others."""
    torch.manual_seed(seed)
    model = Llama(LlamaConfig(**{"vocabulary": len(tokenizer()), **SIZES, **change})).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.4)
    return model


def explorer(model, text=TEXT, **options):
    start = {"ids": tokenizer().encode(text, special=True)[None]}
    return live(AttentionExplorer(tokenizer(), **options), LlamaExplained(model), start)


def numbers(wire, dtype=torch.float32):
    """The tensor in a wire; one of steps as the browser reads it."""
    if "step" in wire:
        return torch.frombuffer(bytearray(wire["data"]), dtype=torch.uint8).view(wire["shape"]) * wire["step"]
    return torch.frombuffer(bytearray(wire["data"]), dtype=dtype).view(wire["shape"])
