"""Let the real model write on in several ways, and count how much it repeats: results/repetition.json.

    OMP_NUM_THREADS=1 python experiments/repetition.py [--seeds 0 1] [--length 96] [--ways "top-p 0.9"] [--out results]

Sixteen openings of prose that the model continues as they stand, and sixteen questions in the form of a conversation.
For every text: the share of its four-token sequences that stood in it before, and, for the first seed, the nats per
token that the model itself, at temperature 1, gives to what it wrote. Beside them text that people wrote, of the same
length. About ten minutes on one CPU core. With ``--ways``, only these are measured; the file keeps its other ways.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from time import process_time

import sklearn.datasets
import torch
from torch import Tensor

from largemodels.data import smollm2
from largemodels.device import describe
from largemodels.models import Llama, next_probabilities
from largemodels.text import Tokenizer

RESULTS = Path(__file__).resolve().parent.parent / "results"
OPENINGS = (
    "The old bridge over the river was",
    "In the winter of that year the",
    "Most people who visit the museum do",
    "The first thing she noticed was that",
    "A good loaf of bread begins with",
    "Nobody in the village could explain why",
    "The history of the bicycle is a",
    "When the train finally left the station",
    "Bees find their way back to the",
    "The doctor closed the door and said",
    "There are three reasons to learn a",
    "The largest island of the group is",
    "My grandmother used to say that the",
    "To repair a clock you have to",
    "The court decided on Tuesday that the",
    "At the bottom of the sea there",
)
QUESTIONS = (  # of one length in tokens, too
    "What is a volcano made of?",
    "Write a poem about the rain.",
    "How does a bicycle stay upright?",
    "Give me a recipe for soup.",
    "What should I pack for camping?",
    "Why do leaves change their colour?",
    "Tell me a story about foxes.",
    "How can I learn to swim?",
    "List ten animals of the forest.",
    "Describe a day at the beach.",
    "Why is the ocean so salty?",
    "Write a letter to a friend.",
    "How is glass made from sand?",
    "Tell me about the Roman Empire.",
    "Give me advice for an interview.",
    "How do plants make their food?",
)
LONG = 7  # tokens of an opening that are kept, so that all can be continued together
WAYS = {
    "greedy": {"temperature": 0},
    "greedy, repetition penalty 1.2": {"temperature": 0, "penalty": 1.2},
    "temperature 0.7": {"temperature": 0.7},
    "temperature 1": {},
    "top-p 0.9": {"top_p": 0.9},
    "min-p 0.1": {"min_p": 0.1},
    "temperature 1.5, top-p 0.9": {"temperature": 1.5, "top_p": 0.9},
    "top-p 0.9, then temperature 1.5": {"top_p": 0.9, "late_temperature": 1.5},
    "temperature 1.5, min-p 0.1": {"temperature": 1.5, "min_p": 0.1},
}


def repeated(ids: list[int], n: int = 4) -> float:
    """Return the share of the sequences of ``n`` tokens that stand in a text before; 0 for one that is too short."""
    found = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def prompts(tokenizer: Tokenizer) -> dict[str, Tensor]:
    """Return the prompts of each kind, ``(16, t)``."""
    return {
        "prose": torch.stack([tokenizer.encode(text)[:LONG] for text in OPENINGS]),
        "answers": torch.stack([tokenizer.prompt([{"role": "user", "content": text}]) for text in QUESTIONS]),
    }


def penalised(logits: Tensor, text: Tensor, penalty: float) -> Tensor:
    """Return logits ``(b, vocabulary)`` that are lower for the tokens of texts ``(b, t)`` (Keskar et al. 2019).

    The paper divides all of them; the negative ones are multiplied here, as is usual now, for division raises those.
    """
    held = torch.zeros_like(logits, dtype=torch.bool).scatter(1, text, True)
    return torch.where(held, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


@torch.inference_mode()
def write(
    model: Llama,
    prompt: Tensor,
    length: int,
    stop: tuple[int, ...],
    generator: torch.Generator,
    penalty: float = 1.0,
    late_temperature: float = 1.0,
    **how,
) -> Tensor:
    """Return ``prompt`` ``(b, t)`` and what is written on from it, in ways that the library has not.

    Args:
        model, prompt, length, stop, generator: as :meth:`Llama.generate` has them.
        penalty: divides the logits of tokens that the text holds where they are above 0, and multiplies the others.
        late_temperature: a temperature for the tokens that are left, after all other rules.
        how: the other rules, of :func:`next_probabilities`.
    """
    cache, text, new = model.start(len(prompt), prompt.shape[1] + length), prompt, prompt
    ended = torch.zeros(len(prompt), 1, dtype=torch.bool)
    for _ in range(length):
        logits = penalised(model.advance(new, cache, last=1)[:, -1], text, penalty)
        p = next_probabilities(logits, **how) ** (1 / late_temperature)
        new = torch.where(ended, text[:, -1:], torch.multinomial(p, 1, generator=generator))
        text, ended = torch.cat([text, new], 1), ended | torch.isin(new, torch.tensor(stop))
        if ended.all():
            break
    return text


@torch.inference_mode()
def nats(model: Llama, whole: Tensor, read: int) -> Tensor:
    """Return −ln p ``(b, t − read)`` of each token of texts ``(b, t)`` from number ``read`` on."""
    p = model.advance(whole[:, :-1], last=whole.shape[1] - read).log_softmax(-1)
    return -p.gather(2, whole[:, read:, None])[..., 0]


def written(model: Llama, batch: Tensor, length: int, stop: int, seed: int, how: dict, costs: bool) -> list[dict]:
    """Let the model write on from each prompt of ``(b, t)``; return what was measured of each, with its nats or not."""
    generator = torch.Generator().manual_seed(seed)
    ours = not {"penalty", "late_temperature"}.isdisjoint(how)
    whole = (write if ours else Llama.generate)(model, batch, length, (stop,), generator=generator, **how)
    read = batch.shape[1]
    rows = []
    for ids in whole[:, read:].tolist():
        end = ids.index(stop) if stop in ids else len(ids)  # what a text that has ended repeats is not counted
        rows.append({"tokens": end, "repeated": round(repeated(ids[:end]), 4)})
    if costs:
        for row, each in zip(rows, nats(model, whole, read), strict=True):
            row["nats"] = round(each[: row["tokens"] + 1].mean().item(), 4)  # with the end
    return rows


def by_people(model: Llama, tokenizer: Tokenizer, length: int, count: int = 32) -> list[dict]:
    """Return the same of text that people wrote: as much of it before what is measured as of an opening."""
    folder = Path(sklearn.datasets.__file__).parent / "descr"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.rst")))
    ids, size = tokenizer.encode(text), LONG + length
    pieces = ids[: len(ids) // count * count].view(count, -1)[:, :size]
    return [
        {
            "tokens": length,
            "repeated": round(repeated(piece[LONG:].tolist()), 4),
            "nats": round(nats(model, piece[None], LONG).mean().item(), 4),
        }
        for piece in pieces
    ]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--length", type=int, default=96)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), metavar="WAY")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    start, stop, runs = process_time(), tokenizer.ids["<|im_end|>"], []
    for way in options.ways:
        for kind, texts in prompts(tokenizer).items():
            for seed in options.seeds if WAYS[way].get("temperature") != 0 else options.seeds[:1]:
                costs = seed == options.seeds[0]
                rows = written(model, texts, options.length, stop, seed, WAYS[way], costs)
                runs.append({"way": way, "kind": kind, "seed": seed, "texts": rows})
                mean = sum(row["repeated"] for row in rows) / len(rows)
                print(f"{way}, {kind}, seed {seed}: {mean:.3f} repeated, {process_time() - start:.0f} s", flush=True)
    command = shlex.join(["python", "experiments/repetition.py", *(sys.argv[1:] if argv is None else argv)])
    path = options.out / "repetition.json"
    before = {"command": "", "cpu_seconds": 0, "runs": []}
    if len(options.ways) < len(WAYS) and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
    runs += [run for run in before["runs"] if run["way"] not in options.ways]
    runs.sort(key=lambda run: list(WAYS).index(run["way"]))  # those of one way stay in their order
    result = {
        "what": "how much SmolLM2-135M-Instruct repeats itself, by the way its tokens are drawn",
        "command": "; ".join(filter(None, [before["command"], command])),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "cpu_seconds": before["cpu_seconds"] + round(process_time() - start),
        "length": options.length,
        "seeds": options.seeds,
        "ways": {way: how for way, how in WAYS.items() if any(run["way"] == way for run in runs)},
        "people": before.get("people") or by_people(model, tokenizer, options.length),
        "runs": runs,
    }
    path.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
