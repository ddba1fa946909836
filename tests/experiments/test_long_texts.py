"""What is noted of a long text is what the model says of it, however it reads; secrets are where they should be."""

import json
from pathlib import Path
from unittest.mock import patch

import long_texts
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels import layers
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer, pre_tokeniser, train_bpe
from largemodels.text.bpe import BytePairs

ROOT = Path(__file__).resolve().parents[2]
TEXT = "".join(f"line {i} of a text that goes on\nand on\n" for i in range(400))


@pytest.fixture(scope="module")
def tokenizer():
    pairs = train_bpe(TEXT, 300)
    return Tokenizer(BytePairs(pairs.tokens, pairs.merges, pre_tokeniser("smollm")))


@pytest.fixture
def model(tokenizer):
    torch.manual_seed(0)
    return Llama(
        LlamaConfig(len(tokenizer), 64, layers=2, heads=4, kv_heads=2, width=24, hidden=20, head_width=6)
    ).eval()


@pytest.fixture(scope="module")
def passage(tokenizer):
    return long_texts.hide(tokenizer, TEXT, 1600, seed=3)


def test_the_secrets_stand_at_the_ends_of_lines_in_every_part_and_the_rest_is_the_text(tokenizer, passage):
    assert len(passage.ids) == len(passage.own) == len(passage.bytes) == 1600
    assert len({city for _, city, _ in passage.secrets}) == long_texts.SECRETS == 16
    for i, (place, city, number) in enumerate(passage.secrets):
        assert (i + 0.5) * 100 <= place < (i + 1) * 100
        sentence = tokenizer.encode(f"\nThe secret number of {city} is {number}.")
        assert torch.equal(passage.ids[place : place + len(sentence)], sentence)
        assert not passage.own[place : place + len(sentence)].any()
        assert tokenizer.decode(passage.ids[place + len(sentence) :]).startswith("\n")
        assert len(number) == 5
    own = passage.ids[passage.own]
    assert torch.equal(own, tokenizer.encode(TEXT)[: len(own)])
    assert passage.bytes.sum() == len(tokenizer.decode(passage.ids).encode())


def test_another_seed_hides_other_numbers(tokenizer, passage):
    other = long_texts.hide(tokenizer, TEXT, 1600, seed=4)
    assert [number for *_, number in other.secrets] != [number for *_, number in passage.secrets]


def test_a_text_that_is_too_short_is_refused(tokenizer):
    with pytest.raises(ValueError, match="a text of at least 1,600 tokens is needed; got"):
        long_texts.hide(tokenizer, TEXT[:300], 1600, 0)


@torch.inference_mode()
def test_read_as_it_is_the_losses_are_those_of_the_model(model, tokenizer, passage):
    found = long_texts.run(model, tokenizer, passage, "as it is", 100)
    logits = model.advance(passage.ids[None], model.start(room=1600))[0, :-1]
    nats = F.cross_entropy(logits, passage.ids[1:], reduction="none")
    own = passage.own[1:]
    assert sum(found["tokens"]) == own.sum()
    assert sum(found["nats"]) == pytest.approx(nats[own].sum().item(), rel=1e-4)
    assert found["nats"][3] == pytest.approx(nats[299:399][own[299:399]].sum().item(), abs=2e-3)
    assert sum(found["bytes"]) == passage.bytes[1:][own].sum()
    assert sorted({at for at, *_ in found["asked"]}) == [600, 1100, 1600]
    assert [place for at, place, *_ in found["asked"] if at == 600] == [place for place, *_ in passage.secrets]
    assert all(0 <= right <= 5 and nats > 0 for *_, right, nats in found["asked"])


def test_the_ways_read_differently_and_the_window_keeps_less(model, tokenizer, passage, monkeypatch):
    monkeypatch.setattr(long_texts, "WINDOW", 116)
    found = {way: long_texts.run(model, tokenizer, passage, way, 100) for way in long_texts.WAYS}
    assert len({tuple(one["nats"][1:]) for one in found.values()}) == len(long_texts.WAYS)
    assert found["window"]["cache_bytes"] == found["window and sinks"]["cache_bytes"] == 120 * 2 * 2 * 2 * 6 * 4
    assert found["window"]["nats"][0] == pytest.approx(found["as it is"]["nats"][0], rel=1e-4)
    assert model.config.context == 64


