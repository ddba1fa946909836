"""What is counted in one pass is what the model writes token by token."""

import pytest
import torch

from largemodels.models import Llama, LlamaConfig
from largemodels.privacy import guessed, recited

SMALL = LlamaConfig(vocabulary=7, context=60, layers=1, heads=2, kv_heads=1, width=16, hidden=32, head_width=8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return Llama(SMALL).eval()


def test_what_is_recited_is_what_the_model_writes(model):
    torch.manual_seed(0)
    texts = torch.randint(7, (5, 23))
    for i, kept in enumerate((0, 3, 5, 11, 13)):  # so much of each text is the model's own
        own = model.generate(texts[i : i + 1, :10], 13, temperature=0)[0]
        texts[i, 10 : 10 + kept] = own[10 : 10 + kept]
        if kept < 13 and texts[i, 10 + kept] == own[10 + kept]:
            texts[i, 10 + kept] = (own[10 + kept] + 1) % 7
    assert recited(guessed(model, texts, batch=2), 10, 13).tolist() == [0, 3, 5, 11, 13]
    assert recited(guessed(model, texts), 10, 4).tolist() == [0, 3, 4, 4, 4]


def test_impossible_input_is_refused(model):
    with pytest.raises(ValueError, match=r"two tokens or more can be guessed at; got \(3, 1\)"):
        guessed(model, torch.zeros(3, 1, dtype=torch.long))
    hits = torch.ones(2, 9, dtype=torch.bool)
    for known, most in ((0, 3), (3, 0), (4, 7)):
        with pytest.raises(ValueError, match=f"of 10 tokens .* got {known} and {most}"):
            recited(hits, known, most)


def test_hits_of_one_text_alone_and_no_texts_at_once_are_refused(model):
    with pytest.raises(ValueError, match=r"hits are \(n, t − 1\), as guessed gives them; got \(5,\)"):
        recited(torch.ones(5), 1, 2)
    with pytest.raises(ValueError, match="one text or more is read at once; got 0"):
        guessed(model, torch.zeros(2, 3, dtype=torch.long), 0)
