"""Writing with a cache, token by token, beside the transformers library with the same weights."""

from time import process_time

import torch

from bench.gpt2_program import gpt2
from bench.our_program import NANO
from bench.timing import in_turns, ratio, spread
from largemodels.models import GPT

TOKENS = NANO.context - 1


def measure(rounds: int = 20) -> dict:
    """Time the likeliest continuation of one token, on one thread: tokens per second of processor time, and ratios."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        writers = ways()
        prompt = torch.tensor([[1]])

        def speed(write) -> float:
            start = process_time()
            write(prompt)
            return TOKENS / (process_time() - start)

        found = in_turns({name: lambda write=write: speed(write) for name, write in writers.items()}, rounds, warm_up=2)
    finally:
        torch.set_num_threads(threads)
    return {
        "tokens": TOKENS,
        "ways": {
            name: {"tokens_per_second": spread(speeds), "times_transformers": ratio(speeds, found["transformers"])}
            for name, speeds in found.items()
        },
    }


def ways() -> dict:
    """Return what writes ``TOKENS`` tokens on from a prompt, all with the same weights."""
    torch.manual_seed(0)
    theirs = gpt2().eval()
    ours = GPT.from_gpt2(theirs.state_dict(), heads=NANO.heads).eval()

    def transformers(prompt):
        return theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=TOKENS,
            min_new_tokens=TOKENS,
            do_sample=False,
            use_cache=True,
            pad_token_id=0,
        )

    return {
        "transformers": transformers,
        "generate": lambda prompt: ours.generate(prompt, TOKENS, temperature=0),
        "generate, without the cache": lambda prompt: ours.generate(prompt, TOKENS, temperature=0, cached=False),
    }
