"""The speed of the CNN chapter's code: the convolution beside torch's, the training beside Keras."""

from collections.abc import Iterator

from bench import convolution, report, training

PARTS = ("convolution", "training", "ablation")
SLOWEST_CONVOLUTION = 2.5  # times F.conv2d
SLOWEST_TRAINING = {"float32": 1.6, "bfloat16": 2.0}  # times Keras


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Measure one of the parts."""
    if part == "convolution":
        return {part: convolution.measure(rounds=15 if quick else 60)}
    samples, rounds = (6_400, 3) if quick else (19_200, 7)
    with training.images(samples) as (data, name):
        if part == "training":
            return {"data": name, part: [training.against_keras("cnn", data, n, rounds) for n in threads]}
        rounds, some = (3, 3_200) if quick else (7, 6_400)
        return {part: training.ablation(data, max(threads), rounds, some)}


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    found = []
    for case in results.get("convolution", []):
        measured = case["forms"]["layers.conv2d"]["times_torch"]["median"]
        found.append(report.floor(f"layers.conv2d, {case['case']}", "at most", SLOWEST_CONVOLUTION, measured))
    for run in report.widest(results.get("training", [])):
        for precision, slowest in SLOWEST_TRAINING.items():
            if precision == "bfloat16" and not results["fast_bfloat16"]:
                continue  # without instructions for it, bfloat16 saves memory only
            measured = run["programs"][f"fit, {precision}"]["times_keras"]["median"]
            claim = f"fit, {precision}, {report.threads(run)}, beside Keras"
            found.append(report.floor(claim, "at least", slowest, measured))
    return found


def tables(results: dict) -> Iterator[str]:
    """Yield the tables in Markdown. A range in brackets is between the quartiles."""
    yield from report.forms(results, "convolution", ("form", "× F.conv2d"))
    yield from report.programs(results, "training", f"on {results.get('data')}")
    if rows := results.get("ablation"):
        yield f"\nWhat each trick buys, {report.threads(rows[0])}{report.disturbed(rows[0])}\n"
        yield from report.table(
            ("precision", "without", "samples/s", "the trick makes it × faster"),
            [
                (
                    row["precision"],
                    _names(row["without"]),
                    report.between(row["samples_per_second"], 0),
                    report.between(row["bought"], 2),
                )
                for row in rows
            ],
        )


def _names(tricks: list[str]) -> str:
    return {0: "—", 1: "".join(tricks)}.get(len(tricks), "any of them")
