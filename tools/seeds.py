"""Run notebooks with other seeds, or as an older processor would, and list the assertions that fail.

    python tools/seeds.py notebook ... [--seeds 0 1 2 3 4 5] [--avx2]

Each seed takes a fresh kernel, and nothing is stored. With 0 the notebook is as it stands, and its text outputs are
compared with those stored. Another number shifts every seed of torch and of Python's random, in the notebook and in the
library alike: first weights, order, augmentation, and what is drawn to measure something. Data stay: the splits of the
digits, which are scikit-learn's, and the dates, of which the stored networks have learned a part. --avx2 has the
libraries compute as on a processor without AVX-512.

An assertion that fails is noted with the values it compared, and its cell goes on. After any other error, cells that
fail while they use a name from the failed cell are listed as its followers.
"""

import argparse
import ast
import copy
import os
import sys
import time
from pathlib import Path

import nbformat
from notebooks import _exempt, run

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
STEP = 1000 * 1_000_003  # data.batches multiplies a seed by the second factor: for it the shift is 1000
FIXED = ("largemodels.data.dates",)
FAILED = "text/x-failed-assertion"


def shift_seeds(number: int):
    """Add ``number`` times STEP to all seeds that torch's and Python's random generators are given from now on."""
    import random

    import torch

    shift, seed_all = number * STEP, torch.manual_seed

    class Generator(torch.Generator):
        def manual_seed(self, seed):
            fixed = sys._getframe(1).f_globals.get("__name__") in FIXED
            return super().manual_seed((int(seed) + shift * (not fixed)) % 2**64)

    class Random(random.Random):
        def seed(self, a=None, version=2):
            super().seed(a + shift if isinstance(a, int) else a, version)

    torch.manual_seed = lambda seed: seed_all((int(seed) + shift) % 2**64)
    torch.Generator, random.Random = Generator, Random
    torch.manual_seed(torch.initial_seed())


class NoteAssertions(ast.NodeTransformer):
    """Have an assertion that fails call ``__failed__`` in place of raising."""

    def visit_Assert(self, node):
        text = ast.unparse(node.test)
        [note] = ast.parse(f"__failed__({text!r}, globals() | locals())").body
        return ast.copy_location(ast.If(ast.UnaryOp(ast.Not(), node.test), [note], []), node)


def failed(text: str, names: dict):
    """Show that an assertion failed, and the values of what it compared or ran through."""
    from IPython.display import display

    nodes = list(ast.walk(ast.parse(text)))
    parts = [part for node in nodes if isinstance(node, ast.Compare) for part in (node.left, *node.comparators)]
    parts += [node.iter for node in nodes if isinstance(node, ast.comprehension)]
    values = {}
    for part in (ast.unparse(part) for part in parts if not isinstance(part, ast.Constant)):
        try:
            value = eval(part, names)
        except Exception:  # names from inside a comprehension
            continue
        values[part] = " ".join(f"{part} = {value!r}".split())[:200]
    display({FAILED: "\n      ".join([f"assert {text}", *values.values()])}, raw=True)


def prepare(number: int):
    """Make a kernel ready: it notes failing assertions, and shifts seeds."""
    import builtins

    from IPython import get_ipython

    get_ipython().ast_transformers.append(NoteAssertions())
    builtins.__failed__ = failed
    if number:
        shift_seeds(number)


def run_shifted(notebook, folder: Path, number: int) -> list[tuple[int, str, str]]:
    """Return what failed with one shift: (index of the cell, its id, what failed)."""
    done = copy.deepcopy(notebook)
    tools = str(Path(__file__).parent)
    first = (
        f"import sys\nsys.path.insert(0, {tools!r})\n__import__('seeds').prepare({number})\nsys.path.pop(0)\ndel sys"
    )
    done.cells.insert(0, nbformat.v4.new_code_cell(first))
    run(done, folder, allow_errors=True)
    if errors := _errors(done.cells[0]):
        raise RuntimeError(errors[0])
    return failures(notebook.cells, done.cells[1:], compare=number == 0)


def failures(stored: list, done: list, compare: bool) -> list[tuple[int, str, str]]:
    found, broken = [], {}
    for index, (before, cell) in enumerate(zip(stored, done, strict=True)):
        if cell.cell_type != "code":
            continue
        made, used = _names(cell.source)
        cause = next((broken[name] for name in used if name in broken), None)
        errors = _errors(cell)
        noted = errors + [o.data[FAILED] for o in cell.outputs if FAILED in o.get("data", {})]
        if compare and not noted and not _exempt(cell) and _text(before) != _text(cell):
            noted = [f"shows what is not stored: {_difference(_text(before), _text(cell))}"]
        follows = f"(follows {cause}) " if cause else ""
        found += [(index, cell.id, follows + text) for text in dict.fromkeys(noted)]
        for name in made:
            broken.pop(name, None)
            if errors or cause:
                broken[name] = cause or cell.id
    return found


def _errors(cell) -> list[str]:
    if "raises-exception" in cell.metadata.get("tags", []):
        return []
    return [f"{o.ename}: {o.evalue}"[:300] for o in cell.outputs if o.output_type == "error"]


def _text(cell) -> str:
    shown = (
        o.get("text", "") if o.output_type == "stream" else o.get("data", {}).get("text/plain", "")
        for o in cell.outputs
        if o.get("name") != "stderr" and FAILED not in o.get("data", {})
    )
    return "".join(shown).strip()


def _difference(before: str, now: str) -> str:
    pairs = zip(before.splitlines(), now.splitlines(), strict=False)
    line, other = next((pair for pair in pairs if pair[0] != pair[1]), ("more or fewer lines", ""))
    return f"{line[:150]} | {other[:150]}"


def _names(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell makes and those it uses."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # commands of IPython
        return set(), set()
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    made |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return made, {node.id for node in names if isinstance(node.ctx, ast.Load)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=range(6), help="0 is the notebook as it stands")
    parser.add_argument("--avx2", action="store_true", help="compute as without AVX-512")
    options = parser.parse_args()
    if options.avx2:
        os.environ.update(AVX2)
    failed_once = False
    for path in options.notebooks:
        notebook = nbformat.read(path, as_version=4)
        for number in options.seeds:
            start = time.perf_counter()
            found = run_shifted(notebook, path.parent, number)
            seconds = time.perf_counter() - start
            cells = len({index for index, _, _ in found})
            print(f"{path}{' avx2' * options.avx2} seed {number}: {seconds:.0f} s, {cells} cells failed", flush=True)
            for index, name, text in found:
                print(f"   {name} (cell {index}): {text}", flush=True)
            failed_once = failed_once or bool(found)
    return failed_once


if __name__ == "__main__":
    sys.exit(main())
