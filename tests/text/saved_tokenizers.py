"""Tokenizers in files: the real model's and its referee, a small one as GGUF and as a folder."""

import json
from functools import cache

import tokenizers
from gguf import GGUFWriter
from tokenizers import AddedToken
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from tokenizers.trainers import BpeTrainer

from largemodels.data import smollm2
from largemodels.files import GGUF
from largemodels.text import Tokenizer

SPECIAL = ("<|end|>", "<|start|>")
TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>\n{% endfor %}"
TEMPLATE += "{% if add_generation_prompt %}assistant:{% endif %}"


@cache
def real_file() -> GGUF:
    return GGUF(smollm2())


@cache
def real() -> Tokenizer:
    """The tokenizer of SmolLM2, read by us."""
    return Tokenizer.from_gguf(real_file())


@cache
def referee(special: bool) -> tokenizers.Tokenizer:
    """The same of the tokenizers library, from the file's own tokens and merges, with the pre-tokeniser it names."""
    names, merges = (real_file()[f"tokenizer.ggml.{name}"] for name in ("tokens", "merges"))
    kinds = real_file()["tokenizer.ggml.token_type"]
    vocabulary = {name: i for i, name in enumerate(names)}
    tokenizer = tokenizers.Tokenizer(BPE(vocab=vocabulary, merges=[tuple(merge.split(" ")) for merge in merges]))
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = Decoder()
    added = [
        AddedToken(name, special=True, normalized=False) for name, kind in zip(names, kinds, strict=True) if kind == 3
    ]
    tokenizer.add_special_tokens(added)
    tokenizer.encode_special_tokens = not special
    return tokenizer


@cache
def small() -> tokenizers.Tokenizer:
    """A small tokenizer, trained by the tokenizers library."""
    tokenizer = tokenizers.Tokenizer(BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), Decoder()
    trainer = BpeTrainer(
        vocab_size=400, special_tokens=[*SPECIAL], initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    with open(__file__, encoding="utf-8") as file:
        tokenizer.train_from_iterator(file, trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False)])
    return tokenizer


def small_gguf(path, **changes):
    """Write the small tokenizer as GGUF; ``changes`` are fields by the end of their names, left out where None."""
    names = [name for name, _ in sorted(small().get_vocab().items(), key=lambda item: item[1])]
    merges = json.loads(small().to_str())["model"]["merges"]
    fields = {
        "model": "gpt2",
        "pre": "gpt-2",
        "tokens": names,
        "merges": [" ".join(merge) for merge in merges],
        "token_type": [3 if name in SPECIAL else 4 if name == "<think>" else 1 for name in names],
        "bos_token_id": 1,
        "eos_token_id": 0,
        "chat_template": TEMPLATE,
        **changes,
    }
    writer = GGUFWriter(path, "llama")
    for name, value in fields.items():
        name = "tokenizer.chat_template" if name == "chat_template" else f"tokenizer.ggml.{name}"
        match value:
            case None:
                pass
            case bool():
                writer.add_bool(name, value)
            case str():
                writer.add_string(name, value)
            case int():
                writer.add_uint32(name, value)
            case list():
                writer.add_array(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def small_folder(path, change=lambda whole: None, **config):
    """Save the small tokenizer as transformers does: ``change`` edits tokenizer.json, ``config`` the file beside it."""
    whole = json.loads(small().to_str())
    change(whole)
    (path / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    config = {"bos_token": "<|start|>", "eos_token": "<|end|>", "chat_template": TEMPLATE, **config}
    (path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return path
