"""Every view that a page has stored is drawn by the scripts as they are in src/ today."""

import importlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATE = "application/vnd.jupyter.widget-state+json"


def stored() -> list[tuple[str, dict]]:
    """Return (notebook, state) for every view of the book."""
    found = []
    for path in [ROOT / "intro.ipynb", *sorted(ROOT.glob("chapters/**/*.ipynb"))]:
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        widgets = metadata.get("widgets", {}).get(STATE, {}).get("state", {})
        name = path.relative_to(ROOT).as_posix()
        found += [(name, each["state"]) for each in widgets.values() if "_anywidget_id" in each["state"]]
    return found


@pytest.mark.parametrize("kind", ["_esm", "_css"])
def test_stored_scripts_and_styles_are_the_newest(kind):
    views = stored()
    assert len(views) > 20
    old = []
    for name, state in views:
        module, _, view = state["_anywidget_id"].rpartition(".")
        newest = getattr(getattr(importlib.import_module(module), view), kind)
        if state[kind] != str(newest):
            old.append(f"{name}: {view}")
    assert not old, "make notebooks"
