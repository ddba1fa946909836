"""Ask whether methods of attribution agree, with each other and with what they explain: results/explanations.json.

    OMP_NUM_THREADS=1 python experiments/explanations.py images text [--images 96] [--passages 20] [--out results]

`images`: ConvNet and ResNet on digits, whole forms held out, three seeds each of the trained network, of one that
learned shuffled labels, and of one that learned nothing. Four methods mark pixels of test digits. Noted are
rank correlations of their signed maps, over all pixels and over inked ones, between methods, and between networks; and
the probability of the answer after a share of the ink is erased in the order that a map gives, or by other orders.
`text`: which of the tokens before it SmolLM2's next token rests on, by three methods, with the model's weights and with
weights drawn anew; and what is lost without the token that each puts first. The first token, at which most heads look,
and the last, from which the next is read, do not compete. All of it takes about eight minutes.
"""

import argparse
import json
import sys
from itertools import combinations
from pathlib import Path

import torch
from torch import Tensor, nn

from largemodels import interpret
from largemodels.data import Batches, digits, documentation, smollm2
from largemodels.device import describe
from largemodels.models import ConvNet, Llama, ResNet, ResNetConfig
from largemodels.text import Tokenizer
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import speak_utf8

OUT = Path(__file__).resolve().parents[1] / "results"
SEEDS = range(3)
NETWORKS = {"ConvNet": ConvNet, "ResNet": lambda: ResNet(ResNetConfig(widths=(8, 16, 32), blocks=1))}
RECIPES = {"ConvNet": Recipe(), "ResNet": Recipe(1e-2, weight_decay=0.05, schedule="cosine", warmup=20)}
EPOCHS = {"trained": 10, "shuffled labels": 60, "untrained": 0}
METHODS = {
    "gradient × input": interpret.gradient_times_input,
    "integrated gradients": interpret.integrated_gradients,
    "occlusion": interpret.occlusion,
}
SHARES = (0.1, 0.2, 0.4)  # of the ink, erased
TOKENS, BEGIN = 20, 8  # of a passage; and where in a text it begins


def network(name: str, state: str, seed: int, data) -> tuple[nn.Module, dict]:
    """Return a network in one of three states, and how well it knows what it learned and the test."""
    torch.manual_seed(seed)
    model, labels = NETWORKS[name](), data.train.labels
    if state == "shuffled labels":
        labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]
    if EPOCHS[state]:
        for _ in fit(model, Batches(data.train.images, labels, 64, EPOCHS[state], seed), RECIPES[name]):
            pass
    scores = {part: evaluate(model, x.images, y).accuracy for part, x, y in (("train", data.train, labels),)}
    return model.eval(), scores | {"test": evaluate(model, data.test.images, data.test.labels).accuracy}


