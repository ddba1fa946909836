"""From a sound to its cepstra: each step is torch's or NumPy's, or what its formula says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dct
from torch.testing import assert_close

from largemodels.layers import cepstra, cosines, decibels, mel_filters, spectrogram


@settings(deadline=None, max_examples=30)
@given(half=st.integers(1, 53), hop=st.integers(1, 71), more=st.integers(1, 401), seed=st.integers(0, 2**31))
def test_the_spectrogram_is_torchs_forward_and_backward(half, hop, more, seed):
    window = 2 * half
    signal = torch.randn(half + more, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)

    def theirs(x):
        bell = torch.hann_window(window, dtype=x.dtype)
        return torch.stft(x, window, hop, window=bell, pad_mode="reflect", return_complex=True).abs().square().mT

    found = []
    for transform in (lambda x: spectrogram(x, window, hop), theirs):
        x = signal.clone().requires_grad_()
        power = transform(x)
        found.append((power.detach(), torch.autograd.grad(power.sum(), x)[0]))
    assert_close(found[0], found[1], atol=1e-9, rtol=1e-9)
    assert found[0][0].shape == (len(signal) // hop + 1, half + 1)


def test_a_tone_lies_in_the_row_of_its_frequency():
    time = torch.arange(4000) / 8000
    for row in (7, 31, 113):
        tone = torch.sin(2 * math.pi * row * 20 * time)  # a row is 8000 / 400 = 20 hertz
        assert (spectrogram(tone)[3:-3].argmax(1) == row).all()


def test_bands_rise_and_fall_to_their_neighbours_middles():
    filters = mel_filters(2000, 8000, 13)  # fine enough for every band to have several frequencies
    assert filters.shape == (1001, 13)
    peaks = filters.argmax(0)
    assert (peaks.diff() > 0).all()
    assert (peaks.diff().diff() >= 0).all(), "wider and wider"
    inside = filters[peaks[0] + 1 : peaks[-1]].sum(1)
    assert_close(inside, torch.ones_like(inside))  # where one falls the next rises
    mel = 2595 * torch.log10(1 + peaks * 4 / 700)  # a row is 4 hertz
    assert_close(mel.diff(), mel.diff().mean().expand(12), atol=6, rtol=0)


def test_of_128_bands_the_low_ones_hold_one_frequency_or_two():
    held = (mel_filters() > 0).sum(0)
    assert held[:20].max() <= 2
    assert held.min() >= 1
    assert held[-1] > 5


def test_decibels_stop_so_far_below_the_loudest():
    power = torch.tensor([1.0, 10.0, 1e-3, 0.0, 1e-12])
    assert_close(decibels(power, 25.0), torch.tensor([0.0, 10.0, -15.0, -15.0, -15.0]))
    assert_close(decibels(power, 500.0)[3:], torch.tensor([-100.0, -100.0]))


def test_the_cosines_are_orthonormal_and_scipys():
    rows = cosines(17, 11)
    assert_close(rows @ rows.mT, torch.eye(11), atol=1e-6, rtol=0)
    x = np.random.default_rng(0).normal(size=(5, 17))
    assert_close(
        torch.from_numpy(x) @ rows.double().mT, torch.from_numpy(dct(x, norm="ortho")[:, :11]), atol=1e-5, rtol=0
    )


def test_cepstra_tell_the_outline_and_not_how_loud_it_is():
    chance = torch.Generator().manual_seed(0)
    sound = 0.1 * torch.randn(3001, generator=chance)
    quiet, loud = cepstra(sound), cepstra(10 * sound)
    assert quiet.shape == (3001 // 200 + 1, 13)
    assert_close(loud[:, 1:], quiet[:, 1:], atol=1e-3, rtol=0)  # empty bands lie 80 dB below in both
    assert_close(loud[:, 0] - quiet[:, 0], torch.full((16,), 20 * 128**0.5), atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: spectrogram(torch.zeros(900), 401), "even number of samples"),
        (lambda: spectrogram(torch.zeros(900), 400, 0), "a hop at least 1"),
        (lambda: spectrogram(torch.zeros(200)), r"longer than half a window, 200; got \(200,\)"),
        (lambda: spectrogram(torch.zeros(2, 900)), r"got \(2, 900\)"),
        (lambda: mel_filters(bands=0), "at least 1"),
        (lambda: cosines(5, 6), "1 to 5 cosines"),
    ],
)
def test_what_cannot_be_is_said(call, what):
    with pytest.raises(ValueError, match=what):
        call()


def test_sounds_and_powers_that_cannot_be_are_refused():
    for dtype in (torch.int64, torch.float16):
        with pytest.raises(ValueError, match="a signal has numbers between −1 and 1, float32 or float64"):
            spectrogram(torch.ones(1_000, dtype=dtype))
    for power in (torch.tensor([-1.0, 1.0]), torch.tensor([math.nan]), torch.zeros(0)):
        with pytest.raises(ValueError, match="a power is 0 or more"):
            decibels(power)
    assert decibels(torch.zeros(3).half()).tolist() == [-100] * 3


def test_bands_of_an_odd_rate_reach_half_of_it_and_an_odd_window_is_refused():
    window, rate = 10, 7  # half the rate is 3.5, not 3
    hertz = torch.arange(window // 2 + 1) * rate / window
    corners = 700 * (10 ** (torch.linspace(0, 2595 * math.log10(1 + rate / 2 / 700), 4) / 2595) - 1)
    rising, falling = (hertz - corners[0]) / corners[1], (corners[2] - hertz) / (corners[2] - corners[1])
    assert_close(mel_filters(window, rate, 2)[:, 0], torch.minimum(rising, falling).clamp(min=0), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="the window even"):
        mel_filters(401, 8_000, 10)
