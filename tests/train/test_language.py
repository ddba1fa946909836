"""One way to score a language model: the same characters for all, each with at least half a context before it."""

from math import exp, log

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, NGram
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import evaluate, evaluate_text

LETTERS = Vocabulary((UNKNOWN, *"abcdef"))


def some_text(n, seed=0):
    return torch.randint(2, (n,), generator=torch.Generator().manual_seed(seed)).cumsum(0) % 6 + 1


def small_gpt(context, **change):
    torch.manual_seed(0)
    model = GPT(GPTConfig(7, context, 2, 1, 10, quiet_start=False, **change))
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(5)
    return model


def small_rnn():
    torch.manual_seed(0)
    return CharRNN(CharRNNConfig(7, 5, 11))


class Table(nn.Module):
    """Logits that depend on the last token alone."""

    def __init__(self, p):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(p).log())

    def forward(self, tokens):
        return self.logits[tokens]


class Pair(Table):
    """Answers as torch's recurrent layers do."""

    def __init__(self):
        super().__init__([[1 / 7] * 7] * 7)

    def forward(self, tokens):
        return super().forward(tokens), None


def one_by_one(model, tokens, first, context):
    """Predict each token from a passage of its own, which holds what the windows let it see."""
    stride, losses = context - context // 2, []
    for i in range(first, len(tokens)):
        end = min(first + stride * ((i - first) // stride + 1) - 1, len(tokens) - 1)  # last token of its window
        known = tokens[end - context : i]
        assert context // 2 < len(known) <= context
        with torch.no_grad():
            losses.append(F.cross_entropy(model(known[None])[0, -1], tokens[i]))
    return torch.stack(losses).double()


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 13), st.integers(0, 40), st.integers(0, 9), st.integers(1, 5))
def test_windows_are_what_a_loop_gives_that_predicts_each_token_from_its_own_context(context, more, later, batch):
    first = context // 2 + 1 + later
    tokens, model = some_text(max(context, first) + 1 + more), small_gpt(context).eval()
    score = evaluate_text(model, tokens, LETTERS, first=first, batch=batch)
    torch.testing.assert_close(score.losses, one_by_one(model, tokens, first, context), atol=1e-5, rtol=1e-5)
    assert torch.equal(score.scored, tokens[first:])


def test_a_recurrent_model_has_read_as_much_as_comes_before_the_first_scored_token():
    model, tokens = small_rnn(), some_text(301)
    score = evaluate_text(model, tokens, LETTERS, first=40)
    torch.testing.assert_close(score.losses, one_by_one(model, tokens, 40, 79), atol=1e-5, rtol=1e-5)


def test_a_model_that_counts_reads_the_running_text():
    tokens = some_text(400)
    model = NGram(4).fit(some_text(900, 1), 7)
    score = evaluate_text(model, tokens, LETTERS)
    assert score.losses.tolist() == pytest.approx([-log(p) for p in model.probabilities(tokens)[200:]])


def test_nats_and_bits_a_byte_of_a_toy_are_exact():
    # after a: é with 1/2; after é: € with 1/4; after €: a with 1/8. In UTF-8 they take 1, 2 and 3 bytes
    symbols = Vocabulary((UNKNOWN, *"aé€"))
    model = Table([[0.25] * 4, [1 / 6, 1 / 6, 1 / 2, 1 / 6], [1 / 4] * 4, [7 / 24, 1 / 8, 7 / 24, 7 / 24]])
    score = evaluate_text(model, symbols.encode("aé€" * 8), symbols, first=3, context=4)
    assert (score.tokens, score.bytes) == (21, 7 * (1 + 2 + 3))
    assert score.nats == pytest.approx((1 + 2 + 3) * log(2) / 3, rel=1e-6)
    assert score.bits_per_byte == pytest.approx(1.0, rel=1e-6)  # 6 bits for 6 bytes
    assert score.perplexity == pytest.approx(4.0, rel=1e-6)
    assert score.bits_error == pytest.approx(score.standard_error * 21 / 42 / log(2))


def test_all_models_are_scored_on_the_same_tokens_without_being_told():
    tokens = some_text(5_000)
    models = [small_gpt(8), small_gpt(64), small_rnn(), NGram(2).fit(tokens, 7)]
    scores = [evaluate_text(model, tokens, LETTERS) for model in models]
    assert {score.tokens for score in scores} == {5_000 - 1_024}
    assert all(torch.equal(score.scored, tokens[1_024:]) for score in scores)
    short = [evaluate_text(model, tokens[:300], LETTERS) for model in models]
    assert {score.tokens for score in short} == {150}


