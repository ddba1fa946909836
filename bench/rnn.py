"""The speed of the RNN chapter's code: the recurrent layers beside torch's, the training beside Keras."""

from collections.abc import Iterator

from bench import recurrent, report, training

PARTS = ("recurrent", "classifier")
SLOWEST_LSTM = {"layers.LSTM": 3.0, "layers.LSTM, compiled": 1.7}  # times nn.LSTM
SLOWEST_TRAINING = 2.0  # times Keras


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Measure one of the parts."""
    if part == "recurrent":
        return {part: recurrent.measure(rounds=10 if quick else 40)}
    samples, rounds = (1_280, 3) if quick else (3_200, 7)
    with training.tokens(samples) as data:
        return {part: [training.against_keras("rnn", data, n, rounds) for n in threads]}


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    found = []
    for case in results.get("recurrent", []):
        for form, slowest in SLOWEST_LSTM.items():
            if form in case["forms"]:
                measured = case["forms"][form]["times_torch"]["median"]
                found.append(report.floor(f"{form} beside nn.LSTM", "at most", slowest, measured))
    for run in report.widest(results.get("classifier", [])):
        measured = run["programs"]["fit, float32"]["times_keras"]["median"]
        found.append(
            report.floor(f"fit, float32, {report.threads(run)}, beside Keras", "at least", SLOWEST_TRAINING, measured)
        )
    return found


def tables(results: dict) -> Iterator[str]:
    """Yield the tables in Markdown. A range in brackets is between the quartiles."""
    yield from report.forms(results, "recurrent", ("layer", "× torch's"))
    yield from report.programs(results, "classifier", "the classifier of sequences")
