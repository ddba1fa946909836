"""What all tests share: those marked ``gpu`` run where there is one, and none is held to a time."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import torch
from collected import pytest_sessionfinish  # noqa: F401
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]
TOGETHER = (  # files whose tests share what takes long to make: a book, an export, a training, the real model
    "test_answering.py",
    "test_attention_program.py",
    "test_attention_views.py",
    "test_book_folds.py",
    "test_build_book.py",
    "test_builders.py",
    "test_checkpoints.py",
    "test_distributed.py",
    "test_experts_program.py",
    "test_forms.py",
    "test_gpt2.py",
    "test_hidden_states.py",
    "test_language_models.py",
    "test_lost_worker.py",
    "test_marking.py",
    "test_memorised.py",
    "test_next_probabilities.py",
    "test_parts.py",
    "test_repetition.py",
    "test_resume.py",
    "test_seeds.py",
    "test_source_code.py",
    "test_sparse.py",
    "test_streams.py",
    "test_words.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Let one worker run what shares much, or a whole notebook; leave out what needs an accelerator where none is."""
    for item in items:
        if item.path.name in TOGETHER or item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    if torch.cuda.is_available():
        return
    for item in items:
        if "gpu" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="gpu"))


@pytest.fixture(scope="session")
def jupyter_book():
    """Run ``jupyter-book build`` as tools/build_book.py does: ``jupyter_book(*options, cwd=…, env=…)``."""
    program = "import sys, build_book; build_book.jupyter_book('build', *sys.argv[1:])"

    def run(*options, env, **process) -> subprocess.CompletedProcess:
        command = [sys.executable, "-c", program, *map(str, options)]
        env = {**env, "PYTHONPATH": os.pathsep.join([str(ROOT / "tools"), env.get("PYTHONPATH", "")])}
        return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", **process)

    return run


@pytest.fixture(scope="session")
def build_page(jupyter_book):
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
        done = jupyter_book("-W", "-n", "--keep-going", ".", cwd=folder, env={**clean, **environment})
        return done, folder / "_build/html/page.html"

    return build


@pytest.fixture
def reads(monkeypatch):
    """How many tokens a Llama reads at a time, from now on: a list that grows with every call."""
    from largemodels.models import Llama

    counts, advance = [], Llama.advance

    def counting(self, tokens, *arguments, **named):
        counts.append(tokens.shape[1])
        return advance(self, tokens, *arguments, **named)

    monkeypatch.setattr(Llama, "advance", counting)
    monkeypatch.setattr(Llama, "quickest", lambda self, room: self.advance)
    return counts
