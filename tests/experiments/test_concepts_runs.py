"""What the experiments on concepts rest on: fair draws, controls that take away one thing, no voice on both sides."""

import first_layers
import numpy as np
import spoken
import torch
from features import drawn, gradients
from torch.testing import assert_close

from largemodels.data import utterances


def test_few_digits_hold_each_class_and_more_hold_the_few():
    labels = torch.randint(0, 10, (997,), generator=torch.Generator().manual_seed(0))
    for seed in range(3):
        few, many = drawn(labels, 13, seed), drawn(labels, 211, seed)
        assert labels[few].unique().tolist() == list(range(10))
        assert len(many.unique()) == 211
        assert set(few.tolist()) <= set(many.tolist())
    assert drawn(labels, 2000, 0).sort().values.tolist() == list(range(997))


def test_gradients_do_not_notice_a_brighter_paper():
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)) / 2
    assert gradients(images).shape == (3, 324)
    assert np.allclose(gradients(images), gradients(images + 0.3), atol=1e-5)


def test_shuffled_phases_keep_how_much_there_is_of_each_frequency_and_nothing_else():
    photo = torch.zeros(40, 60)
    photo[:, 31:] = 1  # one edge
    mixed = first_layers.without_edges(photo, torch.Generator().manual_seed(0))
    amounts = [torch.fft.fft2(each).abs() for each in (photo, mixed)]
    assert_close(amounts[0], amounts[1], atol=1e-2, rtol=0)
    assert (mixed - photo).abs().mean() > 0.2
    assert mixed.diff(dim=1).abs().max() < 0.6 < photo.diff(dim=1).max()


def test_whitened_patches_are_as_strong_in_every_direction_that_is_kept():
    x = torch.randn(3000, 144, generator=torch.Generator().manual_seed(0)) * torch.linspace(1, 20, 144)
    strength = torch.linalg.eigvalsh(first_layers.whitened(x).mT @ first_layers.whitened(x) / 3000)
    assert strength[: 144 - first_layers.KEPT].max() < 1e-5
    assert_close(strength[-first_layers.KEPT :], strength[-1].expand(first_layers.KEPT), atol=1e-3, rtol=1e-3)


def test_as_many_recordings_of_each_voice_are_learned_from_and_none_of_the_new_one():
    said = utterances("recorded")
    for count in spoken.VOICES:
        rows = [spoken.rows_of(said.labels, said.voices, voice, spoken.HEARD // count) for voice in range(count)]
        together = torch.cat(rows)
        assert len(together.unique()) == spoken.HEARD
        assert said.labels[together].bincount().tolist() == [spoken.HEARD // 10] * 10
        assert set(said.voices[together].tolist()) == set(range(count))
