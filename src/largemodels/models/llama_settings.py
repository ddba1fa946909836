"""What published files say of a Llama: its settings, under our names, each checked before it is believed."""

from collections.abc import Mapping
from dataclasses import dataclass

from largemodels.files import GGUF
from largemodels.layers import RotaryScaling

ARCHITECTURE = "llama"


@dataclass(frozen=True)
class Range:
    """The numbers from ``least`` to ``most``, or above ``least``; whole ones alone where both limits are whole."""

    least: float
    most: float
    above: bool = False

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.least, int)

    def __contains__(self, x: object) -> bool:
        if type(x) not in ((int,) if self.whole else (int, float)):
            return False
        return self.least <= x <= self.most and not (self.above and x == self.least)

    def __str__(self):
        kind, begin = "whole number" if self.whole else "number", "above" if self.above else "from"
        return f"a {kind} {begin} {self.least:,} {'up ' * self.above}to {self.most:,}"


SIZE, LENGTH, TURNS = Range(1, 2**20), Range(1, 2**32), Range(0.0, 1e6, above=True)
OBJECT, TEXT, FLAG = "an object {…}", "a text", "true or false"
TYPES = {OBJECT: dict, TEXT: str, FLAG: bool}

# a setting of LlamaConfig: what it may be, and its names in a GGUF file and in config.json
CONFIG = {
    "context": (LENGTH, "llama.context_length", "max_position_embeddings"),
    "layers": (Range(1, 2**12), "llama.block_count", "num_hidden_layers"),
    "heads": (SIZE, "llama.attention.head_count", "num_attention_heads"),
    "kv_heads": (SIZE, "llama.attention.head_count_kv", "num_key_value_heads"),
    "width": (SIZE, "llama.embedding_length", "hidden_size"),
    "hidden": (SIZE, "llama.feed_forward_length", "intermediate_size"),
    "head_width": (SIZE, "llama.attention.key_length", "head_dim"),
    "base": (Range(1.0, 1e30, above=True), "llama.rope.freq_base", "rope_theta"),
    "eps": (Range(0.0, 1.0), "llama.attention.layer_norm_rms_epsilon", "rms_norm_eps"),
}
OPTIONAL = ("kv_heads", "head_width", "base")

# a setting of RotaryScaling, likewise; the limits of YaRN and of Llama 3 have names of their own
SCALING = {
    "factor": (Range(1.0, 1e6), "llama.rope.scaling.factor", "factor"),
    "trained": (LENGTH, "llama.rope.scaling.original_context_length", "original_max_position_embeddings"),
}
YARN = {
    "fast": (TURNS, "llama.rope.scaling.yarn_beta_fast", "beta_fast"),
    "slow": (TURNS, "llama.rope.scaling.yarn_beta_slow", "beta_slow"),
}
LLAMA3 = {"fast": (TURNS, None, "high_freq_factor"), "slow": (TURNS, None, "low_freq_factor")}
NEEDED = {"linear": ("factor",), "ntk": ("factor",), "yarn": ("factor",), "llama3": ("factor", "fast", "slow")}

# other names that rotary positions have in files, and what changes nothing there; any other value does
KIND, KIND_OF_OLD = ("llama.rope.scaling.type", "rope_type"), "type"
NEUTRAL = {
    "partial_rotary_factor": 1,
    "llama.rope.scale_linear": 1,
    "llama.rope.scaling.attn_factor": 1,
    "llama.rope.scaling.yarn_attn_factor": 1,
    "llama.rope.scaling.yarn_ext_factor": 1,
}
SILENT = ("llama.rope.freq_base", "llama.rope.scaling.finetuned", "rope_theta")  # of how positions are stretched


def checked(name: str, value, kind: Range | str):
    """Return a setting if it is what it may be. Raises ``ValueError``, which names it."""
    if not (type(value) is TYPES[kind] if kind in TYPES else value in kind):
        raise ValueError(f"{name} is {_short(value)}; it must be {kind}")
    return float(value) if isinstance(kind, Range) and not kind.whole else value


def _short(value: object) -> str:
    return text if len(text := repr(value)) <= 100 else f"{text[:100]}…"


def _said(said: Mapping | GGUF, name: str):
    if name not in said:
        raise KeyError(f"it does not say {name!r}")
    return said[name]


