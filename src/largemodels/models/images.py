"""What every model of images asks of its input."""

from torch import Tensor


def check_images(x: Tensor, channels: int, size: int) -> None:
    """Raise ``ValueError`` unless ``x`` is a batch, not empty, of images ``(b, channels, size, size)``."""
    wanted = f"images of shape (b, {channels}, {size}, {size})"
    if x.ndim != 4:
        raise ValueError(f"the model takes {wanted}; got {tuple(x.shape)}")
    if x.shape[0] == 0:
        raise ValueError(f"the model takes {wanted}; got an empty batch")
    if x.shape[1] != channels:
        raise ValueError(f"the model takes {wanted}; got {x.shape[1]} channels instead of {channels}")
    if tuple(x.shape[2:]) != (size, size):
        raise ValueError(f"the model takes {wanted}; got {x.shape[2]} × {x.shape[3]}: resize them first")
