"""Looking inside: what a model's parts computed, which unit or head follows what, and what happens without it."""

from largemodels.interpret.adversarial import Attacked, fgsm, pgd, project
from largemodels.interpret.associations import (
    PairScores,
    both,
    correlation,
    log_probability,
    pair_scores,
    shuffled_correlations,
    shuffled_weights,
)
from largemodels.interpret.attribution import ATTRIBUTED, Attribution, attribute
from largemodels.interpret.byte_saliency import byte_occlusion, byte_slopes, log_odds, without_bytes
from largemodels.interpret.capture import Watched, capture
from largemodels.interpret.faithful import deletion, first_pixels, insertion, share_inside
from largemodels.interpret.filters import gabor_pairs, share_in_plane, sobel_pair
from largemodels.interpret.heads import by_offset, changed, score, switched
from largemodels.interpret.patching import patched, steered
from largemodels.interpret.saliency import (
    grad_cam,
    gradient,
    gradient_times_embedding,
    gradient_times_input,
    integrated_gradients,
    looked_at,
    occlusion,
    rank_correlation,
    without_each,
)
from largemodels.interpret.sparse import SparseAutoencoder, explained, fit_sparse
from largemodels.interpret.stream import logit_lens, read_on, read_until
from largemodels.interpret.tracking import Following, tracking
from largemodels.interpret.written_out import AttributionMaps

__all__ = [
    "ATTRIBUTED",
    "Attacked",
    "Attribution",
    "AttributionMaps",
    "Following",
    "PairScores",
    "SparseAutoencoder",
    "Watched",
    "attribute",
    "both",
    "by_offset",
    "byte_occlusion",
    "byte_slopes",
    "capture",
    "changed",
    "correlation",
    "deletion",
    "explained",
    "fgsm",
    "first_pixels",
    "fit_sparse",
    "gabor_pairs",
    "grad_cam",
    "gradient",
    "gradient_times_embedding",
    "gradient_times_input",
    "insertion",
    "integrated_gradients",
    "log_odds",
    "log_probability",
    "logit_lens",
    "looked_at",
    "occlusion",
    "pair_scores",
    "patched",
    "pgd",
    "project",
    "rank_correlation",
    "read_on",
    "read_until",
    "score",
    "share_in_plane",
    "share_inside",
    "shuffled_correlations",
    "shuffled_weights",
    "sobel_pair",
    "steered",
    "switched",
    "tracking",
    "without_bytes",
    "without_each",
]
