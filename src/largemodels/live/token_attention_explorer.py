"""Type, and watch a real language model read: token by token, where each head of every layer looks."""

import torch
from torch import Tensor, nn
from traitlets import Dict, Unicode

from largemodels.live.attention_explorer import AttentionExplorer
from largemodels.live.binding import evaluation, pack, pack_steps
from largemodels.live.llama_explained import RULES, LlamaExplained, check_place
from largemodels.live.view import View
from largemodels.models.sampling import check_sampling
from largemodels.text import Tokenizer

LONGEST = 64  # tokens that are read at most, so that a keystroke is answered at once
MOST = 10  # tokens that are written at once
REST = 3  # and those that may be needed to end a character
START = {"off": [], "write": 0, "temperature": 1.0, "top_k": None, "top_p": 1.0, "turn": 0}


class TokenAttentionExplorer(AttentionExplorer):
    """What an :class:`AttentionExplorer` of a ``Tokenizer`` is: the reader types, a ``Llama`` reads, head by head.

    ``inputs`` are the ``text``; the ``place``, which is the layer and the head shown large; the heads that are ``off``,
    each as ``[layer, head]``; how many tokens to ``write``, and how to draw them: ``temperature``, ``top_k``,
    ``top_p``; and ``turn``, the number of the question. The kernel answers (:class:`Reading`). To find out whether
    there is a kernel, the browser sets ``knock``, and a kernel sets ``opened`` to the same number. A page does that,
    too, if the book has the model (``make real``) and the reader has loaded it (``asks``, ``real``).
    """

    owns = ()  # the real model, or a kernel's
    parts = (
        "token/pieces",
        "attention/look",
        "attention/answer",
        "attention/gaze",
        "attention/numbers",
        "attention/bars",
        "attention/read_line",
        "attention/writers_desk",
        "attention/head_map",
        "attention/working",
        "attention/tokens_answer",
        "attention/piece_strip",
        "attention/next_tokens",
        "attention/head_grid",
        "token/real_offer",
    )

    knock = Unicode(help="what a browser says when it draws the view").tag(sync=True)
    opened = Unicode(help="the same, from a kernel that has heard it").tag(sync=True)
    asks = Dict(help="what is asked of the model that may lie in the book: look, load, stop").tag(sync=True)
    real = Dict(help="what a page without a kernel says of it").tag(sync=True)

    def __init__(
        self,
        tokenizer: Tokenizer,
        examples: dict[str, str] | None = None,
        head: tuple[int, int] = (0, 0),
        **traits,
    ):
        examples = examples or {}
        if empty := [name for name, text in examples.items() if not text]:
            raise ValueError(f"the example {empty[0]!r} is empty; give at least one character")
        self._tokenizer, self._head = tokenizer, [int(i) for i in head]
        settings = {"examples": [{"name": name, "text": text} for name, text in examples.items()]}
        View.__init__(self, settings, **traits)
        self.observe(self._open, "knock")

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "TokenAttentionExplorer":
        """Show ``function``, the :class:`LlamaExplained` of a model, from now on; it may be a reader's own."""
        if not isinstance(function, LlamaExplained):
            raise ValueError(f"bind the LlamaExplained of a model; got {type(function).__name__}")
        if list(example) != ["ids"] or example["ids"].ndim != 2 or len(example["ids"]) != 1:
            shapes = {name: tuple(tensor.shape) for name, tensor in example.items()}
            raise ValueError(f"the example is one text, ids (1, t); got {shapes}")
        config, ids = function.model.config, example["ids"][0]
        check_place(*self._head, config)
        if config.vocabulary != len(self._tokenizer):
            raise ValueError(f"the model has {config.vocabulary:,} tokens, the tokenizer {len(self._tokenizer):,}")
        reading = Reading(function, self._tokenizer)
        if not 1 <= len(ids) <= reading.longest:
            raise ValueError(f"the text to begin with must have 1 to {reading.longest} tokens; it has {len(ids)}")
        text = self._tokenizer.decode(ids)
        if self._tokenizer.encode(text, special=True).tolist() != ids.tolist():
            raise ValueError(f"the tokenizer cuts the text of these ids in another way: give encode({text!r}) of it")
        start = {"text": text, "place": self._head, **START}
        outputs = reading.answer(start)
        about = {
            "layers": config.layers,
            "heads": config.heads,
            "kv_heads": config.kv_heads,
            "vocabulary": config.vocabulary,
            "longest": reading.longest,
            "rules": list(RULES),
            "rotary": True,
            "normed": False,
        }
        self._binding = None
        with self.hold_sync():  # the browser gets the new model, its text and its numbers at once
            self.error, self.settings = "", {**self.settings, **about}
            self.inputs, self.outputs = start, outputs
        self._binding = reading
        return self

    def _open(self, change) -> None:
        self.opened = change.new


