"""Which exercises each page has, for the marks of assets/progress.js; Sphinx loads it as a local extension."""

import json
from pathlib import Path


def by_page(registry: dict[str, dict]) -> dict[str, list[str]]:
    """Return the labels of the exercises of each page, from what sphinx-exercise has found in the book."""
    pages = {}
    for label, entry in registry.items():
        if entry["type"].startswith("exercise"):
            pages.setdefault(entry["docname"], []).append(label)
    return {page: sorted(labels) for page, labels in sorted(pages.items())}


def write_exercises(app, exception):
    """Write ``_static/exercises.js``: it puts the labels of every page into ``bookExercises``."""
    if exception or app.builder.format != "html":
        return
    pages = by_page(getattr(app.env, "sphinx_exercise_registry", {}))
    text = f"globalThis.bookExercises = {json.dumps(pages, separators=(',', ':'))};\n"
    (Path(app.outdir) / "_static/exercises.js").write_text(text, encoding="utf-8")


def setup(app):
    """Hook the function above into the build."""
    app.connect("build-finished", write_exercises)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
