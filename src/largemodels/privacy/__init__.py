"""What a model gives away about the people in its data, and what bounds it."""

from largemodels.privacy.accountant import ORDERS, epsilon, noise_for, renyi
from largemodels.privacy.accounted import Accountant
from largemodels.privacy.audit import clopper_pearson, measured_epsilon
from largemodels.privacy.crowd import Crowd
from largemodels.privacy.exposure import exposure, surprise
from largemodels.privacy.federated import (
    Local,
    Round,
    average_federated,
    even_clients,
    uneven_clients,
    weight_bytes,
)
from largemodels.privacy.linear import PrivateLinear, fit_linear, linear_step
from largemodels.privacy.membership import Attack, by_group, judge_attack, likelihood_ratio, logit_of_truth
from largemodels.privacy.memorised import guessed, recited
from largemodels.privacy.per_sample import all_at_once, check_mixing, check_samples, mean_cross_entropy, one_by_one
from largemodels.privacy.sgd import (
    PoissonBatches,
    Privacy,
    PrivateStep,
    clipped_sum,
    fit_privately,
    private_gradient,
)

__all__ = [
    "ORDERS",
    "Accountant",
    "Attack",
    "Crowd",
    "Local",
    "PoissonBatches",
    "Privacy",
    "PrivateLinear",
    "PrivateStep",
    "Round",
    "all_at_once",
    "average_federated",
    "by_group",
    "check_mixing",
    "check_samples",
    "clipped_sum",
    "clopper_pearson",
    "epsilon",
    "even_clients",
    "exposure",
    "fit_linear",
    "fit_privately",
    "guessed",
    "judge_attack",
    "likelihood_ratio",
    "linear_step",
    "logit_of_truth",
    "mean_cross_entropy",
    "measured_epsilon",
    "noise_for",
    "one_by_one",
    "private_gradient",
    "recited",
    "renyi",
    "surprise",
    "uneven_clients",
    "weight_bytes",
]
