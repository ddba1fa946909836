"""Read properties of Python text from a GPT's stream, with controls: results/probes.json.

    OMP_NUM_THREADS=1 python experiments/probes.py [--seeds 0 1 2] [--out FILE]

The GPT that the book keeps reads passages of 64 characters, each from a line at whose start nothing is open. Probes,
linear and with one hidden layer, learn from passages of its own training text, and are judged on files that it has not
read: do they tell whether a character stands in a string, in brackets, in a comment? Controls: the same on GPTs whose
weights were shuffled; on the last eight characters, without a model; on shuffled labels; and a task without meaning
(Hewitt and Liang 2019): each string of three characters has a label drawn by chance. Then sparse autoencoders on one
layer of both GPTs: what they keep of the variance and of the model's loss, beside principal components and random
directions; and how well the best single feature tells the same properties, chosen on one text and judged on the other.
About five minutes on one CPU core.
"""

import sys
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from results import asking, write
from scipy.stats import rankdata
from torch import Tensor, nn

from largemodels.data import source_code
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.interpret import SparseAutoencoder, capture, changed, explained, fit_sparse
from largemodels.models import GPT, GPTConfig
from largemodels.text import properties
from largemodels.train import load_weights
from largemodels.train.files import speak_utf8

ROOT = Path(__file__).resolve().parents[1]
FILE, SEEDS = ROOT / "results/probes.json", range(3)
CONFIG = GPTConfig(97, 64, 4, 4, 128, "rotary")
LENGTH, KNOWN, NEW = 64, 800, 300  # characters of a passage; passages to learn from, and to judge by
READ = 500_000  # characters of each side from which passages are drawn
WHAT = ("inside a string", "inside brackets", "inside a comment")
LAYERS = ("embedding", *(f"blocks.{n}" for n in range(CONFIG.layers)))
SPARED = 4  # of so many vectors, one helps to choose a feature
LAYER, FEATURES, ACTIVE, STEPS = 2, 512, 16, 1000  # the autoencoder: after which block, and its sizes


def gpt(seed: int | None = None) -> GPT:
    """Return the book's GPT; with a seed, the numbers of each of its matrices in another order."""
    model, generator = GPT(CONFIG).eval(), torch.Generator()
    load_weights(ROOT / "assets/checkpoints/gpt.safetensors", model)
    for parameter in model.parameters() if seed is not None else ():
        if parameter.ndim > 1:
            order = torch.randperm(parameter.numel(), generator=generator.manual_seed(seed))
            parameter.data = parameter.data.flatten()[order].view(parameter.shape)
    return model


def free_places(text: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return where lines begin and nothing is open, and what is true after each character of the text."""
    known = {name: x for name, x in properties(CODE_CHARACTERS.decode(text)).items() if name in WHAT}
    closed = (known["inside a string"] == 0) & (known["inside brackets"] == 0)
    starts = (closed & (text == CODE_CHARACTERS.encode("\n"))).nonzero().flatten() + 1
    return starts[starts + LENGTH <= len(text)], known


def passages(
    text: Tensor, places: tuple[Tensor, dict[str, Tensor]], count: int, seed: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return passages ``(count, 64)`` and what is true after each of their characters, ``(count × 64,)``."""
    starts, known = places
    order = torch.randperm(len(starts), generator=torch.Generator().manual_seed(seed))[:count]
    where = starts[order][:, None] + torch.arange(LENGTH)
    return text[where], {name: x[where].flatten() for name, x in known.items()}


@torch.no_grad()
def read(model: GPT, tokens: Tensor) -> dict[str, Tensor]:
    """Return the stream after the embedding and after every block, ``(count × 64, d)``."""
    with capture(model, *LAYERS) as seen:
        model(tokens)
    return {layer: seen[layer].flatten(0, 1) for layer in LAYERS}


def last_eight(tokens: Tensor) -> Tensor:
    """Return the last eight characters, each as 97 numbers of which one is 1, for every place."""
    padded = F.pad(tokens, (7, 0))
    return F.one_hot(padded.unfold(1, 8, 1), 97).flatten(2).flatten(0, 1).float()


def by_chance(tokens: Tensor, share: float, seed: int) -> Tensor:
    """Return the task without meaning: a label for each string of three characters, true in about this share."""
    three = F.pad(tokens, (2, 0)).unfold(1, 3, 1) @ torch.tensor([97 * 97, 97, 1])
    chance = torch.rand(97**3, generator=torch.Generator().manual_seed(seed))
    return (chance < share)[three].flatten().float()


def area(scores: Tensor, truth: Tensor) -> Tensor:
    """Return the area under the ROC curve of each column of ``(n, k)`` for each of ``(n, m)``: ``(k, m)``."""
    ranks = torch.from_numpy(rankdata(scores.numpy(), axis=0))
    truth = truth.double()
    count = truth.sum(0)
    return (ranks.T @ truth - count * (count + 1) / 2) / count / (len(truth) - count)


def probe(x: Tensor, y: Tensor, new: Tensor, hidden: int, seed: int) -> Tensor:
    """Train a probe, linear if ``hidden`` is 0, on one property a column, and return its scores for new vectors."""
    torch.manual_seed(seed)
    mean, scale = x.mean(0), x.std(0).clamp(min=1e-6)
    k = y.shape[1]
    model = nn.Linear(x.shape[1], k)
    if hidden:
        model = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, k))
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    steps = 400
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        pick = torch.randint(len(x), (512,))
        loss = F.binary_cross_entropy_with_logits(model((x[pick] - mean) / scale), y[pick])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return model((new - mean) / scale)


