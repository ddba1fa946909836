"""What a change to some pages means for the others; Sphinx loads it as a local extension.

A page depends on other pages by what Sphinx's environment holds of them: labels, terms, headings, numbers, citations,
entries of the index; and by what their notebooks lend to its text. Where a change leaves all of that as it was, the
pages that changed are written again, and come out as in a new book; otherwise `Spreads` is raised, for the book to be
built anew. tools/build_book.py says which pages have changed; without it, Sphinx builds as it always does.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

from docutils import nodes

CHANGED: set[str] | None = None  # names of pages; None: nobody has said
NEEDED: set[str] = set()  # files that pages have read, beside their own

# of the environment: how it came about, and what concerns no page but its own
PRIVATE = {"all_docs", "app", "config", "dependencies", "domains", "doctreedir", "events", "images", "nb_metadata"}
PRIVATE |= {"project", "settings", "sphinx_exercise_gated_registry", "srcdir", "temp_data"}
PRIVATE |= {"_pickled_doctree_cache", "_write_doc_doctree_cache"}
OWN = ("line", "wordcount")  # on which line something stands, and how long its page is, no other page shows

# of the index for searches: all that comes from the pages
SEARCHED = ("_titles", "_filenames", "_mapping", "_title_mapping", "_all_titles", "_index_entries")


class Spreads(BaseException):
    """Other pages have to be written as well; no Exception, which Sphinx would report as an error of the book."""


def shared(env) -> dict:
    """Return what pages see of each other, in a form that can be compared; raises `Spreads` where it cannot be told."""
    for image, (_, name) in env.images.items():
        if Path(image).name != name:  # two pictures of one name are numbered in the order in which pages were read
            raise Spreads(f"there are two pictures of the name of {image}")
    seen = {name: value for name, value in vars(env).items() if name not in PRIVATE}
    seen |= {f"domain {name}": value for name, value in seen.pop("domaindata").items()}
    glued = Path(env.mystnb_config.output_folder).rglob("*.glue.json")  # what notebooks lend to the text of pages
    seen["glued"] = {path.name: path.read_text(encoding="utf-8") for path in glued}
    cited = sorted(seen["domain cite"]["citation_refs"], key=lambda reference: reference.docname)
    seen["domain cite"] = {**seen["domain cite"], "citation_refs": cited}  # a list, in the order of reading
    return {name: _plain(value) for name, value in seen.items()}


def _plain(thing):
    """Put something in a form that is the same in whatever order, and on whatever line, it was read."""
    if isinstance(thing, Mapping):
        return sorted((repr(key), _plain(value)) for key, value in thing.items() if key not in OWN)
    if isinstance(thing, list | tuple | set | frozenset) and not hasattr(thing, "_asdict"):
        plain = [_plain(item) for item in thing]
        return sorted(map(repr, plain)) if isinstance(thing, set | frozenset) else plain
    if isinstance(thing, nodes.Node):
        return thing.pformat()
    if isinstance(thing, str | bytes | int | float | Path | None):
        return repr(thing)
    fields = thing._asdict() if hasattr(thing, "_asdict") else getattr(thing, "__dict__", {"": repr(thing)})
    return type(thing).__name__, _plain(fields)


class Changes:
    """Read the pages that have changed, and see to it that nothing else has."""

    def __init__(self):
        self._before = {}

    def read(self, app, env, added, changed, removed):
        """Say what is to be read again, after keeping what pages see of each other so far."""
        bibliographies = {key.docname for key in env.get_domain("cite").bibliographies}
        if removed or added - CHANGED or bibliographies & CHANGED:
            raise Spreads("the pages are not those of the last build")
        self._before = shared(env)
        for page in CHANGED:  # sphinx-exercise adds to what it knows of a page, and forgets nothing
            getattr(env, "sphinx_exercise_gated_registry", {}).pop(page, None)
        return sorted(CHANGED)

    def compare(self, app, env):
        """Raise `Spreads` if pages now see something else of each other."""
        after = shared(env)
        different = [name for name in after if after[name] != self._before.get(name)]
        if different or after.keys() != self._before.keys():
            raise Spreads(f"other pages may show what has changed ({', '.join(different)})")

    def search(self, app):
        """Let the index for searches begin with what the last build had found; Sphinx's file has it in part only."""

        def load(changed):
            found = pickle.loads(_found(app).read_bytes())
            for words in (found["_mapping"], found["_title_mapping"]):
                for word in list(words):
                    words[word] -= set(changed)
                    if not words[word]:
                        del words[word]
            vars(app.builder.indexer).update(found)

        app.builder.load_indexer = load


def _found(app) -> Path:
    return Path(app.doctreedir, "search.pickle")


def keep(app, exception):
    """Keep for the next build what is found in pages, and tell of the files that they need."""
    NEEDED.update(str(path) for paths in app.env.dependencies.values() for path in paths)
    indexer = getattr(app.builder, "indexer", None)
    if indexer and not exception:
        _found(app).write_bytes(pickle.dumps({name: getattr(indexer, name) for name in SEARCHED}))


def drop_old_pictures(app, exception):
    """Take away the pictures that no page has any more."""
    if not exception:
        names = {name for _, name in app.env.images.values()}
        for path in Path(app.outdir, "_images").glob("*"):
            if path.name not in names:
                path.unlink()


def setup(app):
    """Hook the functions above into the build."""
    app.connect("build-finished", keep)
    if CHANGED is not None:
        changes = Changes()
        app.connect("builder-inited", changes.search)
        app.connect("env-get-outdated", changes.read)
        app.connect("env-check-consistency", changes.compare)
        app.connect("build-finished", drop_old_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
