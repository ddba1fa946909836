"""Max pooling: keep the strongest response of each neighbourhood."""

from torch import Tensor


def max_pool2d(x: Tensor, size: int, stride: int | None = None) -> Tensor:
    r"""Keep the largest number of every ``size`` × ``size`` window.

    .. math:: y_{b,c,i,j} = \max_{0 \le p,q < k} x_{b,\,c,\,si+p,\,sj+q}

    Args:
        x: feature maps, ``(b, c, height, width)``.
        size: side of the window, ``k``.
        stride: step between two windows, ``s``; by default ``size``, so that windows do not overlap.

    Returns:
        ``(b, c, h, w)`` with ``h = (height − size) // stride + 1``; rows and columns left over are dropped.

    Raises:
        ValueError: not four axes, an empty batch, or a window that does not fit.
    """
    stride = size if stride is None else stride
    if x.ndim != 4 or 0 in x.shape:
        raise ValueError(f"max_pool2d takes (b, c, height, width), none of them 0; got {tuple(x.shape)}")
    if not 1 <= size <= min(x.shape[2:]) or stride < 1:
        raise ValueError(
            f"a window of {size} × {size} with stride {stride} does not fit into {x.shape[2]} × {x.shape[3]}; "
            f"both must be at least 1"
        )
    windows = x.unfold(2, size, stride).unfold(3, size, stride)  # (b, c, h, w, size, size)
    # max(-1) sends the gradient to one position, as torch's pooling does; amax would share it among equals
    return windows.flatten(-2).max(-1).values
