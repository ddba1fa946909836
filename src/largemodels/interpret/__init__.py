"""Looking inside: what a model's parts computed, which unit or head follows what, and what happens without it."""

from largemodels.interpret.capture import Watched, capture
from largemodels.interpret.heads import by_offset, changed, score, switched
from largemodels.interpret.tracking import Following, tracking

__all__ = ["Following", "Watched", "by_offset", "capture", "changed", "score", "switched", "tracking"]
