"""Train small Llamas with and without a mixture of experts on source code: results/experts.json.

    OMP_NUM_THREADS=1 python experiments/experts.py [--seeds 0 1 2] [--steps 500] [--out results] [--fresh]

Four models differ in their feed-forward networks alone: eight experts of which each character uses two, with and
without the loss that balances them; one network as large as two experts, so with as many active weights; one as large
as all eight. They learn from the same passages by the same recipe, and are scored on the same characters. Of mixtures
it is also noted how many characters of which kind each expert gets, and how much of the choice the characters settle,
before training as well. Seeds that the file has already are kept, unless
--fresh is given. About four minutes a seed on one CPU core.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from results import write
from torch import Tensor

from largemodels.data import Text, TextBatches, source_code
from largemodels.device import describe
from largemodels.interpret import capture
from largemodels.layers import MixtureOfExperts, balance_loss, loads
from largemodels.models import Llama, LlamaConfig
from largemodels.train import Recipe, TextScore, evaluate_text

RESULTS = Path(__file__).resolve().parent.parent / "results"
CONTEXT, BATCH, WIDTH, LAYERS, HIDDEN = 128, 16, 96, 3, 96
EXPERTS, ACTIVE, BALANCE = 8, 2, 0.01
SCORED = 60_000  # characters of held-out code
RECIPE = Recipe(3e-3, schedule="cosine", warmup=50, clip=1.0)
WAYS = ("experts, balanced", "experts, not balanced", "dense, as many active", "dense, as many in all")
ROUTERS = "blocks.*.mlp.router"
KINDS = {
    "line break": "\n",
    "space": " ",
    "lower case": "abcdefghijklmnopqrstuvwxyz",
    "upper case": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "digit": "0123456789",
    "underscore": "_",
    "bracket": "()[]{}",
    "quote": "'\"",
}  # and "other"


def build(way: str, vocabulary: int) -> Llama:
    """Return an untrained model; torch's seed decides its weights."""
    hidden = HIDDEN * (EXPERTS if way == "dense, as many in all" else ACTIVE)
    sizes = {"layers": LAYERS, "heads": 4, "kv_heads": 2, "width": WIDTH, "head_width": WIDTH // 4}
    model = Llama(LlamaConfig(vocabulary, CONTEXT, hidden=hidden, base=10_000.0, **sizes))
    if way.startswith("experts"):
        for block in model.blocks:
            block.mlp = MixtureOfExperts(WIDTH, HIDDEN, EXPERTS, ACTIVE)
            for parameter in block.mlp.parameters():
                torch.nn.init.normal_(parameter, std=0.02)
    return model


def train(model: Llama, batches: TextBatches, balance: float) -> None:
    """Take one step for each batch; ``balance`` times the mean balance loss of all layers is added to the loss."""
    optimizer, steps = torch.optim.Adam(model.parameters(), fused=True), len(batches)
    for i in range(steps):
        x, y = batches[i]
        for group in optimizer.param_groups:
            group["lr"] = RECIPE.rate(i, steps)
        if balance:
            with capture(model, ROUTERS) as routers:
                loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
            loss = loss + balance * torch.stack([balance_loss(part, ACTIVE) for part in routers.values()]).mean()
        else:
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE.clip)
        optimizer.step()


@torch.no_grad()
def routed(model: Llama, text: Text) -> dict:
    """Return each layer's loads, and how many characters of each kind have which expert as their first choice."""
    x = text.validation[:SCORED].split(CONTEXT)[:-1]
    kinds = torch.tensor([kind(symbol) for symbol in text.vocabulary.symbols])[torch.cat(x)]
    with capture(model, ROUTERS) as routers:
        model(torch.stack(x))
    first = torch.stack([logits.argmax(1) for logits in routers.values()])  # (layers, n)
    cells = kinds * EXPERTS + first
    counts = [row.bincount(minlength=(len(KINDS) + 1) * EXPERTS).view(-1, EXPERTS).tolist() for row in cells]
    return {
        "loads": [[round(share, 4) for share in loads(logits, ACTIVE).tolist()] for logits in routers.values()],
        "first_choices": counts,  # (layers, kinds, experts)
        "explained": [round(explained(kinds, row), 4) for row in first],
        "explained_shuffled": [round(explained(kinds, row[torch.randperm(len(row))]), 4) for row in first],
        "explained_by_character": [round(explained(torch.cat(x), row), 4) for row in first],
    }


