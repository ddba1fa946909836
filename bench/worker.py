"""A training program in a process of its own, which trains a stretch whenever it is asked to.

Both sides of the pipe are here. This file imports nothing but the standard library: the Keras program, whose
environment has no torch, uses it too.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

ROOT = Path(__file__).parents[1]


def pin(threads: int) -> None:
    """Keep this process on as many processors as it may use threads, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


class Stretches:
    """The program's side: say what it is, then wait before each stretch of training and tell how long it took."""

    def __init__(self, **facts):
        _say(facts)

    def begin(self) -> None:
        """Wait until the next stretch is asked for; end the program if none will be."""
        if not sys.stdin.readline():
            sys.exit(0)
        self.clock, self.processor = perf_counter(), process_time()

    def end(self, samples: int) -> None:
        """Report the stretch."""
        _say(
            {
                "samples": samples,
                "seconds": perf_counter() - self.clock,
                "processor_seconds": process_time() - self.processor,
            }
        )


class Worker:
    """The asking side: start a program, let it train stretch by stretch, stop it.

    ``facts`` is what the program said about itself. Raises ``RuntimeError`` with the end of the program's
    standard error when it dies.
    """

    def __init__(self, command: list[str]):
        self.command = command
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed with the worker)
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, encoding="utf-8"
        )
        try:
            self.facts = self._hear()
        except BaseException:
            self.close()
            raise

    def stretch(self) -> dict[str, float]:
        """Train one stretch: ``samples``, ``seconds`` by the clock, ``processor_seconds`` of all its threads."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self._hear()

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def _hear(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        code = self.process.wait()
        self.errors.seek(0)
        raise RuntimeError(f"{' '.join(self.command)} ended with {code}:\n{self.errors.read()[-2000:]}")


def _say(facts: dict) -> None:
    print(json.dumps(facts), flush=True)
