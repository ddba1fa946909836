"""`make bench`: measure, print tables, keep the figures, and fail if a floor is broken.

python -m bench                                   every chapter, some minutes each
python -m bench cnn                               one chapter
python -m bench convolution --quick               one part of one, a rough look
python -m bench pages --base main                 the pages, beside those of another commit
"""

import argparse
import json
import os
import platform
import sys
from datetime import date
from pathlib import Path

import torch

from bench import cnn, large, learning, real, report, rnn, transformer
from bench.pages import Pages
from largemodels.device import describe, fast_bfloat16
from largemodels.train.files import speak_utf8

CHAPTERS = {
    "cnn": cnn,
    "rnn": rnn,
    "transformer": transformer,
    "large": large,
    "learning": learning,
    "real": real,
    "pages": Pages,
}
BATCH = 64


def main() -> int:
    speak_utf8()
    known = [*CHAPTERS, *(part for chapter in CHAPTERS.values() for part in chapter.PARTS)]
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the speed of the book's code.")
    parser.add_argument("what", nargs="*", metavar="CHAPTER|PART", help=f"{', '.join(known)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="less data and fewer rounds: a rough look")
    parser.add_argument("--threads", type=int, nargs="+", help="for training; 2 and 1 if not given")
    parser.add_argument("--base", help="commit beside which pages are measured; where this work left main if not given")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="folder; parts not measured now are kept")
    arguments = parser.parse_args()
    if unknown := set(arguments.what) - set(known):
        parser.error(f"no chapter or part named {', '.join(sorted(unknown))}; choose from {', '.join(known)}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = arguments.threads or [n for n in (2, 1) if n <= cores]
    if not all(1 <= n <= cores for n in threads):
        parser.error(f"this machine gives 1 to {cores} threads; got {threads}")

    chapters = {**CHAPTERS, "pages": Pages(arguments.base)}
    hold = [
        _chapter(name, chapter, parts, threads, arguments.quick, arguments.out / f"bench-{name}.json", cores)
        for name, chapter in chapters.items()
        if (parts := [part for part in chapter.PARTS if not arguments.what or {name, part} & set(arguments.what)])
    ]
    return 0 if all(hold) else 1


def _chapter(name: str, chapter, parts: list[str], threads: list[int], quick: bool, out: Path, cores: int) -> bool:
    """Measure parts of a chapter and keep the figures; return whether all of its floors hold."""
    results = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    results |= _circumstances(cores)
    for part in parts:
        print(f"measuring: {name}, {part}", file=sys.stderr, flush=True)
        results |= chapter.measure(part, threads, quick)
        results.setdefault("measured", {})[part] = {"date": date.today().isoformat(), "command": _command()}
    results["floors"] = chapter.floors(results)

    print("\n".join([*chapter.tables(results), *report.floors(results["floors"])]))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nThe figures are in {out}.")
    return all(floor["holds"] for floor in results["floors"])


def _circumstances(cores: int) -> dict:
    device = torch.device("cpu")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > 0.5:
        print(
            f"The machine is busy (load {load:.1f}): processes that share its cores slow down unequally, "
            f"above all with as many threads as cores.",
            file=sys.stderr,
        )
    return {
        "hardware": describe(device).partition(",")[0],
        "cores": cores,
        "fast_bfloat16": fast_bfloat16(device),
        "load_before": round(load, 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "batch": BATCH,
    }


def _command() -> str:
    return " ".join(["python -m bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
