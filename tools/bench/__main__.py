"""`make bench`: measure, print tables, keep the figures, and fail if a floor is broken.

python -m tools.bench                                   everything, some minutes
python -m tools.bench convolution --quick               one part, a rough look
"""

import argparse
import json
import os
import platform
import sys
from datetime import date
from pathlib import Path

import torch
from tools.bench import convolution, report, training

from largemodels.device import describe, fast_bfloat16

PARTS = ("convolution", "training", "ablation")
BATCH = 64


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description="Measure the speed of the book's code.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="less data and fewer rounds: a rough look")
    parser.add_argument("--threads", type=int, nargs="+", help="for training; 2 and 1 if not given")
    parser.add_argument("--out", type=Path, default=Path("runs/bench-cnn.json"), help="parts not measured now are kept")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"no part named {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = arguments.threads or [n for n in (2, 1) if n <= cores]
    if not all(1 <= n <= cores for n in threads):
        parser.error(f"this machine gives 1 to {cores} threads; got {threads}")

    results = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    results |= _circumstances(cores)
    for part in arguments.parts or PARTS:
        print(f"measuring: {part}", file=sys.stderr, flush=True)
        results |= _measure(part, threads, arguments.quick)
        results.setdefault("measured", {})[part] = {"date": date.today().isoformat(), "command": _command()}
    results["floors"] = report.floors(results)

    print("\n".join(report.tables(results)))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(f"\nThe figures are in {arguments.out}.")
    return 0 if all(floor["holds"] for floor in results["floors"]) else 1


def _measure(part: str, threads: list[int], quick: bool) -> dict:
    if part == "convolution":
        return {"convolution": convolution.measure(rounds=15 if quick else 60, batch=BATCH)}
    samples, rounds = (6_400, 3) if quick else (19_200, 7)
    with training.shared_data(samples) as (data, name):
        if part == "training":
            return {"data": name, "training": [training.against_keras(data, n, rounds) for n in threads]}
        rounds, some = (3, 3_200) if quick else (7, 6_400)
        return {"ablation": training.ablation(data, max(threads), rounds, some)}


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
    return " ".join(["python -m tools.bench", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
