"""Change a model's weights, step by step, so that nothing is lost when a run is cut off; then measure it."""

from largemodels.train.answers import answer_loss, divergence, exact, in_batches, log_probabilities, pack
from largemodels.train.backtest import backtest, block_means, rolling_origins, scale
from largemodels.train.calibration import Reliability, calibration_error, error_by_chance, fit_temperature, reliability
from largemodels.train.checkpoint import Checkpoint
from largemodels.train.decisions import calibration_line, net_benefit
from largemodels.train.drift import Cusum, shift_p_value
from largemodels.train.evaluate import Score, evaluate, predict
from largemodels.train.files import load_weights, save_weights
from largemodels.train.fit import Step, fit
from largemodels.train.groups import (
    GroupErrors,
    Rate,
    difference,
    equal_false_alarms,
    errors_by_group,
    rate,
    shuffled_gaps,
)
from largemodels.train.knowledge import TELLING, Sure, ask, complete
from largemodels.train.language import Difference, TextScore, evaluate_text, standard_error
from largemodels.train.optimizers import SGD, Adam, AdamW, Momentum, Muon, orthogonal
from largemodels.train.preferences import bradley_terry_loss, dpo_loss, group_advantages, grpo_loss
from largemodels.train.recipe import Recipe
from largemodels.train.recompute import recomputed
from largemodels.train.training_step import AtWeights, TrainingStep, trace

__all__ = [
    "SGD",
    "TELLING",
    "Adam",
    "AdamW",
    "AtWeights",
    "Checkpoint",
    "Cusum",
    "Difference",
    "GroupErrors",
    "Momentum",
    "Muon",
    "Rate",
    "Recipe",
    "Reliability",
    "Score",
    "Step",
    "Sure",
    "TextScore",
    "TrainingStep",
    "answer_loss",
    "ask",
    "backtest",
    "block_means",
    "bradley_terry_loss",
    "calibration_error",
    "calibration_line",
    "complete",
    "difference",
    "divergence",
    "dpo_loss",
    "equal_false_alarms",
    "error_by_chance",
    "errors_by_group",
    "evaluate",
    "evaluate_text",
    "exact",
    "fit",
    "fit_temperature",
    "group_advantages",
    "grpo_loss",
    "in_batches",
    "load_weights",
    "log_probabilities",
    "net_benefit",
    "orthogonal",
    "pack",
    "predict",
    "rate",
    "recomputed",
    "reliability",
    "rolling_origins",
    "save_weights",
    "scale",
    "shift_p_value",
    "shuffled_gaps",
    "standard_error",
    "trace",
]
