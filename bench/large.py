"""The speed and the memory of the real model: beside the transformers library, with the same file, in one run."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import log
from pathlib import Path
from time import perf_counter, process_time

import sklearn.datasets
import torch
from torch import Tensor, nn

from bench import report
from bench.explorer import typed
from bench.large_program import WEIGHTS, reader_of_transformers
from bench.timing import in_turns, ratio, spread
from largemodels.data import smollm2
from largemodels.models import Llama
from largemodels.text import Tokenizer

PARTS = ("loading", "weights", "decoding", "lookup", "explorer")
LONGEST_LOADING, MOST_MEMORY = 0.25, 1.3  # of transformers' time, of the weights
LARGEST = {"int8": 0.30, "int4": 0.19}  # of float32
FEW_BITS = ("bfloat16", "int8", "int4")
SLOWEST = {"float32": 1.1, "few bits": 1.8, "lookup": 2.5}  # times transformers
MOST_BITS = 1.01  # per byte, of float32
SLOWEST_EXPLORER = 500  # milliseconds from a change of 40 tokens to what is drawn of them
LOOKUP = 11  # tokens read on where the text repeats itself
WRITTEN = {"decoding": 48, "lookup": 120}  # tokens: an answer; the text that is copied, nearly whole
QUOTED = (
    "The harbour of the small town was built in 1847, when the fishing fleet had grown to more than sixty boats. "
    "Its stone pier, two hundred metres long, was paid for by the owners of the boats, who gave one herring in every "
    "twenty for eleven years. A lamp was lit at its end every evening by the keeper, Agnes Rowe, who climbed the "
    "ninety-one steps until she was seventy-three years old. When the railway came in 1862, the fish went to the city "
    "on the same day, and the price of a barrel doubled within two summers."
)


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Measure one of the parts."""
    if part == "loading":
        tasks = {name: lambda name=name: run(name, max(threads)) for name in ("transformers", "float32")}
        runs = in_turns(tasks, rounds=2 if quick else 4)
        times = {name: [one["processor_seconds"] for one in found] for name, found in runs.items()}
        return {part: {name: loaded(found, times, name) for name, found in runs.items()}}
    if part == "weights":
        texts = tokens()
        return {part: {name: {**run(name, 1), "bits_per_byte": bits_per_byte(name, *texts)} for name in WEIGHTS}}
    if part == "explorer":
        return {part: [typed(n, rounds=5 if quick else 15) for n in threads]}
    writers = ways() if part == "decoding" else lookups()
    return {part: [written(writers, n, 2 if quick else 5, 32 if quick else WRITTEN[part]) for n in threads]}


