"""What a reader of the explorers waits for, beside the pages as they were when every character was read anew.

Both books are asked for the same: a hundred characters, a letter more in a text, the first answer. Each case says what
was compared.
"""

import gzip
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import browsing, report
from bench.timing import in_turns, ratio, spread

BEFORE = "4c05760d"  # the last commit before texts were read on
COUNT, LENGTH, KEYSTROKES = 100, 64, 20
WARM = 300  # characters, until the browser has compiled what writes

# what all scripts begin with; the first change fetches the runtime and the model
BEGIN = """
  const el = document.querySelector("%(view)s").closest("[data-drawn]");
  const box = el.querySelector("textarea");
  const line = "x = [i for i in range(10) if i %% 2 == 0 and not i in other_things]".repeat(7);
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const painted = () => frame().then(() => new Promise((next) => setTimeout(next)));
  const pause = (time) => new Promise((next) => setTimeout(next, time));
  const type = (text) => new Promise((resolve) => {
    const seen = new MutationObserver(() => resolve(seen.disconnect()));
    seen.observe(el, {attributeFilter: ["data-drawn"]});
    box.value = text;
    box.setSelectionRange(text.length, text.length);
    box.dispatchEvent(new Event("input", {bubbles: true}));
  });
  box.scrollIntoView({block: "start"}); // as who types has it: what is below can be seen as far as the window goes
  await painted();
  await type(line.slice(0, 19));"""

# characters a second: one press on the button for a hundred; in a page without it, ten presses on the one for ten; in a
# page without either, a letter is typed as soon as the one before is drawn
WRITE = (
    "async () => {"
    + BEGIN
    + """
  const find = (words) => [...el.querySelectorAll("button")].find((one) => one.textContent === words);
  const write = async (count) => {
    const until = box.value.length + count;
    const [ten, most] = [find("Write ten"), find(`Write ${count}`)];
    while (box.value.length < until) {
      if (!ten) await type(line.slice(0, box.value.length + 1));
      else (most ?? ten).click();
      while (ten && ten.textContent !== "Write ten") await frame();
    }
    await painted();
  };
  await write(%(warm)d);
  await type(line.slice(0, 20));
  await painted();
  const start = performance.now();
  await write(%(count)d);
  return 1000 * %(count)d / (performance.now() - start);
}"""
)

# from a keystroke until what it changes is painted; keystrokes come at all times between two frames
TYPE = (
    "async () => {"
    + BEGIN
    + """
  const times = [];
  for (let i = -%(keystrokes)d; i < %(keystrokes)d; i++) { // at first the browser compiles what draws
    await type(%(before)s);
    await painted();
    await pause((Math.abs(i) * 7) %% 17);
    const start = performance.now();
    await type(%(text)s);
    await painted();
    if (i >= 0) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}"""
)
FIRST = "async () => {" + BEGIN + "}"


@dataclass(frozen=True)
class Case:
    """One thing to compare. ``limit`` is for what is measured now by what was measured then; ``least`` for now."""

    name: str
    unit: str
    page: str
    view: str
    script: str
    compared: str
    bound: str = "at most"
    limit: float | None = None
    least: float | None = None


def _cases() -> Iterator[Case]:
    pages = {"attention": ("chapters/transformer/heads", ".ax"), "hidden states": ("chapters/rnn/text", ".hx")}
    values = {"count": COUNT, "keystrokes": KEYSTROKES}
    then = {
        "attention": "then ten presses on Write ten; now one on Write 100",
        "hidden states": "then, for want of a button, letters typed, each when the last was drawn; now Write 100",
    }
    for name, (page, view) in pages.items():
        compared = f"{COUNT} characters after 20: {then[name]}"
        for after, warm in (("first in a page", 10), ("after others", WARM)):
            script = WRITE % {**values, "view": view, "warm": warm}
            # of hidden states nothing was written then: letters that are typed are no measure of it
            limits = (8 if name == "attention" else None, 150) if warm == WARM else (None, None)
            told = f"{compared}; before these {warm} others"
            yield Case(
                f"{name}: writing, {after}", "characters a second", page, view, script, told, "at least", *limits
            )
    page, view = pages["attention"]
    begun = f"line.slice(0, {LENGTH - 1})"
    texts = {
        "a letter more": (begun, f'{begun} + "abcdefghij"[Math.abs(i) % 10]', 0.6),
        "another text": ("line.slice(100, 150)", f"line.slice(Math.abs(i), Math.abs(i) + {LENGTH})", None),
    }
    for what, (before, text, limit) in texts.items():
        script = TYPE % {**values, "view": view, "before": before, "text": text}
        compared = (
            f"from the keystroke until {LENGTH} characters are painted, median of {KEYSTROKES}; "
            "the text stands at the top of the window"
        )
        yield Case(f"attention: {what}", "ms", page, view, script, compared, limit=limit)
    for how, limit in (("as the files are", 0.8), ("texts gzipped on the way", None)):
        compared = f"runtime and model, {how}"
        yield Case(
            f"attention: before the first answer, {how}",
            "bytes",
            page,
            view,
            FIRST % {"view": view},
            compared,
            limit=limit,
        )


CASES = tuple(_cases())


def measure(tabs: browsing.Tabs, case: Case, base: Path, now: Path, rounds: int) -> dict:
    """Measure a case in both books in turns."""
    print(f"  {case.name}", file=sys.stderr, flush=True)
    tasks = {name: lambda book=book: once(tabs, case, book) for name, book in (("was", base), ("now", now))}
    found = in_turns(tasks, 2, 0) if case.unit == "bytes" else in_turns(tasks, rounds)
    return {
        "case": case.name,
        "unit": case.unit,
        "compared": case.compared,
        "was": spread(found["was"]),
        "now": spread(found["now"]),
        "times": ratio(found["now"], found["was"]),
    }


def once(tabs: browsing.Tabs, case: Case, book: Path) -> float:
    """Open the page of a case and measure it once."""
    where = browsing.Case(case.name, case.page, case.script, ready=case.view)
    if case.unit != "bytes":
        return tabs.measure(where, book)
    parts = [
        (name, body) for name, body in tabs.fetched(where, book).items() if re.search("/vendor/(onnx|models/)", name)
    ]
    if "gzipped" in case.name:
        return sum(len(gzip.compress(body, 6)) if name.endswith(".js") else len(body) for name, body in parts)
    return sum(len(body) for _, body in parts)


def floors(rows: list[dict]) -> Iterator[dict]:
    """Yield what must hold, what was measured, and whether it holds: beside the commit that floors were set for."""
    cases = {case.name: case for case in CASES}
    for row in rows:
        case = cases[row["case"]]
        if not row["base"].startswith(BEFORE):
            continue
        if case.limit is not None:
            claim = f"{case.name}, times that of {BEFORE}"
            yield report.floor(claim, case.bound, case.limit, row["times"]["median"])
        if case.least is not None:
            yield report.floor(f"{case.name}, {case.unit}", "at least", case.least, row["now"]["median"])


def table(rows: list[dict]) -> Iterator[str]:
    """Yield the table in Markdown. A range in brackets is between the quartiles."""
    yield f"\nWhat readers of the explorers wait for, beside commit {rows[0]['base'][:9]}\n"
    yield from report.table(
        ("case", "unit", "then", "now", "now by then", "compared"),
        [
            (
                row["case"],
                row["unit"],
                *(report.between(row[when], 0) for when in ("was", "now")),
                report.between(row["times"], 2),
                row["compared"],
            )
            for row in rows
        ],
    )
