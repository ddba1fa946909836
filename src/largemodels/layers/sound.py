"""From a sound to an image of it: the short-time Fourier transform, bands as the ear has them, and the cepstrum."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

QUIET = 1e-10  # the power that decibels begin at: −100 dB


def spectrogram(signal: Tensor, window: int = 400, hop: int = 200) -> Tensor:
    r"""Return how much power each frequency has at each time: the squared short-time Fourier transform.

    .. math:: P_{t,k} = \Bigl|\sum_{n=0}^{N-1} w_n\, x_{tH+n}\, e^{-2\pi i k n/N}\Bigr|^2,
              \qquad w_n = \sin^2(\pi n/N)

    The signal is first extended by half a window on either side, mirrored, so that frame ``t`` is centred on sample
    ``tH``, as in ``torch.stft``.

    Args:
        signal: ``(n,)``, float, between −1 and 1.
        window: samples in a frame, :math:`N`, even.
        hop: samples from one frame to the next, :math:`H`.

    Returns:
        ``(n // hop + 1, window // 2 + 1)``, in the square of the signal's units; row k is k · rate / window hertz.

    Raises:
        ValueError: a signal of another shape, of whole numbers or 16 bits, or no longer than half a window; a window
            that is odd or below 2; a hop below 1.
    """
    if window < 2 or window % 2 or hop < 1:
        raise ValueError(f"a window has an even number of samples, a hop at least 1; got {window} and {hop}")
    if signal.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"a signal has numbers between −1 and 1, float32 or float64; got {signal.dtype}")
    if signal.ndim != 1 or len(signal) <= window // 2:
        raise ValueError(f"a signal is (n,) and longer than half a window, {window // 2}; got {tuple(signal.shape)}")
    signal = F.pad(signal[None, None], (window // 2, window // 2), mode="reflect")[0, 0]
    n = torch.arange(window, dtype=signal.dtype, device=signal.device)
    frames = signal.unfold(0, window, hop) * torch.sin(math.pi * n / window) ** 2  # (t, N)
    return torch.fft.rfft(frames).abs() ** 2


def mel_filters(window: int = 400, rate: int = 8000, bands: int = 128) -> Tensor:
    """Return triangles that gather frequencies into bands, narrow where the ear tells pitches well apart.

    The bands are equally wide in mel, 2595 · log10(1 + hertz / 700) (O'Shaughnessy 1987), up to half the rate; each
    triangle rises from its lower neighbour's middle and falls to its upper neighbour's. Low bands are narrow, so they
    may hold a single frequency of the spectrogram.

    Args:
        window: samples in a frame of the spectrogram, even.
        rate: samples in a second.
        bands: how many.

    Returns:
        ``(window // 2 + 1, bands)``.

    Raises:
        ValueError: a number below 1, or an odd window, whose frequencies end before half the rate.
    """
    if min(window, rate, bands) < 1 or window % 2:
        raise ValueError(f"window, rate and bands are at least 1, the window even; got {window}, {rate} and {bands}")
    hertz = torch.linspace(0, rate / 2, window // 2 + 1)
    highest = 2595 * math.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (torch.linspace(0, highest, bands + 2) / 2595) - 1)
    rising = (hertz[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hertz[:, None]) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def decibels(power: Tensor, deepest: float = 80.0) -> Tensor:
    """Return 10 · log10 of a power, but nothing that lies more than ``deepest`` below the largest.

    Raises ``ValueError`` for no power, or one that is negative or NaN.
    """
    if not power.numel() or not (power >= 0).all():
        raise ValueError(f"a power is 0 or more; got {power}")
    loud = 10 * (power.float() if power.dtype == torch.float16 else power).clamp(min=QUIET).log10()
    return loud.clamp(min=loud.max() - deepest)


def cosines(bands: int, terms: int) -> Tensor:
    """Return the first ``terms`` of an orthonormal set of cosines over ``bands`` places, ``(terms, bands)``.

    These are the rows of the discrete cosine transform (type II). Raises ``ValueError`` for more terms than bands.
    """
    if not 1 <= terms <= bands:
        raise ValueError(f"there are 1 to {bands} cosines over {bands} places; got {terms}")
    place = (torch.arange(bands) + 0.5) / bands
    rows = math.sqrt(2 / bands) * torch.cos(math.pi * torch.arange(terms)[:, None] * place)
    rows[0] /= math.sqrt(2)
    return rows


def cepstra(signal: Tensor, rate: int = 8000, terms: int = 13, bands: int = 128, window: int = 400) -> Tensor:
    """Return a few numbers for each frame that tell the shape of its spectrum: mel-frequency cepstral coefficients.

    A spectrogram, in mel bands, in decibels, of which the first cosines are kept (Davis and Mermelstein 1980). Pitch
    draws narrow lines into a spectrum and the vocal tract bends its broad outline; slow cosines keep the outline. A hop
    is half a window. With the defaults they are those of ``torchaudio.transforms.MFCC(rate, terms)``.

    Returns:
        ``(frames, terms)``. Raises ``ValueError`` as its parts do.
    """
    power = spectrogram(signal, window, window // 2) @ mel_filters(window, rate, bands).to(signal)
    return decibels(power) @ cosines(bands, terms).to(signal).mT
