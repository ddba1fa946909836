"""The book's attention beside torch's fused kernel, forward and backward, with a causal mask."""

from collections.abc import Callable
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.timing import in_turns, ratio, spread
from largemodels.device import keep_large_buffers
from largemodels.layers import attention, attention_weights, causal_mask

BATCH, HEADS, WIDTH = 12, 4, 32  # of one head
LENGTHS = (64, 128, 256)

Form = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Torch's kernel, told that the mask is causal."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def in_one_piece(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """The formula without blocks: all scores at once."""
    return attention_weights(q, k, mask) @ v


FORMS: dict[str, Form] = {"fused kernel": fused, "layers.attention": attention, "in one piece": in_one_piece}


def measure(rounds: int = 40) -> list[dict]:
    """Time every form at every length on one thread: milliseconds of processor time, and ratios to the kernel.

    ``megabytes`` is what autograd keeps of the forward pass for the backward one.
    """
    keep_large_buffers()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_measure(t, rounds) for t in LENGTHS]
    finally:
        torch.set_num_threads(threads)


def _measure(t: int, rounds: int) -> dict:
    chance = torch.Generator().manual_seed(0)
    qkv = torch.randn(BATCH, t, 3, HEADS, WIDTH, generator=chance)
    gradient = torch.randn(BATCH, HEADS, t, WIDTH, generator=chance)
    mask = causal_mask(t)

    def inputs() -> tuple[Tensor, ...]:
        return qkv.clone().requires_grad_().permute(2, 0, 3, 1, 4).unbind()

    def once(form: Form) -> float:
        given = inputs()
        start = process_time()
        form(*given, mask).backward(gradient)
        return process_time() - start

    seconds = in_turns({name: lambda form=form: once(form) for name, form in FORMS.items()}, rounds, warm_up=3)
    return {
        "case": f"attention, {t} tokens, {HEADS} heads of {WIDTH}, causal",
        "tokens": t,
        "forms": {
            name: {
                "milliseconds": spread([1e3 * s for s in measured]),
                "times_torch": ratio(measured, seconds["fused kernel"]),
                "megabytes": kept(lambda name=name: FORMS[name](*inputs(), mask)) / 1e6,
            }
            for name, measured in seconds.items()
        },
    }


def kept(call: Callable[[], Tensor]) -> int:
    """Return the bytes of the tensors that autograd keeps for the backward pass, each storage counted once."""
    storages = {}

    def pack(x: Tensor) -> Tensor:
        storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        result = call()
        del result
    return sum(storages.values())
