"""What a model costs, layer by layer, without training it."""

from collections import defaultdict
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count


@dataclass(frozen=True)
class LayerCost:
    """One layer of a model at work on one example.

    Attributes:
        name: the layer's dotted name, which is also its tap; empty for what the model does outside its layers.
        kind: its class.
        shape: of what it returns for one example, without the batch (the first axis); of a tuple, as an LSTM
            returns, its first tensor's.
        parameters: numbers of its own that training changes.
        multiply_adds: products, each with the addition that follows it, of one forward pass. Comparisons,
            as in max pooling and ReLU, products of two numbers without a sum, as of a gate and a state, and the
            addition of a bias are not counted. A mask does not lower them: attention counts all of its square.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def layer_costs(model: nn.Module, example: Tensor) -> list[LayerCost]:
    """Return the cost of each layer, in the order in which they end; the rows add up to the whole model.

    A layer made of others has a row if it does something itself: attention, which multiplies queries and keys beside
    its linear layers. Then that alone is in its row. Parameters of a layer that is never called, because another one
    computes with them, are in the other one's row; shared ones count once.

    Args:
        model: any module; it is run once, in evaluation mode and without gradients, and left as it was.
        example: one input with its batch axis, ``(1, …)``.

    Raises:
        ValueError: more or less than one example, or a kernel whose products cannot be counted; it is named.
    """
    if len(example) != 1:
        raise ValueError(f"costs are those of one example; got a batch of {len(example)}")
    own: dict[str, int] = defaultdict(int)
    shapes: dict[str, tuple[int, ...]] = {}
    running: list[str] = []
    counted = 0
    counter = FlopCounterMode(display=False, custom_mapping=_formulas())

    def settle() -> None:
        """Book what was counted since the last call under the innermost layer that runs."""
        nonlocal counted
        total = counter.get_total_flops() // 2
        if running:
            own[running[-1]] += total - counted
        counted = total

    def watch(name: str, module: nn.Module):
        def enter(module, args):
            settle()
            running.append(name)

        def leave(module, args, output):
            settle()
            shapes[running.pop()] = _shape(output)

        return module.register_forward_pre_hook(enter), module.register_forward_hook(leave)

    modules = dict(model.named_modules())
    modes = {module: module.training for module in model.modules()}
    hooks = [hook for name, module in modules.items() for hook in watch(name, module)]
    try:
        with torch.no_grad(), counter:
            model.eval()(example)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training

    parameters = _owners(modules, shapes)
    return [
        LayerCost(name, type(modules[name]).__name__, shape, parameters[name], own[name])
        for name, shape in shapes.items()
        if parameters[name]
        or own[name]
        or not (any(modules[name].children()) or isinstance(modules[name], nn.Identity))
    ]


def _owners(modules: dict[str, nn.Module], ran: dict) -> dict[str, int]:
    """Count the parameters of each layer that ran, and those that it uses of layers inside it that did not."""
    owned, seen = defaultdict(int), set()
    for name, module in modules.items():
        while name not in ran:
            name = name.rpartition(".")[0]
        for parameter in module.parameters(recurse=False):
            owned[name] += parameter.numel() * (parameter not in seen)
            seen.add(parameter)
    return owned


def _shape(output) -> tuple[int, ...]:
    """Return the shape, without the batch, of the first tensor in what a layer returned; () if there is none."""
    while isinstance(output, dict | tuple | list) and output:
        output = next(iter(output.values() if isinstance(output, dict) else output))
    return tuple(output.shape[1:]) if isinstance(output, Tensor) else ()


def _formulas() -> dict:
    """Return the operations (two for each multiply-add) of kernels that torch's counter takes for free, from shapes."""
    aten = torch.ops.aten

    def recurrent(x, w_input, w_state, *rest, **named):  # x (t, b, d)
        return 2 * prod(x[:2]) * (prod(w_input) + prod(w_state))

    def cudnn_recurrent(x, weights, *rest, **named):
        return 2 * prod(x[:2]) * sum(prod(w) for w in weights if len(w) == 2)

    def attend(q, k, v, *rest, **named):
        return sdpa_flop_count(q, k, v)

    def multi_head(q, k, v, width, heads, w_in, b_in, w_out, *rest, **named):  # q (b, t, d), k (b, s, d)
        (b, t, _), s = q, k[1]
        return 2 * b * width * (t * width + 2 * s * width + 2 * t * s + t * width)

    def refuse(name):
        def formula(*shapes, **named):
            raise ValueError(f"the model computes with {name}, whose products cannot be counted from its shapes")

        return formula

    formulas = {
        "mkldnn_rnn_layer": recurrent,
        "_cudnn_rnn": cudnn_recurrent,
        "_scaled_dot_product_flash_attention_for_cpu": attend,
        "_scaled_dot_product_fused_attention_overrideable": attend,
        "_scaled_dot_product_attention_math_for_mps": attend,
        "_native_multi_head_attention": multi_head,
        "mv": lambda matrix, vector, **named: 2 * prod(matrix),
        "addmv": lambda bias, matrix, vector, **named: 2 * prod(matrix),
        "dot": lambda one, other, **named: 2 * prod(one),
        "vdot": lambda one, other, **named: 2 * prod(one),
        "addbmm": lambda bias, one, other, **named: 2 * prod(one) * other[-1],
    }
    uncounted = (
        "_transformer_encoder_layer_fwd",
        "miopen_rnn",
        "_trilinear",
        "_cdist_forward",
        "_fft_r2c",
        "_fft_c2r",
        "_fft_c2c",
        "_int_mm",
    )
    formulas |= {name: refuse(name) for name in uncounted}
    return {getattr(aten, name): formula for name, formula in formulas.items() if hasattr(aten, name)}