def before_training(model: Llama, text: Text) -> dict:
    """Return how much of the choice is known from the character and from its kind while all weights are random."""
    with torch.random.fork_rng():  # what is drawn later stays as it is
        found = routed(model, text)
    return {f"{name}_untrained": found[name] for name in ("explained", "explained_by_character")}


def kind(symbol: str) -> int:
    """Return the number of a character's kind; the last is for all others."""
    return next((i for i, symbols in enumerate(KINDS.values()) if symbol in symbols), len(KINDS))


def explained(a: Tensor, b: Tensor) -> float:
    """Return how much of the entropy of ``b`` is known from ``a``, from 0 to 1; both are whole numbers ``(n,)``."""
    joint = (a * (b.max() + 1) + b).bincount(minlength=int((a.max() + 1) * (b.max() + 1))).double() / len(a)
    joint = joint.view(-1, int(b.max()) + 1)

    def entropy(p: Tensor) -> Tensor:
        return -torch.xlogy(p, p).sum()

    information = entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint)
    return (information / entropy(joint.sum(0)).clamp(min=1e-12)).item()


def run(text: Text, seed: int, steps: int) -> list[dict]:
    """Train the four models from one seed; return what was measured of each."""
    found, scores = [], {}
    for way in WAYS:
        torch.manual_seed(seed)
        model = build(way, len(text.vocabulary))
        before = before_training(model, text) if way.startswith("experts") else {}
        start = process_time()
        train(model, TextBatches(text.train, CONTEXT, BATCH, steps, seed), BALANCE * (way == WAYS[0]))
        seconds = process_time() - start
        scores[way] = evaluate_text(model, text.validation[: SCORED + 1], text.vocabulary)
        total = sum(parameter.numel() for parameter in model.parameters())
        idle = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name) * (1 - ACTIVE / EXPERTS)
        one = {"seed": seed, "way": way, "parameters": total, "active": round(total - idle)}
        one |= {"nats": round(scores[way].nats, 4), "standard_error": round(scores[way].standard_error, 4)}
        one["cpu_seconds"] = round(seconds, 1)
        found.append(one | (routed(model.eval(), text) | before if way.startswith("experts") else {}))
        print(seed, way, one["nats"], one["cpu_seconds"], flush=True)
    for one in found:
        one["lead"] = lead(scores[one["way"]], scores["dense, as many active"])
    return found


def lead(score: TextScore, other: TextScore) -> list[float]:
    """Return by how many nats one is below the other on the same characters, and the standard error of that."""
    difference = other.minus(score)
    return [round(difference.nats, 4), round(difference.standard_error, 4)]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args(argv)
    path, runs, text = options.out / "experts.json", [], source_code()
    if path.exists() and not options.fresh:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    head = {
        "what": "Llamas with and without a mixture of experts, on source code",
        "command": shlex.join(["python", "experiments/experts.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "model": asdict(build(WAYS[2], len(text.vocabulary)).config),
        "experts": {"experts": EXPERTS, "active": ACTIVE, "hidden": HIDDEN, "balance": BALANCE},
        "recipe": asdict(RECIPE),
        "batches": {"context": CONTEXT, "size": BATCH, "steps": options.steps},
        "scored": SCORED,
        "kinds": [*KINDS, "other"],
        "seeds": options.seeds,
    }
    for seed in options.seeds:
        if seed not in {one["seed"] for one in runs}:
            runs += run(text, seed, options.steps)
            write(path, head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
