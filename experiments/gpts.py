"""Train GPTs at full size: results/gpt-shakespeare.json and gpt-code.json.

    OMP_NUM_THREADS=1 python experiments/gpts.py shakespeare|code [--seeds 0 1 2] [--out results]

    shakespeare   nanoGPT's run for a CPU: 4 layers, 4 heads, width 128, 2,000 steps of 12 passages of 64 characters.
                  First with nanoGPT's model and recipe, then with one change after the other, up to ours.
    code          4,000 steps of 8 passages of 128 characters of Python's source code, with AdamW and with Muon; and
                  5,200 steps with AdamW, which take about as long as Muon's 4,000.

Half an hour each on one CPU core. All held-out characters are scored, as everywhere in the book
(`train.evaluate_text`). Runs that the file holds are kept and not made again, so it may be stopped and started.
`--held-out` measures on the last tenth of the text to learn from, which is then not learned from. With it the sizes and
learning rates for source code were chosen, so that the validation text had no part in that; on Shakespeare nothing was.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from math import cos, pi
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from largemodels.data import Text, TextBatches, passages, shakespeare, source_code
from largemodels.device import autocast, describe, keep_large_buffers
from largemodels.models import GPT, GPTConfig
from largemodels.train import evaluate, evaluate_text
from largemodels.train.files import write_whole
from largemodels.train.language import unscored

RESULTS = Path(__file__).resolve().parent.parent / "results"
GPT2 = {"positions": "learned", "norm_queries": False, "quiet_start": False}
DECAY, CLIP = 0.1, 1.0


@dataclass(frozen=True)
class Way:
    """How a model begins and how it is trained.

    Attributes:
        model: what differs from :class:`GPTConfig`'s defaults.
        rate: the highest learning rate.
        end: share of it that is left at the end; it falls along half a cosine.
        warmup: share of the run in which it first climbs.
        beta: how slowly AdamW's mean of squared gradients forgets.
        muon: whether Muon takes the steps of the blocks' matrices (Jordan et al. 2024), and AdamW those of the rest.
        longer: times as many steps as the others.
    """

    model: dict = field(default_factory=dict)
    rate: float = 1e-2
    end: float = 0.0
    warmup: float = 0.05
    beta: float = 0.99
    muon: bool = False
    longer: float = 1.0


NANO = {"rate": 1e-3, "end": 0.1, "warmup": 0.05, "beta": 0.99}
SHAKESPEARE = {
    "nanoGPT": Way(GPT2, **NANO),
    "+ rotary positions": Way(GPT2 | {"positions": "rotary"}, **NANO),
    "+ queries and keys of one length": Way({"quiet_start": False}, **NANO),
    "+ quiet start": Way({}, **NANO),
    "+ our learning rate": Way(),
    "+ Muon": Way(muon=True),
}
CODE = {"AdamW": Way(rate=1.5e-2), "Muon": Way(muon=True), "AdamW, longer": Way(rate=1.5e-2, longer=1.3)}


@dataclass(frozen=True)
class Part:
    """What is to be learned, by models of which size, in how many steps.

    Attributes:
        text: gives it.
        model: sizes of the model.
        size: passages per batch.
        ways: by name.
        steps: how many.
    """

    text: Callable[[], Text]
    model: dict
    size: int
    ways: dict[str, Way]
    steps: int


PARTS = {
    "shakespeare": Part(
        shakespeare, {"layers": 4, "heads": 4, "width": 128, "context": 64}, 12, SHAKESPEARE, steps=2000
    ),
    "code": Part(source_code, {"layers": 2, "heads": 4, "width": 128, "context": 128}, 8, CODE, steps=4000),
}


def optimizers(model: GPT, way: Way) -> list[Optimizer]:
    """Return what takes the steps: AdamW, with Muon beside it if the way says so."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    with_muon = [p for p in model.blocks.parameters() if p.ndim > 1] if way.muon else []
    taken = {id(p) for p in with_muon}
    groups = [
        {"params": [p for p in matrices if id(p) not in taken], "weight_decay": DECAY},
        {"params": rest, "weight_decay": 0.0},
    ]
    both = [AdamW(groups, lr=way.rate, betas=(0.9, way.beta), fused=True)]
    if with_muon:
        # the rate is AdamW's: the update of a matrix is scaled to be as large as AdamW's usually is
        both.append(Muon(with_muon, lr=way.rate, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"))
    return both


def rate_at(way: Way, share: float) -> float:
    """Return the learning rate after a share of the run, from 0 to 1."""
    if share < way.warmup:
        return way.rate * share / way.warmup
    fallen = (1 - cos(pi * (share - way.warmup) / (1 - way.warmup))) / 2
    return way.rate * (1 - (1 - way.end) * fallen)


def train(model: GPT, batches: TextBatches, way: Way) -> None:
    """Train on all batches."""
    both = optimizers(model, way)
    for step, (x, y) in enumerate(batches):
        with autocast(x.device, "bfloat16"):
            logits = model(x)
        loss = F.cross_entropy(logits.float().flatten(0, 1), y.flatten())
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer in both:
            for group in optimizer.param_groups:
                group["lr"] = rate_at(way, step / len(batches))
            optimizer.step()


def run(part: Part, text: Text, name: str, seed: int) -> dict:
    """Train one model; return what came of it."""
    way = part.ways[name]
    torch.manual_seed(seed)
    model = GPT(GPTConfig(vocabulary=len(text.vocabulary), **{**part.model, **way.model}))
    batches = TextBatches(text.train, model.config.context, part.size, round(part.steps * way.longer), seed)
    start = process_time()
    train(model, batches, way)
    seconds = process_time() - start
    score = evaluate_text(model, text.validation, text.vocabulary)
    separate = evaluate(model, *passages(text.validation, batches.context), batch=256).loss
    return {
        "way": name,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "steps": len(batches),
        "characters": len(batches) * part.size * model.config.context,
        "cpu_seconds": round(seconds, 1),
        "validation_loss": round(score.nats, 5),
        "standard_error": round(score.standard_error, 5),
        "bits_per_byte": round(score.bits_per_byte, 5),
        "in_separate_passages": round(separate, 5),
    }


def held_out(text: Text) -> Text:
    """Return a text whose last tenth to learn from stands in for the validation text."""
    end = len(text.train) * 9 // 10
    return Text(text.train[:end], text.train[end : end + len(text.validation)], text.vocabulary)


def learn(part: Part, options: argparse.Namespace, path: Path) -> Iterator[dict]:
    """Train with all ways and seeds that ``path`` does not hold; yield what is to be kept, after each run.

    Raises ``ValueError`` for a file of other runs.
    """
    text = part.text()
    text = held_out(text) if options.held_out else text
    same = {
        "text": f"{part.text.__name__}(): {len(text.train):,} characters to learn from",
        "measured": f"all held-out characters but the first {unscored(len(text.validation)):,}, each with at least "
        f"{part.model['context'] // 2 + 1} before it (train.evaluate_text); in_separate_passages: all, "
        "in passages that do not overlap, as nanoGPT does",
        "model": part.model,
        "training": f"batches of {part.size} passages; products in bfloat16, weight decay {DECAY} of matrices, "
        f"gradients clipped to norm {CLIP}",
        "steps": part.steps,
    }
    ways = {name: asdict(way) for name, way in part.ways.items()}
    there = known(path, same, ways)
    for seed in options.seeds:
        for name in options.ways or part.ways:
            if (seed, name) not in there:
                there[seed, name] = run(part, text, name, seed)
                print(there[seed, name], flush=True)
            runs = [there[s, way] for s in sorted({s for s, _ in there}) for way in part.ways if (s, way) in there]
            yield {**same, "seeds": sorted({s for s, _ in there}), "ways": ways, "runs": runs}


def known(path: Path, same: dict, ways: dict[str, dict]) -> dict[tuple[int, str], dict]:
    """Return the runs that a file holds, by seed and way. Raises ``ValueError`` if they were made otherwise."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    before = {name: asdict(Way(**way)) for name, way in found["ways"].items()}
    other = [key for key in same if found.get(key) != same[key]]
    other += [name for name in before if name not in ways or before[name] != ways[name]]
    if other:
        raise ValueError(f"{path} holds runs that differ in {', '.join(other)}; move it away, or name another --out")
    return {(each["seed"], each["way"]): each for each in found["runs"]}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", help="some of the part's only")
    parser.add_argument("--held-out", action="store_true", help="leave the validation text alone")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_large_buffers()
    result = {
        "command": shlex.join(["python", "experiments/gpts.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    path = options.out / f"gpt-{options.part}.json"
    for found in learn(PARTS[options.part], options, path):
        write_whole(path, (json.dumps(result | found, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