def probed(models: dict[str, GPT], sides: list, seed: int) -> list[dict]:
    """Return the area of every probe on every layer, for the properties and for both controls of the labels."""
    (tokens, known), (new_tokens, new) = sides
    names, rows = [*WHAT, "by chance", "shuffled"], []
    y, new_y = (torch.stack([each[name] for name in WHAT], 1) for each in (known, new))
    share = y[:, 0].mean().item()
    shuffled = y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed)), 0]
    y = torch.cat([y, by_chance(tokens, share, seed)[:, None], shuffled[:, None]], 1)
    new_y = torch.cat([new_y, by_chance(new_tokens, share, seed)[:, None], new_y[:, :1]], 1)
    seen = {"last eight characters": {"": (last_eight(tokens), last_eight(new_tokens))}}
    for name, model in models.items():
        one, other = read(model, tokens), read(model, new_tokens)
        seen[name] = {layer: (one[layer], other[layer]) for layer in LAYERS}
    for source, layers in seen.items():
        for layer, (x, new_x) in layers.items():
            for kind, hidden in {"linear": 0, "hidden layer": 256}.items():
                scores = probe(x, y, new_x, hidden, seed)
                areas = dict(zip(names, area(scores, new_y).diagonal().tolist(), strict=True))
                areas = {name: round(share, 4) for name, share in areas.items()}
                rows.append({"of": "probe", "seed": seed, "source": source, "layer": layer, "probe": kind} | areas)
    return rows


@torch.no_grad()
def loss_with(model: GPT, tokens: Tensor, change) -> float:
    """Return the loss on passages if the stream after the layer is changed."""
    with changed(model, {f"blocks.{LAYER - 1}": change}):
        logits = model(tokens[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).item()


def sparse(models: dict[str, GPT], sides: list, seed: int) -> list[dict]:
    """Train an autoencoder on each GPT; return what it keeps, what its single features tell, and controls of both."""
    (tokens, known), (new_tokens, new) = sides
    rows = []
    for source, model in models.items():
        x, new_x = (read(model, each)[f"blocks.{LAYER - 1}"] for each in (tokens, new_tokens))
        torch.manual_seed(seed)
        autoencoder = SparseAutoencoder(CONFIG.width, FEATURES, ACTIVE)
        for _ in fit_sparse(autoencoder, x, STEPS, generator=torch.Generator().manual_seed(seed)):
            pass
        mean = x.mean(0)
        components = torch.linalg.svd((x - mean).T @ (x - mean))[0][:, :ACTIVE]
        chance = F.normalize(torch.randn(FEATURES, CONFIG.width, generator=torch.Generator().manual_seed(seed)), dim=1)
        ways = {
            "sparse autoencoder": autoencoder,
            "principal components": lambda z, c=components, m=mean: (z - m) @ c @ c.T + m,
            "its mean": lambda z, m=mean: m.expand_as(z),
            "as it is": lambda z: z,
        }
        single = {
            "sparse autoencoder": autoencoder.features,
            "coordinates": lambda z, m=mean: z - m,
            "random directions": lambda z, c=chance, m=mean: (z - m) @ c.T,
        }
        row = {"of": "sparse", "seed": seed, "source": source}
        with torch.no_grad():
            for way, change in ways.items():
                kept = {"explained": round(explained(new_x, change(new_x)), 4)}
                rows.append(row | {"way": way} | kept | {"loss": round(loss_with(model, new_tokens, change), 4)})
            for way, features in single.items():
                y, new_y = (torch.stack([each[name] for name in WHAT], 1) for each in (known, new))
                apart = area(features(x[::SPARED]), y[::SPARED]) - 0.5
                best = apart.abs().argmax(0)  # a feature for each property
                told = (area(features(new_x)[:, best], new_y) - 0.5).diagonal()
                told = 0.5 + apart[best].diagonal().sign() * told
                told = {name: round(share, 4) for name, share in zip(WHAT, told.tolist(), strict=True)}
                rows.append(row | {"of": "feature", "way": way} | told)
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    torch.set_num_threads(1)
    start, runs, text = process_time(), [], source_code()
    places = {side: free_places(getattr(text, side)[:READ]) for side in ("train", "validation")}
    for seed in options.seeds:
        models = {"GPT": gpt(), "shuffled": gpt(seed)}
        sides = [
            passages(getattr(text, side)[:READ], places[side], count, seed)
            for side, count in (("train", KNOWN), ("validation", NEW))
        ]
        shares = {name: round(sides[1][1][name].mean().item(), 4) for name in WHAT}
        runs += [{"of": "share", "seed": seed} | shares, *probed(models, sides, seed), *sparse(models, sides, seed)]
        print(seed, round(process_time() - start), runs[-6:], flush=True)
        head = {
            "what": "areas under the ROC curve of probes and of single features on a GPT of characters, with controls",
            "command": "python experiments/probes.py",
            "passages": [KNOWN, NEW],
            "characters": LENGTH,
            "autoencoder": {"after_block": LAYER, "features": FEATURES, "active": ACTIVE, "steps": STEPS},
        }
        write(options.out, head, runs, options.seeds, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
