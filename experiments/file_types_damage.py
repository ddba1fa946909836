"""The file type detector on files that are short, cut, changed or joined, and on prose: results/file-types-damage.json.

    OMP_NUM_THREADS=1 python experiments/file_types_damage.py [--seeds 0 1 2]

Files are those of experiments/file_types.py that the network names rightly, from as many packages as can be: what is
lost is lost by the damage. Intervals are of a bootstrap over packages. About four minutes on one CPU core.
"""

import random
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from file_types import ask, collect, interval, network
from results import asking, machine, write

from largemodels.data import PackageFile, declaration, file_types
from largemodels.models import FileTypeNet
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/file-types-damage.json"
TEXTS = ("python", "javascript", "c", "json", "css", "markdown", "po", "shell")
BINARIES = ("png", "elf", "pythonbytecode", "npy", "gzip", "ttf")
LINES = (1, 2, 3, 5, 10, 20, 50)
BYTES = (16, 64, 256, 1024)
SHARES = (0.002, 0.01, 0.05, 0.2)
PAIRS = 90
EACH = 8  # files of a type and draw, from different packages as far as there are


def chosen(model: FileTypeNet, kinds: tuple[str, ...], seed: int) -> list[PackageFile]:
    """Return up to ``EACH`` files of each type that are named rightly when whole, from as many packages as can be."""
    of_type = defaultdict(list)
    for file in collect(seed):
        of_type[file.type].append(file)
    kept = []
    for kind in kinds:
        files = of_type[kind]
        random.Random(seed).shuffle(files)
        met = defaultdict(int)
        turns = [(met.__setitem__(f.package, met[f.package] + 1), met[f.package])[1] for f in files]
        files = [file for _, file in sorted(zip(turns, files, strict=True), key=lambda pair: pair[0])][: 2 * EACH]
        names = [file_types().names[i] for i in ask(model, [file.read() for file in files]).argmax(1)]
        kept += [file for file, name in zip(files, names, strict=True) if name in file.types][:EACH]
    return kept


def answered(model: FileTypeNet, contents: list[bytes]) -> tuple[list[str], list[str], np.ndarray]:
    """Return the network's best guesses, what the product says, and confidences; "txt" where it is not asked."""
    rules, seen = file_types(), [i for i, content in enumerate(contents) if file_types().tokens(content) is not None]
    sure, best, said = np.zeros(len(contents)), ["txt"] * len(contents), ["txt"] * len(contents)
    for i, row in zip(seen, ask(model, [contents[i] for i in seen]), strict=True):
        sure[i], best[i] = row.max().item(), rules.names[row.argmax()]
        said[i] = rules.decide(best[i], sure[i])
    return best, said, sure


def summed(files: list[PackageFile], best: list[str], said: list[str], sure: np.ndarray, some=None) -> dict:
    """Return how (some) files are named: rightly by the network, rightly or wrongly by the product, how surely."""
    some = range(len(files)) if some is None else some
    packages = [files[i].package for i in some]
    rows = {
        "best guess right": [best[i] in files[i].types for i in some],
        "said right": [said[i] in files[i].types for i in some],
        "said wrong": [said[i] not in (*files[i].types, "txt", "unknown") for i in some],
        "sure": [sure[i] for i in some],
    }
    return {"files": len(some)} | {name: interval(np.array(row, float), packages) for name, row in rows.items()}


def named(model: FileTypeNet, contents: list[bytes], files: list[PackageFile]) -> dict:
    """Return how damaged files are named."""
    return summed(files, *answered(model, contents))


def snippet(content: bytes, lines: int, chance: random.Random) -> bytes:
    """Return so many consecutive lines from anywhere in a text."""
    rows = [row for row in content.splitlines(keepends=True) if row.strip()]
    start = chance.randrange(max(1, len(rows) - lines + 1))
    return b"".join(rows[start : start + lines])[:4096]


def changed(content: bytes, share: float, chance: np.random.Generator) -> bytes:
    """Return a content in which a share of the bytes, at least one, are others."""
    values = np.frombuffer(content, np.uint8).copy()
    ends = np.r_[0 : min(4096, len(values)), max(0, len(values) - 4096) : len(values)]  # nothing else is read
    places = chance.choice(np.unique(ends), max(1, round(share * len(np.unique(ends)))), replace=False)
    values[places] = chance.integers(256, size=len(places))
    return values.tobytes()


