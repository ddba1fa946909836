"""Change a model's weights, step by step, so that nothing is lost when a run is cut off; then measure it."""

from largemodels.train.answers import answer_loss, divergence, exact, in_batches, log_probabilities, pack
from largemodels.train.checkpoint import Checkpoint
from largemodels.train.evaluate import Score, evaluate, predict
from largemodels.train.files import load_weights, save_weights
from largemodels.train.fit import Step, fit
from largemodels.train.language import Difference, TextScore, evaluate_text, standard_error
from largemodels.train.preferences import bradley_terry_loss, dpo_loss, group_advantages, grpo_loss
from largemodels.train.recipe import Recipe

__all__ = [
    "Checkpoint",
    "Difference",
    "Recipe",
    "Score",
    "Step",
    "TextScore",
    "answer_loss",
    "bradley_terry_loss",
    "divergence",
    "dpo_loss",
    "evaluate",
    "evaluate_text",
    "exact",
    "fit",
    "group_advantages",
    "grpo_loss",
    "in_batches",
    "load_weights",
    "log_probabilities",
    "pack",
    "predict",
    "save_weights",
    "standard_error",
]
