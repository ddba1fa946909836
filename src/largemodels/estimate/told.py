"""What a shape tells of the numbers that a formula takes."""

from largemodels.estimate.formula import Formula
from largemodels.estimate.memory import TrainingMemory
from largemodels.estimate.shape import Shape
from largemodels.estimate.sizes import Sized, sizes


def told(formula: Formula, shape: Shape) -> dict[str, float]:
    """Return those of a formula's numbers that follow from a shape, by name; the others are for you to give.

    ``hidden`` is that of one expert where the formula takes experts one by one, and else what a token passes in a
    layer, in the mean over layers. A shape with latent attention tells key-value heads that take as much memory as
    its short vectors.

    Raises ``ValueError`` where a formula of sizes cannot say what the shape has (:func:`sizes`).
    """
    if isinstance(formula, Sized):
        numbers = sizes(shape)
    else:
        numbers = _numbers(shape) | (_latent(shape, formula) if shape.latent else {})
    return {q.name: numbers[q.name] for q in formula.takes if q.name in numbers}


def _numbers(s: Shape) -> dict[str, float]:
    passed = s.expert_layers * (s.chosen * s.expert_hidden + s.shared_hidden) + (s.layers - s.expert_layers) * s.hidden
    names = ("vocabulary", "width", "layers", "heads", "kv_heads", "head_width", "gated", "tied")
    return {name: int(getattr(s, name)) for name in names} | {
        "hidden": round(passed / s.layers),
        "parameters": s.parameters(),
        "active": s.active(),
        "experts": max(1, s.experts),
        "chosen": max(1, s.chosen),
    }


def _latent(s: Shape, formula: Formula) -> dict[str, float]:
    if isinstance(formula, TrainingMemory):  # queries and keys are of one width, values and answers of another
        return {"kv_heads": s.heads, "head_width": round((s.latent.plain + s.latent.turned + s.latent.value) / 2)}
    return {"kv_heads": 1, "head_width": round((s.latent.rank + s.latent.turned) / 2)}
