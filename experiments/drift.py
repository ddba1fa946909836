"""Notice that the digits have changed, and mend it: results/drift.json.

    OMP_NUM_THREADS=1 python experiments/drift.py [--seeds 0 1 2]

*A new hand*: for each of the 14 forms, a network learns from the others and then meets this one. *Another source*: a
network that knows all forms meets MNIST, whose digits were written by other people in another country, cut out and
scaled in the same way. In both, a part of the known digits is kept aside to compare with, and another part as the
control: a stream without drift. Then the network is mended with some new digits and their labels: by fine-tuning on
these, on these and as many old ones (replay), by training anew on all; and, as a control, by fine-tuning on old digits
alone. It takes about four minutes on one CPU core.
"""

import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
import torch.nn.functional as F
from results import asking, machine, write
from torch import Tensor

from largemodels.data import Batches, Labelled, digit_forms, digits_in_order, mnist
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import Cusum, Recipe, fit, predict, shift_p_value
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/drift.json"
SEEDS, SIZE, BATCH, EPOCHS = (0, 1, 2), 16, 64, 20
RECIPE, TUNING = Recipe(3e-3, schedule="cosine"), Recipe(1e-3, schedule="cosine")
KEPT = 240  # known digits to compare with, and as many for the control
WINDOWS = (20, 60, 120)
RATE = 0.01  # of false alarms
UPDATES, LABELLED = 100, {"hand": 65, "mnist": 200}  # steps of fine-tuning; new digits with labels
STREAM, WORSE = 120, 3  # answers in a stream for the cumulative sum; how many times as many errors it looks for
WAYS = ("as it was", "new digits", "new and old digits", "anew on all", "control: old digits")


def part(data: Labelled, rows: Tensor) -> Labelled:
    return Labelled(data.images[rows], data.labels[rows])


def joined(*parts: Labelled) -> Labelled:
    return Labelled(torch.cat([p.images for p in parts]), torch.cat([p.labels for p in parts]))


def trained(data: Labelled, seed: int) -> ConvNet:
    torch.manual_seed(seed)
    model = ConvNet(ConvNetConfig(size=SIZE))
    for _ in fit(model, Batches(data.images, data.labels, BATCH, EPOCHS, seed), RECIPE, progress=False):
        pass
    return model


def tuned(model: ConvNet, new: Labelled, old: Labelled | None, seed: int) -> ConvNet:
    """Return a copy of a model after some steps on batches of new digits, half of each old ones where there are any."""
    model, size = deepcopy(model), BATCH // 2 if old else BATCH
    sources = [Batches(p.images, p.labels, size, 1000, seed) for p in (new, old) if p]
    batches = [tuple(map(torch.cat, zip(*(source[i] for source in sources), strict=True))) for i in range(UPDATES)]
    for _ in fit(model, batches, TUNING, progress=False):
        pass
    return model


