"""What the book says of the LSTM whose weights are set by hand."""

import pytest
import torch
from torch.testing import assert_close

from largemodels.data import source_code
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.interpret import capture
from largemodels.layers import LSTM
from largemodels.models.by_hand import BRACKETS, COLUMN, STRING, by_hand, gate_weights
from largemodels.text import Vocabulary, excerpts, properties


def read(text):
    model = by_hand(CODE_CHARACTERS)
    with capture(model, "recurrent.cell") as seen, torch.no_grad():
        logits = model(CODE_CHARACTERS.encode(text)[None])
    return seen["recurrent.cell"][0], logits[0].softmax(1)


def test_on_code_without_what_it_does_not_know_every_unit_is_right_at_every_character():
    pieces = excerpts(CODE_CHARACTERS.decode(source_code().validation), length=163, count=293)
    plain = [piece for piece in pieces if not set(piece) & set("'#\\\ufffd") and 3 * '"' not in piece]
    assert len(plain) > 31
    assert any('"' in piece for piece in plain)
    for piece in plain:
        cells, _ = read(piece)
        truth = properties(piece)
        assert_close(cells[:, STRING], truth["inside a string"], atol=1e-3, rtol=0)
        assert_close((cells[:, BRACKETS] > 1 / 4).float(), truth["inside brackets"], atol=0, rtol=0)
        assert_close(32 * cells[:, COLUMN], truth["position in line"], atol=1e-2, rtol=0)


def test_it_counts_brackets_to_any_depth_and_back():
    cells, _ = read(1_009 * "(" + 1_009 * ")")
    assert (2 * cells[:, BRACKETS].max()).round() == 1_009
    assert abs(cells[-1, BRACKETS]) < 0.01


def test_it_expects_a_space_after_a_line_that_ends_inside_brackets_and_nothing_else():
    space = CODE_CHARACTERS.encode(" ").item()
    text = 'f([(\n"(",\n)])\n'
    _, chances = read(text)
    ends = torch.tensor([character == "\n" for character in text])
    inside = ends & (properties(text)["inside brackets"] > 0)
    assert inside.sum() == 2
    assert (chances[inside, space] > 0.99).all()
    assert_close(chances[~inside], torch.full_like(chances[~inside], 1 / 97), atol=1e-3, rtol=0)


def test_a_vocabulary_without_its_marks_is_an_error():
    with pytest.raises(ValueError, match=r"must hold the characters .* it lacks"):
        by_hand(Vocabulary(("\ufffd", "(", ")", "\n")))


def test_what_is_written_into_the_views_changes_the_layer():
    lstm = LSTM(5, 7)
    W, U, b = gate_weights(lstm)
    assert [part.shape for part in (W, U, b)] == [(4, 7, 5), (4, 7, 7), (4, 7)]
    W[1, 2, 3], U[3, 5, 1], b[2, 6] = 11.0, 13.0, 17.0
    assert lstm.weight_ih_l0[7 + 2, 3] == 11
    assert lstm.weight_hh_l0[21 + 5, 1] == 13
    assert lstm.bias[14 + 6] == 17
