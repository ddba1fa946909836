"""Measurements as tables, and floors that they must keep to."""

from collections.abc import Iterator


def floor(claim: str, bound: str, limit: float, measured: float) -> dict:
    """Return a claim, the limit it must keep to, what was measured (a median), and whether it holds."""
    holds = measured <= limit if bound == "at most" else measured >= limit
    return {"claim": claim, "bound": bound, "limit": limit, "measured": measured, "holds": holds}


def widest(runs: list[dict]) -> list[dict]:
    """Return those of the runs that used the most threads: floors are for programs that have the whole machine."""
    most = max((run["threads"] for run in runs), default=0)
    return [run for run in runs if run["threads"] == most]


def forms(results: dict, cases: str, head: tuple[str, str]) -> Iterator[str]:
    """Yield a table for each case in which several forms of one layer were timed."""
    for case in results.get(cases, []):
        yield f"\n{case['case']}, forward and backward, batch {results['batch']}, one thread\n"
        yield from table(
            (head[0], "ms", head[1]),
            [
                (name, between(form["milliseconds"], 2), between(form["times_torch"], 2))
                for name, form in case["forms"].items()
            ],
        )


def programs(results: dict, runs: str, task: str, other: str = "Keras") -> Iterator[str]:
    """Yield a table for each run in which programs were timed beside another."""
    for run in results.get(runs, []):
        yield f"\nTraining {task}, {threads(run)}{disturbed(run)}\n"
        yield from table(
            ("program", "samples/s", f"× {other}"),
            [
                (name, between(program["samples_per_second"], 0), between(program[f"times_{other.lower()}"], 2))
                for name, program in run["programs"].items()
            ],
        )


def floors(found: list[dict]) -> Iterator[str]:
    """Yield the table of floors."""
    yield "\nFloors\n"
    yield from table(
        ("claim", "must be", "measured", ""),
        [
            (f["claim"], f"{f['bound']} {f['limit']}", f"{f['measured']:.2f}", "holds" if f["holds"] else "BROKEN")
            for f in found
        ],
    )


def threads(run: dict) -> str:
    return "one thread" if run["threads"] == 1 else f"{run['threads']} threads"


def disturbed(run: dict) -> str:
    """Say so when other programs took the cores of a run that is timed by the clock."""
    if not run["others"] or run["others"] < 0.1 or run["threads"] == 1:
        return ""
    return f" (NOT RELIABLE: other programs took {run['others']:.1f} cores meanwhile)"


def between(values: dict[str, float], digits: int) -> str:
    """Write a median and the quartiles on both sides of it."""
    median, lower, upper = (f"{values[key]:,.{digits}f}" for key in ("median", "lower", "upper"))
    return f"{median} ({lower} to {upper})"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, tuple("-" * width for width in widths), *rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
