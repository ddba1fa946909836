"""nanoGPT's run and the fast one are one training: same weights at first, same batches, same losses."""

from itertools import islice

import numpy as np
import pytest
import torch
from bench import nano, nano_program, transformer

TEXT = (np.arange(5_000) * 7 % 97).astype(np.uint16)


def test_both_ways_to_get_a_batch_get_the_same():
    one, other = (
        batch(data, torch.Generator().manual_seed(3))
        for batch, data in (
            (nano_program.stacked, TEXT),
            (nano_program.picked, torch.from_numpy(TEXT.astype(np.int64))),
        )
    )
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert torch.equal(one[0][:, 1:], one[1][:, :-1])


def test_attention_in_one_piece_is_that_of_the_kernel():
    q, k, v = torch.randn(3, 2, 3, 11, 8)
    torch.testing.assert_close(nano_program.in_one_piece(q, k, v), nano_program.fused(q, k, v), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("precision", "near"), [("float32", 1e-4), ("bfloat16", 3e-2)])
def test_the_best_means_lose_nothing(monkeypatch, precision, near):
    monkeypatch.setattr(torch, "compile", lambda model: model)  # a compiler may be missing
    plain = list(islice(nano_program.training("plain", "float32", TEXT), 4))
    best = list(islice(nano_program.training("best", precision, TEXT), 4))
    assert best == pytest.approx(plain, rel=near)
    assert plain[-1] < plain[0]


def results(times, far):
    middle = lambda x: {"median": x, "lower": x, "upper": x}  # noqa: E731
    programs = {f"best, {p}": {"times_plain": middle(x)} for p, x in times.items()}
    plain = [[1.0, 2.0], [1.2, 2.2]]
    forms = {"plain, float32": plain, "best, float32": [[x + far for x in run] for run in plain]}
    return {
        "fast_bfloat16": True,
        "nano": [{"threads": 1, "others": 0.0, "programs": programs}],
        "nano-losses": {"forms": forms},
    }


@pytest.mark.parametrize(
    ("times", "far", "holds"),
    [
        ((1.1, 1.7), 0.1, [True, True, True]),
        ((1.0, 1.7), 0.1, [False, True, True]),
        ((1.1, 1.5), 0.3, [True, False, False]),
    ],
)
def test_broken_floors_are_found(times, far, holds):
    found = results(dict(zip(("float32", "bfloat16"), times, strict=True)), far)
    assert [floor["holds"] for floor in transformer.floors(found)] == holds


def test_the_products_counted_are_those_of_every_matrix():
    matrices = [
        p.numel() for name, p in nano_program.Nano().named_parameters() if p.ndim > 1 and name != "positions.weight"
    ]
    counted = sum(reads * writes * count for (reads, writes), count in nano_program.PRODUCTS.items())
    assert counted == sum(matrices)  # the embedding is the head as well


def test_curves_are_apart_by_their_largest_distance_in_each_window():
    far = nano.apart(results({}, 0.1)["nano-losses"], "best, float32")
    assert far == pytest.approx({"from_plain": 0.1, "among_seeds": 0.2})
