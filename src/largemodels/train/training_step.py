"""One step of training as a function of tensors, which an engine without autograd can run as well."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from largemodels.train.loss import cross_entropy
from largemodels.train.optimizers import SGD, Adam, AdamW, Momentum, Rule

RULES: dict[str, type[Rule]] = {"sgd": SGD, "momentum": Momentum, "adam": Adam, "adamw": AdamW}
CHANCE = ("dropout", "bernoulli", "rand", "normal", "uniform")  # parts of the names of random operations


class TrainingStep(nn.Module):
    r"""A training step as a function: from weights, memory, dials and a batch to new weights, new memory and the loss.

    The rules are those of :mod:`largemodels.train.optimizers`, not copies. Weights and memory are flat: all trainable
    parameters one after the other, in the order of ``model.parameters()``, and what the rules keep of earlier steps.

    Called with the tensors that :meth:`start` names, in that order:

    - ``weights`` ``(n,)`` and, unless the rule keeps nothing, ``memory`` ``(m,)``, all 0 at first;
    - ``rule`` ``(1,)``, the number of the rule in ``optimizer``, if there are several;
    - the dials, each ``(1,)``: ``rate``, and what the rules are set by: ``momentum``, ``beta1``, ``beta2``, …;
    - the batch: what the model takes, and last the targets.

    Returns ``next_weights``, ``next_memory``, ``loss`` ``(1,)`` before the weights changed, and ``gradient`` ``(1,)``,
    the Euclidean norm of the loss's gradient. Where the loss has several parts, ``parts`` ``(k,)`` are these.

    Args:
        model: maps the batch's inputs to logits. It is not changed; :meth:`load` writes weights into it.
        optimizer: ``"sgd"``, ``"momentum"``, ``"adam"`` or ``"adamw"``, or several of them to choose from.
        loss: of what the model returns and of the targets; or its parts ``(k,)``, whose sum is trained on.

    Raises:
        ValueError: an unknown rule, a model with nothing to train, or with dropout or batch normalisation, whose steps
            depend on chance or change more than weights.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: str | Sequence[str] = "sgd",
        loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    ):
        super().__init__()
        names = (optimizer,) if isinstance(optimizer, str) else tuple(optimizer)
        if not names or any(name not in RULES for name in names):
            raise ValueError(f"optimizer is {optimizer!r}; choose one of {', '.join(RULES)}, or several")
        if len(set(names)) < len(names):
            raise ValueError(f"optimizer names a rule twice: {', '.join(names)}")
        _check_model(model)
        self.model, self.optimizers, self.loss = model, names, loss
        self.layout = layout(model)
        self.size = sum(shape.numel() for _, shape in self.layout)
        self._rules = [RULES[name]([nn.Parameter(torch.zeros(1))]) for name in names]
        self._kept = [_kept(rule, self.size) for rule in self._rules]  # for each rule: name → numbers
        self.memory_size = sum(n for kept in self._kept for n in kept.values())
        # eps, too: as a constant of 1e-8, torch's exporter would take it for 0 and leave it out
        settings = {name: rule.defaults[name] for rule in self._rules for name in rule.settings}
        self.dials = {"rate": 1e-3, **settings}

    @property
    def names(self) -> tuple[str, ...]:
        """What the step takes before the batch, in order."""
        memory = ("memory",) if self.memory_size else ()
        return ("weights", *memory, *(("rule",) if len(self.optimizers) > 1 else ()), *self.dials)

    def start(self, batch: dict[str, Tensor], **dials: float) -> dict[str, Tensor]:
        """Return what the first step takes: the model's weights, an empty memory, the dials, and ``batch``.

        Raises ``ValueError`` for an unknown dial, or a batch without inputs or targets, or with names that are taken.
        """
        if unknown := set(dials) - set(self.names[1:]):
            raise ValueError(f"no dial is named {', '.join(sorted(unknown))}; there are {', '.join(self.dials)}")
        if len(batch) < 2 or set(batch) & set(self.names):
            raise ValueError(
                f"a batch holds the inputs of the model by name, then the targets, under names other than "
                f"{', '.join(self.names)}; got {', '.join(batch) or 'nothing'}"
            )
        weights = flat(self.model)
        first = {"weights": weights, "memory": weights.new_zeros(self.memory_size), "rule": weights.new_zeros(1)}
        values = {name: weights.new_tensor([float(x)]) for name, x in {**self.dials, **dials}.items()}
        return {**{name: {**first, **values}[name] for name in self.names}, **batch}

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Take one step; see the class."""
        given = dict(zip(self.names, inputs, strict=False))
        *x, targets = inputs[len(self.names) :]
        weights = given["weights"]

        def loss_at(parameters: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            parts = self.loss(functional_call(self.model, parameters, tuple(x)), targets)
            return parts.sum(), parts

        gradients, (loss, parts) = grad_and_value(loss_at, has_aux=True)(unflatten(weights, self.layout))
        gradient = torch.cat([gradients[name].flatten() for name, _ in self.layout])
        answer, memory = self._change(weights, gradient, given)
        kept = {"next_memory": memory} if self.memory_size else {}
        each = {"parts": parts} if parts.numel() > 1 else {}
        return {"next_weights": answer, **kept, "loss": loss.reshape(1), "gradient": gradient.norm().reshape(1), **each}

    def _change(self, weights: Tensor, gradient: Tensor, given: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Let every rule change the weights, as one long parameter, and take the one that was chosen."""
        answer, memory, at = weights, [], 0
        for number, (rule, sizes) in enumerate(zip(self._rules, self._kept, strict=True)):
            kept = {}
            for name, n in sizes.items():
                kept[name] = given["memory"][at : at + n]
                at += n
            changed = weights.clone()
            settings = {name: given.get(name, rule.defaults[name]) for name in rule.settings}
            rule.change(changed, gradient, kept, given["rate"], **settings)
            memory += [kept[name] for name in sizes]
            answer = torch.where(given["rule"] == number, changed, answer) if len(self._rules) > 1 else changed
        return answer, torch.cat(memory) if memory else weights.new_zeros(0)

    def load(self, weights: Tensor) -> nn.Module:
        """Write flat weights into the model, and return it."""
        if weights.shape != (self.size,):
            raise ValueError(f"the model has {self.size} weights; got the shape {tuple(weights.shape)}")
        with torch.no_grad():
            for name, value in unflatten(weights, self.layout).items():
                self.model.get_parameter(name).copy_(value)
        return self.model


