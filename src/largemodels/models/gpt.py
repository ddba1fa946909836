"""The decoder of the book: a Transformer that predicts the next token, and writes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import attention_weights, causal_mask, fast_attention, rotate, watched
from largemodels.models.sampling import check_sampling, check_whole, draw
from largemodels.models.step import Step
from largemodels.models.tokens import check_tokens

POSITIONS = ("rotary", "learned")


@dataclass(frozen=True)
class GPTConfig:
    """What a :class:`GPT` is made of.

    The defaults are small and up to date: rotary positions, queries and keys of one length (``norm_queries``), and
    blocks that begin as the identity (``quiet_start``). ``positions="learned"`` without the two is GPT-2.

    Raises ``ValueError`` for sizes below 1, heads that do not divide the width, or unknown positions.
    """

    vocabulary: int = 97
    context: int = 64
    layers: int = 4
    heads: int = 4
    width: int = 128
    positions: str = "rotary"
    norm_queries: bool = True
    quiet_start: bool = True

    def __post_init__(self):
        if min(self.vocabulary, self.context, self.layers, self.heads, self.width) < 1:
            raise ValueError(f"every size must be at least 1; got {self}")
        if self.width % self.heads:
            raise ValueError(f"the width must be a multiple of the heads; got {self.width} and {self.heads}")
        if self.positions not in POSITIONS:
            raise ValueError(f"positions is {self.positions!r}; choose one of {', '.join(POSITIONS)}")
        if self.positions == "rotary" and self.width // self.heads % 2:
            raise ValueError(
                f"rotary positions turn pairs: a head's width must be even; got {self.width // self.heads}"
            )


class Cache:
    """Keys and values of the tokens read so far, so that a new token costs one row of attention and not the square.

    Room for the whole context is taken at once: ``(b, h, context, d/h)`` for the keys of each layer, and the values.
    They are kept without gradients.
    """

    def __init__(self, config: GPTConfig, batch: int, like: Tensor):
        room = (2, batch, config.heads, config.context, config.width // config.heads)
        self.kept, self.length = [like.new_zeros(room) for _ in range(config.layers)], 0

    def extend(self, layer: int, kv: Tensor) -> Tensor:
        """Keep the keys and values ``(2, b, h, t, d/h)`` of new tokens; return those of all tokens."""
        kept, t = self.kept[layer], kv.shape[3]
        kept.narrow(3, self.length, t).copy_(kv.detach())
        return kept.narrow(3, 0, self.length + t)


class SelfAttention(nn.Module):
    """Let every position read from itself and those before it.

    Taps: ``query``, ``key``, ``value`` ``(b, h, t, d/h)``, ``weights`` ``(b, h, t, t)`` after the softmax, ``mixed``
    ``(b, h, t, d/h)``: what each head answers.
    """

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.heads, self.head_width, self.layer = config.heads, config.width // config.heads, layer
        self.rotary, self.norm_queries = config.positions == "rotary", config.norm_queries
        self.to_qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.query, self.key, self.value, self.weights, self.mixed = (nn.Identity() for _ in range(5))

    def forward(self, x: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape; ``positions`` ``(t,)`` are those of ``x`` in the text."""
        b, t, d = x.shape
        qkv = self.to_qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (3, b, h, t, d/h)
        q, kv = self.place(qkv, positions)
        k, v = kv if cache is None else cache.extend(self.layer, kv)
        if watched(self):
            q, k, v = self.query(q), self.key(k), self.value(v)
            mask = causal_mask(t, k.shape[2], x.device)
            mixed = self.mixed(self.weights(attention_weights(q, k, mask)) @ v)
        else:
            later = t > 1 and k.shape[2] > t  # some keys are older than the first query
            mask = causal_mask(t, k.shape[2], x.device) if later else None
            mixed = fast_attention(q, k, v, mask, causal=t > 1 and not later)
        return self.out(mixed.transpose(1, 2).reshape(b, t, d))

    def place(self, qkv: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Bring queries and keys to one length and turn them, as configured; return queries, and keys with values."""
        if self.norm_queries or self.rotary:
            qk, v = qkv.split((2, 1))
            qk = F.rms_norm(qk, qk.shape[-1:]) if self.norm_queries else qk
            qkv = torch.cat([rotate(qk, positions) if self.rotary else qk, v])
        return qkv[0], qkv[1:]


class MLP(nn.Module):
    """Think about each position by itself: widen, apply GELU (Hendrycks and Gimpel 2016), narrow.

    GELU is ``x Φ(x)``, with the normal distribution's Φ in GPT-2's approximation by tanh: ReLU with a soft bend.

    Taps: ``expand`` ``(b, t, 4d)``, ``gelu`` ``(b, t, 4d)``.
    """

    def __init__(self, width: int):
        super().__init__()
        self.expand, self.gelu, self.contract = (
            nn.Linear(width, 4 * width),
            nn.GELU("tanh"),
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        return self.contract(self.gelu(self.expand(x)))


class Block(nn.Module):
    """Read from other positions, then think; each adds its answer to what is there.

    Taps: ``norm1``, ``attention``, ``norm2``, ``mlp``, each ``(b, t, d)``.
    """

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(config.width), SelfAttention(config, layer)
        self.norm2, self.mlp = nn.LayerNorm(config.width), MLP(config.width)

    def forward(self, x: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        x = x + self.attention(self.norm1(x), positions, cache)
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Predict after every token of ``(b, t)`` the one that follows: logits ``(b, t, vocabulary)``.

    The head's weights are the embedding's: a token is predicted where the last position points at its vector.

    Taps: ``embedding`` ``(b, t, d)``, ``blocks.*`` ``(b, t, d)`` and what they are made of (:class:`Block`,
    :class:`SelfAttention`, :class:`MLP`), ``norm``, ``head``.
    """

    def __init__(self, config: GPTConfig | None = None):
        super().__init__()
        self.config = config = config or GPTConfig()
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.context, config.width) if config.positions == "learned" else None
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Identity()
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                writes = name.endswith(("attention.out.weight", "mlp.contract.weight"))
                quiet = 0.0 if config.quiet_start else (2 * config.layers) ** -0.5
                nn.init.normal_(parameter, std=0.02 * (quiet if writes else 1.0))
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        self._built = self._make()

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the probabilities of the next token."""
        return self.advance(tokens)

    def start(self, batch: int = 1) -> Cache:
        """Return an empty cache for so many texts."""
        return Cache(self.config, batch, self.norm.weight)

    def advance(self, tokens: Tensor, cache: Cache | None = None) -> Tensor:
        """Return the logits of ``(b, t)`` tokens, which follow those in the cache, if there is one; keep them in it.

        Raises ``ValueError`` for tokens that are unknown, none, or more than the context has room for.
        """
        check_tokens(tokens, self.config.vocabulary)
        before = cache.length if cache is not None else 0
        t = tokens.shape[1]
        if before + t > self.config.context:
            raise ValueError(
                f"the context has room for {self.config.context} tokens; got {before + t}: give the last of them only"
            )
        places = torch.arange(before, before + t, device=tokens.device)
        x = self.embedding(tokens)
        if self.positions is not None:
            x = x + self.positions(places)
        for block in self.blocks:
            x = block(x, places, cache)
        if cache is not None:
            cache.length += t
        return self.head(F.linear(self.norm(x), self.embedding.weight))

    def as_built(self) -> bool:
        """Return whether no part was exchanged or set otherwise since the model was built, and none is watched."""
        return type(self).advance is GPT.advance and self._make() == self._built and not watched(self)

    def _make(self) -> list:
        """Return what each part computes and how it is set: its forward, and the settings that its repr names."""
        return [(getattr(part.forward, "__func__", part.forward), part.extra_repr()) for part in self.modules()]

    def generate(
        self,
        prompt: Tensor,
        length: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: torch.Generator | None = None,
        cached: bool = True,
    ) -> Tensor:
        """Write ``length`` tokens on from ``prompt`` ``(b, t)``; return both, ``(b, t + length)``.

        When the context is full, the older half of it is forgotten, with and without the cache alike.

        Args:
            prompt: at least one token; of a long one, the last ``context`` count.
            length: tokens to write, at least 1.
            temperature: divides the logits; 0 takes the likeliest token always.
            top_k: draw from so many of the likeliest only.
            top_p: draw from the likeliest that together have this probability only (Holtzman et al. 2020).
            generator: where chance comes from, on the CPU; torch's own if none is given.
            cached: keep keys and values, instead of reading the whole text again for every token.

        Raises:
            ValueError: an empty or unknown prompt, a number out of its range, or weights that are spread over
                processes.
            FloatingPointError: logits that are not finite.
        """
        check_whole(self)
        if length < 1:
            raise ValueError(f"length must be at least 1 token; got {length}")
        check_sampling(temperature, top_k, top_p, vocabulary=self.config.vocabulary)
        check_tokens(prompt, self.config.vocabulary)
        context, (b, begin) = self.config.context, prompt.shape
        text = torch.cat([prompt, prompt.new_empty(b, length)], 1)
        with torch.inference_mode():
            advance, cache = Step(self) if cached and self.as_built() else self.advance, None
            first = known = max(0, begin - context)  # the model sees text[first:]; the cache knows what is before known
            for end in range(begin, begin + length):
                if end - first > context:
                    first, cache = end - (context // 2 + 1), None
                if cached and cache is None:
                    known, cache = first, self.start(b)
                logits = advance(text[:, known if cached else first : end], cache)[:, -1]
                text[:, end : end + 1] = draw(logits, temperature, top_k, top_p, generator)
                known = end
        return text

    @classmethod
    def from_gpt2(cls, state_dict: Mapping[str, Tensor], heads: int = 12) -> "GPT":
        """Return the model whose weights are those of a published GPT-2 (Radford et al. 2019).

        Args:
            state_dict: as ``GPT2LMHeadModel`` of the ``transformers`` library has it, or ``GPT2Model``, without the
                prefix; a safetensors file of either will do.
            heads: of attention, which the weights do not tell; 12 in the smallest model, 16, 20, 25 in the others.

        Raises:
            ValueError: a weight is missing or has another shape, or the heads do not divide the width.
        """
        weights = {name.removeprefix("transformer."): w for name, w in state_dict.items()}
        if missing := {"wte.weight", "wpe.weight"} - set(weights):
            raise ValueError(f"these are not the weights of a GPT-2: {', '.join(sorted(missing))} is missing")
        layers = len({name.split(".")[1] for name in weights if name.startswith("h.")})
        (vocabulary, width), context = weights["wte.weight"].shape, len(weights["wpe.weight"])
        config = GPTConfig(vocabulary, context, layers, heads, width, "learned", norm_queries=False, quiet_start=False)
        model = cls(config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                theirs = _gpt2_name(name)
                if theirs not in weights:
                    raise ValueError(f"these are not the weights of a GPT-2: {theirs} is missing")
                w = weights[theirs]
                w = w.T if ".c_" in theirs and w.ndim == 2 else w  # GPT-2 keeps them as (in, out)
                if w.shape != parameter.shape:
                    raise ValueError(f"{theirs} has shape {tuple(w.shape)}; {tuple(parameter.shape)} was expected")
                parameter.copy_(w)
        return model


GPT2_NAMES = {
    "embedding": "wte",
    "positions": "wpe",
    "blocks": "h",
    "norm1": "ln_1",
    "norm2": "ln_2",
    "attention": "attn",
    "to_qkv": "c_attn",
    "out": "c_proj",
    "expand": "c_fc",
    "contract": "c_proj",
    "norm": "ln_f",
}


def _gpt2_name(name: str) -> str:
    return ".".join(GPT2_NAMES.get(part, part) for part in name.split("."))
