"""Gather the runs of several seeds into one file of results, or write those of one program.

    python -m largemodels.train cnn --data mnist --seed 0 --out runs/mnist-cnn/0      (and 1, 2)
    python experiments/results.py runs/mnist-cnn

writes ``results/mnist-cnn.json`` and brings the table in ``results/README.md`` up to date.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, stdev
from time import process_time

RESULTS = Path(__file__).resolve().parent.parent / "results"
SAME = ("model", "recipe", "hardware", "processes", "torch")
TABLE = ("<!-- table: written by experiments/results.py -->", "<!-- end of table -->")


def gather(folder: Path) -> dict:
    """Return what the runs in ``folder/*/metrics.json`` have in common, and what each seed measured.

    Raises ``ValueError`` for fewer than two seeds, unfinished runs, or runs that differ in more than the seed.
    """
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/metrics.json"))]
    runs.sort(key=lambda run: run["seed"])
    seeds = [run["seed"] for run in runs]
    if len(runs) < 2 or len(set(seeds)) < len(runs):
        raise ValueError(f"{folder} must hold runs of two or more seeds, one each; found seeds {seeds}")
    for run in runs:
        if "accuracy" not in run:
            raise ValueError(f"the run of seed {run['seed']} in {folder} is not finished")
        for key in SAME:
            if run[key] != runs[0][key]:
                raise ValueError(f"seeds {seeds[0]} and {run['seed']} in {folder} differ in {key}")
    accuracy = [run["accuracy"] for run in runs]
    return {
        "command": without(runs[0]["command"], "--out", "--seed") + " --seed SEED",
        **{key: runs[0][key] for key in SAME},
        "seeds": seeds,
        "accuracy": accuracy,
        "mean_accuracy": fmean(accuracy),
        "standard_deviation": stdev(accuracy),
        "loss": [run["loss"] for run in runs],
        "seconds": [run["seconds"] for run in runs],
        "cpu_seconds": [run["cpu_seconds"] for run in runs],
        "epochs": [
            {key: lines[0][key] if key == "epoch" else [line[key] for line in lines] for key in lines[0]}
            for lines in zip(*(run["epochs"] for run in runs), strict=True)
        ],
    }


def without(command: str, *flags: str) -> str:
    """Return a command without the given flags and their values."""
    words = shlex.split(command)
    left = [word for word, before in zip(words, ["", *words], strict=False) if not {word, before} & set(flags)]
    return shlex.join(left)


def table(folder: Path) -> str:
    """Return all results of a folder as a Markdown table."""
    rows = [
        "| result | test accuracy | seeds | parameters | CPU seconds per run | hardware | command |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted(folder.glob("*.json")):
        r = json.loads(path.read_text(encoding="utf-8"))
        if "mean_accuracy" not in r:
            continue
        lowest, highest = min(r["accuracy"]), max(r["accuracy"])
        rows.append(
            f"| `{path.name}` | {r['mean_accuracy']:.2%} ({lowest:.2%} to {highest:.2%}) | {len(r['seeds'])} "
            f"| {r['model']['parameters']:,} | {fmean(r['cpu_seconds']):.0f} | {r['hardware']} | `{r['command']}` |"
        )
    return "\n".join(rows)


def machine() -> dict:
    """Return what a head says of the machine: the processor, and the version of torch."""
    import torch  # here, as the table needs none of it

    from largemodels.device import describe

    return {"hardware": describe(torch.device("cpu")), "torch": torch.__version__}


def write(
    path: Path,
    head: dict,
    runs: list[dict] | dict[str, list[dict]],
    seeds: Iterable[int] | None = None,
    since: float | None = None,
) -> None:
    """Write what runs measured, each in a line of its own, below what is common to all.

    Args:
        path: of the JSON file; its folder is made.
        head: what is common.
        runs: in one list, or in several with a name each.
        seeds: if given, the head goes on with the machine and these.
        since: the ``process_time()`` of the start; if given, the head ends with the CPU seconds since.
    """
    from largemodels.train.files import write_whole

    if seeds is not None:
        head = head | machine() | {"seeds": [*seeds]}
    if since is not None:
        head = head | {"cpu_seconds": round(process_time() - since)}
    text = json.dumps(head, indent=1, ensure_ascii=False)[:-2]
    for name, some in (runs if isinstance(runs, dict) else {"runs": runs}).items():
        lines = ",\n  ".join(json.dumps(run) for run in some)
        text += f',\n "{name}": [\n  {lines}\n ]'
    write_whole(path, f"{text}\n}}\n".encode())


def rounded(value):
    """Return what a file holds of numbers, in lists and dictionaries: five decimals."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 5) if isinstance(value, float) else value


def asking(about: str, seeds: Iterable[int], file: Path) -> argparse.ArgumentParser:
    """Return the parser of a program that takes ``--seeds`` and ``--out``; ``about`` is its docstring."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*seeds])
    parser.add_argument("--out", type=Path, default=file)
    return parser


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="*", help="folders whose folders hold a metrics.json each")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are kept")
    arguments = parser.parse_args()
    try:
        for folder in arguments.runs:
            text = json.dumps(gather(folder), indent=1, ensure_ascii=False) + "\n"
            (arguments.results / f"{folder.name}.json").write_text(text, encoding="utf-8")
    except (ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    readme = arguments.results / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(TABLE[0])
    _, after = rest.split(TABLE[1])
    readme.write_text(f"{before}{TABLE[0]}\n{table(arguments.results)}\n{TABLE[1]}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
