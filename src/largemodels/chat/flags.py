"""The flags of the command line."""

import argparse

import torch

# how weights are kept: their type while they are read, and in how few bits they are packed then
WEIGHTS = {
    "float32": (torch.float32, None),
    "bfloat16": (torch.bfloat16, None),
    "int8": (torch.float32, "int8"),
    "int4": (torch.float32, "int4"),
}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog="python -m largemodels.chat",
        description="Talk to a language model. A line is a question; Ctrl-C stops an answer, /reset forgets the "
        "conversation, /quit or Ctrl-D ends it. Lines from a pipe are answered one by one.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--model", metavar="PATH", help="a GGUF file, or a folder with config.json; SmolLM2-135M if not given"
    )
    parser.add_argument("--system", metavar="TEXT", help="what the model is told before; its own text if not given")
    parser.add_argument("--length", type=int, default=512, metavar="N", help="tokens of an answer, at most")
    parser.add_argument(
        "--context", type=int, metavar="N", help="tokens that are kept; the model's context if not given"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="for the same answers every time")
    parser.add_argument(
        "--dtype", choices=tuple(WEIGHTS), default="float32", help="how the weights are kept; fewer bits are quicker"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    draw = parser.add_argument_group("how tokens are drawn")
    draw.add_argument("--temperature", type=float, default=0.2, help="0 takes the likeliest always")
    draw.add_argument("--top-k", type=int, metavar="N", help="from so many of the likeliest")
    draw.add_argument(
        "--top-p", type=float, default=0.9, metavar="P", help="from the likeliest with this probability together"
    )
    draw.add_argument("--min-p", type=float, metavar="P", help="from those so many times as likely as the likeliest")
    return parser