def gguf_settings(file: GGUF) -> dict:
    """Return the arguments of a ``LlamaConfig`` that a GGUF file tells.

    Raises ``KeyError`` for one that is missing, and ``ValueError`` for one that means nothing or is not supported.
    """
    if "token_embd.weight" not in file.tensors:
        raise KeyError("it has no weights 'token_embd.weight'")
    settings = _settings(file, 0)
    rope = {name: file[name] for name in file if name.startswith("llama.rope.")}
    turned = rope.pop(name := "llama.rope.dimension_count", settings["head_width"])
    if turned != settings["head_width"]:
        raise ValueError(f"{name} is {_short(turned)}; it must be {settings['head_width']}, as all of a head is turned")
    # a factor without a kind is that of linear scaling
    kind = rope.pop(KIND[0], "linear" if SCALING["factor"][1] in rope else "none")
    return settings | {
        "vocabulary": file.tensors["token_embd.weight"].shape[0],
        "tied": "output.weight" not in file.tensors,
        "scaling": _scaling(None if kind == "none" else kind, rope, 0, settings["context"]),
    }


def transformers_settings(said: dict) -> dict:
    """Return the arguments of a ``LlamaConfig`` that a ``config.json`` tells. Raises as :func:`gguf_settings`."""
    said = {name: value for name, value in said.items() if value is not None}
    if said.get("model_type") != ARCHITECTURE:
        raise ValueError(f"the model is of type {said.get('model_type')!r}; only {ARCHITECTURE!r} can be read")
    if said.get("attention_bias") or said.get("mlp_bias"):
        raise ValueError("the model has biases, which Llama has not")
    if said.get("hidden_act", "silu") != "silu":
        raise ValueError(f"the model's activation is {said['hidden_act']!r}; Llama has 'silu'")
    ropes = [checked(name, said.get(name, {}), OBJECT) for name in ("rope_parameters", "rope_scaling")]
    rope = {name: value for name, value in (ropes[0] or ropes[1]).items() if value is not None}
    for name in ("partial_rotary_factor", SCALING["trained"][2]):  # older files have them outside
        if name in said:
            rope[name] = said[name]
    if "rope_theta" in rope:
        said["rope_theta"] = rope["rope_theta"]
    settings = _settings(said, 1)
    kinds = [rope.pop(name) for name in (KIND[1], KIND_OF_OLD) if name in rope]
    kind = kinds[0] if kinds else "default"
    return settings | {
        "vocabulary": checked("vocab_size", _said(said, "vocab_size"), LENGTH),
        "tied": checked("tie_word_embeddings", said.get("tie_word_embeddings", False), FLAG),
        "scaling": _scaling(None if kind == "default" else kind, rope, 1, settings["context"]),
    }


def _settings(said: Mapping | GGUF, place: int) -> dict:
    """Return what a file says of :data:`CONFIG`, and what follows where it says nothing."""
    found = {}
    for ours, (kind, *names) in CONFIG.items():
        if names[place] in said or ours not in OPTIONAL:
            found[ours] = checked(names[place], _said(said, names[place]), kind)
    heads, width = found["heads"], found["width"]
    return {"kv_heads": heads, "head_width": width // heads, "base": 10_000.0} | found


def _scaling(kind: str | None, rope: dict, place: int, context: int) -> RotaryScaling | None:
    """Return how positions are stretched. Settings that are not known are refused: they would be for something."""
    if kind is not None and not (isinstance(kind, str) and kind in NEEDED):
        raise ValueError(f"{KIND[place]}: the kind is {kind!r}; choose one of {', '.join(NEEDED)}")
    table = SCALING | {"yarn": YARN, "llama3": LLAMA3}.get(kind, {})
    names = {ours: theirs[place] for ours, (_, *theirs) in table.items()}
    known = {*names.values(), *SILENT}
    other = {name: value for name, value in rope.items() if name not in known and value != NEUTRAL.get(name)}
    if other:
        raise ValueError(f"rotary positions are set in ways that are not supported: {_short(other)}")
    if kind is None:
        return None
    found = {}
    for ours, name in names.items():
        if name in rope or ours in NEEDED[kind]:
            found[ours] = checked(name, _said(rope, name), table[ours][0])
    return RotaryScaling(kind, **{"trained": context} | found)