def test_the_first_tokens_of_a_context_are_not_scored_as_they_are_in_separate_passages():
    class Recall(nn.Module):
        """Sure of every token as soon as it knows four, of none before."""

        def forward(self, tokens):
            right = torch.cat([tokens[:, 1:], tokens[:, :1]], 1) * 0 + 1  # the text holds 1 alone
            sure = torch.arange(tokens.shape[1]) >= 3
            return F.one_hot(right, 7) * 50.0 * sure[:, None]

    text = torch.ones(401, dtype=torch.int64)
    assert evaluate_text(Recall(), text, LETTERS, first=8, context=8).nats == pytest.approx(0, abs=1e-6)
    separate = evaluate(Recall(), text[:400].view(50, 8), text[1:].view(50, 8)).loss
    assert separate == pytest.approx(3 / 8 * log(7), rel=1e-4)


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_neither_the_batch_nor_the_precision_of_the_logits_moves_the_mean(precision):
    class Coarse(Table):
        def forward(self, tokens):
            return super().forward(tokens).to(precision)

    tokens, p = some_text(30_000), torch.full((7, 7), 1 / 7).tolist()
    for batch in (1, 8, 1000):
        assert evaluate_text(Coarse(p), tokens, LETTERS, context=16, batch=batch).nats == pytest.approx(
            log(7), abs=4e-3
        )
    model = small_gpt(16)
    scores = [evaluate_text(model, tokens[:3_000], LETTERS, batch=batch).nats for batch in (1, 7, 1000)]
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-6)


def test_the_model_is_left_in_its_mode_and_without_gradients():
    model = small_gpt(8).train()
    score = evaluate_text(model, some_text(90), LETTERS)
    assert model.training
    assert not score.losses.requires_grad
    assert score.losses.dtype == torch.float64


# ---- what is refused ----


@pytest.mark.parametrize(
    ("tokens", "given", "message"),
    [
        ([], {}, r"a text is whole numbers \(n,\); got torch.float32"),
        (torch.zeros(0, dtype=torch.int64), {}, "at least 2 tokens, one to know and one to predict; got 0"),
        ([1], {}, "at least 2 tokens"),
        ([[1, 2]], {}, r"of shape \(1, 2\)"),
        ([1, 2, 7], {}, "the vocabulary has tokens from 0 to 6; got 7: encode the text with it"),
        ([1, -1, 2], {}, "tokens from 0 to 6; got -1"),
        ([1] * 9, {"first": 9}, "1 to 8 here; got 9"),
        ([1] * 9, {"first": 0}, "1 to 8 here; got 0"),
        ([1] * 12, {}, "windows of 16 tokens need a text of at least 17, scored from 9 on; got 12, from 6 on"),
        ([1] * 40, {"first": 8}, "scored from 9 on; got 40, from 8 on: take a longer text, or give a shorter context"),
        ([1] * 40, {"context": 17}, "the context has room for 16 tokens; got 17"),
        ([1] * 40, {"batch": 0}, "context and batch must be at least 1; got 16 and 0"),
        ([1] * 40, {"context": -1}, "context and batch must be at least 1; got -1"),
    ],
)
def test_what_cannot_be_scored_is_named(tokens, given, message):
    with pytest.raises(ValueError, match=message):
        evaluate_text(small_gpt(16), torch.as_tensor(tokens), LETTERS, **given)


def test_a_model_of_another_vocabulary_or_kind_is_named():
    with pytest.raises(ValueError, match=r"must answer with logits \(3, 16, 5\); got \(3, 16, 7\)"):
        evaluate_text(small_gpt(16), some_text(41) % 5, Vocabulary((UNKNOWN, *"abcd")))
    with pytest.raises(ValueError, match=r"must answer with logits .*; got tuple"):
        evaluate_text(Pair(), some_text(41), LETTERS, context=9)
    with pytest.raises(ValueError, match="order 5 needs 4 tokens before the first that is scored; got 3"):
        evaluate_text(NGram(5).fit(some_text(90), 7), some_text(9), LETTERS, first=3)


def test_a_token_that_the_model_thinks_impossible_is_named():
    p = torch.full((7, 7), 1 / 6)
    p[:, 3] = 0
    tokens = torch.tensor([1, 2] * 20 + [3, 1])
    with pytest.raises(FloatingPointError, match=r"the loss of token 40 is inf: .* gives the token no probability"):
        evaluate_text(Table(p.tolist()), tokens, LETTERS, context=8)


def test_the_book_s_gpt_and_lstm_give_probabilities_that_add_up():
    for model in (small_gpt(8), small_rnn()):
        each = [
            evaluate_text(model, torch.tensor([1, 2, 3, 4, last]), LETTERS, first=4, context=4) for last in range(7)
        ]
        assert sum(exp(-score.nats) for score in each) == pytest.approx(1, rel=1e-5)
