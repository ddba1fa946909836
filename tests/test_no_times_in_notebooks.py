"""No notebook asserts what depends on a time that it measures: another program may have the machine while it runs.

What the page says of times is held to those that it shows (test_shown_times.py), or to results that are stored.
"""

import ast

import nbformat
import notebooks
import pytest
from IPython.core.inputtransformer2 import TransformerManager

ROOT = notebooks.ROOT
CLOCKS = {"perf_counter", "process_time", "monotonic", "timeit"}


class Timed(ast.NodeVisitor):
    """Follow what clocks have measured from name to name, as cells run; ``asserted`` are the assertions that use it."""

    def __init__(self):
        self.names, self.asserted = set(CLOCKS), []

    def uses(self, node: ast.AST) -> bool:
        parts = [*ast.walk(node)]
        named = {each.id for each in parts if isinstance(each, ast.Name)}
        return bool(named & self.names or CLOCKS & {each.attr for each in parts if isinstance(each, ast.Attribute)})

    def visit_Assert(self, node):
        if self.uses(node.test):
            self.asserted.append(ast.unparse(node))

    def visit_FunctionDef(self, node):
        self.give([ast.Name(node.name)], any(map(self.uses, node.body)))

    def visit_Assign(self, node):
        for target in node.targets:
            names, values = (getattr(side, "elts", [side]) for side in (target, node.value))
            if len(names) != len(values):
                names, values = [target], [node.value]
            for name, value in zip(names, values, strict=True):
                self.give([name], self.uses(value))

    def visit_AugAssign(self, node):
        if self.uses(node.value):
            self.give([node.target], True)

    def visit_For(self, node):
        self.give([node.target], self.uses(node.iter))
        for statement in [*node.body, *node.body]:  # the second time round, what the first has measured is known
            self.visit(statement)

    def visit_Call(self, node):
        if getattr(node.func, "attr", "") in ("append", "extend", "update") and self.uses(node):
            self.give([ast.Subscript(node.func.value)], True)
        self.generic_visit(node)

    def give(self, targets: list[ast.expr], timed: bool) -> None:
        """Note that the names hold a time; or do so no more, where they are not only given an element."""
        for target in (part for one in targets for part in getattr(one, "elts", [one])):
            whole = target
            while isinstance(whole, ast.Subscript | ast.Attribute):
                whole = whole.value
            if isinstance(whole, ast.Name) and (timed or whole is target):
                (self.names.add if timed else self.names.discard)(whole.id)


def asserted_times(cells: list[str]) -> list[str]:
    """Return the assertions in a notebook's cells that use what a clock has measured."""
    timed = Timed()
    for cell in cells:  # which may hold magics, and lines for a shell
        timed.visit(ast.parse(TransformerManager().transform_cell(cell)))
    return list(dict.fromkeys(timed.asserted))


@pytest.mark.parametrize("path", notebooks.of_the_book(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_notebook_asserts_a_time_it_measures(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert asserted_times(cells) == []


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["from time import perf_counter", "a = perf_counter()", "assert a > 1"], 1),
        (
            ["def took(f):\n    start = time.process_time()\n    return start", "s = {}\ns['x'] = took(1)", "assert s"],
            1,
        ),
        (["r = []\nr.append(1e3 * time.perf_counter())", "for a, b in zip(r, r): assert a < b"], 1),
        (["r = [perf_counter(), 1]\nq = [2 * x for x in r]", "assert len(w) == 2", "assert q"], 1),
        (["a = b = len('x')\nt = perf_counter()", "assert a == b == 1"], 0),
        (["total = 0\nfor _ in range(2): total += perf_counter()", "assert total"], 1),
        (["steps = 3", "assert steps == 3"], 0),
    ],
)
def test_an_assertion_on_a_time_is_found(cells, found):
    assert len(asserted_times(cells)) == found
