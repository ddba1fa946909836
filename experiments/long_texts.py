"""Let SmolLM2 read texts that are longer than its context, in six ways: results/long-texts.json.

    OMP_NUM_THREADS=1 python experiments/long_texts.py [--texts 2] [--ways WAY ...] [--length 12288] [--out results]

Every way reads the same texts, which come with Python. In each of 16 equal parts a sentence is put in that gives a city
a secret number. Noted are the loss of the other tokens by position, and, at a third, at two thirds and at the end of
the text, what the model knows of each of the numbers, those included that it has not read yet: how many of the digits
are the likeliest tokens after the question and the digits before, and how many nats the number costs. Runs that the
file has already are kept. About a quarter of an hour a text on one CPU core.

A window is read in pieces of 64 tokens: room is made for a whole piece before it is read, so a token sees the last 957
to 1,020. All else is read 512 tokens at a time, which changes nothing.
"""

import argparse
import copy
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from pydoc_data.topics import topics
from time import process_time

import torch
import torch.nn.functional as F
from results import write
from torch import Tensor

from largemodels.data import smollm2
from largemodels.device import describe
from largemodels.layers import Cache, RotaryScaling, SinkCache
from largemodels.models import Llama
from largemodels.text import Tokenizer

RESULTS = Path(__file__).resolve().parent.parent / "results"
CHUNK, PIECE, SINKS, WINDOW, FACTOR = 512, 64, 4, 1020, 2.0  # tokens; and by how much the context is to grow
SECRETS, DIGITS = 16, 5
WAYS = ("as it is", "yarn", "window and sinks", "ntk", "linear", "window")
MODULES = ("_pydecimal", "turtle", "argparse", "typing")
CITIES = ("Lisbon", "Oslo", "Cairo", "Lima", "Tokyo", "Berlin", "Madrid", "Dublin", "Athens", "Warsaw", "Delhi")
CITIES += ("Quito", "Nairobi", "Paris", "Rome", "Vienna", "Prague", "Moscow", "Havana", "Boston", "Seoul", "Sydney")


@dataclass(frozen=True)
class Passage:
    """A text with secrets put in."""

    ids: Tensor  # (t,)
    own: Tensor  # (t,): whether a token is the text's own
    bytes: Tensor  # (t,): of each token
    secrets: Sequence[tuple[int, str, str]]  # at which token it begins, the city, the number


def long_texts(count: int) -> dict[str, str]:
    """Return so many long texts by their names: the manual of Python, then modules of its standard library."""
    texts = {"pydoc_data.topics": "\n\n".join(topics[name] for name in sorted(topics))}
    for name in MODULES[: count - 1]:
        texts[name] = Path(find_spec(name).origin).read_text(encoding="utf-8")
    return texts


def hide(tokenizer: Tokenizer, text: str, length: int, seed: int) -> Passage:
    """Cut a text to ``length`` tokens, with a secret at the end of a line in the middle of each 16th of it.

    Raises ``ValueError`` for a text that is too short.
    """
    left, generator = tokenizer.encode(text).tolist(), torch.Generator().manual_seed(seed)
    if len(left) < length:
        raise ValueError(f"a text of at least {length:,} tokens is needed; got {len(left):,}")
    cities = torch.randperm(len(CITIES), generator=generator).tolist()
    ids, own, secrets = [], [], []
    for i in range(SECRETS):
        while len(ids) < (i + 0.5) * length / SECRETS or not tokenizer.pairs.token(left[0]).startswith(b"\n"):
            ids.append(left.pop(0))
            own.append(True)
        city, number = CITIES[cities[i]], torch.randint(10, (DIGITS,), generator=generator).tolist()
        number = "".join(map(str, number))
        secrets.append((len(ids), city, number))
        secret = tokenizer.encode(f"\n{question(city)}{number}.").tolist()
        ids += secret
        own += [False] * len(secret)
    own += [True] * max(0, length - len(ids))
    ids += left[: max(0, length - len(ids))]
    sizes = [len(tokenizer.pairs.token(i)) for i in ids]
    return Passage(torch.tensor(ids), torch.tensor(own), torch.tensor(sizes), secrets)


def question(city: str) -> str:
    """Return how a secret begins, which is also how it is asked for."""
    return f"The secret number of {city} is "


