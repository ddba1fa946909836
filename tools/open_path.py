"""What stands open on a page: what a reader meets without opening a fold or a solution.

Of its code cells some only prepare or prove: of imports alone, of assertions alone, of plumbing (imports, constants,
the reading of results, the set-up of matplotlib). Those belong into a fold.
"""

import ast
import re
from dataclasses import dataclass
from html.parser import HTMLParser

FOLDED = {"setup", "check", "figure", "deeper", "remove-cell"}
READS = re.compile(r"\b(?:json\.loads?|read_text|read_csv|np\.load|load_weights)\(")
SETTLES = re.compile(
    r"(?:(?:\w+ = )?(?:torch\.manual_seed|torch\.set_num_threads|pick_device)|(?:plt|matplotlib)\.[\w.]+)\("
)
SOLUTION = re.compile(r"^(`{3,})\{solution\}.*?^\1[ \t]*$", re.M | re.S)
NO_PROSE = re.compile(r"^(?:`{3,}|:::+|:\w+:|%|\([\w-]+\)=).*$", re.M)


@dataclass
class Open:
    """What stands open of one notebook: the first lines of cells that do one thing alone, and how much there is."""

    imports: list[str]
    assertions: list[str]
    plumbing: list[str]
    code: int = 0  # lines that are not empty
    shown: int = 0  # lines of code that a cell prints from src/
    words: int = 0  # of prose, exercises included


def look(notebook) -> Open:
    """Return what stands open of a notebook."""
    found = Open([], [], [])
    cells = [cell for cell, solving in _with_place(notebook.cells) if not solving]
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and not tags & {"check", "deeper", "remove-cell"}:
            found.shown += sum(_lines_of_code(output) for output in cell.outputs)
        if tags & FOLDED:
            continue
        if cell.cell_type == "markdown":
            found.words += 0 if "predict" in tags else _words(cell.source)  # what asks for a guess is no reading
        elif cell.cell_type == "code":
            found.code += sum(bool(line.strip()) for line in cell.source.splitlines())
            if kind := alone(cell, notebook):
                getattr(found, kind).append(cell.source.strip().splitlines()[0])
    return found


def alone(cell, notebook) -> str | None:
    """Return ``"imports"``, ``"assertions"`` or ``"plumbing"`` if a code cell holds nothing else, or else None."""
    body = _body(cell.source)
    if not body:
        return None
    if all(isinstance(part, ast.Import | ast.ImportFrom) for part in body):
        return "imports"
    if all(_is_plumbing(part) for part in body):
        return "plumbing"
    later = notebook.cells[notebook.cells.index(cell) + 1 :]
    used = {name for other in later if other.cell_type == "code" for name in _names(other.source, ast.Load)}
    if any(map(_asserts, _nodes(body))) and not cell.outputs and not _names(cell.source, ast.Store) & used:
        return "assertions"  # it shows nothing and leaves nothing
    return None


def is_model(source: str) -> bool:
    """Say whether a code cell is a model typed whole: classes, and what they import. It may be as long as the model."""
    body = _body(source)
    parts = ast.ClassDef | ast.Import | ast.ImportFrom
    return any(isinstance(part, ast.ClassDef) for part in body) and all(isinstance(part, parts) for part in body)


def _with_place(cells):
    """Yield every cell, and whether it belongs to a solution."""
    solving = False
    for cell in cells:
        prose = cell.cell_type == "markdown"
        solving |= prose and "{solution-start}" in cell.source
        yield cell, solving
        solving &= not (prose and "{solution-end}" in cell.source)


def _body(source: str) -> list[ast.stmt]:
    """Return the statements of a cell, without what is said to IPython; none of a cell that is no Python."""
    try:
        return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.M)).body
    except SyntaxError:
        return []


def _nodes(body):
    return (node for part in body for node in ast.walk(part))


def _names(source: str, use: type) -> set[str]:
    """Return the names that a cell reads, or those that it leaves: functions as well, but for those of its loops."""
    nodes = list(_nodes(_body(source)))
    named = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, use)}
    if use is ast.Store:
        loops = [node.target for node in nodes if isinstance(node, ast.For | ast.comprehension)]
        named -= {node.id for node in _nodes(loops) if isinstance(node, ast.Name)}
        named |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return named


def _asserts(node) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    name = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return isinstance(node, ast.Assert) or name.startswith("assert_")


def _is_plumbing(part) -> bool:
    if isinstance(part, ast.Import | ast.ImportFrom):
        return True
    text = ast.unparse(part)
    if isinstance(part, ast.Assign) and (READS.search(text) or _is_constant(part.value)):
        return True
    return bool(SETTLES.match(text))


def _is_constant(value) -> bool:
    """Say whether a value is written down: numbers, names, texts, paths, and collections of them."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "Path"
    plain = (
        ast.Constant | ast.Name | ast.Attribute | ast.Tuple | ast.List | ast.Set | ast.Dict | ast.UnaryOp | ast.BinOp
    )
    parts = [part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr)]
    return isinstance(value, plain) and all(map(_is_constant, parts))


class _Code(HTMLParser):
    """Reads the text of a page's code."""

    def __init__(self):
        super().__init__()
        self.text, self.within = "", False

    def handle_starttag(self, tag, attributes):
        self.within |= tag == "pre"

    def handle_endtag(self, tag):
        self.within &= tag != "pre"

    def handle_data(self, data):
        self.text += data if self.within else ""


def _lines_of_code(output) -> int:
    page = output.get("data", {}).get("text/html", "")
    if 'class="highlight"' not in page:
        return 0
    reader = _Code()
    reader.feed(page)
    return sum(bool(line.strip()) for line in reader.text.splitlines())


def _words(markdown: str) -> int:
    """Count words, a formula in a line as one, displayed formulas and code not at all."""
    text = NO_PROSE.sub("", re.sub(r"\$\$.*?\$\$", "", SOLUTION.sub("", markdown), flags=re.S))
    text = re.sub(r"\$[^$]+\$|\{[\w:]+\}`[^`]*`", "x", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(re.findall(r"[^\W_]+(?:[’'\-.,:][^\W_]+)*", text))
