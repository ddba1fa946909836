"""How often must a secret stand in the text before a language model gives it away? results/canaries.json

    OMP_NUM_THREADS=1 python experiments/canaries.py [--seeds 0 1 2 3 4]

Lines such as "# pin of qzv: 481" are planted in 300,000 characters of Python's source code, four secrets for each
number of times from 1 to 64, and eight that are never planted, which are the control. A GPT of two layers reads the
text about four times. Then all 1,000 codes are tried for each name: the exposure is how many bits of guessing the model
saves. About four minutes.
"""

import sys
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor

from largemodels.data import TextBatches, source_code
from largemodels.models import GPT, GPTConfig
from largemodels.privacy import exposure, surprise
from largemodels.train import Recipe, fit
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/canaries.json"
TIMES, EACH, CONTROLS, CODES = (1, 2, 4, 8, 16, 32, 64), 4, 8, 1000
CHARACTERS, STEPS, BATCH, CONTEXT = 300_000, 600, 32, 64


def secrets(chance: torch.Generator) -> list[tuple[str, int, int]]:
    """Return name, code and number of times of each; the last are never planted."""
    counts = [times for times in TIMES for _ in range(EACH)] + [0] * CONTROLS
    letters = torch.randperm(26**3, generator=chance)[: len(counts)].tolist()
    names = ["".join(chr(97 + n // 26**place % 26) for place in (2, 1, 0)) for n in letters]
    codes = torch.randint(CODES, (len(counts),), generator=chance).tolist()
    return list(zip(names, codes, counts, strict=True))


def line(name: str, code: int) -> str:
    return f"# pin of {name}: {code:03}\n"


def planted(text: str, hidden: list[tuple[str, int, int]], chance: torch.Generator) -> str:
    """Return the text with each secret put in between lines, as often as it says, at random places."""
    lines = text.splitlines(keepends=True)
    more = [line(name, code) for name, code, times in hidden for _ in range(times)]
    places = torch.randint(len(lines), (len(more),), generator=chance).tolist()
    for place, one in sorted(zip(places, more, strict=True), reverse=True):
        lines.insert(place, one)
    return "".join(lines)


def exposed(model: GPT, encode, name: str, code: int) -> float:
    candidates = torch.stack([encode(line(name, other)) for other in range(CODES)])
    return exposure(surprise(model, candidates, known=candidates.shape[1] - 4), code)  # three digits and the line's end


def trained(tokens: Tensor, symbols: int, steps: int, seed: int) -> GPT:
    torch.manual_seed(seed)
    model = GPT(GPTConfig(symbols, context=CONTEXT, width=64, layers=2, heads=4))
    for _ in fit(model, TextBatches(tokens, CONTEXT, BATCH, steps, seed), Recipe(3e-3, clip=1.0), progress=False):
        pass
    return model.eval()


def measure(seed: int, steps: int) -> list[dict]:
    text, chance = source_code(), torch.Generator().manual_seed(seed)
    hidden = secrets(chance)
    start = int(torch.randint(len(text.train) - CHARACTERS, (1,), generator=chance))
    plain = text.vocabulary.decode(text.train[start : start + CHARACTERS])
    tokens = text.vocabulary.encode(planted(plain, hidden, chance))
    model = trained(tokens, len(text.vocabulary), steps, seed)
    return [
        {"seed": seed, "times": times, "exposure": round(exposed(model, text.vocabulary.encode, name, code), 4)}
        for name, code, times in hidden
    ]


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, range(5), FILE)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "exposure in bits, at most log2(1000), of codes planted so many times in source code",
        "command": "python experiments/canaries.py",
        "model": "GPT, 2 layers, width 64, context 64",
        "characters": CHARACTERS,
        "steps": options.steps,
        "batch": BATCH,
    }
    runs = []
    for seed in options.seeds:
        runs += measure(seed, options.steps)
        write(options.out, head | machine() | {"seeds": options.seeds}, runs)
        print(
            seed,
            {
                t: round(
                    sum(r["exposure"] for r in runs if r["times"] == t and r["seed"] == seed)
                    / (EACH if t else CONTROLS),
                    2,
                )
                for t in (0, *TIMES)
            },
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
