"""How soon the attention explorer answers under a kernel to what is typed: the real model, and its message."""

import json
from time import perf_counter, process_time

import torch
from ipywidgets.widgets.widget import _remove_buffers  # what Jupyter sends beside the JSON

from bench.timing import spread
from largemodels.data import smollm2
from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.models import Llama
from largemodels.text import Tokenizer

TOKENS = 40
TEXT = (
    "When Mary and John went to the harbour, John gave a heavy letter to Mary, because he had promised to bring it "
    "before the evening. When Mary and John saw the old boat there, John gave the"
)


def typed(threads: int, rounds: int) -> dict:
    """Time changes of the last of so many tokens, from what the browser sends to the bytes that go back to it.

    By the processor's time on one thread, by the clock on several.
    """
    before, now = torch.get_num_threads(), process_time if threads == 1 else perf_counter
    torch.set_num_threads(threads)
    tokenizer = Tokenizer.from_gguf(smollm2())
    ids = tokenizer.encode(TEXT)[:TOKENS]
    text = tokenizer.decode(ids[:-1])
    view = live(AttentionExplorer(tokenizer), LlamaExplained(Llama.from_gguf(smollm2())), {"ids": ids[None]})
    times, sizes = [], []
    try:
        for i in range(rounds + 1):
            start = now()
            view.inputs = {**view.inputs, "text": text + (" the", " a")[i % 2], "turn": i + 1}
            state, _, buffers = _remove_buffers({"outputs": view.outputs})
            size = len(json.dumps(state)) + sum(map(len, buffers))
            times.append(1000 * (now() - start))
            sizes.append(size)
    finally:
        torch.set_num_threads(before)
    if view.error or len(view.outputs["pieces"]) != TOKENS:
        raise RuntimeError(f"the explorer did not read {TOKENS} tokens: {view.error}")
    return {"threads": threads, "tokens": TOKENS, "milliseconds": spread(times[1:]), "bytes": sizes[-1]}
