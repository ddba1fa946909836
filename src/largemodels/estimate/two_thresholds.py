"""What a threshold for each of two groups does to the members of both."""

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity


class TwoThresholds(Formula):
    """Accuracy, and each group's false positive rate and precision, if a case above its group's threshold is flagged.

    Separate thresholds are how Hardt et al. (2016) make rates of error equal. All cases are stored with the formula.

    Args:
        scores: of the cases, ``(n,)``, from 0 to 1.
        labels: 1 or True for the cases that should be flagged, ``(n,)``.
        members: 1 or True for those of the second group, ``(n,)``.

    Raises:
        ValueError: shapes that differ, values out of their limits, or a group without a case that should not be
            flagged.
    """

    takes = (
        Quantity("first", "Threshold for the first group", "", 0, 1),
        Quantity("second", "Threshold for the second group", "", 0, 1),
    )
    gives = (
        Quantity("accuracy", "Decisions that are right", "", 0, 1),
        Quantity("wrong_first", "First group: wrongly flagged, of those not to flag", "", 0, 1),
        Quantity("wrong_second", "Second group: wrongly flagged, of those not to flag", "", 0, 1),
        Quantity("precision_first", "First group: rightly flagged, of those flagged", "", 0, 1),
        Quantity("precision_second", "Second group: rightly flagged, of those flagged", "", 0, 1),
    )
    source = "hardt2016equality"

    def __init__(self, scores: Tensor, labels: Tensor, members: Tensor):
        super().__init__()
        given = {"scores": scores, "labels": labels, "members": members}
        if scores.ndim != 1 or any(each.shape != scores.shape for each in given.values()):
            raise ValueError(f"all are (n,); got {', '.join(f'{n} {tuple(x.shape)}' for n, x in given.items())}")
        if not ((scores >= 0) & (scores <= 1)).all():  # NaN is not
            raise ValueError(f"scores are from 0 to 1; got {scores.min():g} to {scores.max():g}")
        for name in ("labels", "members"):
            if not ((given[name] == 0) | (given[name] == 1)).all():
                raise ValueError(f"{name} must be 0 or 1, or False or True")
        for group, own in (("first", members == 0), ("second", members == 1)):
            if not (own & (labels == 0)).any():
                raise ValueError(
                    f"the {group} group has no case that should not be flagged, so no rate of false alarms"
                )
        self.register_buffer("scores", scores.float())
        self.register_buffer("labels", labels.bool())
        self.register_buffer("members", members.bool())

    def forward(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        """Return shares, in the shape of the thresholds; the precision is 0 where nobody is flagged."""
        self.check(first, second)
        threshold = torch.where(self.members, second[..., None], first[..., None])
        flagged = self.scores > threshold
        found = {"accuracy": (flagged == self.labels).to(first.dtype).mean(-1)}
        for name, own in (("first", ~self.members), ("second", self.members)):
            alarms = (flagged & own & ~self.labels).to(first.dtype).sum(-1)
            hits = (flagged & own & self.labels).to(first.dtype).sum(-1)
            found[f"wrong_{name}"] = alarms / (own & ~self.labels).sum()
            found[f"precision_{name}"] = hits / (hits + alarms).clamp(min=1)
        return {quantity.name: found[quantity.name] for quantity in self.gives}
