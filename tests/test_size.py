"""A file can be read in one sitting."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES = 250
FOLDERS = {"src": 130, "assets": 10, "tools": 8, "experiments": 12, "bench": 12, "tests": 130}  # so many files at least


@pytest.mark.parametrize(("folder", "least"), FOLDERS.items())
def test_no_file_of_code_is_too_long(folder, least):
    vendor = ROOT / "assets/vendor"  # other people's
    paths = [path for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".js", ".css"}]
    own = [path for path in paths if vendor not in path.parents]
    assert len(own) >= least
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in own}
    too_long = {path: lines for path, lines in lengths.items() if lines > LINES}
    assert not too_long, f"split what has more than {LINES} lines"
