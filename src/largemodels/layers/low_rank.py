"""Low-rank adaptation: a frozen linear layer, and beside it two thin matrices that learn (Hu et al. 2022)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from fnmatch import fnmatchcase

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LowRankLinear(nn.Module):
    r"""Return :math:`W x + c + \frac{\alpha}{r} B A x`: ``W`` and ``c`` stay as they are, ``A`` and ``B`` are learned.

    ``A`` begins with random numbers and ``B`` with zeros, so that nothing is changed at first; the gradient of ``A`` is
    zero until ``B`` has moved. Both are kept in float32 or wider, and multiplied in the precision of ``x``.

    Args:
        linear: the layer, ``(out, in)``. Its parameters are frozen.
        rank: rows of ``A`` ``(rank, in)``, columns of ``B`` ``(out, rank)``.
        alpha: the update is scaled by ``alpha / rank``; ``rank`` if not given.

    Attributes:
        on: with ``False`` the layer answers as it did before.

    Raises ``ValueError`` for a rank below 1 or beyond the smaller side of ``W``, where it would be no saving at all.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float | None = None):
        super().__init__()
        if not 1 <= rank <= min(linear.weight.shape):
            raise ValueError(
                f"the rank of an update of weights {tuple(linear.weight.shape)} is from 1 to "
                f"{min(linear.weight.shape)}; got {rank}"
            )
        out, wide = linear.out_features, torch.promote_types(linear.weight.dtype, torch.float32)
        self.linear, self.rank, self.scale, self.on = linear, rank, (rank if alpha is None else alpha) / rank, True
        self.a = nn.Parameter(linear.weight.new_empty(rank, linear.in_features, dtype=wide))
        self.b = nn.Parameter(linear.weight.new_zeros(out, rank, dtype=wide))
        nn.init.normal_(self.a, std=linear.in_features**-0.5)
        for parameter in linear.parameters():
            parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(…, in)`` to ``(…, out)``."""
        y = self.linear(x)
        if not self.on:
            return y
        return y + F.linear(F.linear(x, self.a.to(x.dtype)) * self.scale, self.b.to(x.dtype))

    @property
    def weight(self) -> Tensor:
        """The weights of an ordinary layer that does the same, now."""
        return self._updated() if self.on else self.linear.weight

    def merged(self) -> nn.Linear:
        """Return one ordinary layer that does the same: its weights are :math:`W + \\frac{\\alpha}{r} B A`.

        They are a tensor of their own: whatever shared ``W`` with this layer keeps it unchanged.
        """
        old = self.linear
        linear = nn.Linear(old.in_features, old.out_features, old.bias is not None, device="meta")
        with torch.no_grad():
            weight = self._updated()
        linear.weight, linear.bias = nn.Parameter(weight, requires_grad=False), old.bias
        return linear.train(self.training)

    def _updated(self) -> Tensor:
        old = self.linear.weight
        return (old.to(self.a.dtype) + self.scale * self.b @ self.a).to(old.dtype)

    def extra_repr(self) -> str:
        """Say rank and scale."""
        return f"rank={self.rank}, scale={self.scale:g}"


def adapt(model: nn.Module, *patterns: str, rank: int, alpha: float | None = None) -> nn.Module:
    """Give linear layers of a model a low-rank update, in place, and freeze everything else; return the model.

    A linear layer that shares its weights with an embedding is adapted alone: the embedding stays as it is. Subclasses
    of ``nn.Linear`` are left out: ``nn.MultiheadAttention`` has one, whose weights it reads without calling it, so that
    an update of it would do nothing.

    Args:
        model: of any kind. Layers that are adapted already stay as they are, and go on learning.
        patterns: names of linear layers, as ``model.named_modules()`` has them; ``*`` stands for any part of a name.
        rank: of the updates.
        alpha: as :class:`LowRankLinear` takes it.

    Raises:
        LookupError: a pattern that names no linear layer.
        ValueError: no pattern, or a rank that does not fit; nothing has been changed.
    """
    there = dict(model.named_modules(remove_duplicate=False))
    inside = {id(part.linear) for part in there.values() if isinstance(part, LowRankLinear)}
    linears = {name: part for name, part in there.items() if type(part) is nn.Linear and id(part) not in inside}
    adapted = [name for name, part in there.items() if isinstance(part, LowRankLinear)]
    if not patterns:
        raise ValueError("name at least one linear layer, or several at once, as in 'blocks.*.to_q'")
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in [*linears, *adapted]):
            known = ", ".join(list(linears)[:8]) + ", …" * (len(linears) > 8) if linears else "none"
            raise LookupError(f"no linear layer is named {pattern}; the model has {known}")
    chosen = {name: part for name, part in linears.items() if any(fnmatchcase(name, p) for p in patterns)}
    updates = {part: LowRankLinear(part, rank, alpha) for part in dict.fromkeys(chosen.values())}
    learned = {id(p) for p in adapters(model).parameters()}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in learned)
    for name, part in chosen.items():  # one that stands in several places stands in all of them again
        model.set_submodule(name, updates[part].train(part.training))
    return model


def adapters(model: nn.Module) -> nn.ParameterDict:
    """Return what an adapted model learns, by name, with ``/`` for the dots: the same parameters, not copies.

    It can be saved and loaded like a model, without all that is frozen. Empty for a model that is not adapted.
    """
    found = nn.ParameterDict()
    for name, part in model.named_modules():
        if isinstance(part, LowRankLinear):
            found[f"{name}/a".replace(".", "/")], found[f"{name}/b".replace(".", "/")] = part.a, part.b
    return found


@contextmanager
def unadapted(model: nn.Module) -> Iterator[nn.Module]:
    """Let a model answer as it did before it was adapted, inside the ``with`` block. Nothing is copied."""
    parts = {part: part.on for part in model.modules() if isinstance(part, LowRankLinear)}
    try:
        for part in parts:
            part.on = False
        yield model
    finally:
        for part, on in parts.items():
            part.on = on


def merge(model: nn.Module) -> nn.Module:
    """Add the updates to the weights, in place: an ordinary model again, which does the same; return it.

    A layer that shared its weights with another, as a head with the embedding, has weights of its own afterwards. The
    other keeps what it had: adding the update to both would change what the model reads, too. If ``model.config`` is a
    dataclass that calls the weights ``tied``, it says from then on that they are not. Parameters stay frozen.
    """
    owners: dict[int, int] = {}
    for part in model.modules():
        for parameter in part.parameters(recurse=False):
            owners[id(parameter)] = owners.get(id(parameter), 0) + 1
    updates = {n: part for n, part in model.named_modules(remove_duplicate=False) if isinstance(part, LowRankLinear)}
    plain = {part: part.merged() for part in dict.fromkeys(updates.values())}
    for name, part in updates.items():
        model.set_submodule(name, plain[part])
    config = getattr(model, "config", None)
    if is_dataclass(config) and getattr(config, "tied", False):
        parted = any(owners[id(part.linear.weight)] > 1 for part in plain)
        model.config = replace(config, tied=not parted)
    return model
