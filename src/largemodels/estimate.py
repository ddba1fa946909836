"""What a model costs, layer by layer, without training it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class LayerCost:
    """One layer of a model at work on one example.

    Attributes:
        name: the layer's dotted name, which is also its tap.
        kind: its class.
        shape: of what it returns for one example, without the batch.
        parameters: numbers that training changes.
        multiply_adds: products, each with the addition that follows it, of one forward pass. Comparisons,
            as in max pooling and ReLU, and the addition of a bias are not counted.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def layer_costs(model: nn.Module, example: Tensor) -> list[LayerCost]:
    """Return the cost of each layer without layers of its own, in the order in which they run.

    Args:
        model: any module; it is run once, in the mode in which it is, without gradients.
        example: one input with its batch axis, ``(1, …)``.

    Raises:
        ValueError: more or less than one example.
    """
    if len(example) != 1:
        raise ValueError(f"costs are those of one example; got a batch of {len(example)}")
    rows: list[LayerCost] = []

    def watch(name: str, layer: nn.Module):
        counter = FlopCounterMode(display=False)

        def start(module, args):
            counter.__enter__()

        def stop(module, args, output):
            counter.__exit__(None, None, None)
            parameters = sum(p.numel() for p in module.parameters())
            rows.append(
                LayerCost(
                    name, type(module).__name__, tuple(output.shape[1:]), parameters, counter.get_total_flops() // 2
                )
            )

        return layer.register_forward_pre_hook(start), layer.register_forward_hook(stop)

    leaves = [(name, layer) for name, layer in model.named_modules() if not any(layer.children())]
    hooks = [hook for name, layer in leaves for hook in watch(name, layer)]
    try:
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
    return rows
