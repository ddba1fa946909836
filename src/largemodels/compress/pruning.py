"""Leave out the weights that are nearest to 0, so that training goes on without them and files get smaller."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


def smallest_weights(weight: Tensor, share: float) -> Tensor:
    """Return which weights stay when a share of them, the smallest without their sign, is left out: a mask, bool.

    Raises ``ValueError`` for a share outside 0 to 1.
    """
    mask = torch.ones_like(weight, dtype=torch.bool)
    out = weight.detach().abs().flatten().topk(_number(share, weight.numel()), largest=False).indices
    mask.view(-1)[out] = False
    return mask


def smallest_rows(weight: Tensor, share: float, axis: int = 0) -> Tensor:
    """Return which rows stay, whole filters of a convolution, when the shortest are left out: a mask, bool.

    The length is the root of the sum of squares; ``axis=1`` leaves out what reads a column, or a channel.
    """
    rows = weight.detach().movedim(axis, 0)
    keep = rows.flatten(1).norm(dim=1).topk(len(rows) - _number(share, len(rows))).indices
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask.index_fill_(axis, keep, True)
    return mask


class Masked(nn.Module):
    """Weights times a mask: what is masked is 0 and gets no gradient, whatever an optimizer does to the numbers."""

    def __init__(self, mask: Tensor):
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weights that count."""
        return weight * self.mask


def prune(model: nn.Module, share: float, *paths: str, axis: int | None = None) -> nn.Module:
    """Leave out a share of the weights of each layer, in place; return the model, which can be trained on.

    Until :func:`settle` the model is no smaller: beside the mask it keeps the numbers that are masked.

    Args:
        model: of any kind. A layer that is pruned already keeps its mask, and gets a second on top of it.
        share: from 0 to 1, of each layer.
        paths: names of the layers; all linear layers and convolutions if none is given.
        axis: leave out whole rows (0) or columns (1); single weights if not given.

    Raises ``ValueError`` for another share, no such layer, or weights that several layers share: a mask of one of them
    would leave the others as they are.
    """
    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    parts = {p: model.get_submodule(p) for p in paths or (n for n, x in model.named_modules() if isinstance(x, kinds))}
    if not parts or not all(isinstance(getattr(part, "weight", None), Tensor) for part in parts.values()):
        raise ValueError(
            f"there are no weights to prune in {', '.join(parts) or 'the model'}; name layers with weights"
        )
    for path, part in parts.items():
        owners = [n for n, x in model.named_modules() if any(p is part.weight for p in x.parameters(recurse=False))]
        if len(owners) > 1:
            raise ValueError(f"{path} shares its weights: {', '.join(owners)} have the same; prune other layers")
    for part in parts.values():
        w = part.weight
        mask = smallest_weights(w, share) if axis is None else smallest_rows(w, share, axis)
        parametrize.register_parametrization(part, "weight", Masked(mask))
    return model


def settle(model: nn.Module) -> nn.Module:
    """Make the weights of a pruned model ordinary ones, of which many are 0, in place; return the model."""
    for part in list(model.modules()):
        if parametrize.is_parametrized(part, "weight") and isinstance(part.parametrizations.weight[0], Masked):
            parametrize.remove_parametrizations(part, "weight")
    return model


def narrow(first: nn.Linear, second: nn.Linear, share: float) -> tuple[nn.Linear, nn.Linear]:
    """Return two layers with fewer units between them: those whose rows in ``first`` are shortest are gone.

    What stands between may treat each unit by itself only, as a ReLU does. Where it turns 0 into 0, the two compute
    what ``second`` would with these units set to 0, and are smaller and faster without any special kernel.

    Raises ``ValueError`` for layers that do not follow each other, or when nothing would stay.
    """
    if first.out_features != second.in_features:
        raise ValueError(f"{first.out_features} units come out of the first, {second.in_features} go into the second")
    keep = smallest_rows(first.weight, share)[:, 0].nonzero()[:, 0]
    if not len(keep):
        raise ValueError(f"a share of {share} leaves no unit of {first.out_features}")
    bias = None if first.bias is None else first.bias[keep]
    return _linear(first.weight[keep], bias), _linear(second.weight[:, keep], second.bias)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.detach().clone())
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone())
    return layer


def pack_zeros(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return a bit for each number, whether it is other than 0, in bytes ``(⌈n / 8⌉,)``, and those that are."""
    there = x.flatten() != 0
    bits = nn.functional.pad(there, (0, -len(there) % 8)).view(-1, 8)
    return (bits << torch.arange(8, device=x.device)).sum(1).to(torch.uint8), x.flatten()[there]


def unpack_zeros(bits: Tensor, numbers: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the tensor that :func:`pack_zeros` has taken apart."""
    x = numbers.new_zeros(shape)
    there = (bits[:, None] >> torch.arange(8, device=bits.device) & 1).flatten()[: x.numel()].bool()
    x.view(-1)[there] = numbers
    return x


def packed_size(model: nn.Module) -> int:
    """Return the bytes of a model's state: weights that share memory once, many zeros by :func:`pack_zeros`."""
    tensors = {x.data_ptr(): x for x in model.state_dict().values() if x.numel()}
    return sum(min(x.nbytes, sum(part.nbytes for part in pack_zeros(x))) for x in tensors.values())


def _number(share: float, of: int) -> int:
    if not 0 <= share <= 1:
        raise ValueError(f"the share to leave out is from 0 to 1; got {share}")
    return round(share * of)
