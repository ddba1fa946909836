"""Figures of mistakes show all of them and nothing else."""

import numpy as np
import pytest
import torch

from largemodels.show import confidence, confusion, mistakes

PROBABILITIES = torch.tensor([[0.9, 0.05, 0.05], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1], [0.0, 0.01, 0.99]])


def test_mistakes_come_with_the_surest_first():
    fig = mistakes(torch.rand(4, 1, 7, 5), torch.tensor([0, 0, 2, 2]), PROBABILITIES, "abc", columns=2)
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["c, not b\n70 % sure", "a, not b\n60 % sure"]


def test_no_mistake_and_wrong_shapes_are_errors():
    with pytest.raises(ValueError, match="there is no mistake to show"):
        mistakes(torch.rand(4, 1, 7, 5), PROBABILITIES.argmax(1), PROBABILITIES, "abc")
    with pytest.raises(ValueError, match=r"got \(3,\) and \(4, 3\)"):
        mistakes(torch.rand(4, 1, 7, 5), torch.tensor([0, 0, 2]), PROBABILITIES, "abc")


def test_confusion_colours_only_what_is_wrong():
    fig = confusion(np.array([[50, 3], [0, 40]]), "ab")
    assert fig.axes[0].images[0].get_array().tolist() == [[0, 3], [0, 0]]
    assert [text.get_text() for text in fig.axes[0].texts] == ["50", "3", "40"]


def test_confidence_counts_every_answer_once():
    fig = confidence([0.4, 0.55, 0.995, 1.0], [False, True, True, True])
    calibration, size = fig.axes
    assert [bar.get_width() for bar in size.patches] == [1, 1, 2]
    assert calibration.lines[1].get_ydata().tolist() == [0, 1, 1]


def test_long_names_of_classes_are_turned_so_that_they_fit():
    turned = [
        confusion(np.eye(2), names).axes[0].get_xticklabels()[0].get_rotation() for names in ("ab", ["numpy", "scipy"])
    ]
    assert turned == [0, 45]
