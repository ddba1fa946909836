"""Change a model's weights, step by step, so that nothing is lost when a run is cut off; then measure it."""

from largemodels.train.checkpoint import Checkpoint
from largemodels.train.evaluate import Score, evaluate, predict
from largemodels.train.files import load_weights, save_weights
from largemodels.train.fit import Step, fit
from largemodels.train.language import Difference, TextScore, evaluate_text, standard_error
from largemodels.train.recipe import Recipe

__all__ = [
    "Checkpoint",
    "Difference",
    "Recipe",
    "Score",
    "Step",
    "TextScore",
    "evaluate",
    "evaluate_text",
    "fit",
    "load_weights",
    "predict",
    "save_weights",
    "standard_error",
]
