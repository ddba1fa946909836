"""The speed of the book's pages: beside those of another commit, both built here, and measured in turns."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import browsing, readers, report
from bench.timing import in_turns, ratio, spread

ROOT = Path(__file__).resolve().parents[1]
SLOWEST = 1.25  # times the page of the other commit
AT_MOST = {"tokens: an answer": 50}  # milliseconds from a keystroke until its tokens are painted
BOOK = [str(Path(sys.executable).with_name("jupyter-book")), "build", "-n", "--keep-going", "--quiet"]


class Pages:
    """A chapter of the bench. ``base`` names the commit beside which pages are measured; see :func:`default_base`."""

    PARTS = ("paint", "answers", "readers")

    def __init__(self, base: str | None = None):
        self.base = base

    def measure(self, part: str, threads: list[int], quick: bool) -> dict:
        """Measure one of the parts: how soon a page is painted or its widgets answer, or what readers wait for."""
        commit = resolve(self.base or (readers.BEFORE if part == "readers" else default_base(ROOT)), ROOT)
        rounds = 3 if quick else 9
        with books(commit) as (base, now), browsing.browser() as tabs:
            if part == "readers":
                rows = [readers.measure(tabs, case, base, now, rounds) for case in readers.CASES]
                return {part: [{"base": commit, **row} for row in rows]}
            cases = browsing.paints(base, now) if part == "paint" else browsing.ANSWERS
            return {part: [{"base": commit, **_beside(tabs, case, base, now, rounds)} for case in cases]}

    def floors(self, results: dict) -> list[dict]:
        """Return what must hold, what was measured, and whether it holds."""
        cases = [case for part in ("paint", "answers") for case in results.get(part, [])]
        beside = [
            report.floor(f"{case['case']}, beside {case['base'][:9]}", "at most", SLOWEST, case["best_beside_base"])
            for case in cases
        ]
        beside += readers.floors(results.get("readers", []))
        return beside + [
            report.floor(f"{case['case']}, ms", "at most", AT_MOST[case["case"]], case["milliseconds"]["median"])
            for case in cases
            if case["case"] in AT_MOST
        ]

    def tables(self, results: dict) -> Iterator[str]:
        """Yield the tables in Markdown. A range in brackets is between the quartiles."""
        for part, what in (("paint", "Largest contentful paint"), ("answers", "From a change to its answer")):
            if cases := results.get(part):
                yield f"\n{what}, beside commit {cases[0]['base'][:9]}\n"
                yield from report.table(
                    ("case", "ms", "× base's", "the best × base's best"),
                    [
                        (
                            case["case"],
                            report.between(case["milliseconds"], 0),
                            report.between(case["beside_base"], 2),
                            f"{case['best_beside_base']:.2f}",
                        )
                        for case in cases
                    ],
                )
        if rows := results.get("readers"):
            yield from readers.table(rows)


def _beside(tabs, case: browsing.Case, base: Path, now: Path, rounds: int) -> dict:
    """Measure a case in both books in turns; the best of each is what is left when nothing disturbs."""
    print(f"  {case.name}", file=sys.stderr, flush=True)
    tasks = {name: lambda book=book: tabs.measure(case, book) for name, book in (("base", base), ("now", now))}
    times = in_turns(tasks, rounds)
    return {
        "case": case.name,
        "milliseconds": spread(times["now"]),
        "milliseconds_base": spread(times["base"]),
        "beside_base": ratio(times["now"], times["base"]),
        "best_beside_base": min(times["now"]) / min(times["base"]),
    }


# ---- the two books -------------------------------------------------------------------------------


def default_base(root: Path) -> str:
    """Return the commit of main that the work in ``root`` began from; on main itself the one before."""
    head = resolve("HEAD", root)
    try:
        begun = _git(root, "merge-base", "main", "HEAD")
    except ValueError:  # no main here
        begun = head
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return begun if begun != head or changed else "HEAD~1"


def resolve(commit: str, root: Path) -> str:
    """Return the full name of a commit. Raises ``ValueError`` when there is none of that name."""
    return _git(root, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}", what=f"a commit named {commit}")


def _git(root: Path, *arguments: str, what: str = "") -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise ValueError(f"git finds no {what or ' '.join(arguments)} in {root} {done.stderr.strip()}".rstrip())
    return done.stdout.strip()


@contextmanager
def books(commit: str) -> Iterator[tuple[Path, Path]]:
    """Build the book of a commit and that of the working tree; yield both folders of pages."""
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        tree = Path(folder) / "base"
        _git(ROOT, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            _lend_packages(tree)
            yield tuple(_build(source, Path(folder) / name) for name, source in (("was", tree), ("now", ROOT)))
        finally:
            shutil.rmtree(tree, ignore_errors=True)
            _git(ROOT, "worktree", "prune")


def _lend_packages(tree: Path) -> None:
    """Give a tree that wants the same packages what npm brought here, so that nothing is fetched."""
    if (tree / "package.json").read_bytes() != (ROOT / "package.json").read_bytes():
        return
    if (ROOT / "node_modules").exists():
        (tree / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    if (ROOT / "assets/vendor").exists():
        shutil.copytree(ROOT / "assets/vendor", tree / "assets/vendor")


def _build(source: Path, out: Path) -> Path:
    print(f"building the book of {source}", file=sys.stderr, flush=True)
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    command = [*BOOK, "--path-output", str(out), str(source)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, encoding="utf-8")
    html = out / "_build/html"
    if done.returncode or not (html / "index.html").exists():
        raise RuntimeError(f"the book of {source} was not built: {(done.stderr or done.stdout).strip()[-2000:]}")
    return html
