"""Run the notebooks of the book in fresh kernels and store what they show, the same every time.

    python tools/notebooks.py [notebook ...] [--fresh] [--into FOLDER]

A notebook is rewritten only if it shows something else than before. What would differ from run to run is settled:
widget ids, timestamps, versions and absolute paths are normalised, and a cell tagged nbval-ignore-output (a loss, a
time) keeps what it showed while everything else stays as it was; --fresh takes its new output. --into writes what a
run gave into another folder instead, failed runs included, and leaves the book alone.

A notebook that takes longer than a minute is reported. The time on the clock counts, or the kernel's processor time
if that is shorter: other programs, which share the machine, make the first longer and leave the second as it is.
"""

import argparse
import copy
import hashlib
import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60
PATIENCE = 600  # seconds: a busy machine takes its time to start a kernel, to run a cell and to hand over what it shows
BYTES = 1_000_000
WIDGETS = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}


def of_the_book() -> list[Path]:
    """Return the notebooks of the book: the home page, and all in chapters/."""
    paths = [ROOT / "intro.ipynb", *sorted((ROOT / "chapters").rglob("*.ipynb"))]
    return [path for path in paths if ".ipynb_checkpoints" not in path.parts]


def run(notebook, folder: Path, **options):
    """Run every cell in a fresh kernel that starts in ``folder``.

    ``options`` are the client's, such as ``allow_errors=True``, with which it goes on after a failure. Otherwise raises
    CellExecutionError at the first, and CellTimeoutError where the kernel is silent for too long.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    NotebookClient(
        notebook,
        timeout=PATIENCE,
        startup_timeout=PATIENCE,
        iopub_timeout=PATIENCE,
        raise_on_iopub_timeout=True,  # rather than store a cell without all of its output
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,  # one block of text a stream, progress bars at their last state
        record_timing=False,
        **options,
    ).execute()


def normalise(notebook, name: str):
    """Return a copy free of what differs from run to run; normalising twice changes nothing.

    ``name`` tells the notebook from others: widget ids are made from it, in the order in which widgets are shown.
    """
    notebook = copy.deepcopy(notebook)
    for number, cell in enumerate(notebook.cells):
        cell.id = cell.get("id") or hashlib.sha256(f"{name} {number}".encode()).hexdigest()[:8]
        cell.metadata.pop("execution", None)
        if cell.cell_type == "markdown":
            cell.pop("outputs", None)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata["kernelspec"] = dict(KERNEL)
    notebook.metadata["language_info"] = dict(LANGUAGE)
    shown = _keep_shown_widgets(notebook)

    text = json.dumps(notebook)
    for path in (ROOT, Path(sys.prefix)):
        text = text.replace(json.dumps(str(path))[1:-1] + "/", "")
    for number, widget in enumerate(shown):
        stable = hashlib.sha256(f"{name} widget {number}".encode()).hexdigest()[:32]
        text = text.replace(widget, stable)
    return nbformat.from_dict(json.loads(text))


def _keep_shown_widgets(notebook) -> list[str]:
    """Drop the state of widgets that are not shown, nor referred to by one that is; return the others in order."""
    states = notebook.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    waiting = [output.data[VIEW]["model_id"] for output in outputs if VIEW in output.get("data", {})]
    shown = []
    while waiting:
        widget = waiting.pop(0)
        if widget in states and widget not in shown:
            shown.append(widget)
            waiting += re.findall(r"IPY_MODEL_(\w+)", json.dumps(states[widget], sort_keys=True))
    for widget in states.keys() - set(shown):
        del states[widget]
    for state in states.values():  # they come in the order of a set, which changes with the process
        state.get("buffers", []).sort(key=lambda buffer: [str(step) for step in buffer["path"]])
    if not states:
        notebook.metadata.pop("widgets", None)
    return shown


def settle(new, old):
    """Give cells that are exempt from comparison the output they had in ``old``, if all else is as it was there."""

    def compared(notebook):
        notebook = copy.deepcopy(notebook)
        for cell in filter(_exempt, notebook.cells):
            cell.outputs = []
        return notebook

    return old if compared(new) == compared(old) else new


def _exempt(cell) -> bool:
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def _worked() -> float | None:
    """Return the processor time in seconds of kernels that have ended; None where the system does not tell."""
    times = os.times()
    return times.children_user + times.children_system if os.name == "posix" else None


def write(notebook) -> str:
    """Return the notebook as it is stored."""
    return nbformat.writes(notebook) + "\n"


def refresh(path: Path, fresh: bool = False, into: Path | None = None) -> list[str]:
    """Run one notebook and store it; return what is wrong with it, in sentences."""
    name = path.resolve().relative_to(ROOT).with_suffix("").as_posix()
    stored = path.read_text(encoding="utf-8")
    old = nbformat.reads(stored, as_version=4)
    new, problems, failed = copy.deepcopy(old), [], False
    start, worked = time.perf_counter(), _worked()
    try:
        run(new, path.parent)
    except CellExecutionError as error:
        problems.append(f"{path}: {error.ename}: {error.evalue}")
        failed = True
    except CellTimeoutError as error:
        problems.append(f"{path}: {error}")
        failed = True
    seconds = time.perf_counter() - start
    if worked is not None:
        seconds = min(seconds, _worked() - worked)

    new = normalise(new, name)
    if not (fresh or failed):
        new = settle(new, normalise(old, name))
    text = write(new)
    if seconds > SECONDS:
        problems.append(f"{path}: takes {seconds:.0f} s; {SECONDS} s are allowed")
    if len(text.encode()) > BYTES:
        problems.append(f"{path}: is {len(text.encode()) / 1e6:.2f} MB large; {BYTES / 1e6:.0f} MB is allowed")

    target = into / path.name if into else path
    changed = text != stored
    if changed and (into or not failed):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    state = "failed" if failed else "rewritten" if changed else "unchanged"
    print(f"{path}: {seconds:.0f} s, {len(text.encode()) / 1000:.0f} kB, {state}", flush=True)
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of the book if none is given")
    parser.add_argument("--fresh", action="store_true", help="take new outputs of cells exempt from comparison")
    parser.add_argument("--into", type=Path, help="write here, and leave the book alone")
    options = parser.parse_args()
    paths = options.notebooks or of_the_book()
    problems = [problem for path in paths for problem in refresh(path, options.fresh, options.into)]
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