def mnist_digits(data: Labelled) -> Labelled:
    """Return MNIST prepared as the digits were: cut out, scaled to 32 rows, in black and white, counted in 4 × 4."""
    small = []
    for image in data.images:
        rows, columns = (image[0] > 0.5).nonzero().T
        cut = image[None, :, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        width = min(32, max(1, round(32 * cut.shape[3] / cut.shape[2])))
        black = (F.interpolate(cut, (32, width), mode="bilinear") > 0.5).float()
        left = (32 - width) // 2
        small.append(F.avg_pool2d(F.pad(black, (left, 32 - width - left)), 4))
    images = F.interpolate(torch.cat(small), (SIZE, SIZE), mode="bilinear", antialias=True)
    return Labelled(images, data.labels)


def watched(model: ConvNet, reference: Labelled, stream: Labelled) -> dict:
    """Return what the detectors say of a stream: p-values of its windows of each size, and when errors pile up."""
    before, now = (predict(model, data.images).softmax(1) for data in (reference, stream))
    wrong = now.argmax(1) != stream.labels
    usual = ((before.argmax(1) != reference.labels).sum().item() + 1) / (len(reference) + 2)  # never 0
    cusum = Cusum.calibrated(usual, WORSE * usual, STREAM, RATE)
    tests = {"all outputs": lambda x: x, "confidence": lambda x: x.amax(1, keepdim=True)}
    found = {"accuracy": 1 - wrong.double().mean().item()}
    for name, of in tests.items():
        for size in WINDOWS:
            pieces = [piece for piece in of(now).split(size) if len(piece) == size]
            found[f"{name}, {size}"] = [float(f"{shift_p_value(of(before), piece):.3g}") for piece in pieces]
    pieces = [piece for piece in wrong.split(STREAM) if len(piece) == STREAM]
    found["errors"] = [cusum.alarm(piece) for piece in pieces]
    return found


def mended(model, known: Labelled, new: Labelled, tests: dict[str, Labelled], spare: Labelled, seed: int) -> dict:
    """Return the accuracy on each test after each way to mend a model."""
    ways = (
        lambda: model,
        lambda: tuned(model, new, None, seed),
        lambda: tuned(model, new, known, seed),
        lambda: trained(joined(known, new), seed),
        lambda: tuned(model, part(spare, torch.arange(min(len(new), len(spare)))), None, seed),
    )
    found = {}
    for name, way in zip(WAYS, ways, strict=True):
        after = way()
        right = {test: predict(after, data.images).argmax(1) == data.labels for test, data in tests.items()}
        found[name] = {test: round(each.double().mean().item(), 5) for test, each in right.items()}
    return found


def split(data: Labelled, seed: int) -> tuple[Labelled, Labelled, Labelled]:
    """Return the known digits, at random, as those to learn from, to compare with, and for the control."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    rows = order.split([len(data) - 2 * KEPT, KEPT, KEPT])
    return tuple(part(data, each) for each in rows)


def new_hands(seed: int) -> Iterator[dict]:
    data, form = digits_in_order(SIZE), torch.from_numpy(digit_forms())
    for number in range(int(form.max()) + 1):
        learn, reference, control = split(part(data, form != number), 100 * seed + number)
        hand = part(data, form == number)
        model, half = trained(learn, seed), LABELLED["hand"]
        first, rest = part(hand, torch.arange(half)), part(hand, torch.arange(half, len(hand)))
        yield {
            "seed": seed,
            "form": number,
            "control": watched(model, reference, control),
            "drift": watched(model, reference, hand),
            "mended": mended(model, learn, first, {"new": rest, "old": control}, reference, seed),
        }


def another_source(seed: int) -> dict:
    data, theirs, tests = digits_in_order(SIZE), mnist(), {}
    learn, reference, control = split(data, 100 * seed + 99)
    model, chance = trained(learn, seed), torch.Generator().manual_seed(seed)
    pick = torch.randperm(len(theirs.test), generator=chance)[:2400]
    tests = {"new": mnist_digits(part(theirs.test, pick)), "old": control}
    pick = torch.randperm(len(theirs.train), generator=chance)[: LABELLED["mnist"]]
    new = mnist_digits(part(theirs.train, pick))
    return {
        "seed": seed,
        "control": watched(model, reference, control),
        "drift": watched(model, reference, tests["new"]),
        "mended": mended(model, learn, new, tests, reference, seed),
    }


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    torch.set_num_threads(1)
    runs = {"hands": [], "mnist": []}
    for seed in options.seeds:
        runs["mnist"].append(another_source(seed))
        runs["hands"] += new_hands(seed)
        print(runs["mnist"][-1]["mended"], runs["hands"][-1]["mended"], flush=True)
    head = {
        "what": "digits of a new hand, and of MNIST, met by networks that do not know them: p-values of the windows of "
        "a stream, with and without drift; after how many answers the cumulative sum of errors gives alarm (null: "
        "never); accuracy on new and on old digits after each way to mend the network",
        "command": "python experiments/drift.py",
        "network": f"ConvNet, {SIZE} × {SIZE}, {EPOCHS} epochs, Adam 0.003 falling to 0",
        "fine-tuning": f"{UPDATES} steps, Adam 0.001 falling to 0",
        "labelled": LABELLED,
        "cumulative sum": {"times as many errors": WORSE, "answers": STREAM},
        "false alarms allowed": RATE,
    }
    write(options.out, head | machine(), runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
