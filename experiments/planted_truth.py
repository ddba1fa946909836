"""Judge methods of attribution where the truth is known, because it was planted: results/planted-truth.json.

    OMP_NUM_THREADS=1 python experiments/planted_truth.py [--seeds 0 1 2 3] [--images 200] [--out FILE]

ConvNet and ResNet learn to name a small mark beside a handwritten digit, or the digit beside the mark, from the same
images; a third network of each kind learns nothing. Five methods explain the answers. Noted for every network and
method: the share of the map on the 25 pixels of the mark, beside the share of the ink and of edges; the probability of
the answer as pixels are deleted, or inserted, in the order of the map, beside other orders; how far the logit moves
without the digit, and without the mark. Then, for networks that read plain digits, rank correlations between a
network's maps and those of the same network with weights drawn anew, of two networks that learned nothing, and of two
that learned. A network's images are its own. A run that was cut off goes on where it was. About twelve minutes on one
CPU core.
"""

import json
import sys
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from results import asking, write
from torch import Tensor, nn

from largemodels import interpret
from largemodels.data import Batches, Labelled, Planted, digits, planted_marks
from largemodels.layers import conv2d
from largemodels.models import ConvNet, ConvNetConfig, ResNet, ResNetConfig
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/planted-truth.json"
SEEDS, KNOWN, IMAGES = range(4), 4000, 100
NETWORKS = {  # what they are, how they learn, passes over 4,000 images, and the tap of Grad-CAM
    "ConvNet": (lambda n: ConvNet(ConvNetConfig(classes=n)), Recipe(3e-3, schedule="cosine"), 10, "stages.1.relu"),
    "ResNet": (
        lambda n: ResNet(ResNetConfig(widths=(8, 16, 32), blocks=1, classes=n)),
        Recipe(1e-2, weight_decay=0.05, schedule="cosine", warmup=20),
        6,
        "blocks.2",
    ),
}
COUNTS = (0, 5, 10, 20, 40, 80, 160, 320, 784)  # pixels, deleted or inserted


def network(kind: str, classes: int, seed: int, train: Labelled | None = None) -> nn.Module:
    """Return a network that learned, or that learned nothing."""
    make, recipe, epochs, _ = NETWORKS[kind]
    torch.manual_seed(seed)
    model = make(classes)
    if train:
        for _ in fit(model, Batches(train.images, train.labels, 64, epochs, seed), recipe):
            pass
    return model.eval()


def maps_of(kind: str, model: nn.Module, images: Tensor, classes: Tensor) -> dict[str, Tensor]:
    """Return the signed maps of five methods."""
    return {
        "gradient": interpret.gradient(model, images, classes),
        "gradient × input": interpret.gradient_times_input(model, images, classes),
        "integrated gradients": interpret.integrated_gradients(model, images, classes),
        "occlusion": interpret.occlusion(model, images, classes),
        "Grad-CAM": interpret.grad_cam(model, NETWORKS[kind][3], images, classes),
    }


def edges(images: Tensor) -> Tensor:
    """Return where the brightness changes, by Sobel's kernels."""
    across = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    both = torch.stack([across, across.T])[:, None]
    return conv2d(F.pad(images, (1,) * 4), both).norm(dim=1, keepdim=True)


def spread(values: Tensor) -> dict:
    """Return the mean over images, its standard error, and the share without a value."""
    kept = values[~values.isnan()]
    error = (kept.std() / len(kept) ** 0.5).item()
    return {
        "mean": round(kept.mean().item(), 4),
        "error": round(error, 4),
        "nan": round(1 - len(kept) / len(values), 3),
    }


@torch.no_grad()
def used(model: nn.Module, asked: dict[str, Planted], learned: str) -> dict:
    """Return how well a network answers, with all that is in an image and without, or with another digit or mark."""
    found = {}
    for name, some in asked.items():
        found[name] = evaluate(model, some.images, some.marks if learned == "mark" else some.digits).accuracy
    return {name: round(share, 4) for name, share in found.items()}


def of_planted(kind: str, seed: int, count: int) -> list[dict]:
    """Train, explain and judge the networks of one seed."""
    data = digits()
    learn = planted_marks(data.train, KNOWN, torch.Generator().manual_seed(seed))

    def ask(**parts) -> Planted:
        return planted_marks(data.test, count, torch.Generator().manual_seed(1000 + seed), **parts)

    test = ask()
    asked = {"as it is": test, "no digit": ask(digit=False), "no mark": ask(mark=False)}
    models = {
        "mark": network(kind, 4, seed, Labelled(learn.images, learn.marks)),
        "digit": network(kind, 10, seed, Labelled(learn.images, learn.digits)),
        "nothing": network(kind, 4, seed),
    }
    rows, common = [], {"data": "planted", "network": kind, "seed": seed}
    for name, look in {"ink": test.images, "edges": edges(test.images)}.items():
        rows.append(
            {"of": "share", **common, "learned": "", "method": name} | spread(interpret.share_inside(look, test.where))
        )
    for learned, model in models.items():
        if learned != "nothing":
            rows.append({"of": "use", **common, "learned": learned} | used(model, asked, learned))
        with torch.no_grad():
            classes = model(test.images).argmax(1)
        for method, maps in maps_of(kind, model, test.images, classes).items():
            for part, look in {"magnitude": maps, "for the answer": maps.clamp(min=0)}.items():
                share = spread(interpret.share_inside(look, test.where))
                rows.append({"of": "share", **common, "learned": learned, "method": method, "part": part} | share)
    rows.append({"of": "moves", **common, "learned": "mark"} | moves(models["mark"], asked))
    return rows + curves(kind, models["mark"], test, common)


