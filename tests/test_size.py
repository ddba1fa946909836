"""A module can be read in one sitting."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES = 250


def test_no_module_of_the_package_is_too_long():
    modules = list((ROOT / "src").rglob("*.py"))
    assert len(modules) > 60
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    too_long = {str(path): lines for path, lines in lengths.items() if lines > LINES}
    assert not too_long, f"split what has more than {LINES} lines"
