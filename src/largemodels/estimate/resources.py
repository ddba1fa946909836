"""How many chips it takes to hold a model, while it is trained and while it is used."""

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.memory import HEAD_WIDTH, KV_HEADS, LAYERS
from largemodels.estimate.quantities import PARAMETERS, Quantity
from largemodels.estimate.time import PEAK

USABLE = 0.9  # of a chip's memory; the rest is for programs and activations
STATES = 2 + 2 + 12  # bytes a parameter: weight, gradient, and a copy of the weight and Adam's two means in float32
NUMBER = 2  # bytes of a number in the cache
PEAK_USED, BANDWIDTH_USED = 0.5, 0.7  # shares that programs reach


class Resources(Formula):
    r"""What training and serving a dense model hold, and how many conversations that leaves room for.

    **Training** with Adam in mixed precision keeps 16 bytes a parameter (Rajbhandari et al. 2020, section 3.1);
    activations come on top of that. **Serving** keeps the weights, and for each conversation a cache of
    :math:`2 \cdot layers \cdot kv\_heads \cdot head\_width` numbers of 2 bytes for each of its ``tokens`` (Pope et al.
    2023). The machine's ``chips`` have 90 % of their memory for both, as if it were one memory. ``speed`` is that of
    :class:`Serving` for so many texts, at 50 % of the peak and 70 % of the bandwidth: a ceiling.
    """

    takes = (
        PARAMETERS,
        LAYERS,
        KV_HEADS,
        HEAD_WIDTH,
        Quantity("tokens", "Tokens of a conversation", "", 1, 1e8, whole=True),
        Quantity("weight_bytes", "Bytes of a weight, serving", "B", 0.25, 8),
        Quantity("memory", "Memory of a chip", "GB", 0.1, 1e5),
        PEAK,
        Quantity("bandwidth", "Memory bandwidth of a chip", "TB/s", 1e-3, 1e3),
        Quantity("chips", "Chips of the serving machine", "", 1, 1e7, whole=True),
    )
    gives = tuple(
        Quantity(name, label, unit, 0, float("inf"))
        for name, label, unit in (
            ("states", "Training: weights, gradients, optimiser", "B"),
            ("training_chips", "Training: chips that hold it", ""),
            ("weights", "Serving: weights", "B"),
            ("cache", "Serving: cache of one conversation", "B"),
            ("serving_chips", "Serving: chips that hold the weights", ""),
            ("users", "Conversations at a time on the machine", ""),
            ("speed", "Tokens a second for each, at most", "1/s"),
        )
    )
    source = "rajbhandari2020zero"

    def forward(self, *values: Tensor) -> dict[str, Tensor]:
        """Return bytes, chips, users and tokens a second, from tensors of ``takes`` in their order.

        ``users`` and ``speed`` are 0 where the weights and one conversation do not fit on the machine.
        """
        self.check(*values)
        parameters, layers, kv_heads, head_width, tokens, weight_bytes, memory, peak, bandwidth, chips = values
        usable = USABLE * memory * 1e9
        states = STATES * parameters
        weights = parameters * weight_bytes
        cache = 2 * layers * kv_heads * head_width * tokens * NUMBER
        users = ((chips * usable - weights) / cache).floor().clamp(min=0)
        fetching = (weights + users * cache) / (chips * bandwidth * BANDWIDTH_USED * 1e12)
        multiplying = 2 * parameters * users / (chips * peak * PEAK_USED * 1e12)
        speed = 1 / fetching.maximum(multiplying)
        return {
            "states": states,
            "training_chips": (states / usable).ceil(),
            "weights": weights,
            "cache": cache,
            "serving_chips": (weights / usable).ceil(),
            "users": users,
            "speed": torch.where(users > 0, speed, 0),
        }
