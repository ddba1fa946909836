"""How fast a page trains, and whether it answers meanwhile: *Learning to see*, in the book that was built last."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import browsing, report
from bench.timing import spread

ROOT = Path(__file__).resolve().parents[1]
PAGE = "chapters/cnn/network"
PARTS = ("steps",)
AT_LEAST = 60  # steps a second at batch 32
LONGEST = 50  # milliseconds that a reader may wait
SECONDS = 8

# what is fetched for the first step, and the runtime's first runs, are no part of it
START = """() => new Promise((resolve) => {
  const { run } = document.querySelector(".see").closest("[data-drawn]").trainer;
  run.play();
  const wait = () => (run.step >= 50 ? resolve() : setTimeout(wait, 20));
  wait();
})"""

# steps a second by the page's clock, and every wait of a timer that asks for its turn again and again
TRAIN = """(seconds) => new Promise((resolve) => {
  const { run } = document.querySelector(".see").closest("[data-drawn]").trainer;
  const turn = new MessageChannel();
  const [start, first] = [performance.now(), run.step];
  let last = start;
  const waits = [];
  const blocked = [];
  const note = (list) => blocked.push(...list.getEntries().map((entry) => entry.duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
  turn.port1.onmessage = () => {
    const now = performance.now();
    waits.push(now - last);
    last = now;
    if (now - start < 1000 * seconds) return setTimeout(() => turn.port2.postMessage(0), 4);
    const steps = (run.step - first) / ((now - start) / 1000);
    run.pause();
    waits.sort((a, b) => a - b);
    resolve({ steps, longest: waits.at(-1), usual: waits[waits.length >> 1], blocked: Math.max(0, ...blocked) });
  };
  turn.port2.postMessage(0);
})"""


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Train for some seconds, several times, over http and from file://."""
    book = ROOT / "_build/html"
    if not (book / f"{PAGE}.html").exists():
        raise ValueError(f"there is no {PAGE}.html in {book}: run `make book` first")
    rows = []
    with browsing.browser() as tabs:
        for scheme in ("http", "file"):
            print(f"  training, {scheme}", file=sys.stderr, flush=True)
            runs = [tabs.train(PAGE, book, scheme, START, TRAIN, SECONDS) for _ in range(3 if quick else 7)]
            rows.append({"scheme": scheme, **{name: spread([run[name] for run in runs]) for name in runs[0]}})
    return {part: rows}


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    rows = results.get("steps", [])
    return [
        report.floor(f"training steps a second, {row['scheme']}", "at least", AT_LEAST, row["steps"]["median"])
        for row in rows
    ] + [
        report.floor(f"longest wait while training, ms, {row['scheme']}", "at most", LONGEST, row["longest"]["median"])
        for row in rows
    ]


def tables(results: dict) -> Iterator[str]:
    """Yield the table in Markdown. A range in brackets is between the quartiles."""
    if rows := results.get("steps"):
        yield "\nTraining in the page, digits, batch 32, headless Chromium\n"
        yield from report.table(
            ("page by", "steps a second", "longest wait, ms", "usual wait, ms", "longest task, ms"),
            [
                (row["scheme"], *(report.between(row[name], 1) for name in ("steps", "longest", "usual", "blocked")))
                for row in rows
            ],
        )
