"""The decoder of the book: a Transformer that predicts the next token, and writes."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import Cache, watched
from largemodels.models.gpt_parts import MLP, Block, GPTConfig, SelfAttention
from largemodels.models.sampling import check_sampling, check_whole, draw
from largemodels.models.step import Step
from largemodels.models.tokens import check_tokens

__all__ = ["GPT", "MLP", "Block", "Cache", "GPTConfig", "SelfAttention"]


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
        c = self.config
        return Cache(c.layers, batch, c.heads, c.context, c.width // c.heads, self.norm.weight)

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
                text[:, end : end + 1] = draw(logits, temperature, top_k, top_p, generator=generator)
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
