"""Find the images that a network learned from, with shadow models: results/shadow-models.json.

    OMP_NUM_THREADS=1 python experiments/shadow_models.py [--seeds 0 1 2 3 4] [--models 128]

Each seed draws 500 digits, and 128 networks (64 to 64 to 10 units) learn from half of them each. Every network in turn
is attacked, the others are its shadow models. Noted are the members found for each rate of false alarms: by the loss
alone, by the likelihood ratio, and by the ratio when the lists of members are exchanged between the networks, which is
the control. About a minute and a half.
"""

import sys
from pathlib import Path

import torch
from results import asking, machine, write
from torch import nn

from largemodels.data import digits_in_order
from largemodels.privacy import Crowd, judge_attack, likelihood_ratio, logit_of_truth
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/shadow-models.json"
POOL, HIDDEN, STEPS, BATCH, RATE = 500, 64, 250, 50, 0.01
RATES = tuple(round(10 ** (power / 4), 6) for power in range(-16, 1))  # false alarms, from 1 in 10,000


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))


def halves(models: int, pool: int, chance: torch.Generator) -> torch.Tensor:
    """Return who learns from what, ``(models, pool)``: each network from half, each image in half of the networks."""
    rows = torch.stack([torch.randperm(pool, generator=chance) < pool // 2 for _ in range(models // 2)])
    return torch.cat([rows, ~rows])


def measure(seed: int, models: int) -> dict:
    data, chance = digits_in_order(8), torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data.labels), generator=chance)
    x, y, rest = data.images.flatten(1), data.labels, order[POOL:]
    inside = halves(models, POOL, chance)
    crowd = Crowd(network, models, seed).fit(x[order[:POOL]], y[order[:POOL]], inside, STEPS, BATCH, RATE, seed)
    sure = logit_of_truth(crowd.logits(x[order[:POOL]]), y[order[:POOL]].expand(models, -1))
    ratio = likelihood_ratio(sure, inside)
    other = inside[torch.randperm(models, generator=chance)]
    attacks = {"loss": (sure, inside), "ratio": (ratio, inside), "exchanged": (likelihood_ratio(sure, other), other)}
    right = crowd.logits(x[rest]).argmax(2) == y[rest]
    run = {"seed": seed, "accuracy": round(right.double().mean().item(), 4)}
    for name, (scores, lists) in attacks.items():
        found = judge_attack(scores, lists, RATES)
        run[name] = {"area": round(found.area, 4), "found": [round(share, 5) for share in found.found.values()]}
    member = ratio[inside].view(models, -1)
    each = torch.stack(
        [judge_attack(r, i, (0.01,)).found[0.01] * torch.ones(()) for r, i in zip(ratio, inside, strict=True)]
    )
    run["found by network"] = [round(share, 4) for share in each.tolist()]
    run["surest"] = [round(value, 3) for value in member.max(1).values.tolist()]
    return run


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, range(5), FILE)
    parser.add_argument("--models", type=int, default=128)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "members found among 500 digits, for rates of false alarms: by loss, by likelihood ratio over shadow "
        "models, and by the ratio with lists exchanged between the networks",
        "command": "python experiments/shadow_models.py",
        "network": f"64 to {HIDDEN} to 10, {STEPS} steps of {BATCH}, Adam {RATE}",
        "models": options.models,
        "rates": RATES,
    }
    runs = [measure(seed, options.models) for seed in options.seeds]
    write(options.out, head | machine() | {"seeds": options.seeds}, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
