"""What the means of saving leave: equal to the longer formula, to published figures, and to counting by hand."""

import pytest
import torch

from largemodels.estimate import Saving, TrainingMemory

PLAIN = {
    "parameters": 7.5e9,
    "layers": 37,
    "width": 4096,
    "tokens": 8192,
    "learned": 1,
    "bits": 16,
    "pieces": 1,
    "recomputed": 0,
    "devices": 64,
    "stage": 0,
}


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_zero_s_stages_leave_what_its_authors_say(stage, gigabytes):
    # Rajbhandari et al. 2020, figure 1: 7.5 billion parameters on 64 devices
    assert Saving().of(**PLAIN | {"stage": stage})["held"] / 1e9 == pytest.approx(gigabytes, abs=0.06)


@pytest.mark.parametrize("recomputed", [0, 1])
def test_bytes_are_those_of_the_longer_formula(recomputed):
    small = {"parameters": 91_000_000, "layers": 11, "width": 13 * 64, "recomputed": recomputed, "devices": 5}
    longer = TrainingMemory().of(
        **small,
        vocabulary=7,
        heads=13,
        kv_heads=13,
        head_width=64,
        hidden=4 * 13 * 64,
        gated=0,
        tied=1,
        batch=3,
        context=17,
        weight_bytes=2,
        gradient_bytes=2,
        optimiser_bytes=12,
        activation_bytes=2,
        fused=1,
        dropout=0,
        extra=0,
        stage=2,
    )
    found = Saving().of(**PLAIN | small | {"tokens": 51, "stage": 2})
    for ours, theirs in {"weights": "weights", "gradients": "gradients", "states": "optimiser"}.items():
        assert found[ours] == pytest.approx(longer[theirs])
    assert found["activations"] == pytest.approx(longer["activations"])


def test_pieces_and_frozen_weights_in_few_bits_leave_what_is_counted_by_hand():
    found = Saving().of(**PLAIN | {"learned": 0.01, "bits": 4, "pieces": 8, "devices": 1})
    assert found["weights"] == pytest.approx(7.5e9 * (0.01 * 2 + 0.99 * 0.5))
    assert found["states"] == pytest.approx(7.5e7 * 12)
    assert found["activations"] == pytest.approx(Saving().of(**PLAIN)["activations"] / 8)
    assert found["work"] == pytest.approx((2 + 0.01) / 3)
    assert Saving().of(**PLAIN | {"recomputed": 1})["work"] == pytest.approx(4 / 3)


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="stage"):
        Saving().of(**PLAIN | {"stage": 4})
    with pytest.raises(ValueError, match="learned"):
        Saving()(*(torch.tensor([float(x)]) for x in (PLAIN | {"learned": 1.5}).values()))