@torch.inference_mode()
def test_in_a_window_read_in_pieces_every_token_sees_at_least_the_window_less_a_piece(
    model, tokenizer, passage, monkeypatch
):
    monkeypatch.setattr(long_texts, "WINDOW", 46)
    ids = passage.ids[:300]
    short = long_texts.Passage(ids, passage.own[:300], passage.bytes[:300], passage.secrets[:2])
    i, s = torch.arange(300)[:, None], torch.arange(300)
    for piece in (1, 20):
        monkeypatch.setattr(long_texts, "PIECE", piece)
        found = long_texts.run(model, tokenizer, short, "window", 100)
        oldest = i // piece * piece + piece - 50  # the window ends where the piece does; with no sinks it has 50
        mask = (s >= oldest) & (s <= i)

        def masked(q, k, v, *_, mask=mask, **__):
            return F.scaled_dot_product_attention(q, k, v, mask)

        with patch.object(layers.grouped, "fast_attention", masked):
            logits = model.advance(ids[None], model.start(room=300))[0, :-1]
        nats = F.cross_entropy(logits, ids[1:], reduction="none")
        assert sum(found["nats"]) == pytest.approx(nats[short.own[1:]].sum().item(), rel=1e-4)


@torch.inference_mode()
def test_of_a_secret_those_digits_are_right_that_are_the_likeliest(model, tokenizer, monkeypatch):
    cache = model.start(room=200)
    model.advance(tokenizer.encode(TEXT)[None, :40], cache)
    kept = [part.clone() for part in cache.kept]
    text = tokenizer.encode("\n" + long_texts.question("Oslo"))
    digits = tokenizer.encode("0123456789")
    advance = model.advance

    def digits_alone(*given, **how):  # whatever the model says, only digits are likely
        logits = advance(*given, **how)
        return (
            logits.index_fill(-1, digits, 0)
            + logits.new_zeros(logits.shape[-1]).index_fill(0, digits, 1e4)
            + (F.one_hot(digits, logits.shape[-1]).sum(0) * logits)
        )

    monkeypatch.setattr(model, "advance", digits_alone)
    number, before = "", cache.length
    for _ in range(5):
        answer = tokenizer.encode(number) if number else text[:0]
        likeliest = model.advance(torch.cat([text, answer])[None], cache, last=1)[0, -1].argmax()
        cache.length = before
        number += tokenizer.decode([likeliest])
    right, nats = long_texts.known(model, cache, tokenizer, "Oslo", number)
    assert right == 5
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert long_texts.known(model, cache, tokenizer, "Oslo", wrong)[0] == 4
    assert long_texts.known(model, cache, tokenizer, "Oslo", wrong)[1] > nats
    assert cache.length == before
    assert_close(cache.kept[0][:, :, :, :40], kept[0][:, :, :, :40])


def test_the_committed_result_is_what_the_program_says_it_makes():
    result = json.loads((ROOT / "results" / "long-texts.json").read_text(encoding="utf-8"))
    settings = result["settings"]
    assert (settings["chunk"], settings["factor"]) == (long_texts.CHUNK, long_texts.FACTOR)
    assert settings["piece"] == long_texts.PIECE
    assert (settings["sinks"], settings["window"]) == (long_texts.SINKS, long_texts.WINDOW)
    texts = {run["text"] for run in result["runs"]}
    assert len(texts) == len(result["seeds"]) >= 2
    assert {(run["text"], run["way"]) for run in result["runs"]} == {(t, way) for t in texts for way in long_texts.WAYS}
    for run in result["runs"]:
        assert len(run["nats"]) == settings["length"] // settings["chunk"]
        assert run["tokens"] == result["runs"][0]["tokens"] or run["text"] != result["runs"][0]["text"]
        assert len(run["asked"]) == 3 * long_texts.SECRETS
