"""Per-sample gradients: what each example alone would change, which is what differential privacy has to bound."""

import warnings
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

Loss = Callable[[Tensor, Tensor], Tensor]
Gradients = dict[str, Tensor]

NORMS = (nn.modules.batchnorm._BatchNorm,)
TOLERANCE = 1e-4  # float32 keeps about 1e-6, and what a library gets wrong is wrong by a tenth or more


def mean_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of logits ``(…, classes)`` at targets ``(…)``: a mean over all places, in nats."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def one_by_one(model: nn.Module, x: Tensor, y: Tensor, loss: Loss = mean_cross_entropy) -> Gradients:
    """Return the gradient of each example's own loss, by one backward pass for each.

    Args:
        model: maps inputs ``(b, …)`` to logits; no example may change what another gets.
        x, y: inputs ``(n, …)`` and targets ``(n, …)``.
        loss: of logits ``(1, …)`` and targets ``(1, …)``, one number.

    Returns:
        For each parameter that learns, by its name, ``(n, *shape)``. A Parameter that stands in two places comes once,
        with the sum of both. One that the loss does not reach has zeros.

    Raises ``ValueError`` for no example, inputs and targets that differ in number, or a model that mixes examples, such
    as one with batch normalisation in training.
    """
    learning = _checked(model, x, y)
    rows = []
    for i in range(len(x)):
        value = loss(model(x[i : i + 1]), y[i : i + 1])
        rows.append(torch.autograd.grad(value, list(learning.values()), materialize_grads=True))
    return {name: torch.stack(row) for name, row in zip(learning, zip(*rows, strict=True), strict=True)}


def all_at_once(model: nn.Module, x: Tensor, y: Tensor, loss: Loss = mean_cross_entropy) -> Gradients:
    """Return what :func:`one_by_one` returns, in one pass: ``grad`` makes the gradient a function, ``vmap`` maps it.

    No hook looks into the layers, so a tied head, a layer called in an unusual way or any order of memory are right.
    Its memory is that of ``n`` models. It is the faster way except for recurrent layers, whose kernel is still run for
    one example after the other. Raises as :func:`one_by_one` does.
    """
    learning = _checked(model, x, y)

    def loss_of_one(parameters: Gradients, one: Tensor, target: Tensor) -> Tensor:
        return loss(functional_call(model, parameters, (one[None],)), target[None])

    each = vmap(grad(loss_of_one), in_dims=(None, 0, 0), randomness="different")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")  # torch's LSTM kernel: one example at a time
        found = each({name: parameter.detach() for name, parameter in learning.items()}, x, y)
    return {name: value.detach() for name, value in found.items()}


def check_samples(
    model: nn.Module,
    samples: Mapping[str, Tensor],
    x: Tensor,
    y: Tensor,
    loss: Loss = mean_cross_entropy,
    tolerance: float = TOLERANCE,
) -> None:
    """Refuse per-sample gradients that do not belong to the model: their mean must be the gradient of the mean loss.

    Libraries that put hooks on layers see a layer's input and the gradient of its output, and work out the weights'
    gradients from these. Where a weight is also used in another way they are wrong, and say nothing. A mean with random
    weights is compared, too: gradients that were given to the wrong examples have the right plain mean.

    Args:
        model: the plain model, without a wrapper. Its own gradients stay as they are.
        samples: for each parameter that learns, by its name, ``(n, *shape)``; with Opacus
            ``{name: p.grad_sample for name, p in model.named_parameters()}``.
        x, y, loss: as for :func:`one_by_one`.
        tolerance: how far off a parameter may be, as a share of the length of the gradient that is right.

    Raises ``ValueError`` that names the parameters and how far off they are, or those that are missing.
    """
    learning = _checked(model, x, y)
    if missing := [name for name, p in learning.items() if _shape(samples.get(name)) != (len(x), *p.shape)]:
        raise ValueError(f"there are no per-sample gradients ({len(x)}, …) of {', '.join(missing)}: no hook saw them")
    shares = torch.rand(len(x), generator=torch.Generator().manual_seed(0)).to(x.device)
    off: dict[str, float] = {}
    for weights in (torch.full_like(shares, 1 / len(x)), shares / shares.sum()):
        losses = torch.stack([loss(model(x[i : i + 1]), y[i : i + 1]) for i in range(len(x))])
        right = torch.autograd.grad(weights @ losses, list(learning.values()), materialize_grads=True)
        for (name, _), expected in zip(learning.items(), right, strict=True):
            wrong = torch.tensordot(weights, samples[name].to(weights.dtype), 1) - expected
            size = float(expected.norm())
            if not float(wrong.norm()) <= tolerance * size + 1e-7:
                off[name] = max(off.get(name, 0.0), float(wrong.norm()) / max(size, 1e-7))
    if off:
        raise ValueError(_said(learning, off))


def check_mixing(model: nn.Module) -> None:
    """Raise ``ValueError`` if the model, as it is set now, has a part in which one example changes another's result."""
    for name, part in model.named_modules():
        batch = isinstance(part, NORMS)
        uses_batch = batch and (part.training or part.running_mean is None)
        keeps = part.training and getattr(part, "running_mean", None) is not None
        if uses_batch or keeps:
            raise ValueError(
                f"{name or 'the model'} is a {type(part).__name__}, which takes mean and variance over the batch: one "
                "example changes what all others get, so no example has a gradient of its own to be clipped. Take a "
                "norm of each example alone, such as GroupNorm or LayerNorm"
            )


def _checked(model: nn.Module, x: Tensor, y: Tensor) -> Gradients:
    """Return the parameters that learn, or say why their gradients cannot be taken example by example."""
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"as many targets as inputs, and at least one; got {len(x)} and {len(y)}")
    check_mixing(model)
    learning = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    if not learning:
        raise ValueError("no parameter of this model learns: none has requires_grad set")
    return learning


def _shape(sample: Tensor | None) -> tuple[int, ...] | None:
    return tuple(sample.shape) if isinstance(sample, Tensor) else None


def _said(learning: Gradients, off: Mapping[str, float]) -> str:
    worst = ", ".join(f"{name} by {100 * share:.0f} %" for name, share in off.items())
    said = f"these are not the model's per-sample gradients; their mean is off in {worst}. "
    if strange := [name for name in off if not learning[name].is_contiguous()]:
        return said + (
            f"{strange[0]} is not contiguous in memory (channels last?), which hooks misread: "
            "model.to(memory_format=torch.contiguous_format) mends it"
        )
    return said + (
        "Hooks on layers misread a weight that is used outside its layer, such as an embedding that is also the head, "
        "positions looked up once for all texts, and layers of one's own with a second input; all_at_once is right"
    )
