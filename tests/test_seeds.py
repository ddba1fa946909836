"""Notebooks with other seeds: all seeds move, the data stay, and every assertion that fails is found and explained."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import seeds
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output

TOOLS = Path(seeds.__file__).parent
DRAW = """
import random, sys, torch
from largemodels.data import dates
from largemodels.data.batches import generator_for
for seed, of_batches in zip(*[iter(map(int, sys.argv[1:]))] * 2):
    torch.manual_seed(seed)
    print(torch.rand(3).tolist())
    print(torch.rand(3, generator=torch.Generator().manual_seed(seed)).tolist())
    print(torch.rand(3, generator=generator_for(of_batches, 5, "order")).tolist())
    print(random.Random(seed).random())
    print(dates().train.tokens[:99].sum(0).tolist())
"""


def draw(shift: int, *numbers: int) -> list[str]:
    """Return what is drawn after a shift in a process of its own, for it would stay for the tests that follow.

    ``numbers`` are pairs: a seed, and one of batches. For each pair there are five lines.
    """
    code = f"import seeds\nseeds.shift_seeds({shift})\n{DRAW}"
    command = [sys.executable, "-c", code, *map(str, numbers)]
    return subprocess.check_output(command, cwd=TOOLS, text=True, encoding="utf-8").splitlines()


def test_every_seed_moves_and_the_data_stay():
    both, moved = draw(0, 3, 3, 3 + 2 * seeds.STEP, 2003), draw(2, 3, 3)
    plain, same = both[:5], both[5:]
    assert all(a != b for a, b in zip(plain[:-1], moved[:-1], strict=True))
    assert moved[-1] == plain[-1]  # the dates
    assert moved == same


def cells(*sources: str) -> list:
    return [new_code_cell(source, id=f"c{number}") for number, source in enumerate(sources)]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Run a notebook as it stands and with other seeds; return what failed in each."""
    notebook = new_notebook(
        cells=cells(
            "import torch\ntorch.manual_seed(0)\ndrawn = torch.rand(1).item()",
            "assert abs(drawn - 0.496) < 0.001, 'of this seed alone'\nkept = [1, 2]",
            "for limit in (3, 3):\n    assert all(x < limit for x in kept) and len(kept) == limit",
            "part = 1 / 0",
            "whole = part + 1",
            "whole + 1",
            "assert sum(kept) == 3",
            "raise ValueError('expected')",
            "print('new')",
        )
    )
    notebook.cells[7].metadata.tags = ["raises-exception"]
    notebook.cells[8].outputs = [new_output("stream", text="old\n")]
    folder = tmp_path_factory.mktemp("chapter")
    return [seeds.run_shifted(notebook, folder, number) for number in (0, 1)]


def test_what_holds_for_one_seed_alone_is_found(found):
    as_it_stands, shifted = ([cell for _, cell, _ in run] for run in found)
    assert "c1" in shifted
    assert "c1" not in as_it_stands


def test_an_assertion_that_fails_is_noted_once_with_its_values_and_its_cell_goes_on(found):
    for run in found:
        [text] = [text for index, _, text in run if index == 2]
        assert text.startswith("assert all(")
        assert "len(kept) = 2" in text
        assert "limit = 3" in text
        assert "kept = [1, 2]" in text
        assert "c6" not in [cell for _, cell, _ in run]  # what the cell after the failing assertion made is there


def test_cells_that_follow_from_an_error_are_told_apart(found):
    for run in found:
        texts = {cell: text for _, cell, text in run}
        assert texts["c3"].startswith("ZeroDivisionError")
        assert texts["c4"].startswith("(follows c3) NameError")
        assert texts["c5"].startswith("(follows c3) NameError")
        assert "c7" not in texts  # an error that the book shows


def test_output_is_compared_with_the_stored_one_where_the_notebook_is_as_it_stands(found):
    as_it_stands, shifted = found
    assert as_it_stands[-1] == (8, "c8", "shows what is not stored: old | new")
    assert "c8" not in [cell for _, cell, _ in shifted]


def test_an_exempt_cell_is_not_compared():
    [before], [after] = cells("1"), cells("1")
    after.outputs = [new_output("stream", text="1.5 s")]
    assert seeds.failures([before], [after], compare=True)
    after.metadata.tags = ["nbval-ignore-output"]
    assert seeds.failures([before], [after], compare=True) == []


@pytest.mark.skipif(torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"), reason="no processor with AVX2")
def test_an_older_processor_is_imitated_and_nothing_stored(tmp_path):
    path = tmp_path / "a.ipynb"
    code = "import torch\nassert torch.backends.cpu.get_cpu_capability() == 'another'"
    nbformat.write(new_notebook(cells=cells(code)), path)
    before = path.read_bytes()
    command = [sys.executable, TOOLS / "seeds.py", path, "--seeds", "1", "--avx2"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 1
    assert "avx2 seed 1" in done.stdout
    assert "torch.backends.cpu.get_cpu_capability() = 'AVX2'" in done.stdout
    assert path.read_bytes() == before
