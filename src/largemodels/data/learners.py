"""Simulated learners: no real person answered anything here."""

from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("switches", "forgetting")
SKILLS, EACH = 5, 10


@dataclass(frozen=True)
class Learners:
    """Answers of simulated learners.

    Attributes:
        skill: ``(learners, answers)``, int64: which skill each exercise takes.
        right: ``(learners, answers)``, 1 or 0, float32.
        chance: ``(learners, answers)``: with which chance it came out right, which only a simulation can tell.
    """

    skill: Tensor
    right: Tensor
    chance: Tensor


def learners(kind: str, count: int, seed: int = 0, skills: int = SKILLS, each: int = EACH) -> Learners:
    """Return simulated learners who answer ``each`` exercises of each of ``skills``, in an order of their own.

    * ``"switches"``: the world of Bayesian knowledge tracing (Corbett and Anderson 1994). A skill is known or not,
      learned at once with a chance, never forgotten, and says nothing about other skills.
    * ``"forgetting"``: a world that it does not know. Each learner has a talent for all skills; an answer adds strength
      to its skill, and a part of that to the neighbouring ones; strength fades with every other exercise in between.

    Args:
        kind: of the world.
        count: learners.
        seed: of all draws but the skills' own numbers, which are always the same.
        skills: how many there are.
        each: exercises of each skill.

    Raises:
        ValueError: another kind, or numbers below 1.
    """
    if kind not in KINDS or min(count, skills, each) < 1:
        raise ValueError(f"learners are of {' or '.join(KINDS)}, numbers at least 1; got {kind!r}, {count}, {skills}")
    fixed = torch.Generator().manual_seed(1)
    chance = torch.Generator().manual_seed(1000 + seed)
    order = torch.rand(count, skills * each, generator=chance).argsort(1) % skills
    draw = torch.rand(count, skills * each, 2, generator=chance)
    known, learned, guessed, slipped, ease = torch.rand(5, skills, generator=fixed)
    if kind == "switches":
        switch = torch.rand(count, skills, generator=chance) < 0.1 + 0.4 * known
        parts = (0.05 + 0.25 * learned, 0.1 + 0.2 * guessed, 0.02 + 0.13 * slipped)
        return _switches(order, draw, switch, *parts)
    talent = torch.randn(count, 1, generator=chance)
    return _forgetting(order, draw, talent, 1.5 * ease - 1.5)


def _switches(order: Tensor, draw: Tensor, switch: Tensor, learned: Tensor, guessed: Tensor, slipped: Tensor):
    right, chances = torch.zeros(order.shape), torch.zeros(order.shape)
    rows = torch.arange(len(order))
    for t, skill in enumerate(order.T):
        chances[:, t] = torch.where(switch[rows, skill], 1 - slipped[skill], guessed[skill])
        right[:, t] = (draw[:, t, 0] < chances[:, t]).float()
        switch[rows, skill] |= draw[:, t, 1] < learned[skill]
    return Learners(order, right, chances)


def _forgetting(order: Tensor, draw: Tensor, talent: Tensor, ease: Tensor):
    right, chances = torch.zeros(order.shape), torch.zeros(order.shape)
    strength, skills = torch.zeros(len(order), len(ease)), len(ease)
    rows = torch.arange(len(order))
    for t, skill in enumerate(order.T):
        chances[:, t] = (ease[skill] + talent[:, 0] + strength[rows, skill]).sigmoid()
        right[:, t] = (draw[:, t, 0] < chances[:, t]).float()
        strength *= 0.9
        gain = 0.6 + 0.4 * right[:, t]
        strength[rows, skill] += gain
        strength[rows, (skill + 1) % skills] += 0.5 * gain
    return Learners(order, right, chances)
