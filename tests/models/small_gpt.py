"""Small GPTs of every kind, for tests."""

import pytest
import torch

from largemodels.models import GPT, GPTConfig

SMALL = {"vocabulary": 23, "context": 13, "layers": 3, "heads": 2, "width": 20}
KINDS = {
    "rotary": {},
    "learned": {"positions": "learned", "norm_queries": False, "quiet_start": False},
    "rotary alone": {"norm_queries": False, "quiet_start": False},
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def small(kind="rotary", seed=0):
    """Return a model whose every weight does something."""
    torch.manual_seed(seed)
    model = GPT(GPTConfig(**SMALL, **KINDS[kind])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def tokens(*shape, seed=1):
    return torch.randint(SMALL["vocabulary"], shape, generator=torch.Generator().manual_seed(seed))
