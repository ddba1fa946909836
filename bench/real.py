"""The real model in the page: what it weighs and takes, how fast it writes, and whether it is the model.

A browser of its own opens the attention explorer as inside.ipynb stores it, with nothing of a debugger in its process,
which would hold what it fetches; the page itself reports. Measured on one thread; how fast it writes, by the time that
its process takes of the processor, since other programs may have the machine.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from math import log
from pathlib import Path

import torch

from bench import report
from bench.alone import Alone
from bench.large import tokens
from bench.timing import spread
from largemodels.data import smollm2
from largemodels.models import Llama
from largemodels.text import Tokenizer

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("real",)
NOTEBOOK, VIEW = "chapters/large/inside.ipynb", "TokenAttentionExplorer"
STATE = "application/vnd.jupyter.widget-state+json"
PROMPT, WRITTEN, WINDOW = "The capital of France is", 32, 64
MOST_MEGABYTES, MOST_MEMORY, LEAST_SPEED = 140, 900, 10
MOST_BITS = 1e-4  # per byte, more than torch takes with the weights of the model's file

PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>bench</title>
%(scripts)s
<main><script type="application/vnd.jupyter.widget-view+json">{"model_id": "%(id)s"}</script></main>
<script type="%(kind)s">%(state)s</script>
<script type="module">%(program)s</script></html>"""

PROGRAM = """
const { prompt, written, windows } = %s;
const tell = (name, body) => fetch(`/tell/${name}`, { method: "POST", body });
const until = async (there) => { while (!there()) await new Promise((next) => setTimeout(next, 20)); };
const find = (words) => [...document.querySelectorAll("button")].find((one) => one.textContent.startsWith(words));
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
let llama;
try {
  await until(() => find("Load the real model")?.offsetParent);
  const { PageLlama } = liveReal;
  const open = PageLlama.open;
  PageLlama.open = async (...given) => (llama = await open.apply(PageLlama, given));
  let start = performance.now();
  find("Load the real model").click();
  await until(() => document.querySelector("textarea")?.offsetParent || find("Try again"));
  const found = { load_seconds: (performance.now() - start) / 1000 };
  if (find("Try again")) throw document.querySelector(".at-trouble").textContent;
  const el = document.querySelector("[data-drawn]");
  const drawn = async (change) => {
    const [before, begun] = [el.dataset.drawn, performance.now()];
    change();
    await until(() => el.dataset.drawn !== before && !document.querySelector(".at-busy"));
    return performance.now() - begun;
  };
  const box = document.querySelector("textarea");
  const type = (text) => drawn(() => { box.value = text; box.dispatchEvent(new Event("input", { bubbles: true })); });
  await type(prompt);
  found.write_ten_seconds = [];
  for (let i = 0; i < 3; i++) found.write_ten_seconds.push((await drawn(() => find("Write ten").click())) / 1000);
  found.read_long_seconds = (await type("Once upon a time, ".repeat(20))) / 1000;
  await tell("seen", JSON.stringify(found));
  const state = llama.start();
  await llama.advance(state, windows.prompt);
  const [ids, times] = [[], []];
  for (let i = 0; i < written; i++) {
    const logits = state.logits.at(-1);
    await tell("logits", logits.slice());
    ids.push(logits.indexOf(logits.reduce((a, b) => Math.max(a, b))));
    start = performance.now();
    await llama.advance(state, ids.slice(-1));
    times.push(performance.now() - start);
  }
  const again = llama.start();
  await llama.advance(again, windows.prompt);
  await tell("begin", "");
  for (const id of ids) await llama.advance(again, [id]);
  await tell("end", "");
  let bits = 0;
  const reads = [];
  for (const window of windows.text) {
    const one = llama.start();
    start = performance.now();
    await llama.advance(one, window);
    reads.push(performance.now() - start);
    window.slice(1).forEach((id, i) => {
      const logits = one.logits[i];
      let sum = 0;
      for (const x of logits) sum += Math.exp(x - logits[id]);
      bits += Math.log2(sum);
    });
  }
  await tell("done", JSON.stringify({ ids, times, reads, bits }));
} catch (problem) {
  await tell("failed", `${problem?.stack ?? problem}`);
}
"""


