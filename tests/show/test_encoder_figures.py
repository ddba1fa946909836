"""A drawing of an encoder's layer has all of its parts, and turned vectors show the product that they have."""

import numpy as np
import pytest
import torch

from largemodels.layers import rotate
from largemodels.show import encoder_layer, turned


def test_a_layer_has_two_detours_that_each_end_in_a_sum():
    (axes,) = encoder_layer().axes
    words = [text.get_text() for text in axes.texts]
    for part, times in (("norm", 2), ("attention", 1), ("feed-forward", 1), ("+", 2)):
        assert words.count(part) == times
    assert words.index("attention") < words.index("feed-forward"), "in this order"


def test_turned_vectors_are_drawn_with_their_product():
    q, k = torch.tensor([1.0, 0.5]), torch.tensor([-0.25, 2.0])
    pairs = torch.stack([torch.stack([rotate(v[None], torch.tensor([p]))[0] for v in (q, k)]) for p in (0, 3, 7)])
    fig = turned(pairs, ["at 0", "at 3", "at 7"])
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["at 0", "at 3", "at 7"]
    assert {axes.get_xlabel() for axes in fig.axes} == {"product 0.75"}, "turned together, nothing changes"
    ends = [note.xy for note in fig.axes[1].texts if hasattr(note, "xy")]
    assert np.allclose(ends, pairs[1])


def test_a_negative_product_has_a_minus_sign_and_not_a_hyphen():
    fig = turned([[[1.0, 0.0], [-0.5, 1.0]]], ["one"])
    assert fig.axes[0].get_xlabel() == "product −0.50"


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"\(n, 2, 2\), and at least one; got \(1, 2, 3\)"):
        turned(np.ones((1, 2, 3)), ["a"])
    with pytest.raises(ValueError, match="2 pictures need as many titles; got 1"):
        turned(np.ones((2, 2, 2)), ["a"])
