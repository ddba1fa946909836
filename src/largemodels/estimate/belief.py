"""How sure a tutor is that a learner knows a skill, after each of six answers."""

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity

ANSWERS = ("first", "second", "third", "fourth", "fifth", "sixth")


def _answer(name: str) -> Quantity:
    return Quantity(f"{name}_right", f"{name.capitalize()} answer: 1 right, 0 wrong, 2 not yet given", "", 0, 2, True)


class Belief(Formula):
    """Bayesian knowledge tracing, one skill: Bayes' rule after each answer, then learning (Corbett and Anderson 1994).

    An answer that has not been given changes nothing. ``next`` is the chance that the next one is right.
    """

    takes = (
        Quantity("known", "Known before", "", 0.01, 0.99),
        Quantity("learned", "Learned with each answer", "", 0, 0.9),
        Quantity("guessed", "Right by guessing", "", 0.01, 0.5),
        Quantity("slipped", "Wrong by a slip", "", 0.01, 0.5),
        *(_answer(name) for name in ANSWERS),
    )
    gives = (
        *(Quantity(f"after_{name}", f"Belief after the {name}", "", 0, 1) for name in ANSWERS),
        Quantity("next", "Chance that the next answer is right", "", 0, 1),
    )
    source = "corbett1994knowledge"

    def forward(self, known: Tensor, learned: Tensor, guessed: Tensor, slipped: Tensor, *answers: Tensor):
        """Return the belief that the skill is known after each answer, and the chance of a right one."""
        self.check(known, learned, guessed, slipped, *answers)
        belief, found = known + 0 * (learned + guessed + slipped), {}
        for name, right in zip(ANSWERS, answers, strict=True):
            knows = belief * torch.where(right == 1, 1 - slipped, slipped)
            not_yet = (1 - belief) * torch.where(right == 1, guessed, 1 - guessed)
            seen = knows / (knows + not_yet)
            belief = torch.where(right == 2, belief, seen + (1 - seen) * learned)
            found[f"after_{name}"] = belief
        found["next"] = belief * (1 - slipped) + (1 - belief) * guessed
        return found
