"""A text cut into tokens is shown token by token, with their number; half a character as its bytes."""

from itertools import pairwise

import pytest

from largemodels.show import cut_texts
from largemodels.show.tokens import SHADES


def test_every_token_stands_in_its_row_in_order_with_their_number():
    (axes,) = cut_texts({"words": [b"the", b" cat"], "bytes": [b"\xe4\xba", b"\xba", b"\n$"]}).axes
    rows = {0: [], 1: []}
    for text in axes.texts:
        rows[text.get_position()[1]].append(text.get_text())
    assert rows == {
        0: ["words", "the", "␣cat", "2 tokens"],
        1: ["bytes", "E4 BA", "BA", r"⏎\$", "3 tokens"],
    }
    assert len(axes.patches) == 5
    assert axes.patches[0].get_facecolor()[:3] == tuple(int(SHADES[0][i : i + 2], 16) / 255 for i in (1, 3, 5))


def test_tokens_do_not_overlap_and_are_as_wide_as_their_texts():
    (axes,) = cut_texts({"one": [b"a", b"bcd", b"ef"]}).axes
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    assert all(end < start for (_, end), (start, _) in pairwise(edges))
    assert [patch.get_width() for patch in axes.patches] == [1.5, 3.5, 2.5]


@pytest.mark.parametrize("rows", [{}, {"one": [b"a"], "none": []}])
def test_a_row_without_tokens_is_refused(rows):
    with pytest.raises(ValueError, match="every row takes at least one token"):
        cut_texts(rows)
