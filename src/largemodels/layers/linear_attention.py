"""Attention without a softmax: what was read is kept in one matrix, however long the text."""

import torch
import torch.nn.functional as F
from torch import Tensor


def feature_map(x: Tensor) -> Tensor:
    """Return ``elu(x) + 1``, which is never negative (Katharopoulos et al. 2020): the same shape."""
    return F.elu(x) + 1


def decay_mask(log_decay: Tensor) -> Tensor:
    r"""Return how much of each earlier position is left: :math:`\prod_{r=s+1}^{t} a_r` for ``s ≤ t``, else 0.

    Args:
        log_decay: :math:`\ln a_t`, ``(…, t)``, at most 0; :math:`-\infty` where all is forgotten.

    Returns:
        ``(…, t, t)``; without decay, ones on and below the diagonal.
    """
    t = log_decay.shape[-1]
    until = torch.ones(t, t, dtype=torch.bool, device=log_decay.device).triu()  # in column s the positions r ≤ s
    # each column is summed by itself: differences of one sum over all would lose what is small after a harsh decay
    total = log_decay[..., :, None].expand(*log_decay.shape, t).masked_fill(until, 0).cumsum(-2)
    return total.masked_fill(until.triu(1), float("-inf")).exp()


def masked_linear_attention(q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None = None) -> Tensor:
    r"""Return :math:`(q k^\top \odot L)\, v` with :math:`L` of :func:`decay_mask`: every query with every key.

    Arguments and errors are those of :func:`linear_attention`, whose answer it gives, at a cost of :math:`t^2`.
    """
    log_decay = _checked(q, k, v, log_decay)
    return (q @ k.mT * decay_mask(log_decay)) @ v


def linear_attention_step(
    state: Tensor, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Read one position: :math:`S_t = a_t S_{t-1} + k_t v_t^\top` and :math:`y_t = S_t^\top q_t`.

    Args:
        state: ``(…, d, e)``.
        q, k: ``(…, d)``.
        v: ``(…, e)``.
        log_decay: ``(…)``; 0 if not given.

    Returns:
        The new state and the answer ``(…, e)``.
    """
    if log_decay is not None:
        state = state * log_decay.exp()[..., None, None]
    state = state + k[..., :, None] * v[..., None, :]
    return state, (q[..., None, :] @ state)[..., 0, :]


def linear_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor | None = None,
    state: Tensor | None = None,
    chunk: int = 64,
) -> tuple[Tensor, Tensor]:
    r"""Read a text in chunks: within each every query meets every key, from one to the next goes the state alone.

    The cost grows with ``t`` and not with its square, and nearly all of it is matrix products. With a decay that
    depends on the input this is the form of Mamba-2 (Dao and Gu 2024). There is no softmax and no division: for
    the mean of Katharopoulos et al. (2020), give keys and queries of :func:`feature_map` and values with a column of
    ones, and divide by what it becomes.

    Args:
        q, k: ``(…, t, d)``.
        v: ``(…, t, e)``.
        log_decay: :math:`\ln a_t`, ``(…, t)``, at most 0, :math:`-\infty` where all is forgotten; 0 if not given.
        state: of what was read before, ``(…, d, e)``; nothing if not given.
        chunk: positions in a chunk.

    Returns:
        The answers ``(…, t, e)``, and the state after the last position.

    Raises:
        ValueError: shapes that do not fit, or a chunk below 1.
    """
    log_decay = _checked(q, k, v, log_decay)
    if chunk < 1:
        raise ValueError(f"a chunk takes at least 1 position; got {chunk}")
    state = q.new_zeros(*q.shape[:-2], q.shape[-1], v.shape[-1]) if state is None else state
    answers = []
    for q_c, k_c, v_c, log_a in zip(*(x.split(chunk, -2) for x in (q, k, v, log_decay[..., None])), strict=True):
        mask = decay_mask(log_a[..., 0])
        kept = log_a.cumsum(-2).exp()  # (…, c, 1): what is left of the state at each position
        answers.append((q_c @ k_c.mT * mask) @ v_c + kept * (q_c @ state))
        left = mask[..., -1, :, None]  # of each position at the end of the chunk
        state = kept[..., -1:, :] * state + (left * k_c).mT @ v_c
    return torch.cat(answers, -2), state


def _checked(q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None) -> Tensor:
    """Return the decay, zeros if it is not given; raise ``ValueError`` for shapes that do not fit."""
    log_decay = q.new_zeros(q.shape[:-1]) if log_decay is None else log_decay
    if k.shape != q.shape or v.shape[:-1] != q.shape[:-1] or log_decay.shape != q.shape[:-1]:
        raise ValueError(
            f"queries (…, t, d) take keys of the same shape, values (…, t, e) and decays (…, t); got "
            f"{tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)} and {tuple(log_decay.shape)}"
        )
    return log_decay
