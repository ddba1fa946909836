"""The speed of the Transformer chapter's code: beside torch's kernel, Keras, and the transformers library."""

from collections.abc import Iterator

from bench import attention, generation, nano, report, training

PARTS = ("attention", "attention-classifier", "gpt", "nano", "generation")
SLOWEST_ATTENTION = {64: 1.0, 128: 1.0, 256: 1.25}  # times the fused kernel, by tokens
SLOWEST_CLASSIFIER = {"float32": 1.15, "bfloat16": 1.8}  # times Keras
SLOWEST_GPT = {"float32": 1.1, "bfloat16": 1.6}  # times transformers in float32
# times nanoGPT's plain run; "products" says how much there would be to gain if all but those were free
SLOWEST_NANO = {"float32": 1.02, "bfloat16": 1.6}
SLOWEST_WRITING = 3.0  # times transformers


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Measure one of the parts."""
    if part == "attention":
        return {part: attention.measure(rounds=12 if quick else 60)}
    if part == "generation":
        return {part: generation.measure(rounds=4 if quick else 20)}
    rounds = 3 if quick else 7
    if part == "gpt":
        with training.text() as data:
            return {part: [training.against_gpt2(data, n, rounds) for n in threads]}
    if part == "nano":
        with training.text() as data:
            return {part: [nano.measure(data, n, rounds) for n in threads], "nano-losses": nano.curves(data)}
    with training.tokens(1_280 if quick else 3_200) as data:
        return {part: [training.against_keras("transformer", data, n, rounds) for n in threads]}


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    found = []
    for case in results.get("attention", []):
        measured = case["forms"]["layers.attention"]["times_torch"]["median"]
        claim = f"layers.attention beside the fused kernel, {case['tokens']} tokens"
        found.append(report.floor(claim, "at most", SLOWEST_ATTENTION[case["tokens"]], measured))
    for part, slowest, other in (
        ("attention-classifier", SLOWEST_CLASSIFIER, "Keras"),
        ("gpt", SLOWEST_GPT, "transformers"),
    ):
        for run in report.widest(results.get(part, [])):
            for precision, limit in slowest.items():
                if precision == "bfloat16" and not results["fast_bfloat16"]:
                    continue  # without instructions for it, bfloat16 saves memory only
                measured = run["programs"][f"fit, {precision}"][f"times_{other.lower()}"]["median"]
                claim = f"{part}: fit, {precision}, {report.threads(run)}, beside {other}"
                found.append(report.floor(claim, "at least", limit, measured))
    for run in report.widest(results.get("nano", [])):
        for precision, limit in SLOWEST_NANO.items():
            if precision == "float32" or results["fast_bfloat16"]:
                measured = run["programs"][f"best, {precision}"]["times_plain"]["median"]
                claim = f"nano: best means, {precision}, {report.threads(run)}, beside nanoGPT's plain run"
                found.append(report.floor(claim, "at least", limit, measured))
    for name in [name for name in results.get("nano-losses", {}).get("forms", {}) if name.startswith("best")]:
        far = nano.apart(results["nano-losses"], name)
        claim = f"nano: losses of {name}, distance from the plain run's, by the distance of two seeds"
        found.append(report.floor(claim, "at most", 1.0, far["from_plain"] / far["among_seeds"]))
    if written := results.get("generation"):
        measured = written["ways"]["generate"]["times_transformers"]["median"]
        found.append(report.floor("generate beside transformers", "at least", SLOWEST_WRITING, measured))
    return found


def tables(results: dict) -> Iterator[str]:
    """Yield the tables in Markdown. A range in brackets is between the quartiles."""
    for case in results.get("attention", []):
        yield f"\n{case['case']}, forward and backward, one thread\n"
        yield from report.table(
            ("form", "ms", "× fused kernel", "kept for backward, MB"),
            [
                (
                    name,
                    report.between(form["milliseconds"], 2),
                    report.between(form["times_torch"], 2),
                    f"{form['megabytes']:.1f}",
                )
                for name, form in case["forms"].items()
            ],
        )
    yield from report.programs(results, "attention-classifier", "the classifier of sequences")
    yield from report.programs(results, "gpt", "a GPT", other="transformers")
    for run in results.get("nano", []):
        yield f"\nnanoGPT's run for a CPU, {report.threads(run)}{report.disturbed(run)}\n"
        yield from report.table(
            ("form", "tokens/s", "× plain"),
            [
                (name, report.between(form["tokens_per_second"], 0), report.between(form["times_plain"], 2))
                for name, form in run["programs"].items()
            ]
            + [
                (f"products alone, {precision}", "", f"{alone['times_plain']:.2f}")
                for precision, alone in run["products"].items()
            ],
        )
    if written := results.get("generation"):
        yield "\nWriting, batch 1, one thread\n"
        yield from report.table(
            ("way", "tokens/s", "× transformers"),
            [
                (name, report.between(way["tokens_per_second"], 0), report.between(way["times_transformers"], 2))
                for name, way in written["ways"].items()
            ],
        )
