"""The glossary and the index of the book; Sphinx loads it as a local extension.

- A link to ``attention`` means the page of that name; the term of the glossary is linked by ``{term}``.
- Wherever a page links to a term, the index names that page under it; so terms are spelled as the glossary has them.
- The index of the PDF is LaTeX's own, so the page that stands for it is left out there.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join
from sphinx.util.logging import getLogger

GLOSSARY, INDEX = "glossary", "genindex"
PLACE = "use-of-"


class PagesBeforeTerms(SphinxTransform):
    """Turn links in Markdown that name a page without its ending into links to that page, so that no term competes."""

    default_priority = 840

    def apply(self, **kwargs):
        for link in self.document.findall(addnodes.pending_xref):
            if link["reftype"] == "myst" and link.get("refdomain") != "doc":
                page = docname_join(self.env.docname, link["reftarget"])
                if page in self.env.found_docs:
                    link.attributes |= {"refdomain": "doc", "reftarget": page, "reftargetid": None}


class UsesOfTerms(SphinxTransform):
    """Enter every page in the index under each term that it links to, at the first link; before Sphinx collects."""

    default_priority = 840

    def apply(self, **kwargs):
        title = self.document.next_node(nodes.title)
        if self.env.docname == GLOSSARY or title is None:
            return
        seen = set()
        for link in list(self.document.findall(addnodes.pending_xref)):
            term = link["reftarget"]
            if link["reftype"] != "term" or term in seen or isinstance(link.parent, nodes.title):
                continue
            seen.add(term)
            place = PLACE + nodes.make_id(term)
            entry = addnodes.index(entries=[("single", f"{term}; {title.astext()}", place, "", None)])
            link.replace_self([entry, nodes.target("", "", ids=[place]), link.deepcopy()])


class NoUsesInSearch(SphinxPostTransform):
    """Keep the uses of terms out of the search of the pages, which would find a page once for each of them.

    The index has them by now; LaTeX, which makes its own, needs them still.
    """

    default_priority = 5
    formats = ("html",)

    def run(self, **kwargs):
        for entry in list(self.document.findall(addnodes.index)):
            if all(place.startswith(PLACE) for _, _, place, *_ in entry["entries"]):
                entry.parent.remove(entry)


class IndexOfLaTeX(SphinxPostTransform):
    """Leave the page of the index out of LaTeX, which prints an index at its end; links to the page lead there."""

    default_priority = 5
    builders = ("latex",)

    def run(self, **kwargs):
        for page in list(self.document.findall(addnodes.start_of_file)):
            if page["docname"] == INDEX:
                label = rf"\phantomsection\label{{\detokenize{{{INDEX}::doc}}}}"
                page.replace_self(nodes.raw("", label, format="latex"))


def check_spelling(app, env):
    """Warn of links to terms that Sphinx resolves and the index would list twice: with a capital, for example."""
    terms = {name for kind, name in env.get_domain("std").objects if kind == "term"}
    for page, entries in env.get_domain("index").entries.items():
        for _, entry, place, *_ in entries:
            term = entry.split(";")[0]
            if place.startswith(PLACE) and term not in terms:
                message = "the glossary has no %r; write {term}`text <term>` with the term as it stands there"
                getLogger(__name__).warning(message, term, location=page)


def setup(app):
    """Add the transforms above."""
    app.connect("env-check-consistency", check_spelling)
    app.add_transform(PagesBeforeTerms)
    app.add_transform(UsesOfTerms)
    app.add_post_transform(NoUsesInSearch)
    app.add_post_transform(IndexOfLaTeX)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
