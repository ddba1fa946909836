"""A browser with one page, and nobody who looks into it: the page tells, and the system says what memory it takes."""

import http.server
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import defaultdict
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic, sleep

from bench.browsing import FLAGS

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
PATIENCE = 600  # seconds


class Alone:
    """Serve a folder and open it: ``wait(name)`` returns what the page has posted to ``/tell/NAME``, as bytes.

    Raises:
        RuntimeError: there is no Chromium; or the page tells that it failed, or nothing for ten minutes.
    """

    def __init__(self, folder: Path):
        self.folder, self.told = folder, defaultdict(list)
        self.processor = defaultdict(list)  # seconds that the page's process had taken when something was told

    def __enter__(self) -> "Alone":
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
        if path is None:
            raise RuntimeError("there is no Chromium: install chromium-headless-shell, or name one in CHROMIUM")
        handler = partial(_Handler, directory=self.folder)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.told, self._server.processor, self._server.used = self.told, self.processor, self._used
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._profile = tempfile.mkdtemp(prefix="bench-alone-")
        port = ["--headless", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={self._profile}"]
        command = [path, *FLAGS, *port, f"http://127.0.0.1:{self._server.server_port}/"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._browser = subprocess.Popen(command, start_new_session=True, **quiet)
        return self

    def __exit__(self, *problem) -> None:
        for pid in self._processes():  # the browser's own sessions of processes do not end with it
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self._browser.wait()
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def wait(self, name: str) -> list[bytes]:
        """Return all that was told under a name, when there is something."""
        end = monotonic() + PATIENCE
        while not self.told[name]:
            if self.told["failed"] or monotonic() > end:
                raise RuntimeError(f"the page failed: {b' '.join(self.told['failed']).decode() or 'it tells nothing'}")
            sleep(0.1)
        return self.told[name]

    def memory(self) -> dict[str, float]:
        """Return the most memory that the page's process has taken, and how much of it now is the browser's program."""
        found = [_memory(pid) for pid in self._processes() if "--type=renderer" in _command(pid)]
        return max(found, key=lambda one: one["peak_megabytes"])

    def _used(self) -> float:
        pages = [pid for pid in self._processes() if "--type=renderer" in _command(pid)]
        return max((_seconds(pid) for pid in pages), default=0.0)

    def _processes(self) -> list[int]:
        """Return the browser's processes, children before their parents."""
        parents = {int(name): _parent(int(name)) for name in os.listdir("/proc") if name.isdigit()}
        own = [pid for pid in parents if self._profile in _command(pid)]
        for pid in own:
            own += [child for child, parent in parents.items() if parent == pid and child not in own]
        return own[::-1]


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.rpartition("/")[2]
        self.server.told[name].append(body)
        self.server.processor[name].append(self.server.used())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return ""


def _command(pid: int) -> str:
    return _read(pid, "cmdline")


def _parent(pid: int) -> int:
    after = _read(pid, "stat").rpartition(")")[2].split()
    return int(after[1]) if after else 0


def _seconds(pid: int) -> float:
    after = _read(pid, "stat").rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK") if after else 0.0


def _memory(pid: int) -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in _read(pid, "status").splitlines() if ":" in line)
    megabytes = {name: int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmHWM", "RssFile")}
    return {"peak_megabytes": megabytes["VmHWM"], "program_megabytes": megabytes["RssFile"]}
