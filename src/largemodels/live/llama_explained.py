"""What a Llama computes while it reads: where all of its heads look, how one of them does, and what it expects next."""

import torch
from torch import Tensor, nn

from largemodels.interpret import capture, score, switched
from largemodels.models import Llama

LIKELIEST = 10  # tokens whose probability is told: a real vocabulary is too large to be sent whole
RULES = ("the first token", "the token before", "itself", "what came after the same token")


class LlamaExplained(nn.Module):
    """What a ``Llama`` computes while it reads, with some of its heads switched off.

    Behind an :class:`~largemodels.live.AttentionExplorer` of tokens, as ``GPTExplained`` is behind one of characters.
    Takes ``tokens`` ``(1, t)``; ``heads`` ``(n, layers, heads)``, n ways to switch them, where 1 is on and 0 replaces
    what a head answers by zeros; and ``place`` ``(2,)``, the layer and the head that is looked at closely, from 0.

    Returns, for each of the n: the ``probabilities`` of the ``likeliest`` ``(t, 10)`` next tokens after each of the
    tokens, ``(n, t, 10)``; that of the ``actual`` next token, ``(n, t)``, 0 after the last; how much probability was
    ``moved`` to other tokens compared with the first of the n, ``(n, t)``. And of the last of the n: ``weights``
    ``(layers, heads, t, t)``; how much of it each head puts where each of ``RULES`` points, ``scores``
    ``(4, layers, heads)``, 0 where a rule says nothing about the text; and of the one head ``query``, after its
    rotation, ``key``, likewise, and ``value``, those of its key-value head, ``(t, d)``. The ``likeliest`` are those of
    the last of the n.

    Raises:
        ValueError: a model that is no ``Llama``; at the call, switches or a place that do not fit, or tokens as the
            model refuses them.
    """

    def __init__(self, model: Llama):
        super().__init__()
        if not isinstance(model, Llama):
            raise ValueError(f"bind a Llama; got {type(model).__name__}")
        self.model = model

    def forward(self, tokens: Tensor, heads: Tensor, place: Tensor) -> dict[str, Tensor]:
        """Read the text once for each way to switch."""
        config = self.model.config
        layer, head = place.tolist()
        check_place(layer, head, config)
        if heads.ndim != 3 or not len(heads) or heads.shape[1:] != (config.layers, config.heads):
            raise ValueError(f"switches have the shape (n, {config.layers}, {config.heads}); got {tuple(heads.shape)}")
        own = f"blocks.{layer}.attention"
        taps = (f"{own}.query", f"{own}.key", f"{own}.value", "blocks.*.attention.weights")
        with switched(self.model, heads), capture(self.model, *taps) as seen:
            logits = self.model(tokens.expand(len(heads), -1))
        weights = torch.stack([seen[f"blocks.{i}.attention.weights"][-1] for i in range(config.layers)])
        p = logits.float().softmax(-1)
        likeliest = p[-1].topk(min(LIKELIEST, config.vocabulary)).indices  # (t, 10)
        following = torch.cat([tokens[0, 1:], tokens[0, :1]])[None, :, None].expand(len(p), -1, -1)
        actual = p.gather(2, following)[..., 0]
        actual[:, -1] = 0.0
        return {
            "probabilities": p.gather(2, likeliest.expand(len(p), -1, -1)),
            "likeliest": likeliest,
            "actual": actual,
            "moved": (p - p[:1]).abs().sum(-1) / 2,
            "weights": weights,
            "scores": scores(weights, tokens[0]),
            **{name: seen[f"{own}.{name}"][-1, head] for name in ("query", "key", "value")},
        }


def check_place(layer: int, head: int, config) -> None:
    """Raise ``ValueError`` for a layer or a head that the model does not have."""
    if not (0 <= layer < config.layers and 0 <= head < config.heads):
        raise ValueError(f"there are {config.layers} layers of {config.heads} heads; got layer {layer}, head {head}")


def scores(weights: Tensor, tokens: Tensor) -> Tensor:
    """Return how much of its weight each head puts where each of ``RULES`` points: ``(4, layers, heads)``.

    The mean is over the tokens of which a rule says something; the first token, which sees itself alone, is none of
    them. ``weights`` are ``(layers, heads, t, t)``, ``tokens`` ``(t,)``.
    """
    layers, heads, t, _ = weights.shape
    places = torch.arange(t, device=tokens.device)
    before = places[:, None] > places  # (t, t): the column comes before the row
    same = (tokens[:, None] == tokens) & before
    rules = (
        before & (places == 0),
        before & (places[:, None] == places + 1),
        (places[:, None] == places) & (places[:, None] > 0),
        same.roll(1, 1),  # the last column, which comes round to the first, is empty
    )
    flat = weights.float().reshape(1, layers * heads, t, t)
    found = [score(flat, rule) if rule.any() else flat.new_zeros(layers * heads) for rule in rules]
    return torch.stack(found).view(len(RULES), layers, heads)
