"""Train sparse autoencoders on one layer of SmolLM2, with controls: results/sparse-features.json, and their weights.

    OMP_NUM_THREADS=1 python experiments/sparse_features.py [--windows 320] [--held-out 60] [--steps 800]

The vectors are those after block 12 of SmolLM2-135M-Instruct, for windows of 128 tokens from Python's manual and the
docstrings of NumPy, SciPy and scikit-learn. Left out are the first position of a window, and others where vectors are
more than five times as long as usual: some are a hundred times as long, and would be all that counts. Controls: another
seed; the same model with the weights of every matrix shuffled; principal components, random directions and the
coordinates of the stream. Ten minutes on one CPU core.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from largemodels.data import documentation, smollm2
from largemodels.device import describe
from largemodels.interpret import SparseAutoencoder, explained, fit_sparse, read_on, read_until
from largemodels.models import Llama
from largemodels.text import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
PACKAGES, LENGTH, MOST = ("numpy", "scipy", "sklearn"), 128, 4  # windows of one text, at most
LAYER, FEATURES, ACTIVE, BATCH, RATE = 12, 2048, 32, 512, 1e-3
STRONGEST, OFTEN = 20, 20  # activations of a feature that are looked at, and that it must have
SHOWN, CONTEXTS, AROUND = 24, 6, 10  # features and contexts that are kept, and tokens before the one that counts


def cut(texts: list[str], tokenizer: Tokenizer, windows: int) -> Tensor:
    """Return windows ``(n, 128)`` of tokens, evenly from all texts."""
    found = []
    for text in texts:
        ids = tokenizer.encode(text[: 8 * LENGTH * MOST])
        found += ids[: len(ids) // LENGTH * LENGTH].view(-1, LENGTH)[:MOST]
    if len(found) < windows:
        raise ValueError(f"the texts have {len(found)} windows; got {windows}: ask for fewer")
    return torch.stack([found[i * len(found) // windows] for i in range(windows)])


def shuffled(seed: int) -> Llama:
    """Return SmolLM2 with the numbers of each matrix in another order: a model that has learned nothing."""
    model, generator = Llama.from_gguf(smollm2()), torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.data = parameter.data.flatten()[order].view(parameter.shape)
    return model


def read(model: Llama, windows: Tensor) -> Tensor:
    """Return the stream ``(n, 127, d)`` of all positions but the first."""
    return torch.cat([read_until(model, some, LAYER)[:, 1:] for some in windows.split(8)])


def usual(x: Tensor) -> Tensor:
    """Return where vectors ``(…, d)`` are no longer than five times the median."""
    norms = x.norm(dim=-1)
    return norms < 5 * norms.median()


def train(vectors: Tensor, steps: int, seed: int) -> tuple[SparseAutoencoder, dict]:
    torch.manual_seed(seed)
    autoencoder, start = SparseAutoencoder(vectors.shape[1], FEATURES, ACTIVE), process_time()
    with torch.enable_grad():
        curve = [*fit_sparse(autoencoder, vectors, steps, BATCH, RATE, torch.Generator().manual_seed(seed))]
    curve = [round(sum(some) / len(some), 4) for some in zip(*[iter(curve)] * max(1, steps // 20), strict=False)]
    print(f"seed {seed}: {curve[-1]} not explained", flush=True)
    return autoencoder, {"seed": seed, "not_explained": curve, "cpu_seconds": round(process_time() - start, 1)}


def by_token(learned: Tensor, ids: Tensor, held: Tensor, held_ids: Tensor) -> Tensor:
    """Return for each column how much of its variance on held-out text the token alone predicts, ``(features,)``."""
    known, places = ids.unique(return_inverse=True)
    sums = learned.new_zeros(len(known), learned.shape[1]).index_add_(0, places, learned)
    means = torch.cat([sums / places.bincount()[:, None], learned.mean(0, keepdim=True)])  # the last: of all
    where = torch.searchsorted(known, held_ids).clamp(max=len(known) - 1)
    where = torch.where(known[where] == held_ids, where, len(known))
    return 1 - (held - means[where]).square().sum(0) / (held - held.mean(0)).square().sum(0)


def purity(strengths: Tensor, ids: Tensor) -> Tensor:
    """Return for each column the share of the commonest token among its strongest activations, ``(features,)``."""
    tokens = ids[strengths.topk(STRONGEST, 0).indices]  # (20, features)
    return (tokens == tokens.mode(0).values).float().mean(0)


def judge(learned: Tensor, ids: Tensor, held: Tensor, held_ids: Tensor) -> dict:
    """Return both, with quartiles, for the columns that are active often enough on held-out text."""
    kept = (held > 0).sum(0) >= OFTEN
    token = by_token(learned[:, kept], ids, held[:, kept], held_ids)
    pure, shares = purity(held[:, kept], held_ids), torch.tensor([0.25, 0.5, 0.75])
    return {
        "columns": int(kept.sum()),
        "explained_by_the_token": [round(x, 3) for x in token.quantile(shares).tolist()],
        "same_token_among_the_strongest": [round(x, 3) for x in pure.quantile(shares).tolist()],
    }


def best_of(vectors: Tensor, directions: Tensor) -> Tensor:
    """Return ``(n, d)`` put together from the 32 directions ``(m, d)`` that fit each best, by least squares."""
    rebuilt = []
    for x in vectors.split(1024):
        chosen = directions[(x @ directions.T).abs().topk(ACTIVE).indices]  # (n, 32, d)
        gram = chosen @ chosen.mT + 1e-4 * torch.eye(ACTIVE)
        rebuilt.append((torch.linalg.solve(gram, chosen @ x[..., None]).mT @ chosen)[:, 0])
    return torch.cat(rebuilt)


def losses(model: Llama, windows: Tensor, change) -> Tensor:
    """Return the loss of all tokens but two ``(n, t - 2)`` when the stream is changed, but for what is left out."""
    found = []
    for some in windows.split(8):
        x = read_until(model, some, LAYER)
        keep = usual(x)[..., None]
        keep[:, 0] = False
        logits = read_on(model, torch.where(keep, change(x), x), LAYER)
        found.append(F.cross_entropy(logits[:, 1:-1].transpose(1, 2), some[:, 2:], reduction="none"))
    return torch.cat(found)


def contexts(strengths: Tensor, windows: Tensor, feature: int, tokenizer: Tokenizer) -> list:
    """Return where a feature is strongest, each in another window: strength, tokens before it, and it."""
    values, places = strengths[:, feature].view(len(windows), -1).max(1)
    found = []
    for window in values.argsort(descending=True)[:CONTEXTS].tolist():
        end = places[window].item() + 2  # the first position is not among the vectors
        tokens = windows[window, max(0, end - AROUND) : end + 3]
        text = [tokenizer.decode(tokens[part]) for part in (slice(-4), slice(-4, -3), slice(-3, None))]
        found.append([round(values[window].item(), 1), *text])
    return found


@torch.no_grad()
def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=320)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--out", type=Path, default=ROOT)
    options = parser.parse_args(argv)

    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    texts = documentation(PACKAGES)
    windows, held = (
        cut(side, tokenizer, n) for side, n in zip(texts, (options.windows, options.held_out), strict=True)
    )

    runs, rows, kept = [], {}, {}
    for name, each, seeds in (("trained", model, (0, 1)), ("shuffled weights", shuffled(0), (0,))):
        x, y = read(each, windows), read(each, held)
        (x, ids), (y, held_ids) = ((v[usual(v)], w[:, 1:][usual(v)]) for v, w in ((x, windows), (y, held)))
        mean = x.mean(0)
        left_out = round(1 - len(x) / windows[:, 1:].numel(), 5)
        print(f"{name}: {len(x):,} vectors to learn from, {left_out:.3%} left out", flush=True)
        components = torch.linalg.svd((x - mean).T @ (x - mean))[0].T  # (d, d): rows, the first the most important
        for seed in seeds:
            autoencoder, run = train(x, options.steps, seed)
            learned, strengths = autoencoder.features(x), autoencoder.features(y)
            run |= {
                "model": name,
                "vectors": len(x),
                "left_out": left_out,
                "explained": round(explained(y, autoencoder(y)), 4),
                "dead": round(1 - (learned > 0).any(0).float().mean().item(), 4),
                **judge(learned, ids, strengths, held_ids),
            }
            runs.append(run)
            kept[name, seed] = autoencoder
        principal = (y - mean) @ components[:ACTIVE].T @ components[:ACTIVE] + mean
        rows[name] = {
            "principal components, the same for all": round(explained(y, principal), 4),
            "principal components, the best for each": round(explained(y, best_of(y - mean, components) + mean), 4),
        }
        if name == "trained":
            directions = F.normalize(torch.randn(FEATURES, len(mean), generator=torch.Generator().manual_seed(0)))
            rows[name]["random directions, the best for each"] = round(
                explained(y, best_of(y - mean, directions) + mean), 4
            )
            judged = {
                "coordinates of the stream": judge(x - mean, ids, y - mean, held_ids),
                "random directions": judge((x - mean) @ directions.T, ids, (y - mean) @ directions.T, held_ids),
                "principal components": judge((x - mean) @ components.T, ids, (y - mean) @ components.T, held_ids),
            }
            mean_of_all, first = mean, components[:ACTIVE]
            often = ((kept[name, 0].features(y) > 0).sum(0) >= OFTEN).nonzero().flatten()
            some = often[torch.randperm(len(often), generator=torch.Generator().manual_seed(0))[:SHOWN]].tolist()
            whole = read(each, held)
            strengths = (kept[name, 0].features(whole) * usual(whole)[..., None]).flatten(0, 1)
            shown = [
                {
                    "feature": feature,
                    "active": round((strengths[:, feature] > 0).float().mean().item(), 5),
                    "same_token": round(purity(strengths[:, [feature]], held[:, 1:].flatten()).item(), 2),
                    "contexts": contexts(strengths, held, feature, tokenizer),
                }
                for feature in some
            ]

    autoencoder, other = kept["trained", 0], kept["trained", 1]
    few = held[: max(1, 2 * options.held_out // 5)]
    changes = {
        "as it is": lambda x: x,
        "sparse autoencoder": autoencoder,
        "principal components, the same for all": lambda x: (x - mean_of_all) @ first.T @ first + mean_of_all,
        "mean": lambda x: mean_of_all.expand_as(x),
        "zeros": torch.zeros_like,
    }
    spliced = {
        name: [round(loss, 4) for loss in losses(model, few, way).mean(1).tolist()] for name, way in changes.items()
    }
    alike = (autoencoder.decode.weight.T @ other.decode.weight).max(1).values
    chance = (autoencoder.decode.weight.T @ directions.T).max(1).values
    result = {
        "what": "sparse autoencoders on the residual stream of SmolLM2-135M-Instruct after block 12",
        "command": shlex.join(["python", "experiments/sparse_features.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "layer": LAYER,
        "features": FEATURES,
        "active": ACTIVE,
        "held_out": len(held_ids),
        "recipe": {"steps": options.steps, "batch": BATCH, "rate": RATE},
        "runs": runs,
        "explained_without_learning": rows,
        "columns_judged": judged,
        "losses": spliced,
        "found_by_another_seed": {
            "cosine_above_0.7": round((alike > 0.7).float().mean().item(), 4),
            "median_cosine": round(alike.median().item(), 3),
            "median_cosine_with_random_directions": round(chance.median().item(), 3),
        },
        "shown": shown,
    }
    content = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (options.out / "results/sparse-features.json").write_text(content, encoding="utf-8")
    weights = {name: value.half().contiguous() for name, value in autoencoder.state_dict().items()}
    save_file(weights, options.out / "assets/checkpoints/smollm2-sparse.safetensors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