class Reading:
    """Answers what the view asks of a model: text in, and what is drawn of it, as a browser can hold it."""

    def __init__(self, function: LlamaExplained, tokenizer: Tokenizer):
        self.function, self.tokenizer = function, tokenizer
        self.longest = min(LONGEST, function.model.config.context - MOST - REST)

    def answer(self, asked: dict) -> dict:
        """Write on if asked to, read the text, and return what is drawn of it.

        That is the ``turn`` that is answered; the ``text`` as it is now; the ``pieces`` that were read, as bytes, and
        how many others were ``dropped`` before them; after each the bytes of the tokens that are ``expected``; the
        ``weights`` of all heads in steps of 1/255, row by row without what comes later; ``place``, and of the head
        there the weights as they are (``rows``); all else as :class:`LlamaExplained` has it.

        Raises:
            ValueError: an empty text, or what the tokenizer or the model refuses.
        """
        text, (layer, head), off = asked["text"], asked["place"], asked["off"]
        if not text:
            raise ValueError("the text is empty: type at least one character")
        config, device = self.function.model.config, self.function.model.norm.weight.device
        ids = self.tokenizer.encode(text, special=True).tolist()
        if asked["write"]:
            text += self.tokenizer.decode(self.written(ids, asked))
            ids = self.tokenizer.encode(text, special=True).tolist()  # cut anew, as it stands there
        read = ids[-self.longest :]
        heads = torch.ones(2 if off else 1, config.layers, config.heads, device=device)
        for one in off:
            check_place(*one, config)
            heads[1, one[0], one[1]] = 0.0
        with torch.no_grad(), evaluation(self.function):
            tokens, place = torch.tensor([read], device=device), torch.tensor([layer, head])
            found = self.function(tokens, heads, place)
        weights, likeliest = found.pop("weights"), found.pop("likeliest").tolist()
        below = torch.tril_indices(len(read), len(read), device=device)
        tokens = self.tokenizer.pairs.tokens
        return {
            "turn": asked["turn"],
            "text": text,
            "pieces": [list(tokens[i]) for i in read],
            "dropped": len(ids) - len(read),
            "expected": [[list(tokens[i]) for i in row] for row in likeliest],
            "place": [layer, head],
            "weights": pack_steps(weights[..., *below], 1 / 255),
            "rows": pack("rows", weights[layer, head]),
            **{name: pack(name, tensor) for name, tensor in found.items()},
        }

    def written(self, ids: list[int], asked: dict) -> list[int]:
        """Return the tokens that the model writes on: as many as asked for, and those that end a character.

        Fewer, if it draws one that ends an answer. Raises ``ValueError`` for a way of drawing that means nothing.
        """
        count, model = asked["write"], self.function.model
        if not 1 <= count <= MOST:
            raise ValueError(f"1 to {MOST} tokens are written at once; got {count}")
        how = {name: asked[name] for name in ("temperature", "top_k", "top_p")}
        check_sampling(**how, vocabulary=model.config.vocabulary)
        prompt = torch.tensor([ids[-self.longest :]], device=model.norm.weight.device)
        new: list[int] = []
        with evaluation(self.function):
            for token in model.stream(prompt, count + REST, self.tokenizer.stop, **how):
                new.append(token.item())
                if len(new) >= count and self._whole(new):
                    break
        while not self._whole(new):
            new.pop()
        return new

    def _whole(self, ids: list[int]) -> bool:
        """Return whether tokens end where a character does."""
        return not self.tokenizer.decode(ids).endswith("\N{REPLACEMENT CHARACTER}")
