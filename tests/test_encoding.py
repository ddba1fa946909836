"""Every text file is read and written as UTF-8, whatever the reader's system takes for granted."""

import ast
import sys
from importlib import import_module
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for folder in ("src", "tools", "experiments", "bench", "tests") for path in (ROOT / folder).rglob("*.py")
)
TEXT = {"open": "r", "read_text": "r", "write_text": "w", "TemporaryFile": "w+b", "NamedTemporaryFile": "w+b"}
NO_TEXT = ("Image", "tokenize", "gzip")  # what they open is binary, or says its encoding itself


def calls_without_encoding(source: str) -> list[int]:
    """Return the lines of the calls that read or write text, of a file or of another program, in no named encoding."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if _is_text(call) and "encoding" not in {k.arg for k in call.keywords}]


def _is_text(call: ast.Call) -> bool:
    given = {keyword.arg: getattr(keyword.value, "value", None) for keyword in call.keywords}
    if given.get("text") is True or given.get("universal_newlines") is True:
        return True
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in TEXT or getattr(getattr(call.func, "value", None), "id", "") in NO_TEXT:
        return False
    if name.endswith("_text"):
        return True
    texts = [x.value for x in call.args if isinstance(x, ast.Constant) and isinstance(x.value, str)]
    modes = [given.get("mode"), *(text for text in texts if set(text) <= set("rwxab+")), TEXT[name]]
    return "b" not in next(mode for mode in modes if mode)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_file_is_read_and_written_as_utf_8(path):
    assert calls_without_encoding(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("path.read_text()", 1),
        ("path.read_text(encoding='utf-8')", 0),
        ("path.write_text('ab')", 1),
        ("open(path)", 1),
        ("open(path, 'rb')", 0),
        ("path.open(mode='w')", 1),
        ("path.open('ab')", 0),
        ("tokenize.open(path)", 0),
        ("TemporaryFile()", 0),
        ("TemporaryFile('w+')", 1),
        ("run(command, text=True)", 1),
        ("run(command, encoding='utf-8')", 0),
        ("new_output('stream', text='4')", 0),
    ],
)
def test_a_call_without_an_encoding_is_found(line, found):
    assert len(calls_without_encoding(line)) == found


TOOLS = [path for path in FILES if path.parent in (ROOT / "tools", ROOT / "experiments")]
PROGRAMS = [path.stem for path in TOOLS if "ArgumentParser(" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", ["bench.__main__", *PROGRAMS])
def test_every_tool_gives_its_help_in_any_locale(monkeypatch, name):
    shown = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as stop:
        import_module(name).main()
    assert stop.value.code == 0
    shown.flush()
    assert b"usage:" in shown.buffer.getvalue()


def test_tables_of_a_measurement_are_printed_in_any_locale(monkeypatch, tmp_path):
    bench, shown = import_module("bench.__main__"), TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", shown)
    monkeypatch.setattr(sys, "argv", ["bench", "paint", "--threads", "1", "--out", str(tmp_path)])
    monkeypatch.setattr(bench.Pages, "measure", lambda *_: {})
    monkeypatch.setattr(bench.Pages, "floors", lambda *_: [])
    monkeypatch.setattr(bench.Pages, "tables", lambda *_: ["| × base's |"])
    assert bench.main() == 0
    shown.flush()
    assert "× base's" in shown.buffer.getvalue().decode()