@torch.no_grad()
def moves(model: nn.Module, asked: dict[str, Planted]) -> dict:
    """Return how far the logit of the answer moves on average, of whatever sign, when a part of an image goes."""
    classes = model(asked["as it is"].images).argmax(1)
    logits = {name: model(some.images).gather(1, classes[:, None]) for name, some in asked.items()}
    before = logits.pop("as it is")
    return {name: round((before - after).abs().mean().item(), 4) for name, after in logits.items()}


def curves(kind: str, model: nn.Module, test: Planted, common: dict) -> list[dict]:
    """Return the mean probability of the answer as pixels go, or come, in the order of maps and in other orders."""
    with torch.no_grad():
        classes = model(test.images).argmax(1)
    chance = torch.rand(test.images.shape, generator=torch.Generator().manual_seed(common["seed"]))
    orders = maps_of(kind, model, test.images, classes)
    orders["gradient"] = orders["gradient"].abs()
    others = maps_of(kind, network(kind, 4, 100 + common["seed"]), test.images, classes)
    orders |= {
        "the mark first": 1.0 * (test.where & (test.images > 0)) + test.where + chance,  # its ink, then its paper
        "edges": edges(test.images),
        "ink at random": (test.images > 0) + chance,
        "at random": chance,
        "integrated gradients, untrained": others["integrated gradients"],
    }
    rows = []
    for order, maps in orders.items():
        for way in (interpret.deletion, interpret.insertion):
            after = way(model, test.images, classes, maps, COUNTS).mean(0)
            rows.append({"of": way.__name__, **common, "order": order, "after": [round(x, 4) for x in after.tolist()]})
    return rows


def anew(kind: str, model: nn.Module, count: int, images: Tensor, common: dict) -> list[dict]:
    """Return rank correlations of maps: learned against weights drawn anew, in part or all, and two drawn anew."""
    with torch.no_grad():
        classes = model(images).argmax(1)
    one, other = (network(kind, count, 100 * n + common["seed"]) for n in (1, 2))
    pairs = {"trained, untrained": (model, one), "two untrained": (one, other)}
    if kind == "ConvNet":  # from the output down (Adebayo et al. 2018)
        pairs |= {"classifier anew": (model, mixed(model, one, "classifier"))}
        pairs |= {"classifier and stage 2 anew": (model, mixed(model, one, "classifier", "stages.1"))}
    rows, ink, known = [], images > 0, {}
    for pair, both in pairs.items():
        a, b = (known.setdefault(id(each), maps_of(kind, each, images, classes)) for each in both)
        for method in a:
            for part in ("signed", "magnitude"):
                x, y = (m[method] if part == "signed" else m[method].abs() for m in (a, b))
                for where, mask in (("all pixels", None), ("inked pixels", ink)):
                    rho = spread(interpret.rank_correlation(x, y, mask))
                    rows.append(
                        {"of": "weights", **common, "pair": pair, "method": method, "part": part, "where": where} | rho
                    )
    return rows


def mixed(model: nn.Module, other: nn.Module, *parts: str) -> nn.Module:
    """Return a model whose parts of these names are another's."""
    new = network("ConvNet", model.config.classes, 0)
    theirs = other.state_dict()
    new.load_state_dict({name: theirs[name] if name.startswith(parts) else x for name, x in model.state_dict().items()})
    return new


def of_digits(kind: str, seed: int, count: int) -> list[dict]:
    """Ask the same of networks that read plain digits, two of them, which also are compared with each other."""
    data = digits()
    images = data.test.images[torch.linspace(0, len(data.test) - 1, count).long()]
    model, second = (network(kind, 10, n + seed, data.train) for n in (0, 300))
    common = {"data": "digits", "network": kind, "seed": seed}
    accuracy = round(evaluate(model, data.test.images, data.test.labels).accuracy, 4)
    rows = [{"of": "use", **common, "learned": "digit", "as it is": accuracy}, *anew(kind, model, 10, images, common)]
    with torch.no_grad():
        classes = model(images).argmax(1)
    a, b = (maps_of(kind, each, images, classes) for each in (model, second))
    for method in a:
        for part in ("signed", "magnitude"):
            x, y = (m[method] if part == "signed" else m[method].abs() for m in (a, b))
            for where, mask in (("all pixels", None), ("inked pixels", images > 0)):
                rho = spread(interpret.rank_correlation(x, y, mask))
                rows.append(
                    {"of": "weights", **common, "pair": "two trained", "method": method, "part": part, "where": where}
                    | rho
                )
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, SEEDS, FILE)
    parser.add_argument("--images", type=int, default=IMAGES)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    kept = (
        json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {"cpu_seconds": 0, "runs": []}
    )
    rows, spent = kept["runs"], kept["cpu_seconds"]
    for seed in options.seeds:
        for kind in NETWORKS:
            for data, measure in {"planted": of_planted, "digits": of_digits}.items():
                if any((row["data"], row["network"], row["seed"]) == (data, kind, seed) for row in rows):
                    continue
                start = process_time()
                rows += measure(kind, seed, options.images)
                spent += process_time() - start
                head = {
                    "what": "attribution where the decisive pixels are known; error: standard error over images",
                    "command": "python experiments/planted_truth.py",
                    "images": options.images,
                    "learned_from": KNOWN,
                    "area": round(25 / 784, 4),
                    "counts": COUNTS,
                    "cpu_seconds": round(spent),
                }
                write(options.out, head, rows, options.seeds)
                print(data, kind, seed, round(spent), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
