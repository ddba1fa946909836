"""Run the program that the notebook on GPT has its reader type, alone in an empty folder: results/typed-gpt.json.

    python experiments/typed_gpt.py [--seeds 0 1 2 3 4 5] [--out FILE]

The program is made of the notebook's open cells up to the one that writes, as they stand. It knows nothing of this
package. It is trained with each seed, on the processor as it is and as on one without AVX-512, and the file says what
loss it ended with on the text that it keeps aside. Runs that the file holds are kept, as long as the program is the
same. About five minutes on one CPU core.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import torch

from largemodels.device import describe

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from open_path import FOLDED  # noqa: E402
from results import write  # noqa: E402
from seeds import AVX2  # noqa: E402

NOTEBOOK, FILE = ROOT / "chapters/transformer/gpt.ipynb", ROOT / "results/typed-gpt.json"
LAST = "def write("  # the last thing that the reader types
SEED = "torch.manual_seed(0)"
REACHED = re.compile(r"on the text kept aside: ([\d.]+)")


def program(notebook: Path = NOTEBOOK) -> str:
    """Return what a reader types who types all code that stands open on the page, until the program can write.

    Raises ``ValueError`` if that is not a program with one seed, or needs this package.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    typed = [c.source for c in cells if c.cell_type == "code" and not FOLDED & set(c.metadata.get("tags", []))]
    last = next((i for i, source in enumerate(typed) if LAST in source), None)
    if last is None:
        raise ValueError(f"{notebook.name} has no open cell with {LAST!r}")
    text = "\n\n\n".join(typed[: last + 1]) + "\n"
    if text.count(SEED) != 1 or "largemodels" in text:
        raise ValueError(f"the program must set its seed once, by {SEED}, and use nothing of this package")
    return text


def fingerprint(text: str) -> str:
    """Return a checksum of a program; comments and empty lines do not count."""
    lines = (re.sub(r"\s*(?:#.*)?$", "", line) for line in text.splitlines())
    return hashlib.sha256("\n".join(filter(None, lines)).encode()).hexdigest()


def run(text: str, seed: int, **environment: str) -> dict:
    """Run the program in an empty folder, with Python's own path and no other; return what it reached."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "gpt.py").write_text(text.replace(SEED, f"torch.manual_seed({seed})"), encoding="utf-8")
        ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "gpt.py"],
            cwd=folder,
            env=ours | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode:
        raise RuntimeError(f"the program failed with seed {seed}:\n{done.stderr}")
    reached = REACHED.search(done.stdout)
    return {"seed": seed, "held_out": float(reached.group(1)), "written": done.stdout[reached.end() :].strip()}


def kept(path: Path, made_of: str) -> list[dict]:
    """Return the runs that a file holds, if they are of the same program."""
    if not path.exists():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return found["runs"] if found["program"] == made_of else []


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK)
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(arguments)
    text = program(options.notebook)
    head = {
        "what": "the open cells of chapters/transformer/gpt.ipynb, up to the one that writes, as a program",
        "command": shlex.join(["python", "experiments/typed_gpt.py", *(arguments or sys.argv[1:])]),
        "hardware": describe(torch.device("cpu")),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "measured": "held_out: nats per character on 1,000 random passages of the files kept aside",
        "program": fingerprint(text),
    }
    runs = kept(options.out, head["program"])
    for seed in options.seeds:
        for processor, environment in {"as it is": {}, "AVX2": AVX2}.items():
            if not any((found["seed"], found["processor"]) == (seed, processor) for found in runs):
                runs.append({"processor": processor, **run(text, seed, **environment)})
                print({**runs[-1], "written": ""}, flush=True)
                write(options.out, head, sorted(runs, key=lambda found: (found["processor"] == "AVX2", found["seed"])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
