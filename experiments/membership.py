"""Was this hand in the training data? Membership inference on the digits: results/membership.json.

    OMP_NUM_THREADS=1 python experiments/membership.py [--seeds 0 1 2]

A model is the book's ConvNet, trained on half of the digits (every other one) of some of the 14 forms. It is asked of
each form: was it among them? By single images that it was trained on, by the mean over these, and by the mean over the
form's other digits, which no model has seen. Each seed trains 32 models that are one another's shadow models, for each
number of forms: 4, 7 and 10. It takes about four minutes on one CPU
core.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor

from largemodels.data import Batches, Labelled, digit_forms, digits_in_order
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.privacy import by_group, judge_attack, likelihood_ratio, logit_of_truth
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/membership.json"
MODELS, FORMS, BATCH, EPOCHS = 32, 14, 64, (2, 5, 10, 20)
RECIPE = Recipe(3e-3)
INSIDE = (4, 7, 10)  # forms that a model is trained on
SEEDS = (0, 1, 2)
SIZE = 16  # pixels a side: the digits are 8 × 8, and this costs a third of 28 × 28


def members(models: int, inside: int, generator: torch.Generator) -> Tensor:
    """Return which of the 14 forms each model is trained on, ``(models, 14)``: each form by nearly as many models."""
    rows = torch.arange(models)[:, None] * inside + torch.arange(inside)  # dealt like cards, round after round
    deck = torch.cat([torch.randperm(FORMS, generator=generator) for _ in range(models)])
    chosen = torch.zeros(models, FORMS, dtype=torch.bool)
    for model, row in enumerate(rows.tolist()):
        hand = list(dict.fromkeys(deck[row].tolist()))
        spare = [form for form in torch.randperm(FORMS, generator=generator).tolist() if form not in hand]
        chosen[model, (hand + spare)[:inside]] = True
    return chosen


def trained(data: Labelled, rows: Tensor, seed: int) -> Iterator[tuple[int, ConvNet]]:
    """Train a model on some digits; yield it after each number of epochs at which it is asked."""
    torch.manual_seed(seed)
    model = ConvNet(ConvNetConfig(size=SIZE))
    batches = Batches(data.images[rows], data.labels[rows], BATCH, EPOCHS[-1], seed)
    for step in fit(model, batches, RECIPE, progress=False):
        epochs, rest = divmod(step.index + 1, batches.per_epoch)
        if rest == 0 and epochs in EPOCHS:
            yield epochs, model


def means(values: Tensor, form: Tensor) -> list[float]:
    """Return the mean of the values of each form, rounded for the file."""
    return [round(each, 4) for each in by_group(values, form).tolist()]


def measure(inside: int, seed: int, models: int) -> list[dict]:
    """Train the models of one seed; return for each number of epochs how sure each model is of each form.

    Single images are attacked at once, by their loss and by the likelihood ratio: their scores would fill the file.
    """
    data, form = digits_in_order(SIZE), torch.from_numpy(digit_forms())
    used = torch.arange(len(form)) % 2 == 0
    lists = members(models, inside, torch.Generator().manual_seed(seed * 100 + inside))
    runs = {epochs: [] for epochs in EPOCHS}
    for number, chosen in enumerate(lists):
        rows = (chosen[form] & used).nonzero().flatten()
        for epochs, model in trained(data, rows, 1000 * seed + number):
            logits = predict(model, data.images)
            right = (logits.argmax(1) == data.labels)[~chosen[form]].double().mean().item()
            runs[epochs].append((logit_of_truth(logits, data.labels), right))
    found = []
    for epochs, asked in runs.items():
        sure, seen = torch.stack([each for each, _ in asked]), lists[:, form[used]]
        found.append(
            {
                "inside": inside,
                "seed": seed,
                "epochs": epochs,
                "members": [each.nonzero().flatten().tolist() for each in lists],
                "accuracy": [round(right, 4) for _, right in asked],
                "used": [means(each[used], form[used]) for each in sure],
                "unused": [means(each[~used], form[~used]) for each in sure],
                "images by loss": asdict(judge_attack(sure[:, used], seen)),
                "images by ratio": asdict(judge_attack(likelihood_ratio(sure[:, used], seen), seen)),
            }
        )
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, SEEDS, FILE)
    parser.add_argument("--models", type=int, default=MODELS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    runs = []
    for seed in options.seeds:
        for inside in INSIDE:
            runs += measure(inside, seed, options.models)
            print(seed, inside, runs[-1]["accuracy"][0], flush=True)
    head = {
        "what": "models of digits, each trained on every other digit of some of the 14 forms: the mean logit of the "
        "true label over each form's digits that such models are trained on (used) and over those that none is "
        "(unused), and attacks on single used digits; accuracy on the forms that a model was not trained on",
        "command": "python experiments/membership.py",
        "network": f"ConvNet, {SIZE} × {SIZE}, Adam 0.003",
        "batch": BATCH,
    }
    write(options.out, head | machine(), runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
