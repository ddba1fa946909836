"""Start a program on two processes, one thread each."""

import os
import subprocess
import sys

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def torchrun(*arguments) -> subprocess.CompletedProcess:
    """Run ``torchrun --nproc-per-node 2`` with these arguments to its end."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=ONE_THREAD)
