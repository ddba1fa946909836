"""Many small networks that train at once: shadow models, or models with a person and without, by the hundred."""

from collections.abc import Callable
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap


class Crowd:
    """Copies of a small network, each with weights of its own; one batched product serves all.

    Args:
        build: makes a network that maps ``(b, …)`` to logits ``(b, classes)``; each copy has weights of its own.
        copies: how many, at least 1.
        seed: of the weights.

    Attributes:
        parameters: by name, ``(copies, *shape)``.

    Raises ``ValueError`` for fewer than one copy, or a network with buffers, such as running means.
    """

    def __init__(self, build: Callable[[], nn.Module], copies: int, seed: int = 0):
        if copies < 1:
            raise ValueError(f"a crowd has at least one network; got {copies}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            models = [build() for _ in range(copies)]
        if any(True for _ in models[0].buffers()):
            raise ValueError("the network has buffers, which its copies would not keep apart; take one without")
        self.parameters, _ = stack_module_state(models)
        self._one = deepcopy(models[0]).to("meta")

    def __len__(self):
        return len(next(iter(self.parameters.values())))

    def copy(self) -> "Crowd":
        """Return a crowd with the same weights, which can be trained on its own."""
        twin = Crowd.__new__(Crowd)
        twin._one = self._one
        twin.parameters = {name: p.detach().clone().requires_grad_() for name, p in self.parameters.items()}
        return twin

    @torch.no_grad()
    def logits(self, x: Tensor) -> Tensor:
        """Return what every network says of the same inputs ``(n, …)``: ``(copies, n, classes)``."""
        return self._answers(x, None)

    def fit(
        self,
        x: Tensor,
        y: Tensor,
        inside: Tensor,
        steps: int,
        batch: int,
        rate: float,
        seed: int = 0,
        climb: bool = False,
    ) -> "Crowd":
        """Train each network by Adam on its own examples; return the crowd.

        In a step each network takes ``batch`` of its examples at random, or all if it has fewer.

        Args:
            x, y: all inputs ``(n, …)`` and labels ``(n,)``.
            inside: which of them each network learns from, ``(copies, n)``, booleans, as many for each.
            steps, batch, rate: of Adam; each at least 1, and the rate above 0.
            seed: of the batches.
            climb: go uphill, so that the loss grows: the wrong way, which some call unlearning.

        Raises ``ValueError`` for shapes that do not fit, networks that learn from different numbers of examples or
        none, or numbers out of their range.
        """
        if inside.dtype != torch.bool or inside.shape != (len(self), len(x)) or len(x) != len(y):
            raise ValueError(
                f"inside is booleans ({len(self)}, {len(x)}), and labels are ({len(x)},); "
                f"got {inside.dtype} {tuple(inside.shape)} and {tuple(y.shape)}"
            )
        counts = inside.sum(1)
        if (counts != counts[0]).any() or counts[0] == 0:
            raise ValueError(f"each network learns from as many examples; got {counts.min()} to {counts.max()}")
        if steps < 1 or batch < 1 or not rate > 0:
            raise ValueError(f"steps and batch are at least 1, and the rate is above 0; got {steps}, {batch}, {rate}")
        chance = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.Adam(self.parameters.values(), rate, maximize=climb)
        batch = min(batch, int(counts[0]))
        for _ in range(steps):
            lots = torch.rand(inside.shape, generator=chance).masked_fill(~inside, -1)
            drawn = lots.topk(batch, 1).indices  # (copies, batch)
            losses = F.cross_entropy(self._answers(x[drawn], 0).transpose(1, 2), y[drawn], reduction="none")
            optimizer.zero_grad()
            losses.mean(1).sum().backward()  # a sum over networks: none sees another's gradient
            optimizer.step()
        return self

    def _answers(self, x: Tensor, dim: int | None) -> Tensor:
        return vmap(lambda p, some: functional_call(self._one, p, (some,)), (0, dim))(self.parameters, x)
