"""Direct logit attribution: a difference of two logits as a sum over everything that wrote to the residual stream."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from largemodels.models import Llama

ATTRIBUTED = ("embedding", "blocks.*.attention.mixed", "blocks.*.mlp")  # the taps that are needed


@dataclass(frozen=True)
class Attribution:
    """What each part adds to the difference of two logits at the last position of ``b`` texts.

    Attributes:
        embedding: of the last token, ``(b,)``.
        heads: ``(b, layers, h)``.
        mlps: ``(b, layers)``.
    """

    embedding: Tensor
    heads: Tensor
    mlps: Tensor

    @property
    def total(self) -> Tensor:
        """Return the difference itself, ``(b,)``."""
        return self.embedding + self.heads.sum((1, 2)) + self.mlps.sum(1)


def attribute(model: Llama, seen: Mapping[str, Tensor], towards: Tensor, against: Tensor) -> Attribution:
    """Split the logit of one token less that of another, after the last position, into the parts that wrote it.

    The stream is a sum, and the head is linear; between them the final normalisation divides by a scale, which is held
    at the value that it has in this run. So the parts add up exactly (Elhage et al. 2021; Wang et al. 2023 use it).
    It counts what each part writes to the logits *directly*, not what later parts make of it.

    Args:
        model: that ran.
        seen: what the taps :data:`ATTRIBUTED` gave.
        towards: a token for each text, ``(b,)``.
        against: another.

    The model may be adapted or packed in few bits. The parts then add up to what its weights say; the products of a
    packed model round a little more.
    """
    c, layers = model.config, range(model.config.layers)
    mixed = torch.stack([seen[f"blocks.{n}.attention.mixed"][:, :, -1] for n in layers], 1)  # (b, layers, h, e)
    out = torch.stack([block.attention.out.weight.unflatten(1, (c.heads, -1)) for block in model.blocks])
    out = out.to(mixed.dtype)
    heads = torch.einsum("blhe,ldhe->blhd", mixed, out)  # what each head writes
    mlps = torch.stack([seen[f"blocks.{n}.mlp"][:, -1] for n in layers], 1)
    embedding = seen["embedding"][:, -1]

    stream = embedding + heads.sum((1, 2)) + mlps.sum(1)
    scale = (stream.square().mean(-1, keepdim=True) + c.eps).rsqrt()
    words = model.head.weight
    direction = (words[towards] - words[against]).to(scale.dtype) * model.norm.weight * scale  # (b, d)
    return Attribution(
        (embedding * direction).sum(-1),
        torch.einsum("blhd,bd->blh", heads, direction),
        torch.einsum("bld,bd->bl", mlps, direction),
    )
