"""Questions that are asked before the page shows what was measured; Sphinx loads it as a local extension.

A notebook says it with two tags, which Jupyter ignores:

- ``predict``, on a Markdown cell: a question, and below it a list of two to four answers, or a line such as "From 0 to
  100%." for a number on a slider;
- ``measured``, on the code cell that prints the answer from what the notebook has computed. The cells between are shown
  with it, by assets/predict.js, when the reader has answered or wants to see it; without a script all is shown.

The right answer is what that cell has printed: of answers without digits the one that it names, of numbers the nearest.
"""

import hashlib
import json
import math
import re
from html import escape

import nbformat
from docutils import nodes
from nbformat.v4 import new_markdown_cell
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

PREDICT, MEASURED = "predict", "measured"
ASKED, ANSWERED, SHOWN = "predict asks", "predict hides", "predict ends"  # comments, which no builder shows
NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
RANGE = re.compile(rf"From ({NUMBER}) to ({NUMBER})([^\d\n]*?)\.\s*$")
HEADING = re.compile(r"^#{1,6} ", re.M)


def ask(notebook, name: str):
    """Return the notebook with marks about its questions; raises ExtensionError for one that cannot be meant."""
    cells, question = [], None
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if PREDICT in tags:
            if question or cell.cell_type != "markdown":
                _refuse(name, cell, "is tagged predict, but is no Markdown, or the question before has no answer")
            question = cell
        elif question and cell.cell_type == "markdown" and HEADING.search(cell.source):
            _refuse(name, question, "asks, and before a cell that is tagged measured comes a heading")
        if MEASURED in tags:
            if not question:
                _refuse(name, cell, "is tagged measured, and no cell before it is tagged predict")
            cells = [*_mark(cells, question, cell, name), new_markdown_cell(f"% {SHOWN}")]
            question = None
        else:
            cells.append(cell)
    if question:
        _refuse(name, question, "asks, and no cell after it is tagged measured")
    notebook.cells = cells
    return notebook


def _refuse(name, cell, problem):
    raise ExtensionError(f"{name}: a cell {problem}: {cell.source.strip().partition(chr(10))[0]}")


def _mark(cells, question, cell, name) -> list:
    """Put marks about a question and what its answer shows, and write the answer as text."""
    printed = " ".join("".join(output.get("text", "")) for output in cell.outputs).strip()
    if not printed:
        _refuse(name, cell, "is tagged measured and has printed nothing")
    facts = {"id": f"predict-{hashlib.sha256(question.source.encode()).hexdigest()[:10]}"}
    try:
        facts |= _judge(question.source, printed)
    except ValueError as problem:
        _refuse(name, question, f"asks, but {problem}")
    cell.outputs = []
    cell.metadata.tags.append("hide-input")
    line = {"code_prompt_show": "how the answer was found", "code_prompt_hide": "how the answer was found"}
    cell.metadata.mystnb = {**cell.metadata.get("mystnb", {}), **line}
    at = next(i for i, one in enumerate(cells) if one is question)
    answer = new_markdown_cell(f"```{{div}} measured\n**Measured:** {printed.rstrip('.')}.\n```")
    begin = new_markdown_cell(f"% {ASKED} {json.dumps(facts)}")
    return [*cells[:at], begin, question, new_markdown_cell(f"% {ANSWERED}"), answer, *cells[at + 1 :], cell]


def _numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(NUMBER, text.replace("−", "-"))]


def _judge(question: str, printed: str) -> dict:
    """Return what a script has to know: the place of the right answer, or the number and its range."""
    options = re.findall(r"^[-*] (.+)$", question, re.M)
    found = _numbers(printed)
    if span := RANGE.search(question):
        low, high = (_numbers(end)[0] for end in span.groups()[:2])
        if not found or not low <= found[0] <= high:
            raise ValueError(f"what was measured is no number from {low:g} to {high:g}: {printed}")
        step = 10 ** math.floor(math.log10((high - low) / 50))
        return {"number": found[0], "low": low, "high": high, "step": step, "unit": span[3]}
    if not 2 <= len(options) <= 4:
        raise ValueError("has no list of two to four answers, nor a last line such as From 0 to 100%.")
    values = [_numbers(option) for option in options]
    if not any(values):
        named = [i for i, option in enumerate(options) if option.rstrip(".").lower() in printed.lower()]
        if len(named) != 1:
            raise ValueError(f"what was measured names {len(named)} of its answers: {printed}")
        return {"answer": named[0]}
    if any(len(value) != 1 for value in values) or not found:
        raise ValueError(f"each answer must have one number, or none of them, and so must what was measured: {printed}")
    everything = [found[0], *(value for [value] in values)]
    scale = math.log if min(everything) > 0 else float  # a tenth is as far as ten times
    apart = [abs(scale(value) - scale(found[0])) for [value] in values]
    nearest, second = sorted(apart)[:2]
    if nearest > 0.5 * second:
        raise ValueError(f"what was measured lies between two of its answers: {printed}")
    return {"answer": apart.index(nearest)}


class Enclose(SphinxPostTransform):
    """Put a question, and what its answer shows, each into an element of its own."""

    default_priority = 197
    formats = ("html",)

    def run(self, **kwargs):
        for mark in [node for node in self.document.findall(nodes.comment) if node.astext().startswith("predict ")]:
            text = mark.astext()
            if text.startswith(ASKED):
                facts = json.loads(text.removeprefix(ASKED))
                data = "".join(f' data-{key}="{escape(str(value))}"' for key, value in facts.items() if key != "id")
                html = f'<div class="predict" id="{facts["id"]}"{data}>\n'
            else:
                html = '</div>\n<div class="revealed">\n' if text == ANSWERED else "</div>\n"
            mark.replace_self(nodes.raw("", html, format="html"))


def ask_source(app, docname, source):
    """Mark the questions of a notebook as it is read."""
    if app.env.doc2path(docname).endswith(".ipynb") and f'"{PREDICT}"' in source[0]:
        source[0] = nbformat.writes(ask(nbformat.reads(source[0], as_version=4), docname))


def setup(app):
    """Hook the functions above into the build."""
    app.connect("source-read", ask_source, priority=400)  # before what goes deeper is folded
    app.add_post_transform(Enclose)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
