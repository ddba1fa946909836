"""Store weights in few bits, and score what is left of the model: results/few-bits.json.

    OMP_NUM_THREADS=1 python experiments/few_bits.py [--passages 24] [--ways Q4_0] [--out results]

Two models. SmolLM2 comes from a file that has most of its matrices in four bits already: its weights can only be packed
*again*. The book's GPT was trained in 32 bits, and is packed for the first time. Every way is scored on the same
passages, so that two can be compared passage by passage. Products are computed in float32 always: what is measured is
what the weights lose, not what a kernel rounds. About seven minutes on one CPU core. With ``--ways``, only these are
measured; the file keeps its other ways.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from math import log
from pathlib import Path
from time import process_time
from typing import NamedTuple

import sklearn.datasets
import torch
from torch import Tensor, nn

from largemodels.data import smollm2, source_code
from largemodels.device import describe
from largemodels.files import pack, unpack
from largemodels.files.blocks import BYTES
from largemodels.layers import QuantisedLinear, quantise
from largemodels.models import GPT, GPTConfig, Llama
from largemodels.text import Tokenizer
from largemodels.train import evaluate_text, load_weights

ROOT = Path(__file__).resolve().parent.parent
CONTEXT, KNOWN = 256, 64  # tokens of a passage, and how many of them are read before the first that is scored
CHARACTERS = 48_000  # of source code, for the book's GPT
BLOCK = 32


class Way(NamedTuple):
    """How a matrix ``(out, in)`` of a name is stored."""

    bits: Callable[[str, Tensor], float]  # of a weight, with its share of what it has in common with others
    store: Callable[[str, Tensor], Tensor]  # what is left of the matrix


def grid(w: Tensor, bits: int, size: int | None = BLOCK) -> Tensor:
    """Return the nearest of 2^bits equally spaced numbers, from the least of each block to its greatest.

    Args:
        w: ``(out, in)``.
        bits: of a number.
        size: numbers that share a scale and a least number, in float16 as files have them; if not given, a whole row,
            and in float32.
    """
    x = w.unflatten(1, (-1, size or w.shape[1]))
    shared = torch.float16 if size else torch.float32
    least, most = x.aminmax(dim=-1, keepdim=True)
    scale = ((most - least) / (2**bits - 1)).to(shared).float()
    least = least.to(shared).float()
    numbers = ((x - least) / torch.where(scale == 0, 1.0, scale)).round().clamp(0, 2**bits - 1)
    return (numbers * scale + least).flatten(1)


def packed(kind: str) -> Way:
    """Return what packs a matrix as a file does, and unpacks it."""
    return Way(lambda name, w: 8 * BYTES[kind] / BLOCK, lambda name, w: unpack(pack(w, kind), kind))


def spaced(bits: int, size: int | None = BLOCK) -> Way:
    """Return what puts a matrix on a :func:`grid`, whose two shared numbers take 16 bits each, or 32 for a row."""
    shared = 2 * (16 if size else 32)
    return Way(lambda name, w: bits + shared / (size or w.shape[1]), lambda name, w: grid(w, bits, size))


def twice(first: Way, second: Way) -> Way:
    """Return what stores in one way what is left of a matrix that was stored in another before."""
    return Way(second.bits, lambda name, w: second.store(name, first.store(name, w)))


def ways(eight_bits: str) -> dict[str, Way]:
    """Return the ways to store a matrix; one whose name begins with ``eight_bits`` never gets fewer than 8."""
    eight = packed("Q8_0")

    def few(way: Way) -> Way:
        def of(name: str) -> Way:
            return eight if name.startswith(eight_bits) else way

        return Way(lambda name, w: of(name).bits(name, w), lambda name, w: of(name).store(name, w))

    return {
        "bfloat16": Way(lambda name, w: 16, lambda name, w: w.bfloat16().float()),
        "Q8_0": eight,
        "8 bits by rows": spaced(8, None),
        "Q4_1": few(packed("Q4_1")),
        "Q4_0": few(packed("Q4_0")),
        "Q4_1, then Q4_0": few(twice(packed("Q4_1"), packed("Q4_0"))),
        "4 bits by rows": few(spaced(4, None)),
        "3 bits in blocks": few(spaced(3)),
        "2 bits in blocks": few(spaced(2)),
    }


def bits_per_weight(model: nn.Module, way: Way) -> float:
    """Return the mean bits of a weight of a model's matrices; one that two parts share counts once."""
    matrices = [(name, w) for name, w in model.named_parameters() if w.ndim == 2]
    return sum(way.bits(name, w) * w.numel() for name, w in matrices) / sum(w.numel() for _, w in matrices)


def changed(model: nn.Module, store: Callable[[str, Tensor], Tensor]) -> nn.Module:
    """Return a copy of a model whose matrices are what is left of them."""
    model = deepcopy(model)
    with torch.no_grad():
        for name, w in model.named_parameters():
            if w.ndim == 2:
                w.copy_(store(name, w))
    return model


def held_bits(model: nn.Module, kind: str) -> float:
    """Return the bits of a weight in our 8-bit or 4-bit layers, with its share of their scales."""
    few = quantise(deepcopy(model), kind)
    held = {x.data_ptr(): x for part in few.modules() if isinstance(part, QuantisedLinear) for x in part.buffers()}
    return 8 * sum(x.nbytes for x in held.values()) / sum(w.numel() for w in model.parameters() if w.ndim == 2)