class AtWeights(nn.Module):
    """A model as a function of its flat weights too: ``(weights, *inputs)``, for looking at one that is in training.

    The model may be watched: ``AtWeights(Watched(model, "first"))`` takes the weights of ``TrainingStep(model)``.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model, self.layout = model, layout(model)

    def forward(self, weights: Tensor, *inputs: Tensor):
        """Return what the model answers with these weights."""
        return functional_call(self.model, unflatten(weights, self.layout), inputs)


def layout(model: nn.Module) -> list[tuple[str, torch.Size]]:
    """Return name and shape of every trainable parameter, in the order in which flat weights hold them."""
    return [(name, p.shape) for name, p in model.named_parameters() if p.requires_grad]


def flat(model: nn.Module) -> Tensor:
    """Return a copy of all trainable parameters, one after the other."""
    return torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad])


def unflatten(weights: Tensor, shapes: list[tuple[str, torch.Size]]) -> dict[str, Tensor]:
    """Cut flat weights into parameters, by name."""
    parts = weights.split([shape.numel() for _, shape in shapes])
    return {name: part.view(shape) for (name, shape), part in zip(shapes, parts, strict=True)}


def trace(
    function: Callable, example: dict[str, Tensor], dynamic: dict[str, dict[int, str]] | None = None
) -> nn.Module:
    """Run ``function`` once and return what it did, gradients included, as a graph of operations that others have.

    The lengths of the axes in ``dynamic``, name → {axis: symbol}, stay open, for an export that names them. Raises
    ``ValueError`` for a layer whose gradient cannot leave PyTorch, or that draws random numbers.
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # slow to import, and only exports need it

    from largemodels.train.backward import written_out

    example = {name: tensor.clone() for name, tensor in example.items()}  # one tensor given twice would be one input
    inputs, mode = list(example.values()), "real"
    if dynamic:
        mode, inputs = "fake", _open(example, dynamic)
    tracer = make_fx(function, written_out(), mode, _allow_non_fake_inputs=True)
    graph = tracer(*inputs)
    called = {str(node.target) for node in graph.graph.nodes if node.op == "call_function"}
    if random := sorted(name for name in called if any(word in name for word in CHANCE)):
        raise ValueError(f"the step depends on chance ({', '.join(random)}): give random numbers as part of the batch")
    return graph


def _open(example: dict[str, Tensor], dynamic: dict[str, dict[int, str]]) -> list[Tensor]:
    """Return tensors without numbers, in which the lengths of some axes are symbols."""
    from torch._subclasses.fake_tensor import FakeTensorMode  # slow to import, and only exports need them
    from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

    fake = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    tensors = []
    for name, tensor in example.items():
        free = dynamic.get(name, {})
        kinds = [DimDynamic.DYNAMIC if axis in free else DimDynamic.STATIC for axis in range(tensor.ndim)]
        context = StatelessSymbolicContext(dynamic_sizes=kinds)
        tensors.append(fake.from_tensor(tensor, symbolic_context=context))
    return tensors


def _check_model(model: nn.Module) -> None:
    if not layout(model):
        raise ValueError("the model has no parameters to train")
    for name, part in model.named_modules():
        what = name or type(model).__name__
        if isinstance(part, nn.modules.dropout._DropoutNd) and part.p > 0:
            raise ValueError(f"{what} is dropout, and a training step may not depend on chance; set its p to 0")
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.track_running_stats:
            raise ValueError(
                f"{what} is batch normalisation, which keeps statistics that are not weights; use LayerNorm, or "
                "track_running_stats=False"
            )


def _kept(rule: Rule, size: int) -> dict[str, int]:
    """Return what a rule remembers: how many numbers, by name."""
    kept: dict = {}
    settings = {name: rule.defaults[name] for name in rule.settings}
    rule.change(torch.zeros(1), torch.ones(1), kept, 0.0, **settings)
    return {name: size if isinstance(value, Tensor) else 1 for name, value in kept.items()}
