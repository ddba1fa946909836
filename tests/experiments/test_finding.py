"""What counts as found, and that a network that slides gives the answers of one that looks at windows."""

import finding
import numpy as np
import torch
from torch.testing import assert_close

from largemodels.data import digits
from largemodels.models import ConvNet, ConvNetConfig


def test_a_scene_holds_four_digits_where_it_says():
    part = digits(held_out="forms").test
    picture, truth = finding.scene(part, np.random.default_rng(3))
    assert picture.shape == (100, 100)
    assert len(truth) == 4
    for row, column, _ in truth:
        assert picture[row - 14 : row + 14, column - 14 : column + 14].sum() > 20


def test_windows_show_a_digit_or_nothing():
    rng = np.random.default_rng(3)
    scenes = [finding.scene(digits(held_out="forms").train, rng) for _ in range(5)]
    cut, names = finding.windows(scenes, rng)
    assert cut.shape[1:] == (1, 28, 28)
    assert names[:4].tolist() == [label for *_, label in scenes[0][1]]
    assert (names == 10).sum() > 5


def test_sliding_is_looking_at_every_fourth_window():
    torch.manual_seed(0)
    finder = ConvNet(ConvNetConfig(widths=(16, 32), classes=11)).eval()
    picture = torch.rand(100, 100)
    answer = finding.slide(finder, picture)
    assert answer.shape == (11, 19, 19)
    window = picture[None, None, 4 * 7 : 4 * 7 + 28, 4 * 3 : 4 * 3 + 28]
    assert_close(answer[:, 7, 3], finder(window).softmax(1)[0].detach(), atol=1e-4, rtol=1e-4)


def test_peaks_lie_apart_and_a_digit_is_found_once():
    answer = torch.zeros(11, 19, 19)
    answer[3, 5, 5], answer[3, 5, 7], answer[8, 15, 2] = 0.9, 0.8, 0.6
    found = finding.peaks(answer, 4)
    assert [one[:3] for one in found] == [(34, 34, 3), (74, 22, 8)]
    truth = [(36, 33, 3), (60, 60, 1)]
    assert finding.judged([*found, (35, 35, 3, 0.5)], truth) == [
        (found[0][3], True),
        (found[1][3], False),
        (0.5, False),
    ]
    assert finding.f_score([[(0.9, True)] * 4], 0.5) == 1
    assert finding.f_score([[(0.9, True), (0.9, True), (0.4, False)]], 0.5) == 2 * 2 / (2 + 4)
