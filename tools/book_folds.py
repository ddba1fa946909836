"""What a page folds away behind one quiet line; Sphinx loads it as a local extension.

A notebook says it with tags, which Jupyter ignores:

- ``setup`` and ``figure`` fold the code of a cell and leave what it shows; ``check`` folds a cell whole. MyST-NB does
  the folding, as ``<details>``, which need no script.
- ``deeper`` folds neighbouring cells of any kind, up to the next heading. A heading that they begin with stays open.
"""

import re
from html import escape

import nbformat
from docutils import nodes
from nbformat.v4 import new_markdown_cell
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

LINES = {"setup": "set-up", "check": "checked ✓", "figure": "figure code"}
HIDES = {"setup": "hide-input", "check": "hide-cell", "figure": "hide-input"}
DEEPER = "deeper"
BEGIN, END = "deeper begins", "deeper ends"  # comments, which no builder shows
HEADING = re.compile(r"(?:\([^)\n]+\)=\s+)*(#+) .*")


def fold(notebook, name: str):
    """Return the notebook with its tags in MyST-NB's words; raises ExtensionError for tags that cannot be meant."""
    cells = []
    for cell in notebook.cells:
        _refuse(cell, name)
        if _kind(cell) and cells and _folds(cells[-1]) == _folds(cell) and not cells[-1].outputs:
            cell.source = f"{cells.pop().source}\n\n{cell.source}"  # one line for both
        cells.append(cell)
    for cell in cells:
        if kind := _kind(cell):
            cell.metadata.tags.append(HIDES[kind])
            line = {"code_prompt_show": LINES[kind], "code_prompt_hide": LINES[kind]}
            cell.metadata.mystnb = {**cell.metadata.get("mystnb", {}), **line}
    notebook.cells = _enclose_deeper(cells)
    return notebook


def _folds(cell) -> set[str]:
    return {*LINES, DEEPER} & set(cell.metadata.get("tags", []))


def _kind(cell) -> str | None:
    return next(iter(_folds(cell) - {DEEPER}), None)


def _refuse(cell, name):
    kinds, first = _folds(cell) - {DEEPER}, cell.source.strip().partition("\n")[0]
    problem = None
    if len(kinds) > 1:
        problem = f"has several of the tags {', '.join(LINES)}, and can have one"
    elif kinds and cell.cell_type != "code":
        problem = f"is no code; it can be folded with the tag {DEEPER} only"
    elif "check" in kinds and cell.execution_count is None:
        problem = "is tagged check and was never run; run `make notebooks`"
    elif "check" in kinds and any(output.output_type == "error" for output in cell.outputs):
        problem = "is tagged check and raised an error, so nothing is checked"
    if problem:
        raise ExtensionError(f"{name}: a cell {problem}: {first}")


def _enclose_deeper(cells) -> list:
    """Put marks about neighbouring cells that are tagged deeper; a heading ends what is folded before it."""
    enclosed, level = [], None  # level: of the heading that the open fold begins with, 7 without one
    for cell in cells:
        heading = HEADING.match(cell.source) if cell.cell_type == "markdown" else None
        deeper, rank = DEEPER in _folds(cell), len(heading[1]) if heading else 7
        if level and (not deeper or (rank < 7 and rank <= level)):
            enclosed.append(new_markdown_cell(f"% {END}"))
            level = None
        if deeper and not level:
            level = rank
            if heading:
                cell.source = f"{heading[0]}\n\n% {BEGIN}\n\n{cell.source[heading.end() :]}"
            else:
                enclosed.append(new_markdown_cell(f"% {BEGIN}"))
        enclosed.append(cell)
    return [*enclosed, new_markdown_cell(f"% {END}")] if level else enclosed


class FoldDeeper(SphinxPostTransform):
    """Make ``<details>`` of what stands between two marks, with the bold question that opens it in their line."""

    default_priority = 198
    formats = ("html",)

    def run(self, **kwargs):
        marks = [node for node in self.document.findall(nodes.comment) if node.astext() in (BEGIN, END)]
        for begin, end in zip(marks[::2], marks[1::2], strict=True):
            home, last = begin.parent, end
            while last.parent is not home:  # it ends with the last section within
                if last.parent is None or last is not last.parent[-1]:
                    first = begin.next_node(nodes.TextElement, ascend=True).astext()[:60]
                    problem = f"what the tag {DEEPER} folds goes beyond a heading in the middle of a cell"
                    raise ExtensionError(
                        f"{self.env.docname}: {problem}; split that cell at it. The fold begins: {first}"
                    )
                last = last.parent
            summary = f'<details class="deeper">\n<summary>{escape(self.line(begin))}</summary>\n'
            home.insert(home.index(last) + 1, nodes.raw("", "</details>\n", format="html"))
            end.parent.remove(end)
            begin.replace_self(nodes.raw("", summary, format="html"))

    def line(self, begin) -> str:
        """Return what is read while the fold is shut, taking it out of the text."""
        opening = begin.next_node(siblings=True, descend=False)
        if not isinstance(opening, nodes.paragraph):
            return DEEPER
        lead = next((part for part in opening if part.astext()), None)
        question = isinstance(lead, nodes.strong) and lead.astext().endswith((".", "?", "!", ":"))
        if not question or any(not isinstance(part, nodes.Text) for part in lead):  # a formula cannot stand in the line
            return DEEPER
        opening.remove(lead)
        if not opening.astext().strip():
            opening.parent.remove(opening)
        return f"{DEEPER}: {lead.astext().rstrip('.:')}"


def fold_source(app, docname, source):
    """Fold a notebook as it is read."""
    if app.env.doc2path(docname).endswith(".ipynb"):
        source[0] = nbformat.writes(fold(nbformat.reads(source[0], as_version=4), docname))


def setup(app):
    """Hook the functions above into the build."""
    app.connect("source-read", fold_source)
    app.add_post_transform(FoldDeeper)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
