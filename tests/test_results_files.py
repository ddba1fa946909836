"""What the files of results say of how they came about holds on any machine."""

import re
from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results"
FOLDER = re.compile(r"""(?<![\w./:])(?:/[\w.-]+){2,}|(?<!\w)[A-Z]:\\""")  # from the root on


def test_no_result_names_a_folder_of_one_machine():
    texts = {path.name: path.read_text(encoding="utf-8") for path in RESULTS.glob("*.json")}
    assert len(texts) > 50
    commands = {name: re.findall(r'"command": "(.*)"', text) for name, text in texts.items()}
    found = {name: bad for name, lines in commands.items() if (bad := FOLDER.findall(" ".join(lines)))}
    assert not found, "say in the command only what another machine has, too"
