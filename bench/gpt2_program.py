"""The same training with the GPT-2 of the transformers library; `make bench` times it beside ours."""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from bench.our_program import NANO
from bench.worker import Stretches, pin
from largemodels.data import TextBatches
from largemodels.device import PRECISIONS, autocast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with text.npy")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=tuple(PRECISIONS), default="float32")
    arguments = parser.parse_args()
    pin(arguments.threads)
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    model = gpt2().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    text = torch.from_numpy(np.load(arguments.data / "text.npy"))
    batches = TextBatches(text, NANO.context, 12, 10**6)
    stretches = Stretches(torch=torch.__version__, parameters=sum(p.numel() for p in model.parameters()))
    done = 0
    while True:
        stretches.begin()
        for _ in range(50):
            x, y = batches[done]
            optimizer.zero_grad()
            with autocast(x.device, arguments.precision):
                logits = model(x, use_cache=False).logits
            F.cross_entropy(logits.float().flatten(0, 1), y.flatten()).backward()
            optimizer.step()
            done += 1
        stretches.end(50 * 12)


def gpt2():
    """Return a fresh GPT-2 of nanoGPT's size for a CPU, without dropout."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=NANO.vocabulary,
        n_positions=NANO.context,
        n_embd=NANO.width,
        n_layer=NANO.layers,
        n_head=NANO.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )
    return GPT2LMHeadModel(config)


if __name__ == "__main__":
    main()
