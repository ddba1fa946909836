"""No test measures a time or waits for one: another program may have the machine. Only `make bench` holds a clock."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tests").rglob("*.py"))
CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "time", "time_ns", "process_time", "timeit"}
WAITS = {"sleep", "wait_for_timeout"}
IN_PAGES = ("performance.now(", "Date.now(", "setTimeout(")  # in the JavaScript that a test hands to a page
HERE = Path(__file__)
SHORTEST = 600  # seconds that anything which can be waited for is given


def times(source: str) -> list[int]:
    """Return the lines that read a clock, wait for a time, or give up before ten minutes are over."""
    return sorted({node.lineno for node in ast.walk(ast.parse(source)) if _is_time(node)})


def _is_time(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and any(call in node.value for call in IN_PAGES)
    if isinstance(node, ast.Attribute) and node.attr == "timed":
        return True  # a mark of tests that are held to a time
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name.startswith("set_default_") and name.endswith("timeout"):
        return _too_short(node.args[0], 1000)
    of_playwright = name not in ("run", "communicate", "wait", "Popen", "check_output")
    limits = [keyword.value for keyword in node.keywords if keyword.arg == "timeout"]
    return name in CLOCKS | WAITS or any(_too_short(limit, 1000 if of_playwright else 1) for limit in limits)


def _too_short(limit: ast.expr, unit: int) -> bool:
    return isinstance(limit, ast.Constant) and limit.value is not None and limit.value < SHORTEST * unit


@pytest.mark.parametrize("path", [p for p in FILES if p != HERE], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_holds_a_time(path):
    assert times(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("page.wait_for_timeout(400)", 1),
        ("sleep(1)", 1),
        ("start = time.perf_counter()", 1),
        ("took = monotonic() - start", 1),
        ("@pytest.mark.timed\ndef test_x(): ...", 1),
        ("page.evaluate('performance.now()')", 1),
        ("page.wait_for_function('ready', timeout=30_000)", 1),
        ("page.wait_for_function('ready', timeout=PATIENCE)", 0),
        ("context.set_default_timeout(120_000)", 1),
        ("context.set_default_timeout(600_000)", 0),
        ("run(command, timeout=60)", 1),
        ("run(command, timeout=600)", 0),
        ("cell = 'time.sleep(0.02)'", 0),
        ("path.stat().st_mtime_ns", 0),
    ],
)
def test_a_test_that_holds_a_time_is_found(line, found):
    assert len(times(line)) == found
