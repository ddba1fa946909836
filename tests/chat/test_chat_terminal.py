"""In a terminal, a conversation goes on: after Ctrl-C, and after what it cannot answer."""

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

from little_llama import write_gguf

from largemodels.chat.__main__ import main

COMMAND = [sys.executable, "-m", "largemodels.chat", "--temperature", "0", "--device", "cpu"]


class Terminal:
    """A terminal in which the command runs: type, wait for what it shows, press Ctrl-C."""

    def __init__(self, *flags):
        self.mine, theirs = os.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, flags)], stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "dumb"}
        )
        os.close(theirs)
        self.shown = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.mine)

    def type(self, text):
        os.write(self.mine, text.encode())

    def press_ctrl_c(self):
        self.process.send_signal(signal.SIGINT)

    def wait_for(self, pattern):
        """Return what was shown up to a pattern."""
        while not (found := re.search(pattern, self.shown)):
            self.shown += os.read(self.mine, 1000).decode()
        before, self.shown = self.shown[: found.end()], self.shown[found.end() :]
        return before


def test_ctrl_c_stops_an_answer_and_not_the_program(tmp_path):
    path = write_gguf(tmp_path / "little.gguf", context=300_000)
    with Terminal("--model", path, "--length", 200_000) as terminal:
        terminal.wait_for(r"> $")
        terminal.type("the moon?\n")
        terminal.wait_for("[a-z]{50}")
        terminal.press_ctrl_c()
        terminal.wait_for(r"stopped\s+> ")
        terminal.type("/quit\n")
        assert terminal.process.wait() == 0


def test_a_line_that_is_too_long_is_named_and_the_next_answered(tmp_path):
    path = write_gguf(tmp_path / "little.gguf", context=293)
    with Terminal("--model", path, "--length", 7) as terminal:
        terminal.wait_for(r"> $")
        terminal.type("x" * 300 + "\n")
        terminal.wait_for(r"error: the text is too long[^\n]*\s+> ")
        terminal.type("the moon?\n")
        terminal.wait_for(r"\n[a-z]{7}\s+cut after 7 tokens \(--length\)\s+> ")
        terminal.type("\x04")
        assert terminal.process.wait() == 0


def test_ctrl_c_in_place_of_a_line_says_how_to_end(monkeypatch, tmp_path, capsys):
    lines = iter([KeyboardInterrupt, "/quit"])

    def typed(prompt):
        assert prompt == "> "
        if (line := next(lines)) is KeyboardInterrupt:
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    assert main(["--length", "7", "--model", str(write_gguf(tmp_path / "little.gguf"))]) == 0
    assert capsys.readouterr().err.splitlines()[1:] == ["", "/quit or Ctrl-D ends"]
