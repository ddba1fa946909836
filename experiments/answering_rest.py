"""What a change of a language model did to all else: `experiments/answering.py` asks this after each training."""

import sysconfig
from collections.abc import Sequence
from itertools import pairwise
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.data import declaration
from largemodels.models import Llama, write_each
from largemodels.text import Tokenizer
from largemodels.train import divergence, pack
from largemodels.train.loss import IGNORED

PLAIN = "You are a helpful AI assistant."  # what the model is told before
GENERAL = (
    *("What is a kettle used for?", "Why do people wear hats?", "How does a bicycle work?", "What is a violin?"),
    *("Tell me about bread.", "Where do penguins live?", "What is the purpose of a lighthouse?", "Name three animals."),
    *("Why is the sea salty?", "What do bees do?", "How is glass made?", "Give me a tip for learning a language."),
    *("What is a good breakfast?", "Who writes laws?", "What is gravity?", "Write a sentence about rain."),
)
LENGTH = 32  # tokens of an answer
TOKENS = 40  # of a passage


def conversation(tokenizer: Tokenizer, told: str, *said: str) -> Tensor:
    """Return the ids of a conversation: what the model is told before, then user and model in turn."""
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    return tokenizer.prompt([{"role": "system", "content": told}, *turns])


def words(tokenizer: Tokenizer, ids: Tensor) -> int:
    """Return how many words an answer has."""
    return len(tokenizer.decode(ids, special=False).split())


def stutters(tokenizer: Tokenizer, ids: Tensor) -> bool:
    """Tell whether a word stands twice in a row in an answer."""
    return any(a == b for a, b in pairwise(tokenizer.decode(ids, special=False).split()))


class Rest:
    """Texts on which a model that was changed is compared with the model as it was: prose, code, and answers.

    The answers are the original's own, drawn at temperature 1 from a fixed seed: what was likely before.
    """

    def __init__(self, original: Llama, tokenizer: Tokenizer):
        self.original, self.tokenizer = original, tokenizer
        prompts = [conversation(tokenizer, PLAIN, question) for question in GENERAL]
        chance = torch.Generator().manual_seed(0)
        answers = write_each(original, prompts, LENGTH, tokenizer.stop, generator=chance)
        self.kinds = {
            "English": self._passages(declaration()["English"]),
            "Python": self._passages(library()),
            "answers": pack(prompts, answers),
        }

    def _passages(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        ids = [self.tokenizer.encode(text)[:TOKENS] for text in texts]
        return pack([x[:1] for x in ids], [x[1:] for x in ids])

    @torch.inference_mode()
    def measure(self, model: nn.Module) -> dict[str, dict[str, list[float]]]:
        """Return for each kind, and each text of it: its bytes, bits before and after, mean divergence in nats."""
        found = {}
        for kind, (tokens, targets) in self.kinds.items():
            rows = found[kind] = {"bytes": [], "before": [], "after": [], "divergence": []}
            for x, y in zip(tokens.split(6), targets.split(6), strict=True):
                after, before, counts = model(x), self.original(x), y != IGNORED
                away = (divergence(after, before) * counts).sum(1) / counts.sum(1)
                for name, logits in (("before", before), ("after", after)):
                    nats = F.cross_entropy(logits.mT, y, ignore_index=IGNORED, reduction="none").sum(1)
                    rows[name] += [round(bits, 3) for bits in (nats / log(2)).tolist()]
                rows["bytes"] += [len(self.tokenizer.decode(row[row != IGNORED]).encode()) for row in y]
                rows["divergence"] += [round(each, 5) for each in away.tolist()]
        return found


def library() -> list[str]:
    """Return a passage from each of 16 files of Python's standard library."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py"))
    texts = [text for path in paths if len(text := path.read_text(encoding="utf-8", errors="replace")) > 6000]
    return [text[4000:5000] for text in texts[:: len(texts) // 16][:16]]
