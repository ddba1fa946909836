"""Answers alone count, whatever stands before and beside them; and looking at them is as good as writing them."""

import pytest
import torch
import torch.nn.functional as F
from tests.models.small_llama import small, tokens
from torch.testing import assert_close

from largemodels.models import write_each
from largemodels.train import answer_loss, divergence, exact, in_batches, log_probabilities, pack

SIZES = ((5, 3), (2, 7), (9, 1))


@pytest.fixture
def conversations():
    prompts = [tokens(p, seed=i) for i, (p, _) in enumerate(SIZES)]
    return prompts, [tokens(a, seed=10 + i) for i, (_, a) in enumerate(SIZES)]


def test_targets_are_the_tokens_of_the_answer_and_nothing_else(conversations):
    x, y = pack(*conversations)
    assert x.shape == y.shape == (3, 9)
    for i, (prompt, answer) in enumerate(zip(*conversations, strict=True)):
        end = len(prompt) + len(answer) - 1
        assert torch.equal(y[i][y[i] >= 0], answer)
        assert torch.equal(x[i, :end], torch.cat([prompt, answer])[:-1])
        assert (y[i, : len(prompt) - 1] == -100).all()
        assert (y[i, end:] == -100).all()


def test_log_probabilities_are_those_of_each_conversation_by_itself(conversations):
    model = small().double()
    together = log_probabilities(model, *pack(*conversations))
    for found, prompt, answer in zip(together, *conversations, strict=True):
        chances = model(torch.cat([prompt, answer])[None])[0].log_softmax(-1)
        alone = sum(chances[len(prompt) - 1 + i, token] for i, token in enumerate(answer))
        assert_close(found, alone, atol=1e-10, rtol=1e-10)


def test_the_loss_is_the_mean_over_the_answers_tokens_and_the_prompt_takes_no_part(conversations):
    model = small().double()
    x, y = pack(*conversations)
    assert_close(answer_loss(model, x, y), -log_probabilities(model, x, y).sum() / 11)
    whole = F.cross_entropy(model(x).transpose(1, 2), y, ignore_index=-100)
    assert_close(answer_loss(model, x, y), whole)
    model.embedding.weight.grad = None
    answer_loss(model, x, y).backward()
    assert model.embedding.weight.grad.abs().sum() > 0


def test_a_model_without_a_cache_gives_the_same(conversations):
    model = small().double()

    class Plain(torch.nn.Module):
        def forward(self, x):
            return model(x)

    packed = pack(*conversations)
    assert_close(answer_loss(Plain(), *packed), answer_loss(model, *packed))


def test_an_answer_is_exact_where_greedy_decoding_writes_it():
    model = small()
    prompts = [tokens(p, seed=p) for p in (3, 4, 5, 6, 7, 8, 9, 3, 4, 5)]
    written = write_each(model, prompts, 6, temperature=0)
    changed = [answer.clone() for answer in written]
    for i, answer in enumerate(changed[:6]):
        answer[i] = (answer[i] + 1) % 47  # wrong at one place, each at another
    assert exact(model, *pack(prompts, written), batch=3).all()
    assert exact(model, *pack(prompts, changed), batch=3).tolist() == [False] * 6 + [True] * 4


def test_prompts_of_any_lengths_are_each_written_on_as_if_alone():
    model, prompts = small(), [tokens(p, seed=p) for p in (3, 5, 3, 4, 5, 3)]
    alone = [model.generate(p[None], 9, temperature=0)[0, len(p) :] for p in prompts]
    for found, new in zip(write_each(model, prompts, 9, temperature=0, batch=2), alone, strict=True):
        assert torch.equal(found, new)
    stop = int(alone[0][2])
    for found, new in zip(write_each(model, prompts, 9, (stop,), temperature=0), alone, strict=True):
        stops = (new == stop).nonzero()
        assert torch.equal(found, new[: int(stops[0]) + 1] if len(stops) else new)


def test_divergence_is_that_of_the_two_distributions():
    one, other = torch.randn(2, 3, 11, dtype=torch.float64), torch.randn(2, 3, 11, dtype=torch.float64)
    p, q = one.softmax(-1), other.softmax(-1)
    assert_close(divergence(one, other), (p * (p / q).log()).sum(-1))
    assert_close(divergence(one, one + 5), torch.zeros(2, 3, dtype=torch.float64), atol=1e-12, rtol=0)


def test_where_a_probability_is_0_divergence_adds_nothing():
    never = torch.tensor([0.0, -torch.inf, 1.0], requires_grad=True)
    reference = torch.tensor([1.0, 2.0, 0.0])
    p, q = never.detach()[[0, 2]].softmax(0), reference.softmax(0)[[0, 2]]
    found = divergence(never, reference)
    assert_close(found.detach(), (p * (p / q).log()).sum())
    found.backward()
    assert never.grad.isfinite().all()
    assert_close(divergence(never, never.detach()).detach(), torch.tensor(0.0))
    assert divergence(reference, never).item() == torch.inf


def test_every_example_comes_once_before_any_comes_again():
    batches = list(in_batches(7, 3, 14, torch.Generator().manual_seed(0)))
    assert all(batch.shape == (3,) for batch in batches)
    for some in torch.cat(batches).split(7):
        assert sorted(some.tolist()) == list(range(7))


@pytest.mark.parametrize(("n", "size"), [(0, 4), (-1, 4), (4, 0), (4, -1)])
def test_batches_of_nothing_are_refused_at_once(n, size):
    with pytest.raises(ValueError, match=f"at least 1 example, and at least 1 in a batch; got {n} and {size}"):
        in_batches(n, size, 1, torch.Generator())


def test_wrong_conversations_are_named(conversations):
    prompts, answers = conversations
    with pytest.raises(ValueError, match="got 3 prompts and 2 answers"):
        pack(prompts, answers[:2])
    with pytest.raises(ValueError, match="1 have no tokens"):
        pack(prompts, [*answers[:2], answers[2][:0]])
    with pytest.raises(ValueError, match="got 0 prompts"):
        pack([], [])
    x, y = pack(prompts, answers)
    with pytest.raises(ValueError, match="no target counts"):
        answer_loss(small(), x, torch.full_like(y, -100))
