"""Draw a digit and watch a trained convolutional network see it: every map, and the sum behind every number."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from largemodels.live.binding import evaluation, pack
from largemodels.live.drawing import LOGITS, DrawingView

IMAGE = "image"  # what the view calls the drawing
SILENT = (nn.Identity, nn.Dropout, nn.Dropout2d)  # pass everything on when the model is not training


class FeatureMapExplorer(DrawingView):
    """The reader draws; the network's maps, its answer, and how each single number came about are drawn beside it.

    Bind it to a watched model that runs convolutions, max poolings, ReLUs and at last one linear layer in a row,
    all on square maps, with every convolution and every pooling or ReLU after it among the taps::

        live(
            FeatureMapExplorer(examples=images, names=names),
            Watched(model, "stages.*.conv", "stages.*.relu"),
            {"image": images[:1]},
        )

    Args:
        examples: images to pick from, ``(n, 1, size, size)`` in [0, 1]; about twenty fit.
        names: of the classes.
        labels: the examples' classes, ``(n,)``, if known: those that the model gets wrong are marked.

    Raises:
        ValueError: images or labels that do not fit; on binding, a model whose sums cannot be written out.
    """

    owns = (*DrawingView.owns, "layers")
    parts = (
        *DrawingView.parts,
        "own/model",
        "feature_map/units",
        "feature_map/map_sheet",
        "feature_map/numbers",
        "feature_map/waterfall",
        "feature_map/inspector",
    )

    def describe(self, function: nn.Module, image: Tensor) -> dict:
        """Return the ``layers``, each with what its sums take."""
        with torch.no_grad(), evaluation(function):
            return {"layers": explain(function, image)}


def explain(function: nn.Module, image: Tensor) -> list[dict]:
    """Say how each watched map follows from the one before it, with the numbers that it takes.

    There are two kinds. ``sum``: each unit adds up the products of a window with a kernel, ``weight`` of shape
    ``(c, channels before, kernel, kernel)``, and a bias; a linear layer is one whose window is the whole map.
    ``max``: each unit is the largest of a window of its own channel, or zero if that is negative and ``rectify``.
    """
    watched, steps = _run(function, image)
    layers, before, shape, passed = [], IMAGE, tuple(image.shape[1:]), []
    for module, output in steps:
        passed += [] if isinstance(module, SILENT) else [module]
        if id(output) not in watched:
            continue
        tap = watched[id(output)]
        size = tuple(output.shape[1:]) if output.ndim == 4 else (output.shape[1], 1, 1)
        step = _step(f"how {tap} follows from {before}", passed, shape)
        layers.append({"tap": tap, "of": before, "shape": list(size), **step})
        before, shape, passed = tap, size, []
    if before != LOGITS:
        raise ValueError("the last layer's output must be the model's output, for the classes to be written out")
    _entitle(layers)
    return layers


def _run(function: nn.Module, image: Tensor) -> tuple[dict[int, str], list[tuple[nn.Module, Tensor]]]:
    """Run the model once; return the taps by the identity of what they saw, and the layers in a row as they ran."""
    model = getattr(function, "model", None)
    if not isinstance(model, nn.Module):
        raise ValueError(f"bind a Watched model, whose maps can be seen; got {type(function).__name__}")
    ran = []
    leaves = [module for module in model.modules() if not any(module.children())]
    hooks = [
        leaf.register_forward_hook(lambda module, args, output: ran.append((module, args[0], output)))
        for leaf in leaves
    ]
    try:
        seen = function(image)
    finally:
        for hook in hooks:
            hook.remove()
    for module, _, _ in ran:
        if getattr(module, "inplace", False) and not isinstance(module, SILENT):
            raise ValueError(f"{module} writes over what the layer before it returned: set inplace=False")
    ran = [step for step in ran if not (isinstance(step[0], SILENT) and step[1] is step[2])]
    for (one, _, passed), (other, taken, _) in pairwise(ran):
        if taken is not passed:
            raise ValueError(f"the layers must run in a row; {other} does not take what {one} returns")
    watched = {id(output): tap for tap, output in seen.items() if tap != LOGITS}
    return {**watched, id(seen[LOGITS]): LOGITS}, [(module, output) for module, _, output in ran]


def _step(what: str, modules: list[nn.Module], before: tuple[int, int, int]) -> dict:
    """Describe the layers between two taps as one ``sum`` or ``max``."""
    c, height, width = before
    kinds = [type(module) for module in modules]
    if height == width and (kinds in ([nn.Conv2d], [nn.Flatten, nn.Linear]) or (kinds == [nn.Linear] and height == 1)):
        layer = modules[-1]
        weight = layer.weight.view(-1, c, height, width) if isinstance(layer, nn.Linear) else layer.weight
        bias = layer.bias if layer.bias is not None else weight.new_zeros(len(weight))
        if weight.shape[1] == c and getattr(layer, "padding_mode", "zeros") == "zeros":
            window = {"kernel": weight.shape[-1], "stride": 1, "padding": 0}
            if isinstance(layer, nn.Conv2d):
                window = _window(what, layer)
            return {"kind": "sum", **window, "weight": pack("weight", weight), "bias": pack("bias", bias)}
    if set(kinds) <= {nn.MaxPool2d, nn.ReLU} and kinds and kinds.count(nn.MaxPool2d) <= 1:
        pools = [module for module in modules if isinstance(module, nn.MaxPool2d)]
        window = _window(what, pools[0]) if pools else {"kernel": 1, "stride": 1, "padding": 0}
        return {"kind": "max", **window, "rectify": nn.ReLU in kinds}
    passed = ", ".join(kind.__name__ for kind in kinds)
    raise ValueError(
        f"cannot write out {what} through {passed}: "
        f"watch every convolution (of all channels), and every max pooling or ReLU after it"
    )


def _window(what: str, layer: nn.Conv2d | nn.MaxPool2d) -> dict:
    """Return the side, step and edge of a layer's window, the same in both directions."""
    window = {}
    for name, setting in [("kernel", layer.kernel_size), ("stride", layer.stride), ("padding", layer.padding)]:
        both = (setting, setting) if isinstance(setting, int) else setting
        if isinstance(both, str) or both[0] != both[1]:
            raise ValueError(f"cannot write out {what}: the {name} must be equal in both directions; got {setting}")
        window[name] = both[0]
    if layer.dilation not in (1, (1, 1)) or (isinstance(layer, nn.MaxPool2d) and window["padding"]):
        raise ValueError(f"cannot write out {what}: its window must be whole and lie inside the maps; got {layer}")
    return window


def _entitle(layers: list[dict]) -> None:
    """Name the layers for the reader, in full and in short, numbered where a name comes twice."""
    names = [_names(layer) for layer in layers]
    for i, (layer, name) in enumerate(zip(layers, names, strict=True)):
        number = f" {names[: i + 1].count(name)}" if names.count(name) > 1 else ""
        layer["title"], layer["short"] = (part + number for part in name)


def _names(layer: dict) -> tuple[str, str]:
    if layer["tap"] == LOGITS:
        return "Logit", "Logit"
    if layer["kind"] == "sum":
        return ("Convolution", "Conv") if layer["shape"][1] > 1 else ("Linear layer", "Linear")
    pool, relu = layer["kernel"] > 1, layer["rectify"]
    return ("Pooling and ReLU", "Pool") if pool and relu else ("Pooling", "Pool") if pool else ("ReLU", "ReLU")
