"""What a model gives away about the people in its data."""

from largemodels.privacy.membership import Attack, by_group, judge_attack, likelihood_ratio, logit_of_truth
from largemodels.privacy.memorised import guessed, recited

__all__ = ["Attack", "by_group", "guessed", "judge_attack", "likelihood_ratio", "logit_of_truth", "recited"]
