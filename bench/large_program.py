"""Read the real model once, in a process of its own, and say what it took: ours, or the transformers library's."""

import argparse
import ctypes
import gc
import json
import platform
import resource
from pathlib import Path
from time import perf_counter, process_time

import torch
from torch import nn

from largemodels.data import smollm2
from largemodels.models import Llama

WEIGHTS = {
    "float32": {},
    "bfloat16": {"dtype": torch.bfloat16},
    "int8": {"weights": "int8"},
    "int4": {"weights": "int4"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=("transformers", *WEIGHTS), help="transformers, or ours with such weights")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    smollm2()  # its bytes lie in memory, and checking them is no part of reading
    if arguments.reader == "transformers":
        read = reader_of_transformers()
    else:
        read = lambda: Llama.from_gguf(smollm2(), **WEIGHTS[arguments.reader])  # noqa: E731
    before, own = held("RssFile", "RssAnon"), held("RssAnon")
    clock, processor = perf_counter(), process_time()
    model = read()
    took = {"seconds": perf_counter() - clock, "processor_seconds": process_time() - processor}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    print(json.dumps({**took, "peak_bytes": peak, "held_bytes": held("RssAnon") - own, "bytes": size(model)}))


def reader_of_transformers():
    """Return what reads the same file with the transformers library; its modules are imported before."""
    from transformers import AutoModelForCausalLM
    from transformers.models.llama import modeling_llama  # noqa: F401
    from transformers.utils import logging

    logging.disable_progress_bar()
    path = smollm2()
    return lambda: AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()


def held(*kinds: str) -> int:
    """Return how much memory this process holds, in bytes: of its own (RssAnon), of files (RssFile); on Linux."""
    gc.collect()
    if platform.system() != "Linux":
        raise SystemExit("memory is measured on Linux only")
    ctypes.CDLL(None).malloc_trim(0)  # what was given back is not held
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return sum(int(lines[kind].split()[0]) * 1024 for kind in kinds)


def size(model: nn.Module) -> int:
    """Return the bytes of a model's weights, each storage counted once."""
    storages = [x.untyped_storage() for x in model.state_dict().values()]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


if __name__ == "__main__":
    main()
