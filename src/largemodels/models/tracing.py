"""What does a learner know, going by right and wrong answers? Bayesian knowledge tracing, and counts of successes."""

import torch
from torch import Tensor, nn

START = {"known": 0.3, "learned": 0.15, "guessed": 0.25, "slipped": 0.1}


def updated(belief: Tensor, right: Tensor, learned: Tensor, guessed: Tensor, slipped: Tensor) -> Tensor:
    """Return the belief that a skill is known after an answer (Corbett and Anderson 1994): Bayes, then learning.

    A learner who knows the skill slips with a small chance; one who does not, guesses right with a small chance::

        seen = belief (1 − slipped) / (belief (1 − slipped) + (1 − belief) guessed)        after a right answer
        seen = belief slipped / (belief slipped + (1 − belief) (1 − guessed))              after a wrong one
        new belief = seen + (1 − seen) learned

    All are of shapes that broadcast, in [0, 1]; ``right`` is 1 or 0.
    """
    knows = belief * torch.where(right == 1, 1 - slipped, slipped)
    not_yet = (1 - belief) * torch.where(right == 1, guessed, 1 - guessed)
    seen = knows / (knows + not_yet)
    return seen + (1 - seen) * learned


class KnowledgeTracing(nn.Module):
    """Bayesian knowledge tracing: a hidden switch for each learner and skill, known or not, that is never lost.

    Four chances for each skill, learned by gradients of the likelihood: already known, learned with an answer, guessed
    right, slipped. Guessing and slipping stay below one half, or the switch would change its meaning (Beck and Chang
    2007).

    Args:
        skills: how many there are.

    Raises:
        ValueError: fewer than one skill.
    """

    def __init__(self, skills: int):
        super().__init__()
        if skills < 1:
            raise ValueError(f"there is one skill or more; got {skills}")
        start = torch.tensor([*START.values()]) / torch.tensor([1, 1, 0.5, 0.5])
        self.weights = nn.Parameter(start.logit().repeat(skills, 1))

    def chances(self) -> Tensor:
        """Return the four chances of each skill, ``(skills, 4)``, in the order of ``START``."""
        return self.weights.sigmoid() * torch.tensor([1, 1, 0.5, 0.5])

    def forward(self, skill: Tensor, right: Tensor) -> Tensor:
        """Return the chances ``(learners, answers)`` of a right answer, each from the answers before it alone.

        Args:
            skill: ``(learners, answers)``, int64: which skill each exercise takes.
            right: ``(learners, answers)``, 1 or 0.
        """
        _, learned, guessed, slipped = self.chances()[skill].unbind(-1)
        belief, foretold = self.chances()[:, 0].repeat(len(skill), 1), []
        for t in range(skill.shape[1]):
            now = belief.gather(1, skill[:, t : t + 1])[:, 0]
            foretold.append(now * (1 - slipped[:, t]) + (1 - now) * guessed[:, t])
            after = updated(now, right[:, t], learned[:, t], guessed[:, t], slipped[:, t])
            belief = belief.scatter(1, skill[:, t : t + 1], after[:, None])
        return torch.stack(foretold, 1)


def practice_counts(skill: Tensor, right: Tensor, skills: int) -> Tensor:
    """Return what performance factors analysis looks at (Pavlik et al. 2009), ``(learners, answers, 3 · skills)``.

    For each exercise, in the columns of its skill: 1, and the right and the wrong answers to that skill before it.
    """
    one = nn.functional.one_hot(skill, skills).float()
    before = (one * right[..., None]).cumsum(1) - one * right[..., None]
    failed = (one * (1 - right[..., None])).cumsum(1) - one * (1 - right[..., None])
    return torch.cat([one, one * before, one * failed], -1)
