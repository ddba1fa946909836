"""What is left of a matrix is the nearest that its bits can say, and a passage costs what its tokens cost."""

import json
from math import log
from pathlib import Path

import few_bits
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels.layers import quantise
from largemodels.models import Llama, LlamaConfig

ROOT = Path(__file__).resolve().parents[2]
SMALL = LlamaConfig(vocabulary=64, context=40, layers=2, heads=2, kv_heads=1, width=32, hidden=64, head_width=16)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Llama(SMALL).eval()


@pytest.mark.parametrize(("bits", "size"), [(2, 32), (3, 32), (4, None), (8, None)])
def test_each_weight_becomes_the_nearest_of_its_grid(bits, size):
    w = torch.randn(5, 96, generator=torch.Generator().manual_seed(1))
    left = few_bits.grid(w, bits, size).unflatten(1, (-1, size or 96))
    x = w.unflatten(1, (-1, size or 96))
    least, most = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    steps = least[..., None] + torch.linspace(0, 1, 2**bits) * (most - least)[..., None]  # (5, blocks, 1, 2^bits)
    nearest = (x[..., None] - steps).abs().amin(-1)
    assert_close((left - x).abs(), nearest, atol=3e-3, rtol=0)  # scales in float16
    assert max(len(block.unique()) for row in left for block in row) <= 2**bits
    assert_close(left.amax(-1), x.amax(-1), atol=3e-3, rtol=0)


def test_a_block_of_equal_weights_stays_as_it_is():
    assert_close(few_bits.grid(torch.full((2, 64), 0.5), 4), torch.full((2, 64), 0.5))


def test_every_way_changes_matrices_alone_and_leaves_embeddings_eight_bits(model):
    eight = few_bits.packed("Q8_0")("", model.embedding.weight)
    for name, (_, store) in few_bits.ways("embedding").items():
        other = few_bits.changed(model, store)
        assert torch.equal(other.norm.weight, model.norm.weight)
        assert not torch.equal(other.blocks[1].mlp.gate.weight, model.blocks[1].mlp.gate.weight), name
        assert other.head.weight is other.embedding.weight
        if name not in ("bfloat16", "8 bits, a scale per row"):
            assert torch.equal(other.embedding.weight, eight), name


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_the_layers_weights_are_scored_as_they_hold_them(model, kind):
    plain, few = few_bits.kernels(model, kind), quantise(model, kind)
    assert torch.equal(plain.blocks[0].attention.to_q.weight, few.blocks[0].attention.to_q.unpack())
    assert torch.equal(plain.embedding.weight, few.embedding.table.unpack())


def test_a_passage_costs_the_bits_of_the_tokens_that_are_scored(model, monkeypatch):
    monkeypatch.setattr(few_bits, "CONTEXT", 17)
    monkeypatch.setattr(few_bits, "KNOWN", 5)
    passages = torch.randint(64, (3, 17), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        nats = F.cross_entropy(model(passages[:, :-1]).mT, passages[:, 1:], reduction="none")[:, 4:].sum(1)
    assert few_bits.bits_of_passages(model, passages) == pytest.approx((nats / log(2)).tolist(), rel=1e-5)


def test_passages_are_text_that_people_wrote_and_know_their_bytes():
    passages, sizes = few_bits.prose(3)
    assert passages.shape == (3, few_bits.CONTEXT)
    assert len(set(map(tuple, passages.tolist()))) == 3
    assert all(2 < size / (few_bits.CONTEXT - few_bits.KNOWN) < 6 for size in sizes)  # bytes per token
    with pytest.raises(ValueError, match="1000000 passages of 256 take more"):
        few_bits.prose(10**6)


def test_the_books_gpt_is_scored_on_all_its_characters():
    found = dict(zip(("float32", "bfloat16"), few_bits.book(3, 3000), strict=False))
    (name, plain), (other, half) = found.values()
    assert (name, other) == ("float32", "bfloat16")
    assert len(plain["bits"]) == 3
    assert plain["bytes"] == half["bytes"]
    assert 1 < sum(plain["bits"]) / sum(plain["bytes"]) < 2
    assert sum(half["bits"]) == pytest.approx(sum(plain["bits"]), rel=1e-2)
    assert half["bits"] != plain["bits"]


def test_the_committed_result_has_every_way_and_passage():
    result = json.loads((ROOT / "results/few-bits.json").read_text(encoding="utf-8"))
    real, ours = result["models"].values()
    ways = list(few_bits.ways(""))
    assert list(real) == ["as the file has it", "int8", "int4", *ways]
    assert list(ours) == ["float32", *ways]
    for row in (*real.values(), *ours.values()):
        assert len(row["bits"]) == len(row["bytes"]) == result["passages"]["count"] == 24
    assert real["Q4_1"]["bits"] == real["as the file has it"]["bits"]  # these weights lie on that grid already
