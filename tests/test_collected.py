"""A run in which tests are missing fails, and says how many there were."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOME = "import pytest\n\n@pytest.mark.parametrize('i', range({}))\ndef test_some(i):\n    assert i >= 0\n"


@pytest.fixture
def run(tmp_path):
    """Run a folder with as many tests, of which as many are known: ``run(tests, known, *options)``."""

    def start(tests: int, known: int, *options: str, others=5) -> subprocess.CompletedProcess:
        folder = tmp_path / "tests"
        folder.mkdir(exist_ok=True)
        (folder / "test_some.py").write_text(SOME.format(tests), encoding="utf-8")
        for name, count in (("tests/inner", 3), ("others", 5)):  # counted by themselves
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"test_{Path(name).name}.py").write_text(SOME.format(count), encoding="utf-8")
        (folder / "conftest.py").write_text("from collected import pytest_sessionfinish\n", encoding="utf-8")
        known = {"tests": known, "tests/inner": 3, "others": others}
        (folder / "least.json").write_text(json.dumps(known), encoding="utf-8")
        (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(options or ["tests"])]
        alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # several import as much as all else together
        return subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", env=alone)

    return start


@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n", "2"]], ids=["alone", "by workers"])
def test_a_run_that_lacks_tests_fails_and_says_so(run, workers):
    assert run(20, 20, "tests", *workers).returncode == 0
    done = run(19, 20, "tests", *workers)
    assert done.returncode == 1
    assert "19 tests of tests ran, and there were 20" in done.stdout


def test_every_folder_that_is_asked_for_is_counted(run):
    assert run(20, 20, "tests", "others").returncode == 0
    assert run(20, 20, "tests", "tests/inner", "others").returncode == 0
    done = run(20, 20, "tests", "others", others=6)
    assert done.returncode == 1
    assert "5 tests of others ran, and there were 6" in done.stdout
    assert run(20, 20, "tests", others=6).returncode == 0


def test_many_more_tests_have_to_be_counted_and_a_part_need_not_be_whole(run):
    assert run(22, 20).returncode == 0
    assert "23 tests of tests ran: say so" in run(23, 20).stdout
    assert run(23, 20).returncode == 1
    assert run(2, 20, "tests", "-k", "some").returncode == 0
    assert run(2, 20, "tests/test_some.py").returncode == 0
