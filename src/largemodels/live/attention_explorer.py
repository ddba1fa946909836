"""Type, and watch a GPT read: where every head looks, how each weight came about, and what it writes next."""

import torch
from torch import Tensor, nn

from largemodels.interpret import capture, switched
from largemodels.layers import GivenCache
from largemodels.live.growing import GrowingView, Growth, Past
from largemodels.live.hidden_state_explorer import FromText
from largemodels.models import GPT
from largemodels.models.sampling import check_sampling
from largemodels.text import Tokenizer, Vocabulary

TAPS = ("query", "key", "value", "weights")
AXES = {  # along which the answer grows with the text
    "seen": (1,),
    "probabilities": (1,),
    "chances": (1,),
    "moved": (1,),
    "logits": (0,),
    "query": (2,),
    "key": (2,),
    "value": (2,),
    "weights": (2, 3),
    "cache": (4,),
}


class GPTExplained(nn.Module):
    """What a ``GPT`` computes while it reads, with some of its heads switched off: behind an `AttentionExplorer`.

    Takes ``tokens`` ``(1, t)``; ``heads`` ``(n, layers, heads)``, n ways to switch them, where 1 is on and 0 replaces
    what a head answers by zeros; and ``temperature``, ``top_k`` and ``top_p``, ``(1,)`` each (:func:`chances`).

    A ``past`` ``(n, layers, 2, heads, s, d/h)``, keys and values of the s tokens before for each of the n, makes the
    tokens those that follow: only they are answered for, and their own keys and values are the output ``cache``.

    Returns, for each of the n: the ``probabilities`` of the next token after each of the tokens, and the ``chances``
    to draw it, ``(n, t, vocabulary)``; how much probability was ``moved`` to other tokens compared with the first,
    ``(n, t)``. And of the last of the n: ``logits`` ``(t, vocabulary)``; ``query``, ``key``, ``value``
    ``(layers, heads, t, d/h)``; ``weights`` ``(layers, heads, t, s + t)``.

    Raises:
        ValueError: a model that is no ``GPT``; at the call, switches or a way to draw that do not fit, or tokens as
            the model refuses them.
    """

    def __init__(self, model: GPT):
        super().__init__()
        if not isinstance(model, GPT):
            raise ValueError(f"bind a GPT; got {type(model).__name__}")
        self.model = model

    def forward(
        self,
        tokens: Tensor,
        heads: Tensor,
        temperature: Tensor,
        top_k: Tensor,
        top_p: Tensor,
        past: Tensor | None = None,
    ) -> dict:
        """Read the text once for each way to switch."""
        config = self.model.config
        if heads.shape[1:] != (config.layers, config.heads):
            raise ValueError(f"switches have the shape (n, {config.layers}, {config.heads}); got {tuple(heads.shape)}")
        cache = None if past is None else GivenCache(past)
        with switched(self.model, heads), capture(self.model, *(f"blocks.*.attention.{tap}" for tap in TAPS)) as seen:
            # len() would fix n in a graph
            logits = self.model.advance(tokens.expand(heads.shape[0], -1), cache)
        inside = {
            tap: torch.stack([seen[f"blocks.{i}.attention.{tap}"][-1] for i in range(config.layers)]) for tap in TAPS
        }
        if cache is not None:
            new = torch.stack(cache.new, 1)  # (n, layers, 2, heads, t, d/h)
            inside.update(cache=new, key=new[-1, :, 0], value=new[-1, :, 1])
        p = logits.softmax(-1)
        moved = (p - p[:1]).abs().sum(-1) / 2
        drawn = chances(logits, temperature, top_k, top_p)
        return {"probabilities": p, "chances": drawn, "moved": moved, "logits": logits[-1], **inside}


