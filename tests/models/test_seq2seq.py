"""A target reads its source and its own past, and is written token by token."""

import pytest
import torch
from torch.testing import assert_close

from largemodels.data import dates
from largemodels.data.dates import BEGIN as BEGIN_SYMBOL
from largemodels.data.dates import DATE_CHARACTERS, SOURCE
from largemodels.interpret import capture
from largemodels.models import (
    Seq2Seq,
    Seq2SeqConfig,
)
from largemodels.models.seq2seq import BEGIN, PADDING
from largemodels.text import UNKNOWN

# ---- sequence to sequence ----


def tokens(*shape, high=23):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(1))


def reader():
    torch.manual_seed(0)
    return Seq2Seq(Seq2SeqConfig(vocabulary=23, source=7, target=5, width=12, heads=3)).eval()


def test_a_target_sees_its_source_and_its_own_past_only():
    model, x = reader(), tokens(2, 12, high=22) + 1
    other = x.clone()
    other[:, 10] = other[:, 10] % 22 + 1  # the target's fourth token
    assert_close(model(other)[:, :3], model(x)[:, :3], atol=1e-6, rtol=0)
    assert not torch.allclose(model(other)[:, 3:], model(x)[:, 3:], atol=1e-4)
    other = x.clone()
    other[:, 3] = other[:, 3] % 22 + 1
    assert not torch.allclose(model(other)[:, 0], model(x)[:, 0], atol=1e-4)


def test_filling_of_the_source_is_not_seen():
    model, x = reader(), tokens(2, 12, high=22) + 1
    x[:, 5:7] = 0
    model.source_places.vectors.data[5:] += 3.0
    before = model(x)
    model.source_places.vectors.data[5:] -= 7.0
    assert_close(model(x), before, atol=1e-6, rtol=0)


def test_what_begins_a_target_is_no_filling():
    data = dates()
    source, given = data.test.tokens[:, :SOURCE], data.test.tokens[:, SOURCE:]
    assert DATE_CHARACTERS.symbols[PADDING] == UNKNOWN
    assert DATE_CHARACTERS.symbols[BEGIN] == BEGIN_SYMBOL
    assert (given[:, 0] == BEGIN).all()
    assert not (source == BEGIN).any()
    assert not (given == PADDING).any()
    model = reader()
    before = model.translate(source := tokens(2, 7, high=20) + 2)
    model.embedding.weight.data[PADDING] += 5.0  # nothing is filled up here, so nothing may change
    assert torch.equal(model.translate(source), before)


def test_tokens_begin_as_large_as_the_positions_that_are_added_to_them():
    torch.manual_seed(0)
    model = Seq2Seq()
    sizes = [part.std().item() for part in (model.embedding.weight, model.source_places.vectors)]
    assert sizes == pytest.approx([1.0, 1.0], rel=0.05)


def test_translating_token_by_token_follows_the_logits():
    model, source = reader(), tokens(2, 7, high=22) + 1
    written = model.translate(source)
    assert written.shape == (2, 5)
    given = torch.cat([source, torch.full((2, 1), BEGIN), written[:, :-1]], 1)
    assert torch.equal(model(given).argmax(2), written)
    with capture(model, "decoder.*.multihead_attn.weights") as seen:
        model(given)
    assert [weights.shape for weights in seen.values()] == [(2, 3, 5, 7)] * 2


def test_what_is_written_depends_on_the_source_as_it_was_encoded_alone():
    model, source = reader(), tokens(13, 7, high=22) + 1
    memory, mask = model.encode(source)
    assert torch.equal(model.write(memory, mask), model.translate(source))
    moved = model.write(memory.roll(1, 0), mask, 3)
    assert torch.equal(moved, model.translate(source)[:, :3].roll(1, 0))
    assert not torch.equal(moved, model.translate(source)[:, :3])


def test_texts_that_are_too_short_or_too_long_are_named():
    for length in (7, 13):
        with pytest.raises(ValueError, match=f"a source of 7 and then 1 to 5 of the target; got {length} in all"):
            reader()(tokens(2, length))
    with pytest.raises(ValueError, match="length must be from 1 to 5 tokens; got 6"):
        reader().translate(tokens(2, 7), 6)
    with pytest.raises(ValueError, match="length must be from 1 to 5 tokens; got 0"):
        reader().write(*reader().encode(tokens(2, 7)), 0)
