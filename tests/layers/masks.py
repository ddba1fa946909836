"""Masks for tests."""

import torch


def padding(lengths, s):
    """Return the mask ``(b, 1, 1, s)`` that hides what is behind each example's end."""
    return (torch.arange(s) < torch.tensor(lengths)[:, None])[:, None, None]