def run(reader: str, threads: int) -> dict:
    """Read the model in a process of its own."""
    command = [sys.executable, "-m", "bench.large_program", reader, "--threads", str(threads)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def loaded(runs: list[dict], times: dict[str, list[float]], name: str) -> dict:
    """Return the figures of several runs of one reader."""
    return {
        "processor_seconds": spread(times[name]),
        "seconds": spread([one["seconds"] for one in runs]),
        "times_transformers": ratio(times[name], times["transformers"]),
        "peak_by_weights": spread([one["peak_bytes"] / one["bytes"] for one in runs]),
    }


def tokens(count: int = 2048) -> tuple[Tensor, int]:
    """Return tokens ``(1, count)`` of English prose, the descriptions of scikit-learn's data sets, and their bytes."""
    folder = Path(sklearn.datasets.__file__).parent / "descr"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.rst")))
    tokenizer = Tokenizer.from_gguf(smollm2())
    ids = tokenizer.encode(text[: 10 * count])[:count]
    return ids[None], len(tokenizer.decode(ids[1:]).encode())


@torch.inference_mode()
def bits_per_byte(name: str, ids: Tensor, size: int) -> float:
    """Return the mean bits that ours, with such weights, takes for a byte of text, each token seeing all before it."""
    model = Llama.from_gguf(smollm2(), **WEIGHTS[name])
    cache, bits = model.start(room=ids.shape[1]), 0.0
    for piece, after in zip(ids[:, :-1].split(256, 1), ids[:, 1:].split(256, 1), strict=True):
        p = model.advance(piece, cache)[0].float().log_softmax(1)
        bits -= p.gather(1, after[0, :, None]).double().sum().item() / log(2)
    return bits / size


def ways() -> dict[str, Callable[[int], Tensor]]:
    """Return what writes so many tokens on from a question: transformers, and ours with each kind of weights."""
    prompt = question("Why is the sky blue?")
    return {
        "transformers": theirs(prompt),
        **{name: ours(Llama.from_gguf(smollm2(), **how), prompt) for name, how in WEIGHTS.items()},
    }


def lookups() -> dict[str, Callable[[int], Tensor]]:
    """Return what copies a text, with and without looking up what followed the last words before."""
    prompt = question(f"Copy this text word for word:\n\n{QUOTED}")
    found = {"transformers": theirs(prompt), "transformers, lookup": theirs(prompt, prompt_lookup_num_tokens=LOOKUP)}
    for name in ("float32", "int4"):
        model = Llama.from_gguf(smollm2(), **WEIGHTS[name])
        found |= {name: ours(model, prompt), f"{name}, lookup": ours(model, prompt, lookup=LOOKUP)}
    return found


def question(text: str) -> Tensor:
    """Return the tokens ``(1, t)`` of a question in the form in which the model was taught to answer."""
    return Tokenizer.from_gguf(smollm2()).prompt([{"role": "user", "content": text}])[None]


def theirs(prompt: Tensor, model: nn.Module | None = None, **how) -> Callable[[int], Tensor]:
    """Return what writes on with the transformers library, the likeliest token always."""
    model = model or reader_of_transformers()()
    model.generation_config.eos_token_id = None  # it goes on where an answer ends
    how |= {"attention_mask": torch.ones_like(prompt), "do_sample": False, "pad_token_id": 0}
    return lambda length: model.generate(prompt, max_new_tokens=length, **how)


def ours(model: Llama, prompt: Tensor, **how) -> Callable[[int], Tensor]:
    """Return what writes on with our Llama, the likeliest token always."""
    return lambda length: model.generate(prompt, length, temperature=0, **how)


def written(writers: dict[str, Callable[[int], Tensor]], threads: int, rounds: int, length: int) -> dict:
    """Time ways of writing: tokens per second, by the processor's time on one thread, by the clock on several."""
    before, now = torch.get_num_threads(), process_time if threads == 1 else perf_counter
    torch.set_num_threads(threads)
    texts = {}

    def speed(name: str) -> float:
        start = now()
        texts[name] = writers[name](length)
        return length / (now() - start)

    try:
        found = in_turns({name: lambda name=name: speed(name) for name in writers}, rounds)
    finally:
        torch.set_num_threads(before)
    return {
        "threads": threads,
        "tokens": length,
        "ways": {
            name: {
                "tokens_per_second": spread(speeds),
                "times_transformers": ratio(speeds, found["transformers"]),
                "tokens_of_transformers": torch.equal(texts[name], texts["transformers"]),
                "tokens_without_lookup": torch.equal(texts[name], texts[name.removesuffix(", lookup")]),
            }
            for name, speeds in found.items()
        },
    }


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    found = []
    if loading := results.get("loading"):
        mine = loading["float32"]
        claim = "reading the model, processor time beside transformers"
        found.append(report.floor(claim, "at most", LONGEST_LOADING, mine["times_transformers"]["median"]))
        claim = "most memory while reading, by the weights in float32"
        found.append(report.floor(claim, "at most", MOST_MEMORY, mine["peak_by_weights"]["median"]))
    if weights := results.get("weights"):
        for name, most in LARGEST.items():
            share = weights[name]["held_bytes"] / weights["float32"]["bytes"]
            found.append(report.floor(f"memory of {name} weights, by float32", "at most", most, share))
    for each in results.get("decoding", []):
        times = {name: way["times_transformers"]["median"] for name, way in each["ways"].items()}
        best = max(FEW_BITS, key=times.get)
        claim = f"decoding, {report.threads(each)}, beside transformers"
        found.append(report.floor(f"{claim}: float32", "at least", SLOWEST["float32"], times["float32"]))
        found.append(report.floor(f"{claim}: {best}", "at least", SLOWEST["few bits"], times[best]))
        if weights:
            more = weights[best]["bits_per_byte"] / weights["float32"]["bits_per_byte"]
            found.append(report.floor(f"bits per byte of {best}, by float32", "at most", MOST_BITS, more))
    for each in results.get("lookup", []):
        way = each["ways"]["float32, lookup"]
        claim = f"prompt lookup, {report.threads(each)}, beside transformers"
        found.append(report.floor(claim, "at least", SLOWEST["lookup"], way["times_transformers"]["median"]))
        same = way["tokens_of_transformers"] and each["ways"]["int4, lookup"]["tokens_without_lookup"]
        found.append(report.floor("prompt lookup: tokens are identical", "at least", 1.0, float(same)))
    for each in report.widest(results.get("explorer", [])):
        claim = f"attention explorer, a change of {each['tokens']} tokens, {report.threads(each)}, milliseconds"
        found.append(report.floor(claim, "at most", SLOWEST_EXPLORER, each["milliseconds"]["median"]))
    return found


def tables(results: dict) -> Iterator[str]:
    """Yield the tables in Markdown. A range in brackets is between the quartiles."""
    if loading := results.get("loading"):
        yield "\nReading SmolLM2-135M from its GGUF file, float32\n"
        head = ("reader", "processor seconds", "× transformers", "most memory, × weights")
        keys = (("processor_seconds", 2), ("times_transformers", 3), ("peak_by_weights", 2))
        yield from report.table(
            head, [(name, *(report.between(found[key], n) for key, n in keys)) for name, found in loading.items()]
        )
    if weights := results.get("weights"):
        yield "\nWeights\n"
        whole = weights["float32"]["bytes"]
        yield from report.table(
            ("weights", "MB", "held by the process, × float32", "bits per byte"),
            [
                (name, f"{w['bytes'] / 1e6:.0f}", f"{w['held_bytes'] / whole:.3f}", f"{w['bits_per_byte']:.4f}")
                for name, w in weights.items()
            ],
        )
    for part, what in (("decoding", "Writing an answer"), ("lookup", "Copying a text of its prompt")):
        for each in results.get(part, []):
            yield f"\n{what}, batch 1, {each['tokens']} tokens, {report.threads(each)}\n"
            yield from report.table(
                ("way", "tokens/s", "× transformers"),
                [
                    (name, report.between(way["tokens_per_second"], 1), report.between(way["times_transformers"], 2))
                    for name, way in each["ways"].items()
                ],
            )
    if explorer := results.get("explorer"):
        yield f"\nThe attention explorer under a kernel: {explorer[0]['tokens']} tokens, from a change to its message\n"
        yield from report.table(
            ("threads", "ms", "KB to the browser"),
            [(str(e["threads"]), report.between(e["milliseconds"], 0), f"{e['bytes'] / 1e3:.0f}") for e in explorer],
        )
