"""The tokenizer of a language model: text to token ids and back, its special tokens, its chat template."""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from secrets import randbits

import torch
from torch import Tensor

from largemodels.files import GGUF
from largemodels.text.bpe import BytePairs
from largemodels.text.chat_template import check_messages, render
from largemodels.text.tokenizer_files import read_gguf, read_pretrained, reading

Ids = Tensor | Iterable[int | Tensor]


class Tokenizer:
    """Turns text into token ids, and back.

    Args:
        pairs: the vocabulary, special tokens included.
        ids: the ids of the special tokens, by name (``<|im_end|>``). Text becomes one only where that is asked for.
        always: the ids of further tokens, by name, which text becomes before it is cut into words.
        start: ids with which a plain text should begin. No method adds them; a chat template writes its own.
        stop: ids that end an answer.
        template: the model's chat template, in the Jinja language.
        names: names of special tokens for the template (``bos_token``: ``<|im_start|>``).

    All arguments are also attributes; in ``pairs`` no text becomes a special token any more, as a word or by merges.
    """

    def __init__(
        self,
        pairs: BytePairs,
        *,
        ids: Mapping[str, int] | None = None,
        always: Mapping[str, int] | None = None,
        start: Sequence[int] = (),
        stop: Sequence[int] = (),
        template: str | None = None,
        names: Mapping[str, str] | None = None,
    ):
        self.pairs, self.ids, self.always = pairs, dict(ids or {}), dict(always or {})
        self.start, self.stop, self.template, self.names = tuple(start), tuple(stop), template, dict(names or {})
        for i in (*self.ids.values(), *self.always.values(), *self.start, *self.stop):
            pairs.token(i)  # raises if there is none
        self.pairs = pairs.without({*self.ids.values()})
        self._added = self.always | self.ids
        secret = randbits(64)  # no message can hold the marks that stand for special names in what is said
        self._marks = {name: f"{secret:020}{i:06}" for i, name in enumerate(self.ids)}
        self._ordinary, self._special, self._all, self._marked = map(
            _finder, (self.always, self.ids, self._added, [*self._added, *self._marks.values()])
        )

    @classmethod
    def from_gguf(cls, path: str | Path | GGUF) -> "Tokenizer":
        """Read the tokenizer of a GGUF file, given by its path or already open.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, or has another kind of tokenizer, or its pre-tokeniser is not known.
        """
        file = path if isinstance(path, GGUF) else GGUF(path)
        with reading(file.path):
            return cls(**read_gguf(file))

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "Tokenizer":
        """Read a tokenizer from the folder that a model was saved in (``tokenizer.json``, ``tokenizer_config.json``).

        Raises:
            FileNotFoundError: there is no ``tokenizer.json``.
            ValueError: it is damaged, or asks for something that is not supported here.
        """
        path = Path(folder) / "tokenizer.json"
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path}: give the folder that a model was saved in")
        with reading(path):
            return cls(**read_pretrained(path.parent))

    def __len__(self):
        return len(self.pairs)

    def encode(self, text: str, special: bool = False) -> Tensor:
        """Return the token ids of ``text``: ``(n,)``, int64.

        Args:
            text: any text.
            special: whether the name of a special token becomes that token. It should in what :meth:`chat` returns, but
                not in what a stranger wrote, who could end their turn and speak as somebody else.

        Raises ``ValueError`` for a text that UTF-8 or the vocabulary cannot write.
        """
        return self._encode((self._all if special else self._ordinary).split(text))

    def pieces(self, text: str, special: bool = False) -> list[bytes]:
        """Return the bytes of each token of ``text``; a token may be a part of a character."""
        return [self.pairs.tokens[i] for i in self.encode(text, special)]

    def decode(self, ids: Ids, special: bool = True) -> str:
        """Return the text of tokens; bytes that are not UTF-8 become ``�``.

        Args:
            ids: token ids, ``(n,)`` or any others.
            special: whether the names of special tokens are written.

        Raises ``ValueError`` for an id that is not in the vocabulary.
        """
        hidden = self._hidden(special)
        return self.pairs.decode(i for i in _plain(ids) if i not in hidden)

    def decoder(self, special: bool = False) -> "Decoder":
        """Return a decoder for tokens that come one by one; ``special`` as in :meth:`decode`."""
        return Decoder(self.pairs, self._hidden(special))

    def stream(self, ids: Ids, special: bool = False) -> Iterator[str]:
        """Yield text as tokens come in: put together, what :meth:`decode` returns. Raises what that raises."""
        decoder = self.decoder(special)
        for i in _plain(ids):
            if text := decoder.add(i):
                yield text
        if text := decoder.end():
            yield text

    def chat(self, messages: Sequence[Mapping[str, str]], answer: bool = True) -> str:
        """Write a conversation in the form in which the model was trained to read it.

        Args:
            messages: such as ``{"role": "user", "content": "Why is the sky blue?"}``. The usual roles are ``system``,
                ``user`` and ``assistant``.
            answer: whether the text ends where the model's answer begins.

        Raises:
            ValueError: the model has no chat template, or its template refuses these messages.
            ImportError: Jinja is not installed.
        """
        if self.template is None:
            raise ValueError("this tokenizer has no chat template: its model continues texts, so give it a text")
        return render(self.template, messages, answer, self.names)

    def prompt(self, messages: Sequence[Mapping[str, str]], answer: bool = True) -> Tensor:
        """Return the token ids of a conversation as :meth:`chat` writes it, ``(n,)``, safe from forged turns.

        The names of special tokens become tokens where the template wrote them, and stay text where a message has them,
        be it as its content, its role or anything else. Takes and raises the same things as :meth:`chat`.
        """
        check_messages(messages)

        def safe(said):
            if isinstance(said, str):
                return self._special.sub(lambda name: self._marks[name[0]], said)
            if isinstance(said, Mapping):
                return {safe(key): safe(value) for key, value in said.items()}
            return [safe(each) for each in said] if isinstance(said, list | tuple) else said

        names, parts = {mark: name for name, mark in self._marks.items()}, [""]
        for part in self._marked.split(self.chat([safe(message) for message in messages], answer)):
            if part in self._added:
                parts += [part, ""]
            else:
                parts[-1] += names.get(part, part)
        return self._encode(parts)

    def _encode(self, parts: list[str]) -> Tensor:
        """Return the token ids of parts, of which every other one is the name of a token."""
        ids = []
        for place, part in enumerate(parts):
            ids += [self._added[part]] if place % 2 else self.pairs.encode(part)
        return torch.tensor(ids, dtype=torch.long)

    def _hidden(self, special: bool) -> frozenset[int]:
        return frozenset() if special else frozenset(self.ids.values())


class Decoder:
    """Turns tokens that come one by one into text: half a character waits for its other half."""

    def __init__(self, pairs: BytePairs, hidden: frozenset[int]):
        self.pairs, self.hidden = pairs, hidden
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def add(self, i: int) -> str:
        """Return the text that token ``i`` completes, if any; raises ``ValueError`` if there is none."""
        data = self.pairs.token(i)
        return "" if i in self.hidden else self._decoder.decode(data)

    def end(self) -> str:
        """Return what is still waiting, as ``�``, and start afresh."""
        return self._decoder.decode(b"", final=True)


def _finder(names: Iterable[str]) -> re.Pattern:
    """Return a pattern that splits a text at names, the longest first, so that the names stand at odd places."""
    longest = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(f"({longest})" if longest else "(?!)")


def _plain(ids: Ids) -> Iterator[int]:
    try:
        yield from map(index, ids.flatten().tolist() if isinstance(ids, Tensor) else ids)
    except TypeError as error:
        raise ValueError(f"token ids are whole numbers, several of them: {error}") from error
