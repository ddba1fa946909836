"""What all tests share: those marked ``gpu`` run where there is one, and none is held to a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items):
    if torch.cuda.is_available():
        return
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="gpu"))


@pytest.fixture(scope="session")
def build_page():
    """Build a book of one page, with the book's own configuration, every warning an error.

    ``build_page(notebook, folder, **environment)`` returns the finished process and the page's path.
    """

    def build(notebook, folder: Path, **environment):
        for name in ("_config.yml", "assets", "tools", "package.json", "references.bib", "node_modules"):
            source, target = ROOT / name, folder / name
            if target.exists() or not source.exists():
                continue
            if name == "node_modules":
                target.symlink_to(source)
            else:
                (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        (folder / "_toc.yml").write_text("{format: jb-book, root: page}", encoding="utf-8")
        nbformat.write(notebook, folder / "page.ipynb")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("BOOK_")}
        program = Path(sys.executable).with_name("jupyter-book")
        command = [program, "build", "-W", "-n", "--keep-going", "."]
        done = subprocess.run(
            command, cwd=folder, env={**clean, **environment}, capture_output=True, text=True, encoding="utf-8"
        )
        return done, folder / "_build/html/page.html"

    return build
