"""Knowledge tracing: Bayes' rule by enumeration, chances found again, nothing from answers to come."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from largemodels.data import learners
from largemodels.models import KnowledgeTracing, practice_counts, updated

KNOWN, LEARNED, GUESSED, SLIPPED = (torch.tensor(x, dtype=torch.float64) for x in (0.3, 0.2, 0.25, 0.1))


def by_enumeration(answers):
    """Return the chance of a right answer after these: a sum over all times at which it may have been learned."""
    total, right = 0.0, 0.0
    for learned_at in range(len(answers) + 1):  # 0: known before; len: not yet
        for never in (False, True) if learned_at == len(answers) else (False,):
            if learned_at == 0:
                weight = KNOWN
            else:
                times = len(answers) if never else learned_at - 1
                weight = (1 - KNOWN) * (1 - LEARNED) ** times * (1 if never else LEARNED)
            for t, answer in enumerate(answers):
                knows = not never and t >= learned_at
                chance = 1 - SLIPPED if knows else GUESSED
                weight = weight * (chance if answer else 1 - chance)
            total += weight
            right += weight * (GUESSED if never else 1 - SLIPPED)
    return right / total


@pytest.mark.parametrize("answers", list(product([0, 1], repeat=4)))
def test_the_update_is_bayes_rule(answers):
    belief = KNOWN
    for answer in answers:
        belief = updated(belief, torch.tensor(answer), LEARNED, GUESSED, SLIPPED)
    assert (belief * (1 - SLIPPED) + (1 - belief) * GUESSED).item() == pytest.approx(by_enumeration(answers).item())


def test_the_module_is_the_update_for_each_skill_by_itself():
    data, model = learners("switches", 7), KnowledgeTracing(5)
    with torch.no_grad():
        model.weights += 0.3 * torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    foretold, chances = model(data.skill, data.right), model.chances()
    for learner in range(7):
        belief = [chances[skill, 0] for skill in range(5)]
        for t, skill in enumerate(data.skill[learner].tolist()):
            _, learned, guessed, slipped = chances[skill]
            right = belief[skill] * (1 - slipped) + (1 - belief[skill]) * guessed
            assert foretold[learner, t].item() == pytest.approx(right.item(), abs=1e-6)
            belief[skill] = updated(belief[skill], data.right[learner, t], learned, guessed, slipped)


def test_answers_to_come_change_no_forecast():
    data, model = learners("switches", 7), KnowledgeTracing(5)
    changed = data.right.clone()
    changed[:, 30:] = 1 - changed[:, 30:]
    one, other = model(data.skill, data.right), model(data.skill, changed)
    assert torch.equal(one[:, :31], other[:, :31])
    assert not torch.equal(one, other)
    counts = (practice_counts(data.skill, right, 5) for right in (data.right, changed))
    one, other = counts
    assert torch.equal(one[:, :31], other[:, :31])


def test_it_finds_the_chances_of_its_own_world():
    data, model = learners("switches", 1000, each=8), KnowledgeTracing(5)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    for _ in range(60):
        loss = F.binary_cross_entropy(model(data.skill, data.right), data.right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    guessed, slipped = model.chances()[:, 2], model.chances()[:, 3]
    for skill in range(5):
        low, high = data.chance[data.skill == skill].unique()
        assert guessed[skill].item() == pytest.approx(low.item(), abs=0.06)
        assert 1 - slipped[skill].item() == pytest.approx(high.item(), abs=0.04)


def test_counts_are_those_before_an_answer():
    skill, right = torch.tensor([[0, 1, 0, 0]]), torch.tensor([[1.0, 0, 0, 1]])
    expected = [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0]]
    assert practice_counts(skill, right, 2)[0].tolist() == expected


def test_no_skill_is_refused():
    with pytest.raises(ValueError, match="there is one skill or more; got 0"):
        KnowledgeTracing(0)
