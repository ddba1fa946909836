"""A soft look-up that the reader turns: a query in the plane, the weights of a few keys, and the answer."""

from collections.abc import Sequence

from torch import Tensor, nn

from largemodels.live.view import View


class SoftLookUp(nn.Module):
    r"""One query, a few keys and their values: the function behind a :class:`LookUpExplorer`.

    .. math:: s_j = q \cdot k_j, \qquad w = \mathrm{softmax}(s), \qquad \textstyle\sum_j w_j v_j
    """

    def forward(self, query: Tensor, keys: Tensor, values: Tensor) -> dict[str, Tensor]:
        """Take ``query`` ``(2,)``, ``keys`` ``(n, 2)`` and ``values`` ``(n,)``.

        Returns:
            ``scores``, ``weights`` and ``parts`` (weight times value), all ``(n,)``; the ``answer`` ``(1,)``.

        Raises:
            ValueError: shapes that do not fit.
        """
        _check(query, keys, values)
        scores = keys @ query
        weights = scores.softmax(0)
        parts = weights * values
        return {"scores": scores, "weights": weights, "parts": parts, "answer": parts.sum(0, keepdim=True)}


def _check(query: Tensor, keys: Tensor, values: Tensor) -> None:
    n = len(keys) if keys.ndim == 2 else 0
    if n < 1 or keys.shape != (n, 2) or query.shape != (2,) or values.shape != (n,):
        raise ValueError(
            "a look-up takes a query (2,), keys (n, 2) and values (n,), with at least one key; "
            f"got {tuple(query.shape)}, {tuple(keys.shape)} and {tuple(values.shape)}"
        )


class LookUpExplorer(View):
    """A query that the reader turns and lengthens; keys, scores, weights and the answer follow.

    Bind it to :class:`SoftLookUp`::

        start = {"query": torch.tensor([0.0, 0.7]), "keys": torch.eye(2), "values": torch.tensor([3.0, 5.0])}
        live(LookUpExplorer("xy"), SoftLookUp(), start)

    Args:
        names: of the keys, one each.

    Raises:
        ValueError: on binding, an example of other names or shapes, or with another number of keys than names.
    """

    def __init__(self, names: Sequence[str], **traits):
        super().__init__({"names": [str(name) for name in names]}, **traits)

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "LookUpExplorer":
        """Let ``function`` answer from now on, beginning with ``example``."""
        if tuple(example) != ("query", "keys", "values"):
            raise ValueError(
                f"the look-up takes query, keys, values, in this order; got {', '.join(example) or 'nothing'}"
            )
        _check(*example.values())
        if len(example["keys"]) != len(self.settings["names"]):
            raise ValueError(f"{len(example['keys'])} keys need a name each; got {self.settings['names']}")
        return super().bind(function, example, dynamic)
