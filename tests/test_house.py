"""The rooms of the package: what stands below ``show``, and ``chat``, runs on a bare GPU machine."""

import subprocess
import sys
from collections import Counter
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
BARE = ("torch", "numpy", "scikit-learn")
ROOMS = (
    "device",
    "files",
    "text",
    "layers",
    "data",
    "models",
    "train",
    "interpret",
    "estimate",
    "privacy",
    "compress",
    "chat",
)

# run in a process of its own: whatever is not installed on a bare machine cannot be imported
PROGRAM = """
import importlib, pkgutil, sys
missing = set({missing!r})
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import largemodels
for room in {rooms!r}:
    module = importlib.import_module(f"largemodels.{{room}}")
    for inner in pkgutil.iter_modules(getattr(module, "__path__", [])):
        if inner.name != "__main__":
            importlib.import_module(f"largemodels.{{room}}.{{inner.name}}")
"""


def test_everything_below_show_and_chat_imports_with_torch_numpy_and_scikit_learn_alone():
    bare = _with_dependencies(BARE)
    packages = {name for name, owners in packages_distributions().items() if not {_key(o) for o in owners} & bare}
    missing = packages - {"largemodels"} - set(sys.stdlib_module_names)
    assert {"matplotlib", "anywidget", "onnx", "safetensors", "tqdm"} <= missing
    program = PROGRAM.format(missing=sorted(missing), rooms=ROOMS)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_no_module_stands_beside_the_rooms_but_device():
    package = ROOT / "src" / "largemodels"
    assert {path.name for path in package.glob("*.py")} == {"__init__.py", "device.py"}
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert rooms == {*ROOMS[1:], "show", "export", "live"}


def _key(name: str) -> str:
    return name.lower().replace("_", "-")


def _with_dependencies(names) -> set[str]:
    """Return distributions and what they need, without their extras."""
    found, waiting = set(), [_key(name) for name in names]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            wanted = map(Requirement, requires(name) or [])
            waiting += [_key(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def test_no_two_files_of_tests_have_one_name():
    """Pytest takes the second of two for the first, and collects neither folder."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py")
    assert len(names) > 200
    assert [name for name, times in names.items() if times > 1] == []
