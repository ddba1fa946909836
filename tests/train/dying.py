"""The command line on two processes, of which the second is killed inside a step.

Under torchrun: once, with the arguments of the command line. Alone, with a folder: unbroken, killed, and gone on with,
each process a forked child of this script, so that torch is imported once.
"""

import os
import shlex
import signal
import socket
import sys
from pathlib import Path

import torch
import torch._dynamo  # what the children need later: once here instead of in every one of them
import torch.distributed.device_mesh
import torch.distributed.fsdp
import torch.distributed.tensor

from largemodels.data import digits
from largemodels.train import __main__ as program
from largemodels.train.distributed import rank

STEP = 7  # the number of the step that is not survived
SETTINGS = [
    "cnn",
    "--widths",
    "3",
    "5",
    "--epochs",
    "1",
    "--batch",
    "180",
    "--device",
    "cpu",
    "--checkpoint-every",
    "3",
]
plain = program.fit


def fit(model, *settings):
    """Train as the command line does, up to the death."""
    calls = []

    def count(*_):
        calls.append(1)
        if len(calls) == STEP and rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    model.register_forward_hook(count)
    return plain(model, *settings)


def run(said: Path, arguments: list[str], killed: bool = False) -> list[int]:
    """Run the command line on two processes; keep what they say; return what the processes ended with."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    children = []
    for number in ("0", "1"):
        child = os.fork()
        if child == 0:
            os.environ |= {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": "2", "TORCHELASTIC_RUN_ID": "none"}
            os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            sys.stderr = said.with_suffix(f".{number}").open("w", encoding="utf-8")
            program.fit = fit if killed else plain
            status = program.main(arguments)
            sys.stderr.flush()
            os._exit(status)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main(out: Path) -> None:
    """Train unbroken, train up to the death, and go on as the message says."""
    torch.set_num_threads(1)
    digits()
    for kind, flags in {"copies": [], "shard": ["--shard"]}.items():
        assert run(out / f"{kind}-whole", [*SETTINGS, *flags, "--out", str(out / f"{kind}-unbroken")]) == [0, 0]
        arguments = [*SETTINGS, *flags, "--out", str(out / f"{kind}-killed")]
        assert run(out / f"{kind}-said", arguments, killed=True) == [1, -signal.SIGKILL]
        assert not (out / f"{kind}-killed" / "weights.safetensors").exists()
        advice = (out / f"{kind}-said.0").read_text(encoding="utf-8").partition("-m largemodels.train ")[2]
        assert run(out / f"{kind}-rest", shlex.split(advice)) == [0, 0]


if __name__ == "__main__":
    if "RANK" in os.environ:
        program.fit = fit
        sys.exit(program.main())
    main(Path(sys.argv[1]))
