"""The bits of a text are those of its tokens alone, after a beginning that says nothing."""

import math

import languages
import pytest
import torch

from largemodels.data import declaration
from largemodels.models import Llama, LlamaConfig


def test_bits_are_those_of_the_tokens_after_the_opening():
    torch.manual_seed(0)
    model = Llama(
        LlamaConfig(vocabulary=23, context=13, layers=1, heads=2, kv_heads=1, width=8, hidden=12, head_width=4)
    )
    ids, opening = torch.tensor([5, 7, 11]), torch.tensor([2, 3])
    with torch.no_grad():
        logs = model(torch.cat([opening, ids])[None])[0].log_softmax(-1)
    wanted = -sum(logs[1 + i, token].item() for i, token in enumerate(ids.tolist())) / math.log(2)
    assert languages.bits(model, ids, opening) == pytest.approx(wanted, rel=1e-5)


def test_the_new_articles_are_about_as_long_as_those_that_are_read():
    read = [declaration(1)["English"][i - 1] for i in languages.ARTICLES]
    assert len(languages.ANEW) == len(read)
    for new, article in zip(languages.ANEW, read, strict=True):
        assert 0.5 < len(new) / len(article) < 2, new
        assert new not in article
