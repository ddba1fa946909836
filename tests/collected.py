"""No test goes without a word: a run of all tests of a folder fails if fewer ran than tests/least.json says.

The numbers follow the tests: where there are a tenth more, the run asks for the new number. Runs of a part (by name,
by file, by mark) are not counted. A cell of a notebook is a test; a folder inside another is counted by itself.
"""

import json
from collections import Counter

OUTCOMES = ("passed", "failed", "skipped", "error", "xfailed", "xpassed")
PART = ("keyword", "markexpr", "lf", "deselect", "collectonly", "maxfail", "stepwise")  # options that choose some tests


def verdict(folder: str, ran: int, least: int) -> str | None:
    """Return what is wrong with the number of tests that ran, or None."""
    if ran < least:
        return f"{ran} tests of {folder} ran, and there were {least}: bring them back, or say in tests/least.json {ran}"
    if ran > least * 1.1:
        return f"{ran} tests of {folder} ran: say so in tests/least.json, which knows of {least}"
    return None


def of(node: str, folders) -> str | None:
    """Return the folder that a test is counted for: the innermost of those known, or None."""
    inside = [folder for folder in folders if node.startswith(f"{folder}/")]
    return max(inside, key=len, default=None)


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or any(getattr(config.option, name, None) for name in PART):
        return
    if exitstatus not in (0, 1):
        return
    numbers = json.loads((config.rootpath / "tests/least.json").read_text(encoding="utf-8"))
    ran = {report.nodeid for outcome in OUTCOMES for report in reporter.stats.get(outcome, [])}
    counts = Counter(of(node, numbers) for node in ran)
    for folder in (argument.rstrip("/") for argument in config.args):
        if folder in numbers and (problem := verdict(folder, counts[folder], numbers[folder])):
            reporter.write_line(f"\n{problem}", red=True)
            session.exitstatus = 1