def kernels(model: nn.Module, kind: str) -> nn.Module:
    """Return a copy of a model with the weights that our 8-bit or 4-bit layers hold, as float32."""
    few, plain = quantise(deepcopy(model), kind), deepcopy(model)
    with torch.no_grad():
        for name, w in plain.named_parameters():
            if w.ndim == 2:
                part = few.get_submodule(name.removesuffix(".weight"))
                w.copy_((part if hasattr(part, "unpack") else part.table).unpack())
    return plain


def prose(count: int) -> tuple[Tensor, list[int]]:
    """Return passages ``(count, CONTEXT)`` of English prose, spread evenly, and the bytes of what is scored in each."""
    folder = Path(sklearn.datasets.__file__).parent / "descr"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.rst")))
    tokenizer = Tokenizer.from_gguf(smollm2())
    ids = tokenizer.encode(text)
    if len(ids) < count * CONTEXT:
        raise ValueError(f"the text has {len(ids):,} tokens; {count} passages of {CONTEXT} take more")
    passages = torch.stack([part[:CONTEXT] for part in ids[: len(ids) // count * count].view(count, -1)])
    return passages, [len(tokenizer.decode(passage[KNOWN:]).encode()) for passage in passages]


@torch.inference_mode()
def bits_of_passages(model: Llama, passages: Tensor) -> list[float]:
    """Return the bits that each passage costs, from its token number ``KNOWN`` on."""
    found = []
    for passage in passages:
        logits = model.advance(passage[None, :-1], last=CONTEXT - KNOWN)[0]
        p = logits.log_softmax(1).gather(1, passage[KNOWN:, None])
        found.append(-p.double().sum().item() / log(2))
    return found


def real(count: int, wanted: set[str]) -> Iterator[tuple[str, dict]]:
    """Yield what is measured of SmolLM2, by the way in which it is stored, if it is wanted."""
    model, (passages, size) = Llama.from_gguf(smollm2()), prose(count)
    if "as the file has it" in wanted:
        yield "as the file has it", {"bits_per_weight": None, "bits": bits_of_passages(model, passages), "bytes": size}
    for kind in wanted & {"int8", "int4"}:
        found = bits_of_passages(kernels(model, kind), passages)
        yield kind, {"bits_per_weight": held_bits(model, kind), "bits": found, "bytes": size}
    for name, way in ways("embedding").items():
        if name in wanted:
            found = bits_of_passages(changed(model, way.store), passages)
            yield name, {"bits_per_weight": bits_per_weight(model, way), "bits": found, "bytes": size}


def book(count: int, wanted: set[str], characters: int = CHARACTERS) -> Iterator[tuple[str, dict]]:
    """Yield what is measured of the book's GPT: of its own symbols none takes more than a byte."""
    record = json.loads((ROOT / "assets/checkpoints/gpt.json").read_text(encoding="utf-8"))
    model, text = GPT(GPTConfig(**record["model"])).eval(), source_code()
    load_weights(ROOT / "assets/checkpoints/gpt.safetensors", model)
    ids = text.validation[:characters]

    def bits(model: GPT) -> dict:
        score = evaluate_text(model, ids, text.vocabulary)
        sizes = [len(text.vocabulary.decode(piece).encode()) for piece in score.scored.tensor_split(count)]
        return {"bits": [(piece.sum() / log(2)).item() for piece in score.losses.tensor_split(count)], "bytes": sizes}

    if "float32" in wanted:
        yield "float32", {"bits_per_weight": 32, **bits(model)}
    for name, way in ways("embedding").items():
        if name in wanted:
            yield name, {"bits_per_weight": bits_per_weight(model, way), **bits(changed(model, way.store))}


NAMES = ("as the file has it", "float32", "int8", "int4", *ways(""))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=24)
    parser.add_argument("--ways", nargs="+", choices=NAMES, default=list(NAMES), metavar="WAY")
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    options = parser.parse_args(argv)
    start, models, path = process_time(), {}, options.out / "few-bits.json"
    command = shlex.join(["python", "experiments/few_bits.py", *(sys.argv[1:] if argv is None else argv)])
    before = {"command": "", "cpu_seconds": 0, "models": {}}
    if len(options.ways) < len(NAMES) and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
    for model, measured in {"SmolLM2-135M-Instruct": real, "the book's GPT": book}.items():
        rows = before["models"].get(model, {})
        for name, row in measured(options.passages, set(options.ways)):
            row["bits"] = [round(each, 3) for each in row["bits"]]
            rows[name] = row
            print(f"{model}, {name}: {sum(row['bits']) / sum(row['bytes']):.4f} bits per byte", flush=True)
        models[model] = {name: rows[name] for name in NAMES if name in rows}
    result = {
        "what": "bits per byte of two models whose matrices are stored in few bits, passage by passage",
        "command": "; ".join(filter(None, [before["command"], command])),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "cpu_seconds": before["cpu_seconds"] + round(process_time() - start),
        "passages": {"count": options.passages, "tokens": CONTEXT, "read_before": KNOWN, "characters": CHARACTERS},
        "models": models,
    }
    path.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
