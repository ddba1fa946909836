"""A file type detector in use, on files that it has perhaps never seen: results/file-types.json.

    OMP_NUM_THREADS=1 python experiments/file_types.py [--seeds 0 1 2]

Files of the installed packages, one to six of each type from each package, and the files of this book, written after
the network was trained. The type is what a file's ending says. Magika's network (read from the package, rebuilt in
`FileTypeNet`) answers, as do a table of first bytes and two classifiers that learn on other packages' files. Intervals
are of a bootstrap over packages. About five minutes on one CPU core.
"""

import subprocess
import sys
from collections import Counter, defaultdict
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from results import asking, machine, write
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from largemodels.data import MODES, PackageFile, by_magic_number, common_types, file_types, magika_folder, package_files
from largemodels.data.package_files import TYPE_OF
from largemodels.export import read_onnx_weights
from largemodels.models import FileTypeNet, file_type_net
from largemodels.train import calibration_error
from largemodels.train.files import speak_utf8

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "results/file-types.json"
OURS = "this book"
LEARNED = ("histogram and first bytes", "pieces of 1 to 4 bytes")
FOLDS, DRAWS, GROUPS = 5, 1000, (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


def network() -> FileTypeNet:
    """Return Magika's network."""
    return file_type_net(read_onnx_weights(magika_folder() / "model.onnx"))


def book_files(most: int, seed: int) -> list[PackageFile]:
    """Return files of this repository, at most ``most`` of each type."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, encoding="utf-8").stdout.split("\n")
    of_type, chance, kept = defaultdict(list), np.random.default_rng(seed), []
    for name in names:
        path = ROOT / name
        if name and path.suffix in TYPE_OF and path.is_file() and len(path.read_bytes().strip()) >= 8:
            of_type[TYPE_OF[path.suffix]].append(path)
    for types, paths in sorted(of_type.items()):
        kept += [PackageFile(paths[i], OURS, types) for i in chance.permutation(len(paths))[:most]]
    return kept


def collect(seed: int) -> list[PackageFile]:
    """Return the packages' files: of Python's three commonest types one a package, of others up to six."""
    some, usual = package_files(most=6, seed=seed), Counter()
    kept = []
    for file in some:
        key = (file.package, file.type)
        usual[key] += 1
        if file.type not in ("python", "pythonbytecode", "txt") or usual[key] == 1:
            kept.append(file)
    return kept


@torch.no_grad()
def ask(model: FileTypeNet, contents: list[bytes], size: int = 32) -> torch.Tensor:
    """Return the probabilities of all types for each content, ``(n, types)``."""
    tokens = file_types().batch(contents)
    return torch.cat([model(part).softmax(1) for part in tokens.split(size)])


def interval(right: np.ndarray, packages: list[str], seed: int = 0) -> list[float]:
    """Return the mean and its 95 % interval, of a bootstrap over packages."""
    names = sorted(set(packages))
    place = np.array([names.index(name) for name in packages])
    sums, counts = np.bincount(place, right, len(names)), np.bincount(place, minlength=len(names))
    drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    return [float(np.mean(right)), *map(float, np.quantile(means, [0.025, 0.975]))]


def by_type(right: np.ndarray, types: list[str], packages: list[str], seed: int = 0) -> list[float]:
    """Return the mean over types of the share right, and its interval over packages."""
    kinds, names = sorted(set(types)), sorted(set(packages))
    cell = np.array([kinds.index(t) * len(names) + names.index(p) for t, p in zip(types, packages, strict=True)])
    shape = (len(kinds), len(names))
    sums = np.bincount(cell, right, shape[0] * shape[1]).reshape(shape)
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    chance, means = np.random.default_rng(seed), []
    for _ in range(DRAWS):
        times = np.bincount(chance.integers(len(names), size=len(names)), minlength=len(names))
        n = counts @ times
        means.append(np.mean((sums @ times)[n > 0] / n[n > 0]))
    mean = np.mean(sums.sum(1) / counts.sum(1))
    return [float(mean), *map(float, np.quantile(means, [0.025, 0.975]))]


def learned(contents: list[bytes], types: list[str], packages: list[str], seed: int) -> dict[str, np.ndarray]:
    """Return the answers of two classifiers, each file answered by one that saw no file of its package."""
    ends = [content.lstrip()[:1024] + content.rstrip()[-1024:] for content in contents]
    counts = np.stack([np.bincount(np.frombuffer(e, np.uint8), minlength=256) for e in ends])
    first = np.stack([np.frombuffer(e[:16].ljust(16, b" "), np.uint8) for e in ends]).astype(int) + 256 * np.arange(16)
    places = csr_array((np.ones(first.size), (np.arange(len(ends)).repeat(16), first.ravel())), (len(ends), 16 * 256))
    simple = hstack([3 * np.sqrt(counts / counts.sum(1, keepdims=True)), 0.3 * places]).tocsr()
    words = HashingVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, alternate_sign=False, norm=None)
    grams = words.transform(end.decode("latin-1") for end in ends)
    y, answers = np.array(types), {name: np.empty(len(types), object) for name in LEARNED}
    groups = np.array(packages)
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(grams, y, groups):
        assert not set(groups[train]) & set(groups[test])
        one = LogisticRegression(C=30, max_iter=500, class_weight="balanced")
        other = make_pipeline(TfidfTransformer(sublinear_tf=True), LinearSVC(C=1, class_weight="balanced"))
        for name, way, x in zip(LEARNED, (one, other), (simple, grams), strict=True):
            answers[name][test] = way.fit(x[train], y[train]).predict(x[test])
    return answers


def calibration(sure: np.ndarray, right: np.ndarray, packages: list[str]) -> dict:
    """Return groups of one confidence, each with its share right and interval, and the calibration error."""
    rows, packages = [], np.array(packages)
    for low, high in pairwise(GROUPS):
        chosen = (sure >= low) & ((sure < high) | (high == 1))
        if chosen.sum() >= 5:
            rows.append(
                {"from": low, "to": high, "count": int(chosen.sum()), "sure": float(sure[chosen].mean()),
                 "right": interval(right[chosen], [*packages[chosen]])}
            )  # fmt: skip
    names = sorted(set(packages))
    rows_of = [np.flatnonzero(packages == name) for name in names]
    chance, errors = np.random.default_rng(0), []
    for _ in range(200):
        drawn = np.concatenate([rows_of[i] for i in chance.integers(len(names), size=len(names))])
        errors.append(calibration_error(torch.from_numpy(sure[drawn]), torch.from_numpy(right[drawn]), 10, "count"))
    error = calibration_error(torch.from_numpy(sure), torch.from_numpy(right), 10, "count")
    gap = interval(sure - right, [*packages])
    return {"groups": rows, "error": [error, *map(float, np.quantile(errors, [0.025, 0.975]))], "sure less right": gap}


def measure(model: FileTypeNet, files: list[PackageFile], seed: int, baselines: bool = True) -> dict:
    """Return what is measured on one draw of files."""
    rules, contents = file_types(), [file.read() for file in files]
    types, packages = [f.type for f in files], [f.package for f in files]
    chances = ask(model, contents).numpy().astype(float)
    names = [rules.names[i] for i in chances.argmax(1)]
    sure = chances.max(1)

    def right(answers) -> np.ndarray:
        return np.array([a in f.types for a, f in zip(answers, files, strict=True)], float)

    said = {mode: [rules.decide(n, s, mode) for n, s in zip(names, sure, strict=True)] for mode in MODES}
    answers = {**said, "first bytes": [by_magic_number(content) for content in contents]}
    common = common_types(files) if baselines else []
    inside = np.array([t in common for t in types])
    found = {"seed": seed, "files": len(files), "packages": len(set(packages)), "types": len(set(types))}
    found["right"] = {name: interval(right(a), packages) for name, a in answers.items()}
    found["right by type"] = {name: by_type(right(a), types, packages) for name, a in answers.items()}
    generic = {
        mode: [a in ("txt", "unknown") and t != "txt" for a, t in zip(s, types, strict=True)]
        for mode, s in said.items()
    }
    found["generic"] = {mode: interval(np.array(x, float), packages) for mode, x in generic.items()}
    wrong = {mode: right(a) + np.array(generic[mode]) == 0 for mode, a in said.items()}
    found["wrong"] = {mode: interval(x.astype(float), packages) for mode, x in wrong.items()}
    found["calibration"] = calibration(sure, right(said["best-guess"]), packages)
    found["each type"] = {
        t: [types.count(t), *[round(float(right(a)[np.array(types) == t].mean()), 4) for a in answers.values()]]
        for t in sorted(set(types))
    }
    mistaken = Counter((f.type, n) for f, n in zip(files, names, strict=True) if n not in f.types)
    found["mistaken"] = [[*pair, count] for pair, count in mistaken.most_common(15)]
    if baselines:
        some = [i for i in range(len(files)) if inside[i]]
        part = [[x[i] for i in some] for x in (contents, types, packages)]
        only = [
            rules.names.index(t)
            for t in sorted({n for f in files if f.type in common for n in f.types} & {*rules.names})
        ]
        told = [rules.names[only[i]] for i in chances[:, only].argmax(1)]
        rivals = {**{k: [a[i] for i in some] for k, a in answers.items()}, **learned(*part, seed)}
        rivals["best guess among these types"] = [told[i] for i in some]
        scores = {
            k: np.array([a in files[i].types for a, i in zip(v, some, strict=True)], float) for k, v in rivals.items()
        }
        found["common"] = {"types": sorted(common), "files": len(some)}
        found["common"]["right"] = {name: interval(x, part[2]) for name, x in scores.items()}
        found["common"]["right by type"] = {name: by_type(x, *part[1:]) for name, x in scores.items()}
        mine, theirs = scores["high-confidence"], scores["histogram and first bytes"]
        found["common"]["Magika less logistic regression, by type"] = by_type(mine - theirs, *part[1:])  # same files
        text = [i for i, t in enumerate(part[1]) if t in rules.texts]
        found["common"]["texts, by type"] = {
            k: by_type(x[text], [part[1][i] for i in text], [part[2][i] for i in text]) for k, x in scores.items()
        }
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, (0, 1, 2), FILE).parse_args(argv)
    torch.set_num_threads(1)
    model = network()
    rows = [measure(model, collect(seed), seed) for seed in options.seeds]
    ours = [measure(model, book_files(40, options.seeds[0]), options.seeds[0], baselines=False)]
    head = {
        "what": "file types by Magika's network in three modes, by first bytes, and by two classifiers that learn on "
        "other packages; a share is its mean and the 95 % interval of a bootstrap over packages",
        "command": "python experiments/file_types.py",
        "magika": version("magika"),
    }
    write(options.out, head | machine(), {"runs": rows, "this book": ours})
    return 0


if __name__ == "__main__":
    sys.exit(main())
