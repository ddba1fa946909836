"""Which pixels of the image can a unit see? Exact, from the kernels, strides and paddings before it."""

from dataclasses import dataclass

from torch import nn

# a unit of these sees one unit of the layer before: the one at its own place
POINTWISE = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.GELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.BatchNorm2d,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
)
WINDOWED = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class ReceptiveField:
    """The window of the image that one unit sees, along one axis; images and kernels are square.

    The unit at place ``i`` sees the ``size`` pixels from ``offset + i · stride``. The offset is negative where
    padding lets the window hang over the edge. The default is a pixel, which sees itself. Where a layer steps over
    units (a stride larger than its kernel, a dilation), the window is the smallest that holds all that is seen.
    """

    size: int = 1
    stride: int = 1
    offset: int = 0

    def window(self, place: int, image: int | None = None) -> range:
        """The pixels that the unit at ``place`` sees; given the side of the image, those that are in it."""
        first = self.offset + place * self.stride
        last = first + self.size
        return range(first, last) if image is None else range(max(first, 0), min(last, image))

    def after(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> "ReceptiveField":
        """The receptive field of a unit that sees a window of units with this receptive field."""
        return ReceptiveField(
            size=self.size + dilation * (kernel - 1) * self.stride,
            stride=self.stride * stride,
            offset=self.offset - padding * self.stride,
        )


def receptive_field(model: nn.Module, tap: str) -> ReceptiveField:
    """Walk the layers up to ``tap`` and say what one of its units sees of the image.

    The layers must run one after the other, in the order in which the model lists them, as in a
    ``ConvNet`` or any ``nn.Sequential``. Of a residual block the walk takes the correction, whose window holds
    that of the shortcut beside it, unless ``tap`` is in the shortcut itself.

    Raises:
        LookupError: the model has no such tap.
        ValueError: a layer on the way that sees everything (``Linear``) or whose window is not a square.
    """
    names = [name for name, _ in model.named_modules() if name]
    if tap not in names:
        raise LookupError(f"no tap named {tap}; this model has: {', '.join(names)}")
    field = ReceptiveField()
    inside = False
    for name, module in model.named_modules():
        here = name == tap or name.startswith(f"{tap}.")
        if inside and not here:
            break
        inside = inside or here
        if name and not any(module.children()) and not _beside(name, tap):
            field = _through(field, name, module)
    return field


def _beside(name: str, tap: str) -> bool:
    """Tell whether a layer is on the branch of a residual block that does not lead to the tap."""
    block, branch, _ = f"{name}.".partition(".shortcut.")
    if branch:
        return not f"{tap}.".startswith(f"{block}.shortcut.")
    block, branch, _ = f"{name}.".partition(".correction.")
    return bool(branch) and f"{tap}.".startswith(f"{block}.shortcut.")


def _through(field: ReceptiveField, name: str, module: nn.Module) -> ReceptiveField:
    if isinstance(module, POINTWISE):
        return field
    if not isinstance(module, WINDOWED):
        raise ValueError(f"{name} is a {type(module).__name__}: what its units see is not a window of the image")
    settings = (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
    return field.after(*(_side(name, setting) for setting in settings))


def _side(name: str, setting: int | tuple[int, ...] | str) -> int:
    if isinstance(setting, int):
        return setting
    if isinstance(setting, str) or len(set(setting)) != 1:
        raise ValueError(f"the window of {name} must be the same in height and width, in numbers; got {setting!r}")
    return setting[0]
