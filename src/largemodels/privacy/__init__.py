"""What a model gives away about the people in its data."""

from largemodels.privacy.membership import Attack, by_group, judge_attack, likelihood_ratio, logit_of_truth

__all__ = ["Attack", "by_group", "judge_attack", "likelihood_ratio", "logit_of_truth"]
