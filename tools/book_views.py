"""Pages share the scripts and styles of their widgets, instead of holding each its own; a local extension of Sphinx.

A notebook keeps the script of every view that it shows, as Jupyter needs it: nearly a hundred kilobytes for each, over
and over. In the built book every view has a file, `_static/views/NAME-HASH.js`, and what all have in common another;
a browser fetches them once for all pages. assets/host.js puts them together again.
"""

import json
import re
from hashlib import sha256
from pathlib import Path

OPEN = '<script type="application/vnd.jupyter.widget-state+json">'
STATE = re.compile(re.escape(OPEN) + "(.*?)</script>", re.S)
LOADED = re.compile(r'<script defer src="[./]*_static/views/[\w-]+\.js"></script>')
READ = re.compile(r"\(globalThis[^\n]*?\] = (.*);\n", re.S)
KINDS = ("_esm", "_css")
SHARED = "_shared"  # in a widget's state: the name of its file
FOLDER = "views"  # in _static
LEAST = 2_000  # characters that two views begin with alike and that are worth a file


def share_views(app, exception):
    """Move the scripts of all pages into files."""
    if not exception and app.builder.format == "html":
        write_shared(Path(app.outdir))


def write_shared(out: Path) -> None:
    """Write the pages below a folder again, with files in ``_static/views`` for what they share.

    Pages of an earlier build that stand as they were are taken in as well, so that a book built page by page is the
    same as one built at once.
    """
    folder = out / "_static" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = {file.stem: json.loads(READ.fullmatch(file.read_text(encoding="utf-8"))[1]) for file in folder.glob("*.js")}
    pages = {path: path.read_text(encoding="utf-8") for path in out.rglob("*.html")}
    pages = {path: Page(text, files) for path, text in pages.items() if STATE.search(text)}
    found = {key(state) for page in pages.values() for state in page.views()}
    kit = {kind: beginning([texts[1 + i] for texts in found]) for i, kind in enumerate(KINDS)}
    named = {"kit": _write(folder, "kit", kit)} if any(kit.values()) else {}
    for view in sorted(found):
        own = {kind: text.removeprefix(kit[kind]) for kind, text in zip(KINDS, view[1:], strict=True)}
        named[view] = _write(folder, view[0], own | ({"after": named["kit"]} if "kit" in named else {}))
    for path, page in pages.items():
        path.write_text(page.shared(named, "../" * (len(path.relative_to(out).parts) - 1)), encoding="utf-8")
    for name in set(files) - set(named.values()):
        (folder / f"{name}.js").unlink()


def key(state: dict) -> tuple[str, ...]:
    """Return a view's name and its texts."""
    return state["_anywidget_id"].rpartition(".")[2], *(state[kind] for kind in KINDS)


def beginning(texts: list[str]) -> str:
    """Return the lines that all texts begin with, if there are several texts and the lines are worth a file."""
    if len(texts) < 2:
        return ""
    first, last = min(texts), max(texts)  # what these two share, all share
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    length = first.rfind("\n", 0, length) + 1
    return first[:length] if length >= LEAST else ""


class Page:
    """A page with widgets; what earlier files hold of it is in it again."""

    def __init__(self, text: str, files: dict[str, dict]):
        self.parts = STATE.split(LOADED.sub("", text))  # every other one is a state
        self.parts[1::2] = [json.loads(state) for state in self.parts[1::2]]
        for state in self._states():
            if SHARED in state:
                own = files[state.pop(SHARED)]
                kit = files.get(own.get("after"), {})
                state.update({kind: kit.get(kind, "") + own[kind] for kind in KINDS})

    def _states(self) -> list[dict]:
        return [each["state"] for data in self.parts[1::2] for each in data["state"].values()]

    def views(self) -> list[dict]:
        """Return the states of the widgets that have a script."""
        return [state for state in self._states() if all(kind in state for kind in (*KINDS, "_anywidget_id"))]

    def shared(self, named: dict, up: str) -> str:
        """Return the page, whose widgets name files in place of their scripts, and which loads these files."""
        files = [named["kit"]] if "kit" in named else []
        for state in self.views():
            state[SHARED] = named[key(state)]
            files.append(state[SHARED])
            for kind in KINDS:
                del state[kind]
        written = [json.dumps(data, ensure_ascii=False).replace("</", "<\\/") for data in self.parts[1::2]]
        scripts = "".join(f'<script defer src="{up}_static/views/{name}.js"></script>' for name in dict.fromkeys(files))
        parts = [*self.parts]
        parts[1::2] = [f"{OPEN}{state}</script>" for state in written]
        parts[1] += scripts
        return "".join(parts)


def _write(folder: Path, name: str, texts: dict[str, str]) -> str:
    """Write a file named after what it holds, and return its name."""
    written = json.dumps(texts, ensure_ascii=False, sort_keys=True)
    name = f"{name}-{sha256(written.encode()).hexdigest()[:8]}"
    script = f'(globalThis.liveViews ??= {{}})["{name}"] = {written};\n'
    (folder / f"{name}.js").write_text(script, encoding="utf-8")
    return name


def setup(app):
    """Hook the function above into the build."""
    app.connect("build-finished", share_views, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
