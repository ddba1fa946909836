"""Who dies within half a year? Networks, simple models, physicians: results/clinical.json.

    OMP_NUM_THREADS=1 python experiments/clinical.py [--seeds 0 1 2]

Five-fold cross-validation on the 9,105 patients of SUPPORT, each held out once for each seed. Stored are areas under
the ROC curve, Brier scores, calibration lines, net benefits; differences with 95 % intervals (bootstrap over patients,
with the seed drawn as well); the same from fewer training patients, for hospitals and a phase that were not trained on,
and with columns that nobody knows on the third day. It takes about five minutes on one CPU core.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from results import asking, machine, rounded, write
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from torch import Tensor, nn

from largemodels.data import LATER, Batches, Columns, patients
from largemodels.data.support import COLUMNS
from largemodels.train import Recipe, calibration_error, calibration_line, error_by_chance, fit, net_benefit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/clinical.json"
SEEDS, FOLDS, DRAWS = (0, 1, 2), 5, 300
WIDTH, EPOCHS, BATCH, RECIPE = 64, 12, 128, Recipe(2e-3, weight_decay=0.01, schedule="cosine")
LEAST = 100  # steps, for few patients: of 50, 100, 200 and 400 the best for the network, on the patients held out
SIZES = (200, 500, 1000, 3000)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
LONG = ("white blood cells, thousands", "bilirubin, mg/dl", "creatinine, mg/dl", "day in hospital at entry")


def logged(features: Tensor, names: tuple[str, ...]) -> Tensor:
    """Return features with the logarithm of those that spread over orders of magnitude."""
    some = torch.tensor([name in LONG for name in names])
    return torch.where(some, features.log1p(), features)


def network(inputs: int) -> nn.Module:
    parts = [nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Dropout(0.3), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*parts, nn.Linear(WIDTH, 2))


def by_network(x: Tensor, y: Tensor, new: Tensor, seed: int) -> Tensor:
    torch.manual_seed(seed)
    model = network(x.shape[1])
    epochs = max(EPOCHS, -(-LEAST // -(-len(x) // BATCH)))
    for _ in fit(model, Batches(x, y, BATCH, epochs, seed), RECIPE, progress=False):
        pass
    return predict(model, new).softmax(1)[:, 1].double()


def by_logistic(x: Tensor, y: Tensor, new: Tensor, seed: int) -> Tensor:
    return torch.from_numpy(LogisticRegression(max_iter=1000).fit(x, y).predict_proba(new)[:, 1])


def by_trees(x: Tensor, y: Tensor, new: Tensor, seed: int) -> Tensor:
    trees = HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, max_leaf_nodes=15, random_state=seed)
    return torch.from_numpy(trees.fit(x.numpy(), y.numpy()).predict_proba(new.numpy())[:, 1])


def by_one(x: Tensor, y: Tensor, new: Tensor, seed: int) -> Tensor:
    """Return what the single column says that parts the training rows best."""
    areas = [abs(roc_auc_score(y, x[:, [i]]) - 0.5) for i in range(x.shape[1])]
    best = [int(np.argmax(areas))]
    return by_logistic(x[:, best], y, new[:, best], seed)


MODELS = {"one column": by_one, "logistic": by_logistic, "trees": by_trees, "network": by_network}


def foretold(model, features: Tensor, died: Tensor, learn: Tensor, test: Tensor, seed: int) -> Tensor:
    """Return the chances of the rows ``test`` by a model of the rows ``learn``, gaps and scales included."""
    ready = Columns(features[learn])
    return model(ready(features[learn]), died[learn].long(), ready(features[test]), seed)


def crossed(model, features: Tensor, died: Tensor, seed: int, size: int | None = None) -> Tensor:
    """Return chances ``(n,)``, each by a model that was trained on the other folds, or on ``size`` of their rows."""
    chances = torch.empty(len(died), dtype=torch.float64)
    parts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for fold, (learn, test) in enumerate(parts.split(features, died)):
        learn, test = torch.from_numpy(learn), torch.from_numpy(test)
        order = torch.randperm(len(learn), generator=torch.Generator().manual_seed(10 * seed + fold))
        chances[test] = foretold(model, features, died, learn[order[:size]], test, seed)
    return chances


def measured(chances: Tensor, died: Tensor) -> dict:
    inside = chances.clamp(0.001, 0.999)
    slope, intercept = calibration_line(inside, died)
    return {
        "area": roc_auc_score(died, chances),
        "brier": brier_score_loss(died, chances),
        "loss": log_loss(died, inside),
        "slope": slope,
        "intercept": intercept,
        "error": calibration_error(chances, died, 10, "count"),
        "by chance": error_by_chance(chances, 10, "count").mean().item(),
        "mean": chances.mean().item(),
        "benefit": net_benefit(chances, died, torch.tensor(THRESHOLDS)).tolist(),
    }


def difference(one: list[Tensor], other: list[Tensor], died: Tensor) -> dict:
    """Return how much better ``one`` is, in area and net benefit, with intervals over patients and seeds."""
    chance, thresholds = np.random.default_rng(0), torch.tensor(THRESHOLDS)

    def gap(a: Tensor, b: Tensor, truth: Tensor) -> list[float]:
        benefits = net_benefit(a, truth, thresholds) - net_benefit(b, truth, thresholds)
        return [roc_auc_score(truth, a) - roc_auc_score(truth, b), *benefits.tolist()]

    draws = []
    for _ in range(DRAWS):
        rows = torch.from_numpy(chance.integers(len(died), size=len(died)))
        seed = chance.integers(len(one))
        draws.append(gap(one[seed][rows], other[seed][rows], died[rows]))
    low, high = np.quantile(draws, [0.025, 0.975], 0)
    value = np.mean([gap(a, b, died) for a, b in zip(one, other, strict=True)], 0)
    rows = np.stack([value, low, high], 1).tolist()
    return {"area": rows[0], "benefit": rows[1:]}


def elsewhere(data, features: Tensor, seed: int) -> list[dict]:
    """Return rows for each hospital, and the second phase, by models of the others and of as many like them."""
    found = []
    places = [(f"hospital {place}", data.hospital == place) for place in range(5)]
    for name, away in [*places, ("second phase", data.phase == 1)]:
        test, learn = away.nonzero()[:, 0], (~away).nonzero()[:, 0]
        for kind in ("logistic", "network"):
            new = foretold(MODELS[kind], features, data.died, learn, test, seed)
            found.append({"where": name, "kind": kind, "seed": seed} | measured(new, data.died[test]))
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    torch.set_num_threads(1)
    data = patients()
    features, died = logged(data.features, data.names), data.died
    asked = (~data.doctor.isnan()).nonzero()[:, 0]
    with_doctor = torch.cat([features, data.doctor[:, None]], 1)
    runs, made = [], {}

    def keep(name: str, seed: int, chances: Tensor, rows: Tensor | None = None, **more) -> None:
        made.setdefault(name, []).append(chances)
        chances, truth = (chances, died) if rows is None else (chances[rows], died[rows])
        runs.append({"model": name, "seed": seed, "patients": len(truth)} | more | measured(chances, truth))
        print(name, seed, more, round(runs[-1]["area"], 4), flush=True)

    for seed in options.seeds:
        for name, model in MODELS.items():
            keep(name, seed, crossed(model, features, died, seed))
        for name in ("logistic", "network"):
            keep(f"{name} and physician", seed, crossed(MODELS[name], with_doctor, died, seed), asked)
            runs.append(
                {"model": f"{name} where asked", "seed": seed, "patients": len(asked)}
                | measured(made[name][-1][asked], died[asked])
            )
        for size in SIZES:
            for name in ("logistic", "network"):
                keep(f"{name}, {size}", seed, crossed(MODELS[name], features, died, seed, size), training=size)
        for column in LATER:
            leaky = patients((*COLUMNS, column))
            chances = crossed(by_logistic, logged(leaky.features, leaky.names), died, seed)
            keep(f"logistic with {column}", seed, chances)
    keep("physician", 0, data.doctor.double().nan_to_num(0.5), asked)
    keep("study", 0, data.study.double().nan_to_num(0.5), asked)
    runs.append({"model": "study, all", "seed": 0, "patients": len(died)} | measured(made["study"][0], died))
    several = len(options.seeds)
    differences = {
        "network less logistic": difference(made["network"], made["logistic"], died),
        "network less trees": difference(made["network"], made["trees"], died),
        "network less one column": difference(made["network"], made["one column"], died),
    }
    for size in SIZES:
        pair = (made[f"{name}, {size}"] for name in ("network", "logistic"))
        differences[f"network less logistic, {size}"] = difference(*pair, died)
    for name, one, other in (
        ("physician less network", made["physician"] * several, made["network"]),
        ("together less physician", made["network and physician"], made["physician"] * several),
        ("together less network", made["network and physician"], made["network"]),
        ("together, network less logistic", made["network and physician"], made["logistic and physician"]),
    ):
        differences[name] = difference([c[asked] for c in one], [c[asked] for c in other], died[asked])
    head = {
        "what": "death within 180 days of the third day in the study, foretold for 9,105 patients: cross-validated",
        "command": "python experiments/clinical.py",
        "network": f"two layers of {WIDTH}, dropout 0.3, {EPOCHS} epochs, AdamW 0.002 falling to 0, decay 0.01",
        "thresholds": THRESHOLDS,
    }
    parts = {
        "runs": runs,
        "elsewhere": [row for seed in options.seeds for row in elsewhere(data, features, seed)],
        "differences": [{"name": name} | each for name, each in differences.items()],
    }
    write(options.out, head | machine(), {name: [rounded(each) for each in rows] for name, rows in parts.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
