"""Spoken digits: who is held out is on one side only, images keep what is heard, and the speakers are six."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.testing import assert_close

from largemodels.data import spoken_audio, spoken_digits, spoken_image, spoken_split, utterances
from largemodels.data.spoken import FILE, SOURCES
from largemodels.layers import cepstra

EACH = {"recorded": 20, "synthetic": 6}  # of a digit by a voice


@pytest.mark.parametrize("source", SOURCES)
def test_every_voice_says_every_digit_as_often(source):
    said = utterances(source)
    voices = len(said.names)
    table = torch.zeros(voices, 10).index_put_((said.voices, said.labels), torch.ones(()), accumulate=True)
    assert (table == EACH[source]).all()
    assert voices == {"recorded": 6, "synthetic": 24}[source]
    assert {each.shape[1] for each in said.cepstra} == {13}
    assert len(said.cepstra) == len(said.labels)


@pytest.mark.parametrize("source", SOURCES)
def test_each_utterance_is_held_out_once_in_both_ways(source):
    for held_out in ("voices", "random"):
        tested = np.stack([spoken_split(source, held_out, fold) for fold in range(SOURCES[source])])
        assert (tested.sum(0) == 1).all()
        assert len(set(tested.sum(1).tolist())) == 1, "folds of one size"


def test_new_voices_are_on_one_side_and_known_ones_on_both():
    for source, folds in SOURCES.items():
        voices = utterances(source).voices.numpy()
        for fold in range(folds):
            new = spoken_split(source, "voices", fold)
            assert not set(voices[new]) & set(voices[~new])
            known = spoken_split(source, "random", fold)
            assert set(voices[known]) <= set(voices[~known])


def test_the_digits_are_images_as_the_written_ones_are():
    data = spoken_digits(fold=2)
    assert data.train.images.shape == (1000, 1, 28, 28)
    assert data.test.images.shape == (200, 1, 28, 28)
    for part in (data.train, data.test):
        assert part.images.min() >= 0
        assert_close(part.images.amax((1, 2, 3)), torch.ones(len(part)))
        assert part.labels.bincount().tolist() == [len(part) // 10] * 10
    assert spoken_digits("synthetic", "random", 7, size=20).test.images.shape == (180, 1, 20, 20)


def test_an_image_shows_pitch_upward_time_to_the_right_and_no_loudness():
    low, high = torch.zeros(2, 40, 13)
    low[:, 1], high[:, 1] = 100, -100  # the first cosine falls with the frequency
    assert spoken_image(low)[0, 0, -1].min() == 1 > spoken_image(low)[0, 0, 0].max()
    assert spoken_image(high)[0, 0, 0].min() == 1
    rising = torch.cat([low, high])
    image = spoken_image(rising, 31)[0, 0]
    assert image[-1, 0] == image[0, -1] == 1 > max(image[0, 0], image[-1, -1])
    louder = rising + torch.tensor([50.0] + 12 * [0.0])
    assert_close(spoken_image(louder), spoken_image(rising), atol=1e-5, rtol=0)


def test_a_word_said_more_slowly_gives_nearly_the_same_image():
    steps = torch.linspace(0, 3, 30)[:, None] * torch.linspace(0, 2, 13)
    slow = torch.linspace(0, 3, 59)[:, None] * torch.linspace(0, 2, 13)
    assert_close(spoken_image(slow), spoken_image(steps), atol=1e-4, rtol=0)


def test_the_sound_that_is_kept_is_speech_and_the_synthetic_one_is_in_the_data():
    for voice in SOURCES:
        sounds = spoken_audio(voice)
        assert len(sounds) == 10
        assert all(1500 < len(sound) < 8000 and 0.85 < sound.abs().max() < 0.95 for sound in sounds)
    said = utterances("synthetic")
    for digit, sound in enumerate(spoken_audio("synthetic")):
        image = spoken_image(cepstra(sound))
        same = [spoken_image(said.cepstra[i]) for i in range(60) if said.labels[i] == digit]
        apart = torch.stack([(image - each).abs().mean() for each in same])
        assert apart.argmin() == 2, "at the usual pace and pitch"
        assert apart.min() < 0.03  # eight bits a sample leave so much


def test_speakers_told_apart_by_sound_are_told_apart_on_digits_that_were_not_used():
    """Nobody named the speakers. Learned from nine digits, they are recognised in the tenth, far above chance."""
    said = utterances("recorded")
    sound = torch.stack([torch.cat([each.mean(0), each.std(0)]) for each in said.cepstra])
    right = []
    for digit in (1, 6, 8):
        new = said.labels == digit
        scaled = sound / sound[~new].std(0)
        model = LogisticRegression(C=0.1, max_iter=300).fit(scaled[~new], said.voices[~new])
        right.append(model.score(scaled[new], said.voices[new]))
    assert min(right) > 0.8  # one in six by chance


def test_the_file_has_its_licences_beside_it():
    text = FILE.with_suffix(".md").read_text(encoding="utf-8")
    for part in (
        "Free Spoken Digit Dataset",
        "CC BY-SA 4.0",
        "Allison Smith",
        "CC BY-SA 3.0",
        "eSpeak NG",
        "Flite",
        "Festival",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: spoken_digits("sung"), "'recorded' or 'synthetic'; got 'sung'"),
        (lambda: spoken_digits(held_out="forms"), "or \"random\" .known voices.; got 'forms'"),
        (lambda: spoken_digits(fold=6), "folds 0 to 5; got 6"),
        (lambda: spoken_digits("synthetic", fold=8), "folds 0 to 7; got 8"),
        (lambda: spoken_digits(fold=True), "got True"),
        (lambda: spoken_image(torch.zeros(0, 13)), r"got \(0, 13\) and 28"),
        (lambda: spoken_image(torch.zeros(5, 13), 1), "at least 2"),
        (lambda: spoken_audio("theo"), "got 'theo'"),
    ],
)
def test_what_there_is_not_is_said(call, what):
    with pytest.raises(ValueError, match=what):
        call()


def test_folds_and_cepstra_of_a_wrong_kind_are_refused():
    for held_out in ("voices", "random"):
        with pytest.raises(ValueError, match=r"have the folds 0 to 5; got 1.0"):
            spoken_split("recorded", held_out, 1.0)
    for wrong in (torch.full((3, 13), torch.nan), torch.ones(3, 13, dtype=torch.long)):
        with pytest.raises(ValueError, match="cepstra are finite numbers"):
            spoken_image(wrong)