def measure(part: str, threads: list[int], quick: bool) -> dict:
    """Measure the one part there is."""
    from tools import make_real

    tokenizer, count = Tokenizer.from_gguf(smollm2()), 4 if quick else 16
    text = tokens(count * WINDOW)[0].view(count, WINDOW)
    windows = {"prompt": tokenizer.encode(PROMPT).tolist(), "text": text.tolist()}
    with tempfile.TemporaryDirectory(prefix="bench-real-") as folder:
        site = Path(folder, "site")
        shutil.copytree(ROOT / "assets", site / "_static", ignore=shutil.ignore_patterns("real.*", "mathjax", "fonts"))
        index = make_real.write(smollm2(), site / "_static/vendor/real")
        told = json.dumps({"prompt": PROMPT, "written": WRITTEN, "windows": windows})
        (site / "index.html").write_text(page(PROGRAM % told), encoding="utf-8")
        with Alone(site) as browser:
            seen = json.loads(browser.wait("seen")[-1])
            used = browser.memory()
            done = json.loads(browser.wait("done")[-1])
            (begin,), (end,) = browser.processor["begin"], browser.processor["end"]
            logits = [torch.frombuffer(bytearray(row), dtype=torch.float32) for row in browser.told["logits"]]
    speed = {"tokens_per_second": WRITTEN / (end - begin)}
    return {part: {**seen, "memory": used, **speed, **summary(index, done, logits, windows, text, tokenizer)}}


def page(program: str) -> str:
    """Return a page with the explorer that the notebook stores."""
    notebook = json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))
    states = notebook["metadata"]["widgets"][STATE]["state"]
    own = next(name for name, each in states.items() if VIEW in each["state"].get("_anywidget_id", ""))
    state = json.dumps({"version_major": 2, "version_minor": 0, "state": {own: states[own]}})
    names = ("onnx", "reading", "answers", "training", "host")
    scripts = "\n".join(f'<script defer src="_static/{name}.js"></script>' for name in names)
    safe = state.replace("</script>", r"<\/script>")
    return PAGE % {"scripts": scripts, "id": own, "kind": STATE, "state": safe, "program": program}


@torch.inference_mode()
def summary(index: dict, done: dict, logits: list, windows: dict, text: torch.Tensor, tokenizer: Tokenizer) -> dict:
    """Return the figures, beside what torch finds with the weights of the model's file."""
    model = Llama.from_gguf(smollm2())
    prompt = torch.tensor([windows["prompt"]])
    want = model.generate(prompt, WRITTEN, temperature=0)
    at = prompt.shape[1] - 1
    difference = (torch.stack(logits) - model(want)[0, at : at + WRITTEN]).abs().max().item()
    p = model(text)[:, :-1].log_softmax(-1).gather(2, text[:, 1:, None])
    size = sum(len(tokenizer.decode(row[1:]).encode()) for row in text)
    return {
        "megabytes": sum(size for _, size, _ in index["parts"]) / 1e6,
        "parts": len(index["parts"]),
        "milliseconds_per_token": spread(done["times"]),
        "read_seconds": spread([ms / 1000 for ms in done["reads"]]),
        "written": WRITTEN,
        "tokens_of_torch": done["ids"] == want[0, at + 1 :].tolist(),
        "largest_logit_difference": difference,
        "bits_per_byte": done["bits"] / size,
        "bits_per_byte_torch": -p.double().sum().item() / log(2) / size,
        "scored_bytes": size,
    }


def floors(results: dict) -> list[dict]:
    """Return what must hold, what was measured, and whether it holds."""
    if not (real := results.get("real")):
        return []
    lost = real["bits_per_byte"] - real["bits_per_byte_torch"]
    return [
        report.floor("download, MB", "at most", MOST_MEGABYTES, real["megabytes"]),
        report.floor("most memory of the page's process, MB", "at most", MOST_MEMORY, real["memory"]["peak_megabytes"]),
        report.floor("tokens per second of the processor", "at least", LEAST_SPEED, real["tokens_per_second"]),
        report.floor(f"{WRITTEN} tokens are torch's", "at least", 1.0, float(real["tokens_of_torch"])),
        report.floor("bits per byte more than torch", "at most", MOST_BITS, lost),
    ]


def tables(results: dict) -> Iterator[str]:
    """Yield the table in Markdown. A range in brackets is between the quartiles."""
    if not (real := results.get("real")):
        return
    yield "\nSmolLM2-135M in the page, headless Chromium, one thread\n"
    rows = [
        ("download", f"{real['megabytes']:.1f} MB"),
        ("seconds until it is loaded, from this machine", f"{real['load_seconds']:.1f}"),
        ("most memory of the page's process", f"{real['memory']['peak_megabytes']:.0f} MB"),
        ("of which the browser's program, shared", f"{real['memory']['program_megabytes']:.0f} MB"),
        ("tokens per second of the processor", f"{real['tokens_per_second']:.1f}"),
        ("ms a token, by the clock", report.between(real["milliseconds_per_token"], 1)),
        ("seconds for ten tokens, read again and drawn", f"{sorted(real['write_ten_seconds'])[1]:.2f}"),
        (f"seconds to read {WINDOW} tokens", report.between(real["read_seconds"], 2)),
        ("largest difference of a logit from torch's", f"{real['largest_logit_difference']:.1e}"),
        ("bits per byte, page and torch", f"{real['bits_per_byte']:.6f}, {real['bits_per_byte_torch']:.6f}"),
    ]
    yield from report.table(("what", "measured"), rows)