def reading(model: Llama, way: str, room: int) -> Cache:
    """Make the model read in this way, and return an empty cache to read with."""
    c = replace(model.config, scaling=None)
    if way in ("linear", "ntk", "yarn"):
        c = replace(c, scaling=RotaryScaling(way, FACTOR, c.context))
    model.config = c
    if way not in ("window", "window and sinks"):
        return model.start(room=room)
    sinks = SINKS if way == "window and sinks" else 0  # as many tokens in both
    like = model.norm.weight
    return SinkCache(c.layers, 1, c.kv_heads, c.head_width, like, sinks, SINKS + WINDOW - sinks, c.base)


def known(model: Llama, cache: Cache, tokenizer: Tokenizer, city: str, number: str) -> tuple[int, float]:
    """Return how many digits of a number the model has right, and its nats, asked now; the cache stays as it is."""
    trial = copy.copy(cache)
    trial.kept = list(cache.kept)
    answer = tokenizer.encode(number)
    text = torch.cat([tokenizer.encode("\n" + question(city)), answer[:-1]])
    logits = model.advance(text[None], trial, last=len(answer))[0]
    return int((logits.argmax(1) == answer).sum()), F.cross_entropy(logits, answer, reduction="sum").item()


@torch.inference_mode()
def run(model: Llama, tokenizer: Tokenizer, passage: Passage, way: str, chunk: int) -> dict:
    """Return what was measured of one text: per chunk nats, tokens and bytes; and which secrets were named when."""
    t = len(passage.ids)
    cache, start = reading(model, way, t + 64), process_time()
    piece = PIECE if isinstance(cache, SinkCache) else chunk
    nats, asked = torch.zeros(t, dtype=torch.float64), []
    for begin in range(0, t, chunk):
        end = min(begin + chunk, t)
        logits = torch.cat([model.advance(part[None], cache)[0] for part in passage.ids[begin:end].split(piece)])
        answers = passage.ids[begin + 1 : end + 1]
        nats[begin + 1 : end + 1] = F.cross_entropy(logits[: len(answers)], answers, reduction="none").double()
        if any(begin < t * part // 3 <= end for part in (1, 2, 3)):
            for place, *secret in passage.secrets:
                right, cost = known(model, cache, tokenizer, *secret)
                asked.append([end, place, right, round(cost, 3)])
    own = passage.own.clone()
    own[0] = False  # nothing was read before it
    parts = [(nats[own_part], own_part) for own_part in _parts(own, chunk)]
    return {
        "nats": [round(values.sum().item(), 3) for values, _ in parts],
        "tokens": [len(values) for values, _ in parts],
        "bytes": [int(passage.bytes[part].sum()) for _, part in parts],
        "asked": asked,  # [when, where it stands, digits right, nats]
        "cache_bytes": sum(kept.numel() * kept.element_size() for kept in cache.kept),
        "cpu_seconds": round(process_time() - start, 1),
    }


def _parts(own: Tensor, chunk: int) -> list[Tensor]:
    return [part[own[part]] for part in torch.arange(len(own)).split(chunk)]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=2)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--length", type=int, default=12_288)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    path, runs = options.out / "long-texts.json", []
    if path.exists():
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    tokenizer, model = Tokenizer.from_gguf(smollm2()), Llama.from_gguf(smollm2())
    head = {
        "what": "SmolLM2-135M-Instruct on texts that are longer than its context",
        "command": shlex.join(["python", "experiments/long_texts.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "python": sys.version.split()[0],  # whose texts they are
        "model": asdict(model.config),
        "settings": {
            "length": options.length,
            "chunk": CHUNK,
            "piece": PIECE,
            "factor": FACTOR,
            "sinks": SINKS,
            "window": WINDOW,
        },
        "seeds": list(range(options.texts)),  # of the secrets, one a text
    }
    for (seed, (name, text)), way in product(enumerate(long_texts(options.texts).items()), options.ways):
        if any((one["text"], one["way"]) == (name, way) for one in runs):
            continue
        result = run(model, tokenizer, hide(tokenizer, text, options.length, seed), way, CHUNK)
        runs.append({"text": name, "way": way, **result})
        write(path, head, runs)
        print(name, way, runs[-1]["cpu_seconds"], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
