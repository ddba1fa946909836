"""How fast a model writes, and at what price."""

from torch import Tensor

from largemodels.estimate.emissions import PRICE
from largemodels.estimate.formula import Formula
from largemodels.estimate.memory import BATCH, HEAD_WIDTH, KV_HEADS, LAYERS
from largemodels.estimate.quantities import PARAMETERS, Quantity
from largemodels.estimate.sizes import SIZES
from largemodels.estimate.time import CHIPS, PEAK, SECONDS_AN_HOUR

EXPERTS, CHOSEN = (next(q for q in SIZES if q.name == name) for name in ("experts", "chosen"))


class Serving(Formula):
    r"""Seconds and price of a token, by the roofline (Williams et al. 2009; Pope et al. 2023).

    **Writing**: each step, one token of every text, fetches the weights and all of the cache, and multiplies; it takes
    as long as the slower of the two: :math:`\max(bytes / bandwidth,\; 2 \cdot active \cdot batch / peak)`. Weights are
    fetched once for all texts, so the price falls with the batch until ``balance``, where both take equally long
    without a cache. Of experts, those are fetched that any of the texts chose, if choices are even and independent:
    :math:`1 - (1 - chosen / experts)^{batch}` of them. **Reading** the prompt multiplies for all its tokens at once.

    ``bandwidth_used`` and ``peak_used`` are the shares that programs reach. Products of attention, the network between
    chips, waiting and idle hours are not in it: what it gives is a floor.
    """

    takes = (
        PARAMETERS,
        Quantity("active", "Active parameters", "", 1, 1e14),
        EXPERTS,
        CHOSEN,
        LAYERS,
        KV_HEADS,
        HEAD_WIDTH,
        BATCH,
        Quantity("prompt", "Tokens read before", "", 1, 1e8, whole=True),
        Quantity("weight_bytes", "Bytes of a weight", "B", 0.25, 8),
        Quantity("cache_bytes", "Bytes of a number in the cache", "B", 0.25, 8),
        CHIPS,
        PEAK,
        Quantity("bandwidth", "Memory bandwidth of a chip", "TB/s", 1e-3, 1e3),
        Quantity("peak_used", "Share of the peak that is reached", "", 1e-4, 1),
        Quantity("bandwidth_used", "Share of the bandwidth that is reached", "", 1e-4, 1),
        PRICE,
    )
    gives = tuple(
        Quantity(name, label, unit, 0, float("inf"))
        for name, label, unit in (
            ("seconds", "One token of each text", "s"),
            ("fetching", "Fetching weights and cache", "s"),
            ("multiplying", "Multiplying", "s"),
            ("reading", "Reading the prompts", "s"),
            ("throughput", "Tokens written, all texts together", "1/s"),
            ("balance", "Texts at which both take equally long", ""),
            ("price_written", "A million tokens written", "$"),
            ("price_read", "A million tokens read", "$"),
        )
    )
    source = "pope2023efficiently"

    def forward(self, *values: Tensor) -> dict[str, Tensor]:
        """Return seconds, rates and prices, from tensors of ``takes`` in their order."""
        self.check(*values)
        parameters, active, experts, chosen, layers, kv_heads, head_width, batch, prompt, *rest = values
        weight_bytes, cache_bytes, chips, peak, bandwidth, peak_used, bandwidth_used, price = rest
        fits = (
            self.relate("at most", active=active, parameters=parameters),
            self.relate("at most", chosen=chosen, experts=experts),
        )
        # of the experts that one text leaves idle, those that the others choose; of one text, exactly none
        woken = (1 - ((experts - chosen) / experts) ** (batch - 1)) * (experts > chosen)
        weights = (active + (parameters - active) * woken) * weight_bytes
        cache = 2 * layers * kv_heads * head_width * batch * prompt * cache_bytes
        fetched_a_second = chips * bandwidth * bandwidth_used * 1e12
        done_a_second = chips * peak * peak_used * 1e12
        fetching = (weights + cache) / fetched_a_second
        multiplying = 2 * active * batch / done_a_second
        seconds = fetching.maximum(multiplying)
        reading = (2 * active * batch * prompt / done_a_second).maximum(parameters * weight_bytes / fetched_a_second)
        dollars_a_second = chips * price / SECONDS_AN_HOUR
        results = {
            "seconds": seconds,
            "fetching": fetching,
            "multiplying": multiplying,
            "reading": reading,
            "throughput": batch / seconds,
            "balance": parameters * weight_bytes * done_a_second / (2 * active * fetched_a_second),
            "price_written": dollars_a_second * seconds / batch * 1e6,
            "price_read": dollars_a_second * reading / (batch * prompt) * 1e6,
        }
        return self.fitting(results, *fits)