def damage(model: FileTypeNet, seeds: list[int]) -> dict:
    """Return what is measured on several draws of files, taken together."""
    chance, dice = random.Random(seeds[0]), np.random.default_rng(seeds[0])
    texts, binaries = ([f for s in seeds for f in chosen(model, kinds, s)] for kinds in (TEXTS, BINARIES))
    found = {"seeds": [*seeds], "texts": len(texts), "binaries": len(binaries), "lines": {}, "lines of a type": {}}
    for count in LINES:
        pieces = [snippet(file.read(), count, chance) for file in texts]
        answers = answered(model, pieces)
        found["lines"][count] = summed(texts, *answers)
        for kind in TEXTS:
            some = [i for i, file in enumerate(texts) if file.type == kind]
            part = summed(texts, *answers, some)
            found["lines of a type"].setdefault(kind, []).append([part["best guess right"][0], part["said right"][0]])
    found["first bytes"] = {n: named(model, [f.read()[:n] for f in binaries], binaries) for n in BYTES}
    long = [file for file in binaries if len(file.read()) >= 12_000]
    found["bytes from the middle"] = {}
    for n in BYTES:
        pieces = [(c := f.read())[len(c) // 2 : len(c) // 2 + n] for f in long]
        if long:
            found["bytes from the middle"][n] = named(model, pieces, long)
    for name, files in (("texts", texts), ("binaries", binaries)):
        found[f"changed {name}"] = {s: named(model, [changed(f.read(), s, dice) for f in files], files) for s in SHARES}
    without = {n: [f.read()[n:] for f in binaries] for n in (1, 4, 16, 64)}
    found["without first bytes"] = {n: named(model, pieces, binaries) for n, pieces in without.items()}
    found["four bytes less one"] = gained(model, binaries)
    found["different binaries"] = len({file.path for file in binaries})  # a file can be in several draws
    found["joined"] = joined(model, texts, binaries, chance)
    return found


def gained(model: FileTypeNet, files: list[PackageFile]) -> list[float]:
    """Return how many more files are named rightly without four bytes than without one, of the same files."""
    right = {}
    for n in (1, 4):
        best, _, _ = answered(model, [file.read()[n:] for file in files])
        right[n] = np.array([name in file.types for name, file in zip(best, files, strict=True)], float)
    return interval(right[4] - right[1], [file.package for file in files])


def joined(model: FileTypeNet, texts: list[PackageFile], binaries: list[PackageFile], chance: random.Random) -> dict:
    """Return which of two joined files is named: the first or the second."""
    rows = {}
    for name, one, other in (
        ("text, text", texts, texts),
        ("binary, text", binaries, texts),
        ("text, binary", texts, binaries),
    ):
        pairs = []
        while len(pairs) < PAIRS:
            a, b = chance.choice(one), chance.choice(other)
            if not set(a.types) & set(b.types):
                pairs.append((a, b))
        contents = [a.read()[:4096] + b"\n" + b.read()[-4096:] for a, b in pairs]
        best = [file_types().names[i] for i in ask(model, contents).argmax(1)]
        packages = [a.package for a, _ in pairs]
        rows[name] = {
            "first": interval(np.array([n in a.types for n, (a, _) in zip(best, pairs, strict=True)], float), packages),
            "second": interval(
                np.array([n in b.types for n, (_, b) in zip(best, pairs, strict=True)], float), packages
            ),
        }
    return rows


def prose(model: FileTypeNet) -> list[dict]:
    """Return how articles of the Declaration of Human Rights are named, language by language."""
    rules, rows = file_types(), []
    for language, articles in declaration(24).items():
        five = ["\n".join(articles[i : i + 5]) for i in range(0, 30, 10)]
        for name, texts in (("one article", articles[::3]), ("five articles", five)):
            chances = ask(model, [text.encode() for text in texts])
            best = [rules.names[i] for i in chances.argmax(1)]
            said = [rules.decide(n, s) for n, s in zip(best, chances.amax(1).tolist(), strict=True)]
            labels = sorted(set(best), key=lambda label: (-best.count(label), label))[:3]  # a set has no order for ties
            count = {label: best.count(label) for label in labels}
            rows.append({"language": language, "pieces": name, "n": len(texts), "best guess": count,
                         "said txt": said.count("txt"), "sure": round(chances.amax(1).mean().item(), 4)})  # fmt: skip
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, (0, 1, 2), FILE).parse_args(argv)
    torch.set_num_threads(1)
    model = network()
    head = {
        "what": "how Magika's network, and the product around it in its default mode, name files that it names rightly "
        "when whole, after damage; a share is its mean and the 95 % interval of a bootstrap over packages",
        "command": "python experiments/file_types_damage.py",
        "magika": version("magika"),
    }
    rows = [damage(model, options.seeds)]
    write(options.out, head | machine(), {"runs": rows, "prose": prose(model)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
