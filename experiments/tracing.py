"""What do simulated learners know? Four ways to trace it, in two worlds: results/tracing.json.

    OMP_NUM_THREADS=1 python experiments/tracing.py [--seeds 0 1 2]

In each world some learners are learned from and 1,000 others are foretold, answer by answer, each from the answers
before it. Stored are log loss and area under the ROC curve of: the share of right answers to each skill; Bayesian
knowledge tracing; logistic regression on counts; a recurrent network; and the chances with which the simulation itself
drew the answers, which nobody can beat in the long run. Nobody real answered anything. It takes about three minutes on
one CPU core.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from results import asking, machine, write
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from largemodels.data import Batches, Learners, learners
from largemodels.data.learners import KINDS, SKILLS
from largemodels.models import KnowledgeTracing, practice_counts
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/tracing.json"
SEEDS, COUNTS, NEW = (0, 1, 2), (30, 300, 3000), 1000
WIDTH, STEPS, RECIPE = 32, 600, Recipe(5e-3, schedule="cosine")


class DeepKnowledgeTracing(nn.Module):
    """An LSTM over answers (Piech et al. 2015): ``(learners, answers, 3 · skills)`` to logits of wrong and right."""

    def __init__(self, skills: int, width: int):
        super().__init__()
        self.lstm = nn.LSTM(3 * skills, width, batch_first=True)
        self.read = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.lstm(x)[0])


def questions(data: Learners) -> Tensor:
    """Return what the network reads at each step: the skill asked for, and the answer before, by skill."""
    asked = F.one_hot(data.skill, SKILLS).float()
    answered = torch.cat([asked * data.right[..., None], asked * (1 - data.right[..., None])], -1)
    return torch.cat([asked, F.pad(answered, (0, 0, 1, 0))[:, :-1]], -1)


def by_share(old: Learners, new: Learners, seed: int) -> Tensor:
    asked = F.one_hot(old.skill, SKILLS).float()
    share = ((asked * old.right[..., None]).sum((0, 1)) + 1) / (asked.sum((0, 1)) + 2)
    return share[new.skill]


def by_tracing(old: Learners, new: Learners, seed: int) -> Tensor:
    model = KnowledgeTracing(SKILLS)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    chance = torch.Generator().manual_seed(seed)
    for _ in range(120):
        some = torch.randint(len(old.skill), (min(len(old.skill), 200),), generator=chance)
        loss = F.binary_cross_entropy(model(old.skill[some], old.right[some]), old.right[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return model(new.skill, new.right)


def by_counts(old: Learners, new: Learners, seed: int) -> Tensor:
    x, z = (practice_counts(data.skill, data.right, SKILLS).flatten(0, 1) for data in (old, new))
    model = LogisticRegression(C=10, max_iter=500, fit_intercept=False).fit(x, old.right.flatten())
    return torch.from_numpy(model.predict_proba(z)[:, 1]).view(new.skill.shape)


def by_network(old: Learners, new: Learners, seed: int) -> Tensor:
    torch.manual_seed(seed)
    model = DeepKnowledgeTracing(SKILLS, WIDTH)
    aside = max(10, len(old.skill) // 5)  # learners on which training is stopped
    x, y = questions(old), old.right.long()
    size = min(64, len(x) - aside)
    epochs = -(-STEPS * size // (len(x) - aside))
    best, kept = float("inf"), None
    batches = Batches(x[aside:], y[aside:], size, epochs, seed)
    for step in fit(model, batches, RECIPE, progress=False):
        if step.index % 25 == 24:
            with torch.no_grad():
                loss = F.cross_entropy(model(x[:aside]).flatten(0, 1), y[:aside].flatten()).item()
            if loss < best:
                best, kept = loss, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(kept)
    return predict(model, questions(new)).softmax(-1)[..., 1]


WAYS = {"share": by_share, "tracing": by_tracing, "counts": by_counts, "network": by_network}


def measured(chances: Tensor, data: Learners) -> dict:
    inside = chances.double().clamp(1e-4, 1 - 1e-4)
    losses = F.binary_cross_entropy(inside, data.right.double(), reduction="none").mean(1)  # of each learner
    return {
        "loss": losses.mean().item(),
        "error": (losses.std() / len(losses) ** 0.5).item(),
        "area": roc_auc_score(data.right.flatten(), chances.flatten()),
        "distance": (chances - data.chance).square().mean().sqrt().item(),
    }


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, SEEDS, FILE)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    runs = []
    for kind in KINDS:
        for seed in options.seeds:
            new = learners(kind, NEW, 100 + seed)
            runs.append({"world": kind, "way": "truth", "learners": 0, "seed": seed} | measured(new.chance, new))
            for count in options.counts:
                old = learners(kind, count, seed)
                for name, way in WAYS.items():
                    found = measured(way(old, new, seed), new)
                    runs.append({"world": kind, "way": name, "learners": count, "seed": seed} | found)
                    print(kind, seed, count, name, {k: round(v, 4) for k, v in found.items()}, flush=True)
    head = {
        "what": f"answers of {NEW:,} simulated learners foretold from those before, by what others taught",
        "command": "python experiments/tracing.py",
        "network": f"LSTM of {WIDTH}, {STEPS} steps of up to 64 learners, Adam 0.005 falling to 0, the best of its "
        "steps by learners kept aside",
    }
    runs = [{k: round(v, 5) if isinstance(v, float) else v for k, v in run.items()} for run in runs]
    write(options.out, head | machine(), runs, options.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
