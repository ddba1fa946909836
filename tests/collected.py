"""No test goes without a word: a run of all tests of a folder fails if fewer ran than tests/least.json says.

The numbers follow the tests: where there are a tenth more, the run asks for the new number. Runs of a part (by name,
by file, by mark) are not counted.
"""

import json

OUTCOMES = ("passed", "failed", "skipped", "error", "xfailed", "xpassed")
PART = ("keyword", "markexpr", "lf", "deselect", "collectonly", "maxfail", "stepwise")  # options that choose some tests


def verdict(folder: str, ran: int, least: int) -> str | None:
    """Return what is wrong with the number of tests that ran, or None."""
    if ran < least:
        return f"{ran} tests of {folder} ran, and there were {least}: bring them back, or say in tests/least.json {ran}"
    if ran > least * 1.1:
        return f"{ran} tests of {folder} ran: say so in tests/least.json, which knows of {least}"
    return None


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None or any(getattr(config.option, name, None) for name in PART):
        return
    numbers = json.loads((config.rootpath / "tests/least.json").read_text(encoding="utf-8"))
    asked = [argument.rstrip("/") for argument in config.args]
    if len(asked) != 1 or asked[0] not in numbers or exitstatus not in (0, 1):
        return
    ran = {report.nodeid for outcome in OUTCOMES for report in reporter.stats.get(outcome, [])}
    if problem := verdict(asked[0], len(ran), numbers[asked[0]]):
        reporter.write_line(f"\n{problem}", red=True)
        session.exitstatus = 1
