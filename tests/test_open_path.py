"""What stands open on a page is counted, and cells that only prepare or prove are told from those that teach."""

import check_notebooks
import nbformat
import open_path
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output


def code(source: str, *tags: str, shows: str = ""):
    outputs = [new_output("stream", text=shows)] if shows else []
    return new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)


def prose(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def look(*cells):
    return open_path.look(new_notebook(cells=list(cells)))


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("imports", "# why\nimport torch\nfrom pathlib import Path"),
        ("plumbing", "import torch\nSTEPS, SEEDS = 3 * 100, (0, 1)\ntorch.manual_seed(0)\ndevice = pick_device()"),
        ("plumbing", 'study = json.loads((RESULTS / "a.json").read_text(encoding="utf-8"))'),
        ("plumbing", "%matplotlib inline\nplt.rcParams.update(size)"),
        ("assertions", "assert a == b"),
        ("assertions", "for a in range(3):\n    assert_close(a, a)"),
        ("assertions", "best = max(scores)\nassert best > 0.9"),
        (None, "a = 1\nb = a + torch.ones(1)"),
        (None, "kernel = torch.tensor([[1, 0], [0, 1]])"),
        (None, "def f(x):\n    return x"),
        (None, "import torch\ntorch.ones(3)"),
        (None, "print(1)"),
        (None, "%timeit f(x)"),
        (None, "this is no Python"),
    ],
)
def test_a_cell_is_known_by_what_it_holds_alone(kind, source):
    cell = code(source)
    assert open_path.alone(cell, new_notebook(cells=[cell])) == kind


def test_a_cell_that_asserts_is_more_if_it_shows_or_leaves_something():
    used = code("best = max(scores)\nassert best > 0.9")
    shown = code("assert 1 < 2\nprint('so it is')", shows="so it is")
    notebook = new_notebook(cells=[used, shown, code("print(best)", shows="1")])
    assert open_path.alone(used, notebook) is None
    assert open_path.alone(shown, notebook) is None
    notebook.cells.pop()
    assert open_path.alone(used, notebook) == "assertions"


def test_only_what_stands_open_counts():
    source = '<div class="highlight"><pre><span></span>def f(x):\n\n    <span>return</span> x\n</pre></div>'
    listing = code("Code(f)", "figure")
    listing.outputs = [new_output("execute_result", {"text/html": source})]
    found = look(
        prose("# A title\n\nTwo words, $x + y$ and {cite:p}`one2020`."),  # 2 + 2 + 1 + 1 + 1
        code("import a", "setup"),
        code("import b\n\nimport c"),
        listing,
        prose("Many more words", "deeper"),
        prose("```{exercise} Why\n:label: why\n\nWhy so?\n```\n\n```{solution} why\nOf course.\n```"),  # 2
        prose("````{solution-start} why\n````\nIt is easy."),
        code("print(1)"),
        prose("So it is.\n```{solution-end}\n```"),
        prose("The end."),  # 2
    )
    assert (found.words, found.code, found.shown) == (11, 2, 2)
    assert (found.imports, found.assertions, found.plumbing) == (["import b"], [], [])


def test_a_model_typed_whole_is_told_from_other_long_cells():
    assert open_path.is_model("import torch\n\nclass A(nn.Module):\n    pass\n\nclass B(A):\n    pass")
    assert not open_path.is_model("class A:\n    pass\n\na = A()")
    assert not open_path.is_model("import torch")
    assert not open_path.is_model("this is no Python")


def test_open_cells_that_do_not_teach_are_faults(tmp_path, monkeypatch):
    monkeypatch.setattr(check_notebooks, "ROOT", tmp_path)
    path = tmp_path / "chapter.ipynb"
    cells = [code("import a"), code("assert a"), code("SEEDS = 1, 2")]
    wanted = ["imports alone, which wants the tag setup: import a", "assertions alone, which wants the tag check"]
    wanted += ["plumbing alone, which wants the tag setup: SEEDS = 1, 2"]

    def faults():
        nbformat.write(new_notebook(cells=cells), path)
        found = "\n".join(check_notebooks.faults(path))
        return [words for words in wanted if words in found]

    assert faults() == wanted
    for cell, tag in zip(cells, ("setup", "check", "setup"), strict=True):
        cell.metadata.tags = [tag]
    assert faults() == []


def test_more_words_than_one_sitting_takes_are_a_fault_unless_they_are_folded(tmp_path, monkeypatch):
    monkeypatch.setattr(check_notebooks, "ROOT", tmp_path)
    path = tmp_path / "chapter.ipynb"
    cells = [prose("word " * 3000), prose("word " * 501)]
    nbformat.write(new_notebook(cells=cells), path)
    assert "has 3,501 words that stand open; 3,500 are allowed" in "\n".join(check_notebooks.faults(path))
    cells[1].metadata.tags = ["deeper"]
    nbformat.write(new_notebook(cells=cells), path)
    assert "stand open" not in "\n".join(check_notebooks.faults(path))


def test_the_table_names_every_notebook(tmp_path, capsys):
    path = tmp_path / "chapter.ipynb"
    nbformat.write(new_notebook(cells=[prose("Three words here"), code("import a")]), path)
    check_notebooks.print_open([path])
    assert capsys.readouterr().out.splitlines()[1].split()[1:] == ["1", "0", "0", "1", "0", "3"]
