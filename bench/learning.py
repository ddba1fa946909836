"""How fast a page trains, and whether it answers meanwhile: the three that train, in the book that was built last."""

import sys
from collections.abc import Iterator
from pathlib import Path

from bench import browsing, report
from bench.timing import spread

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("steps", "race", "head")
PAGES = {  # part → what trains, its page, where it stands there
    "steps": ("digits, batch 32", "chapters/cnn/network", ".see"),
    "race": ("RNN and LSTM, batch 32", "chapters/rnn/time", ".lr"),
    "head": ("attention head, batch 16", "chapters/transformer/encoder", ".la"),
}
AT_LEAST = 60  # steps a second of the digits at batch 32
LONGEST = 50  # milliseconds that a reader may wait
SECONDS = 8
COLUMNS = ("steps", "longest", "usual", "blocked")

# what is fetched for the first step, and the runtime's first runs, are no part of it
START = """(view) => new Promise((resolve) => {
  const { run } = document.querySelector(view).closest("[data-drawn]").trainer;
  run.play();
  const wait = () => (run.step >= 50 ? resolve() : setTimeout(wait, 20));
  wait();
})"""

# steps a second by the page's clock, and every wait of a timer that asks for its turn again and again
TRAIN = """([view, seconds]) => new Promise((resolve) => {
  const { run } = document.querySelector(view).closest("[data-drawn]").trainer;
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
    if (!run.playing) run.play(); // a run pauses by itself after some thousand steps
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
    what, page, view = PAGES[part]
    if not (book / f"{page}.html").exists():
        raise ValueError(f"there is no {page}.html in {book}: run `make book` first")
    rows = []
    with browsing.browser() as tabs:
        for scheme in ("http", "file"):
            print(f"  training, {what}, {scheme}", file=sys.stderr, flush=True)
            runs = [tabs.train(page, view, book, scheme, START, TRAIN, SECONDS) for _ in range(3 if quick else 7)]
            rows.append({"scheme": scheme, **{name: spread([run[name] for run in runs]) for name in runs[0]}})
    return {part: rows}


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    found = []
    for row in results.get("steps", []):
        claim = f"training steps a second, {PAGES['steps'][0]}, {row['scheme']}"
        found.append(report.floor(claim, "at least", AT_LEAST, row["steps"]["median"]))
    for part, (what, *_) in PAGES.items():
        for row in results.get(part, []):
            claim = f"longest wait while training, ms, {what}, {row['scheme']}"
            found.append(report.floor(claim, "at most", LONGEST, row["longest"]["median"]))
    return found


def tables(results: dict) -> Iterator[str]:
    """Yield the table in Markdown. A range in brackets is between the quartiles."""
    if rows := [(PAGES[part][0], row) for part in PARTS for row in results.get(part, [])]:
        yield "\nTraining in the page, headless Chromium\n"
        yield from report.table(
            ("what trains", "page by", "steps a second", "longest wait, ms", "usual wait, ms", "longest task, ms"),
            [(what, row["scheme"], *(report.between(row[name], 1) for name in COLUMNS)) for what, row in rows],
        )
