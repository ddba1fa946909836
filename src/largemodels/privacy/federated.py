"""Federated averaging (McMahan et al. 2017): the data stay where they are, and weights travel."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from largemodels.privacy.per_sample import Loss, mean_cross_entropy

Client = tuple[Tensor, Tensor]  # its inputs (n, …) and targets (n, …)


@dataclass(frozen=True)
class Local:
    """What a client does in a round, in the letters of McMahan et al. (2017).

    Attributes:
        epochs: E, how often it goes through its data.
        batch: B, examples in a step; ``None`` takes all at once.
        rate: η, of plain gradient descent.
        share: C, the share of the clients that take part in a round; at least one does.

    Raises ``ValueError`` for numbers out of their range.
    """

    epochs: int = 1
    batch: int | None = None
    rate: float = 0.1
    share: float = 1.0

    def __post_init__(self):
        if (
            self.epochs < 1
            or (self.batch is not None and self.batch < 1)
            or not self.rate > 0
            or not 0 < self.share <= 1
        ):
            raise ValueError(f"epochs and batch are 1 or more, rate is above 0, share above 0 and up to 1; got {self}")


@dataclass(frozen=True)
class Round:
    """What one round did.

    Attributes:
        index: its number, from 0.
        clients: who took part, by number, in order.
        steps: of gradient descent, over these clients.
        down, up: bytes from the server to the clients, and back: the model, once for each, as it lies in memory.
    """

    index: int
    clients: tuple[int, ...]
    steps: int
    down: int
    up: int


def average_federated(
    model: nn.Module,
    clients: Sequence[Client],
    rounds: int,
    local: Local | None = None,
    seed: int = 0,
    loss: Loss = mean_cross_entropy,
) -> Iterator[Round]:
    r"""Train a model that never sees the data, only weights, and yield a :class:`Round` for each round.

    In a round the server sends its weights :math:`w` to some clients. Client k trains on its own :math:`n_k` examples
    and sends back :math:`w_k`; the new weights are :math:`\sum_k \frac{n_k}{n} w_k` over those who took part. One step
    a round on all data of all clients is gradient descent on the data together, up to rounding.

    This alone promises nothing about privacy: the weights that a client sends tell about its data.

    Args:
        model: maps inputs to logits; the server's, changed in place.
        clients: the data of each, at least one example; on the model's device.
        rounds: how many, at least 1.
        local: what a client does.
        seed: of who takes part, and of the order in which clients go through their data.
        loss: of logits and targets of a batch, its mean.

    Raises ``ValueError`` for no client, one without examples or with targets that do not fit, or no round.
    """
    local = local or Local()
    if rounds < 1 or not clients or any(len(x) != len(y) or len(x) == 0 for x, y in clients):
        sizes = [(len(x), len(y)) for x, y in clients]
        raise ValueError(f"at least 1 round, and clients with as many targets as inputs; got {rounds} and {sizes}")
    chance = torch.Generator().manual_seed(seed)
    takes = max(1, round(local.share * len(clients)))
    for index in range(rounds):
        chosen = sorted(torch.randperm(len(clients), generator=chance)[:takes].tolist())
        total = sum(len(clients[k][0]) for k in chosen)
        sums, steps = None, 0
        for k in chosen:
            copied = copy.deepcopy(model)  # sent down
            steps += _train(copied, clients[k], local, chance, loss)
            sums = _added(sums, copied, len(clients[k][0]) / total)  # sent up
        model.load_state_dict(sums)
        traffic = len(chosen) * weight_bytes(model)
        yield Round(index, tuple(chosen), steps, traffic, traffic)


def weight_bytes(model: nn.Module) -> int:
    """Return the bytes that a model's weights and buffers take when they travel; a tied weight travels once."""
    tensors = {id(tensor): tensor for tensor in model.state_dict(keep_vars=True).values()}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def even_clients(x: Tensor, y: Tensor, clients: int, seed: int = 0) -> list[Client]:
    """Deal examples ``(n, …)`` out at random, as evenly as it goes: every client's data look like all data.

    Raises ``ValueError`` for fewer than one client, more than examples, or targets that do not fit.
    """
    _check_split(x, y, clients)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    return [(x[part], y[part]) for part in order.tensor_split(clients)]


def uneven_clients(x: Tensor, y: Tensor, clients: int, shards: int = 2, seed: int = 0) -> list[Client]:
    """Deal out sorted by label, ``shards`` pieces to each client, which so knows about as many labels only.

    McMahan et al. (2017) call it the pathological partition.

    Args:
        x, y: inputs ``(n, …)`` and labels ``(n,)``.
        clients: how many.
        shards: pieces for each.
        seed: of who gets which pieces.

    Raises ``ValueError`` as :func:`even_clients` does, or for labels that are not ``(n,)`` or too few for the pieces.
    """
    _check_split(x, y, clients)
    if y.ndim != 1 or shards < 1 or clients * shards > len(x):
        raise ValueError(
            f"labels (n,) are cut into clients · shards pieces, an example each at least; "
            f"got {tuple(y.shape)}, {clients} clients and {shards} shards"
        )
    pieces = y.argsort(stable=True).tensor_split(clients * shards)
    order = torch.randperm(len(pieces), generator=torch.Generator().manual_seed(seed)).view(clients, shards)
    return [(x[part], y[part]) for part in (torch.cat([pieces[i] for i in row]) for row in order.tolist())]


def _train(model: nn.Module, client: Client, local: Local, chance: torch.Generator, loss: Loss) -> int:
    """Train a client's copy by plain gradient descent; return the steps taken."""
    x, y = client
    optimizer = torch.optim.SGD(model.parameters(), local.rate)
    model.train()
    steps = 0
    for _ in range(local.epochs):
        whole = local.batch is None or local.batch >= len(x)
        parts = (None,) if whole else torch.randperm(len(x), generator=chance).to(x.device).split(local.batch)
        for part in parts:
            optimizer.zero_grad()
            loss(model(x), y).backward() if part is None else loss(model(x[part]), y[part]).backward()
            optimizer.step()
            steps += 1
    return steps


def _added(sums: dict[str, Tensor] | None, model: nn.Module, share: float) -> dict[str, Tensor]:
    """Add a client's share; a count that is no floating-point number is taken from the last client as it is."""
    state = model.state_dict()
    parts = {name: value * share if value.is_floating_point() else value for name, value in state.items()}
    if sums is None:
        return parts
    return {name: sums[name] + part if part.is_floating_point() else part for name, part in parts.items()}


def _check_split(x: Tensor, y: Tensor, clients: int) -> None:
    if len(x) != len(y) or not 1 <= clients <= len(x):
        raise ValueError(
            f"as many targets as inputs, and an example at least for each client; "
            f"got {len(x)}, {len(y)} and {clients} clients"
        )
