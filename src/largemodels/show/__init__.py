"""The figures of the book: arrays in, a matplotlib figure out."""

from largemodels.show.alignment import alignment, gaze_sheet, likeness, patches
from largemodels.show.attention import attention_maps, growth, look_up, pointers
from largemodels.show.calibration import reliability_diagram
from largemodels.show.costs import bars, shares
from largemodels.show.curves import curves
from largemodels.show.dots import dots
from largemodels.show.encoder import encoder_layer, turned
from largemodels.show.errors import confidence, confusion, mistakes
from largemodels.show.gates import along_tokens, gate_sheet, lstm_step, word_map
from largemodels.show.heads import head_sheet, named_points, score_table, where_it_asks
from largemodels.show.images import (
    gallery,
    kernels_at_work,
    matrix,
    patch_of,
    seen_through,
    sum_of_products,
    window_positions,
)
from largemodels.show.intervals import intervals
from largemodels.show.laws import OnLogs, on_logs
from largemodels.show.layers import head_grid, layer_table
from largemodels.show.maps import (
    filter_rows,
    map_sheet,
    patch_sheet,
    pooling,
    saliency_sheet,
    where_it_looks,
)
from largemodels.show.ratios import ratios
from largemodels.show.roofline import roofline
from largemodels.show.savings import savings
from largemodels.show.senses import found_in, sound_and_image, which_model_reads_what
from largemodels.show.sequences import against_distance, by_lag, padded, read_along, unrolled
from largemodels.show.tokens import cut_texts
from largemodels.show.units import contributions, responses, tuning
from largemodels.show.writing import along_text, next_symbols, staircase
from largemodels.show.years import OverYears, over_years

__all__ = [
    "OnLogs",
    "OverYears",
    "against_distance",
    "alignment",
    "along_text",
    "along_tokens",
    "attention_maps",
    "bars",
    "by_lag",
    "confidence",
    "confusion",
    "contributions",
    "curves",
    "cut_texts",
    "dots",
    "encoder_layer",
    "filter_rows",
    "found_in",
    "gallery",
    "gate_sheet",
    "gaze_sheet",
    "growth",
    "head_grid",
    "head_sheet",
    "intervals",
    "kernels_at_work",
    "layer_table",
    "likeness",
    "look_up",
    "lstm_step",
    "map_sheet",
    "matrix",
    "mistakes",
    "named_points",
    "next_symbols",
    "on_logs",
    "over_years",
    "padded",
    "patch_of",
    "patch_sheet",
    "patches",
    "pointers",
    "pooling",
    "ratios",
    "read_along",
    "reliability_diagram",
    "responses",
    "roofline",
    "saliency_sheet",
    "savings",
    "score_table",
    "seen_through",
    "shares",
    "sound_and_image",
    "staircase",
    "sum_of_products",
    "tuning",
    "turned",
    "unrolled",
    "where_it_asks",
    "where_it_looks",
    "which_model_reads_what",
    "window_positions",
    "word_map",
]
