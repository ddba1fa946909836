"""Looking inside: what a model's parts computed, which unit or head follows what, and what happens without it."""

from largemodels.interpret.attribution import ATTRIBUTED, Attribution, attribute
from largemodels.interpret.capture import Watched, capture
from largemodels.interpret.heads import by_offset, changed, score, switched
from largemodels.interpret.patching import patched, steered
from largemodels.interpret.sparse import SparseAutoencoder, explained, fit_sparse
from largemodels.interpret.stream import logit_lens, read_on, read_until
from largemodels.interpret.tracking import Following, tracking

__all__ = [
    "ATTRIBUTED",
    "Attribution",
    "Following",
    "SparseAutoencoder",
    "Watched",
    "attribute",
    "by_offset",
    "capture",
    "changed",
    "explained",
    "fit_sparse",
    "logit_lens",
    "patched",
    "read_on",
    "read_until",
    "score",
    "steered",
    "switched",
    "tracking",
]