def maps_of(name: str, model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Return the maps of all methods, for the class that the network answers."""
    answer = model(images).argmax(1)
    maps = {method: mark(model, images, answer) for method, mark in METHODS.items()}
    if name == "ResNet":  # the ConvNet does not average its maps before it decides
        maps["Grad-CAM"] = interpret.grad_cam(model, f"blocks.{len(model.blocks) - 1}", images, answer)
    return maps


@torch.no_grad()
def erased(model: nn.Module, images: Tensor, order: Tensor) -> list[Tensor]:
    """Return the answer's probability ``(b,)`` when shares of the ink are erased, the highest of ``order`` first."""
    answer = model(images).argmax(1)
    flat, inked = images.flatten(1), (images > 0).flatten(1)
    first = order.flatten(1).masked_fill(~inked, -torch.inf).argsort(1, descending=True).argsort(1)  # rank of each
    left = [flat.masked_fill(first < (share * inked.sum(1, keepdim=True)), 0) for share in SHARES]
    return [model(x.view_as(images)).softmax(1).gather(1, answer[:, None])[:, 0] for x in left]


def figures(values: list[Tensor]) -> dict:
    """Return the mean over seeds and examples, two standard errors over examples, and the mean of each seed."""
    each = torch.stack(values)  # (seeds, b)
    mean = each.nanmean(0)
    kept = mean[~mean.isnan()]
    error = 2 * kept.std() / len(kept) ** 0.5
    seeds = [round(seed.nanmean().item(), 4) for seed in each]
    undefined = round(each.isnan().double().mean().item(), 4)
    return {"mean": round(kept.mean().item(), 4), "error": round(error.item(), 4), "seeds": seeds, "nan": undefined}


def of_images(count: int) -> dict:
    data = digits(held_out="forms")
    pick = torch.linspace(0, len(data.test) - 1, count).long()
    images = data.test.images[pick]
    ink, rows = images > 0, []
    for name in NETWORKS:
        found = {state: [network(name, state, seed, data) for seed in SEEDS] for state in EPOCHS}
        maps = {state: [maps_of(name, model, images) for model, _ in nets] for state, nets in found.items()}
        for state, nets in found.items():
            rows.append({"network": name, "state": state, "scores": [scores for _, scores in nets]})
            for a, b in combinations(maps[state][0], 2):
                for where, mask in (("all pixels", None), ("inked pixels", ink)):
                    rho = figures([interpret.rank_correlation(m[a], m[b], mask) for m in maps[state]])
                    rows.append({"network": name, "state": state, "pair": [a, b], "where": where} | rho)
            print(name, state, rows[-1], flush=True)
        for method in maps["trained"][0]:
            for state in EPOCHS:  # the same method on a trained network and on another, of the next seed
                others = maps[state][1:] + maps[state][:1]
                for where, mask in (("all pixels", None), ("inked pixels", ink)):
                    pairs = zip(maps["trained"], others, strict=True)
                    rho = figures([interpret.rank_correlation(m[method], o[method], mask) for m, o in pairs])
                    rows.append({"network": name, "method": method, "other": state, "where": where} | rho)
        rows += erasing(name, [model for model, _ in found["trained"]], maps, images)
    return {"images": count, "networks": rows}


def erasing(name: str, models: list[nn.Module], maps: dict, images: Tensor) -> list[dict]:
    """Return what is left of the answer's probability when ink is erased in the order of maps, or in another."""
    chance = torch.Generator().manual_seed(0)
    orders = {method: [m[method] for m in maps["trained"]] for method in maps["trained"][0]}
    for state in ("shuffled labels", "untrained"):
        orders |= {f"{method}, {state}": [m[method] for m in maps[state]] for method in maps[state][0]}
    orders |= {
        "at random": [torch.rand(images.shape, generator=chance) for _ in models],
        "brightest first": [images] * len(models),
    }
    rows = []
    for order, marks in orders.items():
        after = [erased(model, images, mark) for model, mark in zip(models, marks, strict=True)]
        for share, left in zip(SHARES, zip(*after, strict=True), strict=True):
            rows.append({"network": name, "order": order, "share": share} | figures(list(left)))
    return rows


def passages(tokenizer: Tokenizer, count: int) -> Tensor:
    """Return ``count`` passages of prose from Python's manual and other help, ``(count, TOKENS)``."""
    texts = [ids for text in documentation()[0] if len(ids := tokenizer.encode(text[:1200])) >= BEGIN + TOKENS]
    return torch.stack([texts[int(i)][BEGIN : BEGIN + TOKENS] for i in torch.linspace(0, len(texts) - 1, count)])


def drawn_anew(model: Llama) -> Llama:
    """Give each matrix random numbers of the spread that it has: the architecture is left, and nothing learned."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.normal_(0, weights.std().item(), generator=generator)
    return model


def of_text(count: int) -> dict:
    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    texts, rows, raw = passages(tokenizer, count), [], {}
    for state in ("trained", "drawn anew"):
        model = model if state == "trained" else drawn_anew(model)
        with torch.no_grad():
            next_token = model.advance(texts, last=1)[:, -1].argmax(-1)
        maps = {
            "leaving it out": interpret.without_each(model, texts, next_token),
            "gradient × embedding": interpret.gradient_times_embedding(model, texts, next_token),
            "attention": interpret.looked_at(model, texts),
            "nearness": torch.arange(TOKENS).expand(count, -1).float(),
        }
        raw[state] = {name: [[round(x, 4) for x in row] for row in each.tolist()] for name, each in maps.items()}
        first_token = figures([maps["attention"][:, 0]])
        maps = {name: each[:, 1:-1] for name, each in maps.items()}
        falls = maps["leaving it out"]
        maps["|gradient × embedding|"] = maps["gradient × embedding"].abs()
        for a, b in combinations(maps, 2):
            rows.append({"state": state, "pair": [a, b]} | figures([interpret.rank_correlation(maps[a], maps[b])]))
        for name, each in maps.items():  # what is lost without the token that a method puts first
            rows.append({"state": state, "first": name} | figures([falls.gather(1, each.argmax(1, True))[:, 0]]))
        rows += [{"state": state, "first": "at random"} | figures([falls.mean(1)])]
        rows.append({"state": state, "attention to the first token": first_token})
        print(*rows[-17:], sep="\n", flush=True)
    words = [[piece.decode(errors="replace") for piece in map(tokenizer.pairs.token, ids.tolist())] for ids in texts]
    return {"passages": count, "tokens": TOKENS, "words": words, "maps": raw, "rows": rows}


def lines(value, depth: int = 0) -> str:
    """Return JSON in which what has no dictionary or list of lists inside stands in one line."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if depth > 3 or not any(isinstance(part, dict | list) for _, part in parts):
        return json.dumps(value, ensure_ascii=False)
    space = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        inner = [f"{json.dumps(name, ensure_ascii=False)}: {lines(part, depth + 1)}" for name, part in value.items()]
        return "{" + space + ("," + space).join(inner) + space[:-1] + "}"
    return "[" + space + ("," + space).join(lines(part, depth + 1) for part in value) + space[:-1] + "]"


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=("images", "text"))
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--passages", type=int, default=20)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    file = options.out / "explanations.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    head = {
        "what": "agreement of methods of attribution, and what is lost without what they mark; error: two standard "
        "errors over images or passages, of the mean over seeds",
        "command": "python experiments/explanations.py images text",
        "seeds": [*SEEDS],
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    for part in options.parts:
        kept[part] = of_images(options.images) if part == "images" else of_text(options.passages)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lines(head | kept) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
