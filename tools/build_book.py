"""Build the book into _build/html: all of it, or, where only pages have changed since it was built, those pages.

    python tools/build_book.py        # what `make book` runs
    python tools/build_book.py --all  # what `make test` runs

Every warning is an error. What the last build has read is used again only if that build had no warning, and if
nothing has changed but the text of pages that other pages do not show (tools/book_changes.py); so what is built is
what a new book would be, and a warning is heard until it is mended.
"""

import argparse
import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

# What others import and nothing here uses: grammars that jsonschema builds, and the cards for social media, off in
# _config.yml, that want matplotlib. The first cost every build a second, the second a third of one.
sys.modules["rfc3987_syntax"] = None
sys.modules["sphinxext.opengraph._social_cards"] = SimpleNamespace(DEFAULT_SOCIAL_CONFIG={}, create_social_card=None)

import book_changes  # noqa: E402
import book_views  # noqa: E402
import yaml  # noqa: E402

PAGES = (".ipynb", ".md")
PARTS = ("assets", "chapters", "tools")  # folders of which the book is made, beside the files of the root
OPTIONS = ["-W", "-n", "--keep-going", "--quiet"]


def digest(path: Path) -> str:
    """Return a sum of what a file holds."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest() if path.is_file() else ""


def pages(root: Path) -> dict[str, str]:
    """Return the pages in the table of contents, each with the sum of its source."""

    def below(entry) -> list[str]:
        children = entry.get("parts", []) + entry.get("chapters", []) + entry.get("sections", [])
        return [entry[key] for key in ("root", "file") if key in entry] + [name for x in children for name in below(x)]

    names = below(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")))
    sources = {name: [root / f"{name}{kind}" for kind in PAGES if (root / f"{name}{kind}").exists()] for name in names}
    return {name: ",".join(map(digest, found)) for name, found in sources.items()}


def rest(root: Path, needed=()) -> str:
    """Return a sum of all else that a page depends on: files, packages, the checkout's address, the environment."""
    files = [path for path in root.iterdir() if path.is_file()]
    files += [path for part in PARTS for path in (root / part).rglob("*") if path.is_file()]
    known = {root / f"{name}{kind}" for name in pages(root) for kind in PAGES}
    names = sorted({*files, *(root / path for path in needed)} - known)
    packages = sorted(path.name for place in sys.path for path in Path(place or ".").glob("*.dist-info"))
    remotes = subprocess.run(["git", "-C", root, "remote", "-v"], capture_output=True, encoding="utf-8").stdout
    settings = sorted(f"{key}={value}" for key, value in os.environ.items() if key.startswith(("BOOK_", "SPHINX")))
    made_of = [(str(path.relative_to(root)), digest(path)) for path in names if "__pycache__" not in path.parts]
    return hashlib.blake2b(repr([made_of, sys.version, packages, remotes, settings]).encode()).hexdigest()


def read_at(build: Path) -> int:
    """Return when the book was read, by whatever program; 0 if it has not been."""
    memory = build / ".doctrees/environment.pickle"
    return memory.stat().st_mtime_ns if memory.exists() else 0


def changed(root: Path, build: Path) -> set[str] | None:
    """Return the pages that differ from the last build; None if that build does not count, or more has changed."""
    try:
        stamp = json.loads((build / "built.json").read_text(encoding="utf-8"))
        last = {key: stamp[key] for key in ("pages", "needed", "rest", "read")}
    except (OSError, ValueError, LookupError, TypeError):  # none, or of another edition of this program
        return None
    now = pages(root)
    whole = all((build / "html" / f"{name}.html").exists() for name in [*now, "index", "search"])
    whole = whole and (build / "html/_static" / book_views.FOLDER).is_dir()
    if not whole or read_at(build) != last["read"] or list(now) != list(last["pages"]):
        return None
    if rest(root, last["needed"]) != last["rest"]:
        return None
    return {name for name, made_of in now.items() if made_of != last["pages"][name]}


def jupyter_book(*arguments: str) -> None:
    """Run Jupyter Book; raises `RuntimeError` if the book is not built."""
    import pybtex.plugin
    from jupyter_book.cli.main import main

    # for each citation it looks through all packages that are installed: a quarter of the time that writing takes
    pybtex.plugin._load_entry_point = functools.cache(pybtex.plugin._load_entry_point)
    main(arguments, standalone_mode=False)


def build(root: Path, folder: Path, names: set[str] | None) -> None:
    """Build these pages, or with None all; raises `RuntimeError` for any warning, `Spreads` if they do not suffice."""
    stamp, before = folder / "built.json", {"pages": pages(root)}
    stamp.unlink(missing_ok=True)
    static = folder / "html/_static"
    # old pages outlive their source; and where the styles lie already, pages name them otherwise
    gone = [folder / ".doctrees", folder / "html"] if names is None else [*static.iterdir()]
    for path in gone:
        if path == static / book_views.FOLDER:  # pages that stand as they were still name these files
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    book_changes.CHANGED = names
    jupyter_book("build", *OPTIONS, str(root))
    needed = sorted(book_changes.NEEDED)
    made_of = {**before, "needed": needed, "rest": rest(root, needed), "read": read_at(folder)}
    stamp.write_text(json.dumps(made_of), encoding="utf-8")


def main() -> int:
    """Build what has to be built, and say so; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="build all of it, whatever has been built before")
    root = Path.cwd()
    folder = root / "_build"
    names = None if parser.parse_args().all else changed(root, folder)
    if names == set():
        print("Nothing has changed since the book was built.")
        return 0
    try:
        if names is not None:
            print(f"Building what has changed: {', '.join(sorted(names))}")
        build(root, folder, names)
    except book_changes.Spreads as reason:
        print(f"Building all of it: {reason}", flush=True)
        return subprocess.run([sys.executable, __file__, "--all"]).returncode
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
