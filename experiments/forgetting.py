"""Take one person out of a trained network, and look whether an attack still finds them: results/forgetting.json.

    OMP_NUM_THREADS=1 python experiments/forgetting.py [--people 0 1 … 13] [--networks 32]

Networks (64 to 64 to 10 units) learn every other digit of all 14 forms. For each form in turn, 32 others learn from
everything but that form: that is what forgetting should lead to. Then the 32 that know the form try to forget it: by
training on with the rest, by climbing (making the loss on that form larger), or by a little climbing and then training
on. The attack asks how sure a network is of the form's digits; the area is the probability that a network that should
have forgotten is surer than one that never knew. 0.5 is forgotten, and well below 0.5 is a trace, too. *shards*: four
networks learn from a quarter of the forms each, in a quarter of the steps, so that all four together cost as much as
one network that learns from all; one of them learns anew. About two minutes.
"""

import sys
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor, nn

from largemodels.data import digit_forms, digits_in_order
from largemodels.privacy import Crowd, judge_attack, logit_of_truth
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/forgetting.json"
FORMS, SHARDS = 14, 4
STEPS, BATCH, RATE, ON, CLIMBS, GENTLE = 400, 50, 0.01, 40, (8, 16, 32), 1e-3


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


class People:
    """The digits, who wrote them, and what is learned from."""

    def __init__(self):
        data = digits_in_order(8)
        self.x, self.y, self.form = data.images.flatten(1), data.labels, torch.from_numpy(digit_forms())
        self.used = torch.arange(len(self.form)) % 2 == 0

    def of(self, rows: Tensor, networks: int) -> Tensor:
        return (rows & self.used).expand(networks, -1)

    def sure(self, crowd: Crowd, person: int) -> Tensor:
        rows = self.used & (self.form == person)
        return logit_of_truth(crowd.logits(self.x[rows]), self.y[rows].expand(len(crowd), -1)).mean(1)

    def right(self, crowd: Crowd, rows: Tensor) -> float:
        """Return the accuracy on digits that none learned from."""
        rows = rows & ~self.used
        return (crowd.logits(self.x[rows]).argmax(2) == self.y[rows]).double().mean().item()


def learn(people: People, rows: Tensor, networks: int, seed: int, steps: int | None = None) -> Crowd:
    inside = people.of(rows, networks)
    return Crowd(network, networks, seed).fit(people.x, people.y, inside, steps or STEPS, BATCH, RATE, seed)


def measure(people: People, person: int, full: Crowd, networks: int) -> list[dict]:
    own = people.form == person
    never = learn(people, ~own, networks, 1000 + person)
    rest, mine = people.of(~own, networks), people.of(own, networks)

    def on(crowd: Crowd) -> Crowd:
        return crowd.copy().fit(people.x, people.y, rest, ON, BATCH, RATE, person)

    ways = {"nothing": (0, full, never), "train on": (ON, on(full), on(never))}  # the other side trains on, too
    for steps in CLIMBS:
        climbed = full.copy().fit(people.x, people.y, mine, steps, BATCH, GENTLE, person, climb=True)
        ways[f"climb {steps}"] = steps, climbed, never
        ways[f"climb {steps}, train on"] = steps + ON, on(climbed), on(never)
    ways["train anew"] = STEPS, learn(people, ~own, networks, 2000 + person), never
    rows, there = [], torch.arange(2 * networks) < networks
    for name, (steps, crowd, base) in ways.items():
        area = judge_attack(torch.cat([people.sure(crowd, person), people.sure(base, person)]), there).area
        rows.append(
            {
                "person": person,
                "way": name,
                "steps": steps,
                "area": round(area, 4),
                "others": round(people.right(crowd, ~own), 4),
                "person's": round(people.right(crowd, own), 4),
            }
        )
    return rows


def shards(people: People, seed: int) -> dict:
    """Return the accuracy of four networks that learned from a quarter of the forms each, and of one from all."""
    order = torch.randperm(FORMS, generator=torch.Generator().manual_seed(seed))
    groups = order.tensor_split(SHARDS)
    rows_of = [torch.isin(people.form, group) for group in groups]
    parts = [learn(people, rows, 4, 100 * seed + i, STEPS // SHARDS) for i, rows in enumerate(rows_of)]
    rows = ~people.used
    votes = torch.stack([part.logits(people.x[rows]).softmax(2) for part in parts]).mean(0).argmax(2)
    whole = learn(people, people.form >= 0, 4, 100 * seed + 50)
    anew = [len(group) / FORMS for group in groups for _ in group]  # of the forms, if one person goes
    return {
        "seed": seed,
        "shards": round((votes == people.y[rows]).double().mean().item(), 4),
        "one": round(people.right(parts[0], rows), 4),
        "whole": round(people.right(whole, rows), 4),
        "anew": round(sum(anew) / FORMS, 4),
    }


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, range(5), FILE)
    parser.add_argument("--people", type=int, nargs="+", default=[*range(FORMS)])
    parser.add_argument("--networks", type=int, default=32)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    people = People()
    full = learn(people, people.form >= 0, options.networks, 0)
    head = {
        "what": "does an attack still find a person in networks that should have forgotten them?",
        "command": "python experiments/forgetting.py",
        "network": f"64 to 64 to 10, {STEPS} steps of {BATCH}, Adam {RATE}; training on {ON} steps, "
        f"climbing {CLIMBS} of {GENTLE}",
        "networks": options.networks,
    }
    rows = []
    for person in options.people:
        rows += measure(people, person, full, options.networks)
        print(rows[-9:], flush=True)
    runs = {"ways": rows, "shards": [shards(people, seed) for seed in options.seeds]}
    write(options.out, head | machine() | {"seeds": options.seeds}, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
