"""Talk to a language model: ``python -m largemodels.chat``, or ``… --model PATH`` for a GGUF file or a folder."""

import os
import sys
from argparse import Namespace
from codecs import lookup
from contextlib import closing, suppress
from io import StringIO
from pathlib import Path
from time import perf_counter

import torch

from largemodels.chat.conversation import Conversation
from largemodels.chat.flags import WEIGHTS, make_parser
from largemodels.data import smollm2
from largemodels.data.batches import check_seed
from largemodels.device import pick_device
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train.files import speak_utf8

# control characters could move a terminal's cursor, or worse; what is written may have new lines and tabs alone
PLAIN = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\n"), ord("\t")}, "\N{REPLACEMENT CHARACTER}")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 2 after a wrong input, 130 after Ctrl-C."""
    if sys.stderr is None:  # closed: print would write to standard output, and input() fail
        sys.stderr = StringIO()
    speak_utf8()
    hear_utf8()
    arguments = make_parser().parse_args(argv)
    try:
        if sys.stdin is None or sys.stdout is None:
            raise ValueError("standard input and output must be open, to read lines from and to write answers to")
        talk(begin(arguments), sys.stdin.isatty())
    except BrokenPipeError:  # what reads the answers has ended
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except (ValueError, OSError, ImportError, FloatingPointError) as error:
        say(f"error: {error}")
        return 2
    except Exception as error:  # a fault of this program, which is no reason to show it from inside
        say(f"error: this should not happen: {type(error).__name__}: {error}")
        return 2
    return 0


def begin(arguments: Namespace) -> Conversation:
    """Return a conversation as the flags say."""
    generator = torch.Generator()
    if arguments.seed is None:
        generator.seed()
    else:
        check_seed(arguments.seed, "--seed")
        generator.manual_seed(arguments.seed)
    device, start = pick_device(arguments.device), perf_counter()
    path = smollm2() if arguments.model is None else Path(arguments.model)
    model, tokenizer = open_model(path, *WEIGHTS[arguments.dtype])
    drawing = {name: getattr(arguments, name) for name in ("temperature", "top_k", "top_p", "min_p")}
    conversation = Conversation(
        model.to(device).requires_grad_(False),
        tokenizer,
        arguments.system,
        arguments.length,
        arguments.context,
        generator=generator,
        **drawing,
    )
    layers, took = model.config.layers, perf_counter() - start
    say(f"{path.name}: {layers} layers, {arguments.dtype}, read in {took:.1f} s. /quit ends, /reset forgets.")
    return conversation


def open_model(path: Path, dtype: torch.dtype, bits: str | None = None) -> tuple[Llama, Tokenizer]:
    """Return the model and the tokenizer of a GGUF file, or of a folder. Raises as both do."""
    if path.is_dir():
        return Llama.from_pretrained(path, dtype, bits), Tokenizer.from_pretrained(path)
    return Llama.from_gguf(path, dtype, bits), Tokenizer.from_gguf(path)


def talk(conversation: Conversation, patient: bool) -> None:
    """Answer line after line until there are no more.

    With ``patient``, as one is with people: ask for a line, let Ctrl-C stop the answer alone, and go on after an error.
    """
    if patient:
        with suppress(ImportError):  # on Windows
            import readline  # noqa: F401 (lines can be edited, and come back with the arrow keys)
    while True:
        try:
            line = input("> " if patient else "").strip()
        except EOFError:
            if patient:
                say("")
            return
        except KeyboardInterrupt:
            if not patient:
                raise
            say("\n/quit or Ctrl-D ends")
            continue
        if line == "/quit":
            return
        if line == "/reset":
            conversation.reset()
            say("forgotten")
        elif line:
            try:
                answer(conversation, line)
            except (ValueError, KeyboardInterrupt) as error:
                if not patient:
                    raise
                say(f"error: {error}" if isinstance(error, ValueError) else "\nstopped")


def answer(conversation: Conversation, text: str) -> None:
    """Print the answer to a text as it is written."""
    if dropped := conversation.ask(text):
        say(f"the conversation does not fit into the context any more: its oldest {dropped} messages are forgotten")
    with closing(conversation.answer()) as pieces:
        for piece in pieces:
            print(piece.translate(PLAIN), end="", flush=True)
    print(flush=True)
    if conversation.cut:
        say(f"cut after {conversation.length:,} tokens (--length)")


def say(line: str) -> None:
    """Print what is not part of an answer."""
    print(line, file=sys.stderr, flush=True)


def hear_utf8() -> None:
    """Let what is typed or piped hold any character; what is none is replaced."""
    if hasattr(sys.stdin, "reconfigure"):
        ascii_only = lookup(sys.stdin.encoding).name == "ascii"
        sys.stdin.reconfigure(encoding="utf-8" if ascii_only else None, errors="replace")


if __name__ == "__main__":
    sys.exit(main())
