"""Where published files keep a tokenizer: in a GGUF file, or beside a model's weights in ``tokenizer.json``."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from largemodels.files import GGUF
from largemodels.text.bpe import ALPHABET, VISIBLE, BytePairs
from largemodels.text.pre_tokenisers import GPT2, PreTokeniser, pre_tokeniser

# Files write the bytes of a token as characters: the visible ones as in Latin-1, the others from 256 on
SIGNS = [*VISIBLE, *range(256, 512 - len(VISIBLE))]
TO_BYTES = {sign: byte for sign, (byte,) in zip(SIGNS, ALPHABET, strict=True)}
TO_BYTES |= {sign: 512 for sign in range(256) if sign not in TO_BYTES}  # no byte: such a token is plain text

MOST = 2**24  # tokens: far more than any model has
UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4  # tokenizer.ggml.token_type
# These take a word that is a token whole, and have their texts begin with the first special token, unless told not to
WHOLE = ("llama-bpe", "llama3", "llama-v3", "pixtral", "tekken")
ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>", "</s>")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into a ``ValueError`` that names it."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}, or a file beside it, is damaged or describes no tokenizer: {error!r}") from error
    except ValueError as error:
        raise ValueError(f"the tokenizer of {path} cannot be read: {error}") from error


def read_gguf(file: GGUF) -> dict:
    """Return the arguments of a ``Tokenizer`` that a GGUF file describes."""

    def say(name: str, default=None):
        return file.get(f"tokenizer.ggml.{name}", default)

    if (kind := say("model")) != "gpt2":
        raise ValueError(f"it is of kind {kind!r}; only byte-pair encoding of bytes, 'gpt2', is known")
    if (pre := say("pre")) is None:
        raise ValueError("it does not name its pre-tokeniser")
    names, merges = file["tokenizer.ggml.tokens"], file["tokenizer.ggml.merges"]
    kinds = say("token_type", [1] * len(names))
    if len(kinds) != len(names):
        raise ValueError(f"{len(names):,} tokens have {len(kinds):,} types")
    ids = {name: i for i, name in enumerate(names) if kinds[i] in (UNKNOWN, CONTROL)}
    always = {name: i for i, name in enumerate(names) if kinds[i] == USER_DEFINED}
    bos, ends = say("bos_token_id"), [say(f"{end}_token_id") for end in ("eos", "eot", "eom")]
    roles = {
        "bos_token": bos,
        "eos_token": ends[0],
        "unk_token": say("unknown_token_id"),
        "pad_token": say("padding_token_id"),
    }
    return {
        "pairs": _pairs(names, merges, {*ids, *always}, pre_tokeniser(pre), pre in WHOLE),
        "ids": ids,
        "always": always,
        "start": [bos] if bos is not None and say("add_bos_token", pre in WHOLE) else [],
        "stop": _stop(ids, ends),
        "template": file.get("tokenizer.chat_template"),
        "names": {role: names[i] for role, i in roles.items() if i is not None and i < len(names)},
    }


def read_pretrained(folder: Path) -> dict:
    """Return the arguments of a ``Tokenizer`` that the files of a folder describe."""
    whole = _read(folder / "tokenizer.json")
    model, added = whole["model"], whole.get("added_tokens") or []
    for key, allowed in {
        "type": "BPE",
        "byte_fallback": False,
        "dropout": None,
        "end_of_word_suffix": "",
        "continuing_subword_prefix": "",
    }.items():
        if (value := model.get(key) or type(allowed)()) != allowed:
            raise ValueError(f"{key} of its model is {value!r}; only {allowed!r} is supported")
    for token in added:
        if asked := [key for key in ("lstrip", "rstrip", "single_word") if token.get(key)]:
            raise ValueError(f"its token {token['content']!r} asks for {asked[0]}, which is not supported")
    vocabulary = model["vocab"] | {token["content"]: token["id"] for token in added}
    if wrong := [name for name, i in vocabulary.items() if not 0 <= i < MOST]:
        raise ValueError(f"its token {wrong[0]!r} has the id {vocabulary[wrong[0]]:,}; ids go from 0 to {MOST - 1:,}")
    names = [""] * (max(vocabulary.values(), default=-1) + 1)
    for name, i in vocabulary.items():
        names[i] = name
    ids, always = (
        {t["content"]: t["id"] for t in added if bool(t.get("special")) is special} for special in (True, False)
    )
    config = _read(folder / "tokenizer_config.json")
    roles = {role: _name(config.get(role)) for role in ("bos_token", "eos_token", "unk_token", "pad_token")}
    ends = _read(folder / "generation_config.json").get("eos_token_id")
    ends = [*(ends if isinstance(ends, list) else [ends]), vocabulary.get(roles["eos_token"])]
    start = [ids[name] for name in _before(whole.get("post_processor") or {})]
    if not start and config.get("add_bos_token") and roles["bos_token"]:
        start = [vocabulary[roles["bos_token"]]]
    return {
        "pairs": _pairs(names, model["merges"], {*ids, *always}, _split(whole), bool(model.get("ignore_merges"))),
        "ids": ids,
        "always": always,
        "start": start,
        "stop": _stop(ids, ends),
        "template": _template(folder, config),
        "names": {role: name for role, name in roles.items() if name},
    }


def _pairs(names: list[str], merges: list, added: set[str], split: PreTokeniser, whole: bool) -> BytePairs:
    """Return the vocabulary of names as files write them; those of added tokens are plain text."""
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in merges]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(f"a merge takes two tokens, not {len(wrong[0])}: {' '.join(wrong[0])!r}")
    tokens = [name.encode() if name in added else _bytes(name) for name in names]
    return BytePairs(tokens, [(_bytes(left), _bytes(right)) for left, right in pairs], split, whole)


def _bytes(name: str) -> bytes:
    try:
        return name.translate(TO_BYTES).encode("latin-1")
    except UnicodeEncodeError:
        return name.encode()


def _stop(ids: dict[str, int], ends: list[int | None]) -> list[int]:
    return sorted({i for i in ends if i is not None} | {ids[name] for name in ENDS if name in ids})


def _split(whole: dict) -> PreTokeniser:
    """Return the pre-tokeniser of a ``tokenizer.json``, with its form of Unicode."""
    form, *more = [part["type"] for part in _parts(whole.get("normalizer"), "normalizers")] or [None]
    if more or form not in (None, "NFC", "NFD", "NFKC", "NFKD"):
        raise ValueError(f"its normalizer is {', '.join([form, *more])}; only a single form of Unicode is supported")
    patterns = []
    for part in (parts := _parts(whole.get("pre_tokenizer"), "pretokenizers")):
        match part:
            case {"type": "ByteLevel", "add_prefix_space": False}:
                patterns += [GPT2] if part.get("use_regex", True) else []
            case {"type": "Digits"}:
                patterns.append(r"\p{N}" if part.get("individual_digits") else r"\p{N}+")
            case {"type": "Split", "behavior": "Isolated", "pattern": {"Regex": pattern}}:
                patterns.append(pattern)
            case {"type": "Split", "behavior": "Isolated", "pattern": {"String": text}}:
                patterns.append(re.escape(text))
            case _:
                raise ValueError(f"its pre-tokeniser has a part that is not supported: {json.dumps(part)}")
    if not any(part["type"] == "ByteLevel" for part in parts):
        raise ValueError("its pre-tokeniser does not write texts as bytes (ByteLevel), which is not supported")
    return PreTokeniser(tuple(patterns), form)


def _parts(part: dict | None, name: str) -> list[dict]:
    """Return the parts of a sequence, of sequences in it, too."""
    if part is None:
        return []
    return [inner for each in part[name] for inner in _parts(each, name)] if part["type"] == "Sequence" else [part]


def _before(processor: dict) -> list[str]:
    """Return the special tokens that a post-processor puts before a text."""
    if processor.get("type") == "Sequence":
        return [name for part in processor["processors"] for name in _before(part)]
    names = []
    for part in processor.get("single", []):
        if "SpecialToken" not in part:
            break
        names.append(part["SpecialToken"]["id"])
    return names


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _name(token: str | dict | None) -> str | None:
    return token.get("content") if isinstance(token, dict) else token


def _template(folder: Path, config: dict) -> str | None:
    if (path := folder / "chat_template.jinja").is_file():
        return path.read_text(encoding="utf-8")
    template = config.get("chat_template")
    if isinstance(template, list):  # several, by name
        return next((each["template"] for each in template if each["name"] == "default"), None)
    return template
