"""What is made of a trained model afterwards, for `experiments/savings.py`: fewer bits, fewer weights, a student."""

import copy
from functools import partial
from statistics import median
from time import process_time

import torch
from savings_ways import BATCH, SIZES, STEPS, Way, build, in_turns, ratio, score, training
from torch import Tensor, nn

from largemodels.compress import distillation_loss, narrow, packed_size, prune, round_weights, settle
from largemodels.data import Text, TextBatches, documentation
from largemodels.estimate import held_memory, peak_memory
from largemodels.layers import adapt, adapters
from largemodels.models import GPT

MORE = 60  # steps that a pruned or adapted model goes on
RANK = 4
READ = 128  # passages of a batch that is read, when the speed of models is compared
ROUNDS = 12
ADAPTING = {"all weights": (3e-4, 1e-3, 3e-3, 1e-2), f"updates of rank {RANK}": (3e-3, 1e-2, 3e-2)}  # learning rates
LINEAR = ("attention.to_qkv", "attention.out", "mlp.expand", "mlp.contract")
MODEL = "as trained"


def layers(model: GPT) -> list[str]:
    """Return the names of all matrices in blocks; the embedding is the head, too, and stays as it is."""
    return [f"blocks.{i}.{name}" for i in range(len(model.blocks)) for name in LINEAR]


def go_on(model: nn.Module, text: Text, seed: int, rate: float, steps: int = MORE) -> nn.Module:
    """Train on, on other passages, from a lower learning rate to 0."""
    batches = TextBatches(text.train, SIZES["context"], BATCH, steps, seed + 1000)
    for _ in training(model, batches, Way(), rate / 4):
        pass
    return model


def pruned(model: GPT, share: float) -> nn.Module:
    """Return a copy without a share of the weights of blocks, which can be trained on."""
    few = copy.deepcopy(model)
    return prune(few, share, *layers(few))


def narrowed(model: GPT, share: float) -> GPT:
    """Return a copy whose MLPs have fewer units; GELU turns 0 into 0."""
    few = copy.deepcopy(model)
    for block in few.blocks:
        block.mlp.expand, block.mlp.contract = narrow(block.mlp.expand, block.mlp.contract, share)
    return few


def student(model: GPT, text: Text, seed: int, rate: float, taught: bool, width: int = 32, steps: int = STEPS) -> GPT:
    """Return a smaller model that learned from the text, and from the model's answers if it is taught."""

    def taught_loss(x: Tensor, logits: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            answer = model(x)
        return distillation_loss(logits, answer, y)

    small = build(text, seed, width=width)
    batches = TextBatches(text.train, SIZES["context"], BATCH, steps, seed)
    for _ in training(small, batches, Way(), rate, taught_loss if taught else None):
        pass
    return small


def made(model: GPT, text: Text, seed: int, rate: float, more: int = MORE, steps: int = STEPS) -> dict[str, nn.Module]:
    """Return what is made of a model, by name."""
    on = partial(go_on, text=text, seed=seed, rate=rate, steps=more)
    found = {MODEL: model, "8 bits": round_weights(copy.deepcopy(model), 8)}
    found["4 bits, a scale for a row"] = round_weights(copy.deepcopy(model), 4)
    found["4 bits, a scale for 16"] = round_weights(copy.deepcopy(model), 4, 16)
    found["trained on"] = on(copy.deepcopy(model))
    for share in (0.5, 0.8):
        found[f"{share:.0%} pruned"] = settle(pruned(model, share))
        found[f"{share:.0%} pruned, trained on"] = settle(on(pruned(model, share)))
    found["half of MLP units, trained on"] = on(narrowed(model, 0.5))
    found["student, taught by text"] = student(model, text, seed, rate, False, steps=steps)
    found["student, taught by the model"] = student(model, text, seed, rate, True, steps=steps)
    return found


@torch.inference_mode()
def reading(models: dict[str, nn.Module], x: Tensor, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the processor's seconds that models take to read a batch, in turns."""
    seconds = {name: [] for name in models}
    names = list(models)
    for number in range(rounds + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = process_time()
            models[name](x)
            seconds[name].append(process_time() - start)
    return {name: each[1:] for name, each in seconds.items()}


def compressed(model: GPT, text: Text, seed: int, rate: float, more: int = MORE, steps: int = STEPS) -> list[dict]:
    """Return what was made of a model: size of its file, memory of its weights, speed, loss."""
    models = {name: each.eval() for name, each in made(model, text, seed, rate, more, steps).items()}
    x = text.validation[: READ * SIZES["context"]].view(READ, -1)
    seconds = reading(models, x)
    rows = []
    for name, each in models.items():
        with torch.inference_mode():
            peak = peak_memory(lambda each=each: each(x[:1]))
        rows.append(
            {
                "group": "afterwards",
                "way": name,
                "seed": seed,
                "milliseconds": round(1e3 * median(seconds[name]), 3),
                "time": ratio(seconds[name], seconds[MODEL]),
                "memory": held_memory(each) + peak,
                "file": packed_size(each),
                "loss": score(each, text),
            }
        )
        print(rows[-1], flush=True)
    return rows


def english(text: Text) -> Text:
    """Return English prose in the letters of a text: what a model of source code is adapted to."""
    train, held_out = ("\n\n".join(part) for part in documentation())
    encode = text.vocabulary.encode
    return Text(encode(train), encode(held_out), text.vocabulary)


def learner(model: GPT, way: str) -> nn.Module:
    """Return a copy of a model that learns with all its weights, or with updates alone."""
    few = copy.deepcopy(model)
    return few if way == "all weights" else adapt(few, *layers(few), rank=RANK)


def chosen(model: GPT, prose: Text, seed: int, way: str, more: int) -> dict[float, float]:
    """Return the loss of each learning rate, on a tenth of the prose to learn from."""
    end = len(prose.train) * 9 // 10
    part = Text(prose.train[:end], prose.train[end:], prose.vocabulary)
    found = {}
    for rate in ADAPTING[way]:
        few = learner(model, way)
        for _ in training(few, TextBatches(part.train, SIZES["context"], BATCH, more, seed), Way(), rate):
            pass
        found[rate] = score(few, part)
    return found


def adapted(model: GPT, text: Text, seed: int, more: int = MORE) -> list[dict]:
    """Return what it takes to teach a model of source code English, with all its weights and with few new ones."""
    prose = english(text)
    rates = {way: chosen(model, prose, seed, way, more) for way in ADAPTING}
    models = {way: learner(model, way) for way in ADAPTING}
    kept = {way: [] for way in models}
    runs = {}
    for way, each in models.items():
        batches = TextBatches(prose.train, SIZES["context"], BATCH, more + 1, seed)
        runs[way] = training(each, batches, Way(), min(rates[way], key=rates[way].get), keep=kept[way])
    seconds = in_turns(runs, more)
    rows = [{"group": "adapting", "way": "not at all", "seed": seed, "loss": score(model, prose)}]
    for way, each in models.items():
        states = held_memory(*kept[way])
        rows.append(
            {
                "group": "adapting",
                "way": way,
                "seed": seed,
                "milliseconds": round(1e3 * median(seconds[way]), 3),
                "time": ratio(seconds[way], seconds["all weights"]),
                "states": states,
                "memory": held_memory(each) + states + peak_memory(lambda run=runs[way]: next(run)),
                "file": sum(p.nbytes for p in (adapters(each) or each).parameters()),
                "loss": score(each, prose),
                "on_code": score(each, text),
                "rates": {f"{rate:g}": loss for rate, loss in rates[way].items()},
            }
        )
        print(rows[-1], flush=True)
    return rows
