"""Which bytes the file type detector rests on, and what its weights bear: results/file-types-bytes.json.

    OMP_NUM_THREADS=1 python experiments/file_types_bytes.py [--seeds 0]

Bytes are taken away (made padding) in the order of a map, of their places, and in a random one: a map is to be
believed as far as the network gives up its answer sooner. Then the network reads one half of its input alone, and
answers with rounded weights. Intervals are of a bootstrap over packages. About three minutes on one CPU core.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from file_types import collect, interval, network
from file_types_damage import BINARIES, TEXTS, chosen
from results import asking, machine, write
from torch import Tensor

from largemodels.compress import round_in_blocks
from largemodels.data import PackageFile, file_types
from largemodels.interpret import byte_occlusion, byte_slopes, rank_correlation, without_bytes
from largemodels.models import FileTypeNet
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/file-types-bytes.json"
COUNTS = [4, 8, 16, 32, 64, 128, 256]
EACH, MANY, PIECE = 2, 150, 64


def kept_after(chances: Tensor, whole: Tensor) -> np.ndarray:
    """Return the share of the first probability that is left, ``(b, counts)``."""
    return (chances / whole[:, None]).clamp(max=1).numpy()


def maps(model: FileTypeNet, files: list[PackageFile], seed: int) -> dict:
    """Return how fast the answer is given up when bytes go in the order of each map."""
    tokens = file_types().batch(file.read() for file in files)
    with torch.no_grad():
        chances = torch.cat([model(part).softmax(1) for part in tokens.split(16)])
    whole, kinds = chances.max(1)
    parts = [*zip(tokens.split(8), kinds.split(8), strict=True)]
    ways = {
        "gradient": torch.cat([byte_slopes(model, *part) for part in parts]),
        "occlusion": byte_occlusion(model, tokens, kinds, PIECE),
        "at random": torch.rand(tokens.shape, generator=torch.Generator().manual_seed(seed)),
    }
    ways["first bytes"] = -torch.arange(tokens.shape[1]).float().expand(tokens.shape)
    packages, found = [file.package for file in files], {}
    text = np.array([file.type in TEXTS for file in files])
    for name, saliency in ways.items():
        order = saliency.argsort(dim=1, descending=True, stable=True)
        left = torch.cat(
            [
                without_bytes(model, t, k, o, COUNTS)
                for t, k, o in zip(tokens.split(16), kinds.split(16), order.split(16), strict=True)
            ]
        )
        kept = kept_after(left, whole)
        found[name] = {
            group: [
                interval(kept[rows, i], [p for p, r in zip(packages, rows, strict=True) if r])
                for i in range(len(COUNTS))
            ]
            for group, rows in (("texts", text), ("binaries", ~text))
        }
    there = tokens != model.PADDING
    agree = {n: rank_correlation(ways["gradient"], ways[n], there) for n in ("occlusion", "at random")}
    begins = torch.arange(tokens.shape[1]) < tokens.shape[1] // 2
    share = {n: (ways[n].abs() * begins).sum(1) / ways[n].abs().sum(1) for n in ("gradient", "occlusion")}
    top = {
        n: [(ways[n][:, :64].abs().sum(1) / ways[n].abs().sum(1)).numpy()[rows] for rows in (text, ~text)]
        for n in share
    }
    return {
        "files": len(files), "left": found,
        "rank correlation with the gradient": {n: interval(x.nan_to_num().numpy(), packages) for n, x in agree.items()},
        "share of the first half": {n: interval(x.numpy(), packages) for n, x in share.items()},
        "share of 64 bytes, texts and binaries": {n: [float(x.mean()) for x in two] for n, two in top.items()},
    }  # fmt: skip


def halves(model: FileTypeNet, files: list[PackageFile]) -> dict:
    """Return how often the network is right with both halves of its input, or one alone."""
    tokens, packages = file_types().batch(file.read() for file in files), [file.package for file in files]
    middle, found = tokens.shape[1] // 2, {}
    long = torch.tensor([len(file.read()) >= 4096 for file in files])
    for name, gone in (("both", slice(0)), ("beginning alone", slice(middle, None)), ("end alone", slice(middle))):
        less = tokens.clone()
        less[:, gone] = model.PADDING
        with torch.no_grad():
            best = torch.cat([model(part).argmax(1) for part in less.split(32)])
        right = np.array([file_types().names[i] in f.types for i, f in zip(best, files, strict=True)], float)
        some = long.numpy()
        found[name] = interval(right[some], [p for p, r in zip(packages, some, strict=True) if r])
    return found | {"files": int(long.sum())}


def rounded(model: FileTypeNet, files: list[PackageFile]) -> dict:
    """Return how many answers change when the weights are rounded."""
    tokens = file_types().batch(file.read() for file in files)

    def answer() -> Tensor:
        with torch.no_grad():
            return torch.cat([model(part).softmax(1) for part in tokens.split(32)])

    state, before, found = {k: v.clone() for k, v in model.state_dict().items()}, answer(), {"files": len(files)}
    right = [file_types().names[i] in f.types for i, f in zip(before.argmax(1), files, strict=True)]
    for name in ("half precision", "8 bits", "4 bits", "4 bits, blocks of 32"):
        for key, weight in model.state_dict().items():
            if name == "half precision":
                weight.copy_(weight.half().float())
            elif weight.ndim > 1:
                block = 32 if "blocks" in name else None
                numbers, scale = round_in_blocks(weight.flatten(1), int(name[0]), block)
                width = numbers.shape[1] if block is None else block
                wide = scale.repeat_interleave(width, 1)[:, : numbers.shape[1]]
                model.state_dict()[key].copy_((numbers * wide).reshape(weight.shape))
        after = answer()
        model.load_state_dict(state)
        now = [file_types().names[i] in f.types for i, f in zip(after.argmax(1), files, strict=True)]
        found[name] = {
            "changed": int((after.argmax(1) != before.argmax(1)).sum()),
            "right before": sum(right),
            "right": sum(now),
            "largest difference": round((after - before).abs().max().item(), 5),
        }
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, (0,), FILE).parse_args(argv)
    torch.set_num_threads(1)
    model, rows = network(), []
    for seed in options.seeds:
        of_type = {}
        for file in chosen(model, TEXTS + BINARIES, seed):
            of_type.setdefault(file.type, []).append(file)
        few = [file for files in of_type.values() for file in files[:EACH]]
        some = collect(seed)
        some = [some[i] for i in np.random.default_rng(seed).permutation(len(some))[:MANY]]
        rows.append(
            {
                "seed": seed,
                "maps": maps(model, few, seed),
                "halves": halves(model, some),
                "rounded": rounded(model, some),
            }
        )
    head = {
        "what": "the share of its confidence that Magika's network keeps after bytes are made padding, in the order of "
        "several maps; its right answers from half of its input, for files of 4,096 bytes or more; its answers with "
        "rounded weights",
        "command": "python experiments/file_types_bytes.py",
        "counts": COUNTS,
        "magika": version("magika"),
    }
    write(options.out, head | machine(), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
