"""Time a GPT that writes, with and without the cache, by the length of the text before it: results/gpt-cache.json.

    OMP_NUM_THREADS=1 python experiments/gpt_cache.py [--out results]

Seconds on one CPU core.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import process_time

import torch

from largemodels.device import describe, keep_large_buffers
from largemodels.models import GPT, GPTConfig
from largemodels.train.files import write_whole

RESULTS = Path(__file__).resolve().parent.parent / "results"
LENGTHS = (16, 32, 64, 128, 256, 512, 1024)


def write_by_length(rounds: int = 15) -> dict:
    """Time a token, the last of texts of many lengths, with and without the cache; return what is to be kept."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(context=max(LENGTHS), quiet_start=False)).eval()
    text = torch.randint(model.config.vocabulary, (1, max(LENGTHS)))
    spent = {"with": {t: [] for t in LENGTHS}, "without": {t: [] for t in LENGTHS}}
    with torch.inference_mode():
        for t in [n for _ in range(rounds) for n in LENGTHS]:
            cache = model.start()
            model.advance(text[:, : t - 1], cache)
            start = process_time()
            last = model.advance(text[:, t - 1 : t], cache)
            spent["with"][t].append(process_time() - start)
            start = process_time()
            whole = model.advance(text[:, :t])
            spent["without"][t].append(process_time() - start)
            torch.testing.assert_close(last[:, -1], whole[:, -1], atol=1e-4, rtol=0)
    config = model.config
    return {
        "model": asdict(config),
        "lengths": LENGTHS,
        "rounds": rounds,
        "milliseconds": {
            way: [round(1000 * median(each[1:]), 3) for each in by_length.values()] for way, by_length in spent.items()
        },
        "kept_numbers": [2 * config.layers * config.width * t for t in LENGTHS],
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_large_buffers()
    result = {
        "command": shlex.join(["python", "experiments/gpt_cache.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        **write_by_length(),
    }
    write_whole(options.out / "gpt-cache.json", (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