def chances(logits: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Return the probabilities with which :meth:`GPT.generate` draws each token, ``(…, vocabulary)``, as a graph.

    ``temperature`` ``(1,)`` divides the logits, and 0 leaves the likeliest only; then ``top_k`` ``(1,)`` of the
    likeliest remain, of these the likeliest that together have ``top_p`` ``(1,)``; they share all probability.
    Raises ``ValueError`` for numbers out of their range.
    """
    if not torch.compiler.is_compiling():
        check_sampling(temperature.item(), int(top_k), top_p.item(), vocabulary=logits.shape[-1])
    best = torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    scores = logits - logits.amax(-1, keepdim=True)
    p = (scores / torch.where(temperature > 0, temperature, 1.0)).softmax(-1)
    p = torch.where(temperature > 0, p, best)

    ordered, order = _from_the_likeliest(p)
    place = torch.arange(p.shape[-1], device=p.device)
    p = torch.zeros_like(p).scatter(-1, order, torch.where(place < top_k, ordered, 0.0))
    p = p / p.sum(-1, keepdim=True)

    ordered, order = _from_the_likeliest(p)
    enough = (ordered.cumsum(-1) - ordered >= top_p) & (top_p < 1)  # those before it had it all
    p = p.masked_fill(torch.zeros_like(enough).scatter(-1, order, enough), 0.0)
    return p / p.sum(-1, keepdim=True)


def _from_the_likeliest(p: Tensor) -> tuple[Tensor, Tensor]:
    """Sort; of equals the first comes first. ONNX's TopK does so always, torch when asked: ONNX cannot be asked."""
    return p.sort(descending=True) if torch.compiler.is_compiling() else p.sort(descending=True, stable=True)


class AttentionExplorer(GrowingView):
    """The reader types; where every head of a GPT looks is drawn, one weight is worked out, and the GPT writes on.

    Bind it to a :class:`GPTExplained`, with a text to begin with, no longer than the context. All that is drawn for
    it is kept in the notebook, so about forty characters are a good length::

        live(
            AttentionExplorer(vocabulary, {"a loop": "for i in range(10):"}),
            GPTExplained(model),
            {"ids": vocabulary.encode("print('hello')")[None]},
        )

    Of a tokenizer it is a view of tokens, for a real language model: bind it to a
    :class:`~largemodels.live.LlamaExplained`. Texts of 64 tokens are read at most. In a notebook the kernel runs the
    model. In a page, which has not got it, all layers and heads of the text to begin with can be looked at; that of
    about twenty tokens takes some 100 KB (of forty, 300)::

        live(
            AttentionExplorer(tokenizer, {"names": "When Mary and John went to the store, John gave a drink to"}),
            LlamaExplained(model),
            {"ids": tokenizer.encode("The capital of France is")[None]},
        )

    Args:
        vocabulary: of characters; or a ``Tokenizer``.
        examples: name → text, to choose from.
        head: the layer and the head, counted from 0, that are shown large at first.
        beside: where the model is too large to be kept in the page: its name, if it lies in ``assets/models/`` as
            ``<beside>.onnx``. It is what ``onnx`` of the same view without ``beside`` holds.

    Raises:
        ValueError: a vocabulary of longer tokens, an empty example; on binding, a function or a text of another kind.
    """

    owns = ("symbols", "head", "context", "rotary", "normed")
    parts = (
        "own/model",
        "attention/look",
        "attention/answer",
        "attention/gaze",
        "attention/numbers",
        "attention/bars",
        "attention/read_line",
        "attention/next_characters",
        "attention/writers_desk",
        "writing/pen",
        "attention/head_sheet",
        "attention/head_map",
        "attention/working",
    )

    def __new__(cls, vocabulary: Vocabulary | Tokenizer, *args, **traits):
        """Make of a tokenizer the view of tokens."""
        from largemodels.live.token_attention_explorer import TokenAttentionExplorer  # which is one of these

        kind = TokenAttentionExplorer if isinstance(vocabulary, Tokenizer) else cls
        return super().__new__(kind, vocabulary, *args, **traits)

    def __init__(
        self,
        vocabulary: Vocabulary,
        examples: dict[str, str] | None = None,
        head: tuple[int, int] = (0, 0),
        **traits,
    ):
        if longer := [symbol for symbol in vocabulary.symbols if len(symbol) != 1]:
            raise ValueError(f"the vocabulary must be of characters; got {longer[0]!r}")
        examples = examples or {}
        if empty := [name for name, text in examples.items() if not text]:
            raise ValueError(f"the example {empty[0]!r} is empty; give at least one character")
        self._vocabulary = vocabulary
        settings = {
            "symbols": list(vocabulary.symbols),
            "examples": [{"name": name, "text": text} for name, text in examples.items()],
            "head": [int(i) for i in head],
        }
        super().__init__(settings=settings, **traits)

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "AttentionExplorer":
        """Show ``function``, the :class:`GPTExplained` of a model; it may be a reader's own."""
        if not isinstance(function, GPTExplained):
            raise ValueError(f"bind the GPTExplained of a model; got {type(function).__name__}")
        if list(example) != ["ids"] or example["ids"].ndim != 2 or len(example["ids"]) != 1:
            shapes = {name: tuple(tensor.shape) for name, tensor in example.items()}
            raise ValueError(f"the example is one text, ids (1, t); got {shapes}")
        config, ids = function.model.config, example["ids"]
        layer, head = self.settings["head"]
        if not (0 <= layer < config.layers and 0 <= head < config.heads):
            raise ValueError(
                f"there are {config.layers} layers of {config.heads} heads; got layer {layer}, head {head}"
            )
        if config.vocabulary != len(self._vocabulary):
            raise ValueError(f"the model has {config.vocabulary} symbols, the vocabulary {len(self._vocabulary)}")
        text = self._vocabulary.decode(ids[0])
        if not 2 <= len(text) <= config.context:
            raise ValueError(f"the text to begin with must have 2 to {config.context} characters; it has {len(text)}")
        start = {
            "text": torch.tensor([[ord(character) for character in text]]),
            "heads": torch.ones(2, config.layers, config.heads),  # the reader's switches, and all on to compare with
            "temperature": torch.ones(1),
            "top_k": torch.tensor([config.vocabulary]),
            "top_p": torch.ones(1),
        }
        start = {name: tensor.to(ids.device) for name, tensor in start.items()}
        reader = FromText(function, self._vocabulary).to(ids.device)
        with self.hold_sync():  # the browser gets the new model, its text and its numbers at once
            about = {"context": config.context, "rotary": config.positions == "rotary", "normed": config.norm_queries}
            self.settings = {**self.settings, **about}
            none = (("heads", 0), config.layers, 2, config.heads, 0, config.width // config.heads)
            growth = Growth({"past": Past("cache", none)}, AXES)
            return super().bind(reader, start, {"text": {1: "t"}, "heads": {0: "n"}}, growth)
