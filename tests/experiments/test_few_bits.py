"""What is left of a matrix is the nearest that its bits can say, and a passage costs what its tokens cost."""

import json
from math import log
from pathlib import Path

import few_bits
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels.files import pack, unpack
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
    eight = few_bits.packed("Q8_0").store("", model.embedding.weight)
    for name, way in few_bits.ways("embedding").items():
        other = few_bits.changed(model, way.store)
        assert torch.equal(other.norm.weight, model.norm.weight)
        assert not torch.equal(other.blocks[1].mlp.gate.weight, model.blocks[1].mlp.gate.weight), name
        assert other.head.weight is other.embedding.weight
        if name not in ("bfloat16", "8 bits by rows"):
            assert torch.equal(other.embedding.weight, eight), name


def test_the_bits_of_a_weight_are_those_of_the_bytes_that_a_model_takes(model):
    matrices = {name: w for name, w in model.named_parameters() if w.ndim == 2}
    count = sum(w.numel() for w in matrices.values())
    assert len(matrices) == 15  # 7 of each block, and the embedding, which is the head as well
    for kind in ("Q8_0", "Q4_1", "Q4_0"):
        packed = (pack(w, "Q8_0" if name == "embedding.weight" else kind) for name, w in matrices.items())
        found = few_bits.bits_per_weight(model, few_bits.ways("embedding")[kind])
        assert found == pytest.approx(8 * sum(x.numel() for x in packed) / count), kind
    rows = sum(len(w) for w in matrices.values())
    assert few_bits.bits_per_weight(model, few_bits.spaced(8, None)) == pytest.approx(8 + 64 * rows / count)


def test_storing_twice_rounds_what_the_first_rounding_left():
    w = torch.randn(4, 64, generator=torch.Generator().manual_seed(4))
    once = unpack(pack(w, "Q4_1"), "Q4_1")
    way = few_bits.ways("embedding")["Q4_1, then Q4_0"]
    assert torch.equal(way.store("x", w), unpack(pack(once, "Q4_0"), "Q4_0"))
    assert not torch.equal(way.store("x", w), unpack(pack(w, "Q4_0"), "Q4_0"))
    assert way.bits("x", w) == 4.5


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_the_layers_weights_are_scored_as_they_hold_them(model, kind):
    count, held = sum(w.numel() for w in model.parameters() if w.ndim == 2), few_bits.held_bits(model, kind)
    plain, few = few_bits.kernels(model, kind), quantise(model, kind)
    assert torch.equal(plain.blocks[0].attention.to_q.weight, few.blocks[0].attention.to_q.unpack())
    assert torch.equal(plain.embedding.weight, few.embedding.table.unpack())
    assert count * held / 8 == sum({x.data_ptr(): x.nbytes for x in few.buffers()}.values())
    assert 8 < held <= 8.5 if kind == "int8" else 5 < held < 6


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
    found = dict(few_bits.book(3, {"float32", "bfloat16"}, 3000))
    plain, half = found["float32"], found["bfloat16"]
    assert list(found) == ["float32", "bfloat16"]
    assert (plain["bits_per_weight"], half["bits_per_weight"]) == (32, 16)
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
        assert (row["bits_per_weight"] is None) is (row is real["as the file has it"])
    assert real["Q4_1, then Q4_0"]["bits"] == real["Q4_0"]["bits"]
    assert real["Q4_1"]["bits"] == real["as the file has it"]["bits"]  # these weights lie on that grid already
