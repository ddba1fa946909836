"""The measurements as tables, and the floors that they must keep to."""

from collections.abc import Iterator

SLOWEST_CONVOLUTION = 2.5  # times F.conv2d
SLOWEST_TRAINING = {"float32": 1.6, "bfloat16": 2.0}  # times Keras


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured (a median), and whether it holds."""
    found = []
    for case in results.get("convolution", []):
        measured = case["forms"]["layers.conv2d"]["times_torch"]["median"]
        found.append(_floor(f"layers.conv2d, {case['case']}", "at most", SLOWEST_CONVOLUTION, measured))
    for run in results.get("training", []):
        for precision, slowest in SLOWEST_TRAINING.items():
            if precision == "bfloat16" and not results["fast_bfloat16"]:
                continue  # without instructions for it, bfloat16 saves memory only
            measured = run["programs"][f"fit, {precision}"]["times_keras"]["median"]
            found.append(_floor(f"fit, {precision}, {_threads(run)}, beside Keras", "at least", slowest, measured))
    return found


def _floor(claim: str, bound: str, limit: float, measured: float) -> dict:
    holds = measured <= limit if bound == "at most" else measured >= limit
    return {"claim": claim, "bound": bound, "limit": limit, "measured": measured, "holds": holds}


def tables(results: dict) -> Iterator[str]:
    """Yield the tables in Markdown. A range in brackets is between the quartiles."""
    for case in results.get("convolution", []):
        yield f"\n{case['case']}, forward and backward, batch {results['batch']}, one thread\n"
        yield from _table(
            ("form", "ms", "× F.conv2d"),
            [
                (name, _range(form["milliseconds"], 2), _range(form["times_torch"], 2))
                for name, form in case["forms"].items()
            ],
        )
    for run in results.get("training", []):
        yield f"\nTraining on {results['data']}, {_threads(run)}{_disturbed(run)}\n"
        yield from _table(
            ("program", "samples/s", "× Keras"),
            [
                (name, _range(program["samples_per_second"], 0), _range(program["times_keras"], 2))
                for name, program in run["programs"].items()
            ],
        )
    if rows := results.get("ablation"):
        yield f"\nWhat each trick buys, {_threads(rows[0])}{_disturbed(rows[0])}\n"
        yield from _table(
            ("precision", "without", "samples/s", "the trick makes it × faster"),
            [
                (
                    row["precision"],
                    _names(row["without"]),
                    _range(row["samples_per_second"], 0),
                    _range(row["bought"], 2),
                )
                for row in rows
            ],
        )
    yield "\nFloors\n"
    yield from _table(
        ("claim", "must be", "measured", ""),
        [
            (f["claim"], f"{f['bound']} {f['limit']}", f"{f['measured']:.2f}", "holds" if f["holds"] else "BROKEN")
            for f in results["floors"]
        ],
    )


def _threads(run: dict) -> str:
    return "one thread" if run["threads"] == 1 else f"{run['threads']} threads"


def _disturbed(run: dict) -> str:
    """Say so when other programs took the cores of a run that is timed by the clock."""
    if not run["others"] or run["others"] < 0.1 or run["threads"] == 1:
        return ""
    return f" (NOT RELIABLE: other programs took {run['others']:.1f} cores meanwhile)"


def _names(tricks: list[str]) -> str:
    return {0: "—", 1: "".join(tricks)}.get(len(tricks), "any of them")


def _range(values: dict[str, float], digits: int) -> str:
    median, lower, upper = (f"{values[key]:,.{digits}f}" for key in ("median", "lower", "upper"))
    return f"{median} ({lower} to {upper})"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in (head, tuple("-" * width for width in widths), *rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
