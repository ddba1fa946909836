"""Live widgets: a view draws, a function answers, and a binding joins the two in a notebook and in a page."""

from largemodels.live.binding import live
from largemodels.live.kernel_explorer import Convolve, KernelExplorer, thumbnail
from largemodels.live.view import View

__all__ = ["Convolve", "KernelExplorer", "View", "live", "thumbnail"]
