"""Type or choose a file, and see which type a network takes it for, how surely, and which bytes speak for that."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.data import FileTypes
from largemodels.live.view import View
from largemodels.models import FileTypeNet

LIMIT = 2000  # characters


def gelu_slope(x: Tensor) -> Tensor:
    r"""Return the slope of GELU in its form with tanh, :math:`\tfrac12 x (1 + \tanh u)`, at ``x``."""
    scale = math.sqrt(2 / math.pi)
    t = torch.tanh(scale * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t.square()) * scale * (1 + 3 * 0.044715 * x.square())


def layer_norm_slope(x: Tensor, norm: nn.Module, slope: Tensor) -> Tensor:
    """Lead a slope back through a layer normalisation of ``x``, both ``(…, d)``."""
    centred = x - x.mean(-1, keepdim=True)
    scale = (centred.square().mean(-1, keepdim=True) + norm.eps).rsqrt()
    unit, slope = centred * scale, slope * norm.weight
    return scale * (slope - slope.mean(-1, keepdim=True) - unit * (slope * unit).mean(-1, keepdim=True))


class FileTypeExplained(nn.Module):
    """What the reader of file types asks: ``probabilities`` ``(1, types)``, and ``relevance`` ``(1, length)``.

    The relevance is that of :func:`largemodels.interpret.byte_slopes` with one step, for the likeliest type: what each
    byte adds to its log odds, by the slope. The way back through the network is written out, so that a browser
    can go it.
    """

    def __init__(self, model: FileTypeNet):
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        """Read one file, ``(1, length)``."""
        model, c = self.model, self.model.config
        vectors = model.vectors(tokens)
        groups = vectors.unflatten(1, (-1, c.group)).flatten(2).transpose(1, 2)
        before = model.conv(model.norm(groups))
        highest, place = F.gelu(before, approximate="tanh").max(2)
        logits = model.head(model.pooled_norm(highest))

        best = F.one_hot(logits.argmax(1), c.types)
        slope = (best - (logits - 1e4 * best).softmax(1)) @ model.head.weight  # of its logit less those of the others
        slope = layer_norm_slope(highest, model.pooled_norm, slope)
        slope = slope * gelu_slope(before.gather(2, place[..., None])[..., 0])
        spread = F.one_hot(place, before.shape[2]) * slope[..., None]  # a maximum passes it to one place alone
        slope = F.conv_transpose1d(spread, model.conv.weight)
        slope = layer_norm_slope(groups, model.norm, slope).transpose(1, 2).reshape(vectors.shape)
        nothing = model.vectors(torch.full_like(tokens[:, :1], model.PADDING))
        return {"probabilities": logits.softmax(1), "relevance": (slope * (vectors - nothing)).sum(2)}


class FileTypeReader(View):
    """The reader types a text, or chooses a file, and sees its type, the confidence, and the bytes that speak for it.

    ::

        start = {"tokens": types.tokens(b"import os")[None]}
        live(FileTypeReader(types, {"Python": b"import os"}), FileTypeExplained(model), start)

    Args:
        types: names, thresholds and sizes.
        examples: name → content, to choose from.

    Raises:
        ValueError: no example, or one that is too short to be read by the network.
    """

    def __init__(self, types: FileTypes, examples: Mapping[str, bytes], **traits):
        if not examples:
            raise ValueError("there is no file to begin with: give at least one")
        shown = []
        for name, content in examples.items():
            if types.tokens(content) is None:
                raise ValueError(f"the network reads files of {types.least} bytes or more; {name!r} has fewer")
            first, last = content[: types.block].lstrip()[: types.kept], content[-types.block :].rstrip()[-types.kept :]
            text = _text(content)
            more = {"text": text} if text else {"first": list(first), "last": list(last)}
            shown.append({"name": name, "size": len(content), **more})
        settings = {
            "names": list(types.names),
            "thresholds": [types.threshold(name) for name in types.names],
            "said": [types.renamed.get(name, name) for name in types.names],
            "texts": [types.renamed.get(name, name) in types.texts for name in types.names],
            "least": types.least,
            "kept": types.kept,
            "limit": LIMIT,
            "examples": shown,
        }
        super().__init__(settings=settings, **traits)


def _text(content: bytes) -> str:
    """Return a content that a reader can edit; nothing if it is no text, or too long."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if len(text) <= LIMIT and "\0" not in text else ""
