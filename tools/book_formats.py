"""What builders other than HTML's need to read the same book; Sphinx loads it as a local extension.

- Exercises and solutions become notes with a title, where their own nodes have no writer (text, XML, manual pages).
- In LaTeX, links to exercises of other pages lead to the labels that sphinx-exercise writes.
- In the place of a widget stands a sentence, and not the name of its class.
- In LaTeX the bibliography has one heading, the one that LaTeX gives it.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import (
    exercise_latex_number_reference,
    is_exercise_enumerable_node,
    is_extension_node,
)
from sphinx_exercise.utils import get_node_number

VIEW = "application/vnd.jupyter.widget-view+json"
ALIVE = "Here the pages of the book have a widget that computes."


class WidgetsInWords(SphinxPostTransform):
    """Say that a widget stands in the pages; before MyST-NB chooses among the forms of an output."""

    default_priority = 3

    def run(self, **kwargs):
        if self.app.builder.format == "html":
            return
        for output in list(self.document.findall(nodes.container)):
            if any(isinstance(form, nodes.Element) and form.get("mime_type") == VIEW for form in output.children):
                output.replace_self(nodes.paragraph("", "", nodes.emphasis("", ALIVE)))


class PlainExercises(SphinxPostTransform):
    """Turn exercises and solutions into plain notes, after sphinx-exercise has settled their titles."""

    default_priority = 30

    def run(self, **kwargs):
        if self.app.builder.format in ("html", "latex"):
            return
        for node in list(self.document.findall(is_extension_node)):
            if is_exercise_enumerable_node(node):
                format_ = self.config.numfig_format["exercise"]
                node.children[0].insert(0, nodes.Text(format_ % get_node_number(self.app, node, "exercise")))
            node.replace_self(nodes.admonition("", *node.children, ids=node["ids"], classes=node["classes"]))


class OneBibliography(SphinxPostTransform):
    """Take the bibliography out of its chapter: Sphinx moves the entries behind it, under a heading of their own."""

    default_priority = 740  # the entries are there, and Sphinx moves them at 750
    formats = ("latex",)

    def run(self, **kwargs):
        for section in list(self.document.findall(nodes.section)):
            if len(section) == 2 and _holds_citations_only(section[1]):
                section.parent.replace(section, section[1:])


def _holds_citations_only(node) -> bool:
    return bool(node.children) and all(isinstance(child, nodes.citation) for child in node.children)


class ExercisesOfOtherPages(SphinxPostTransform):
    """Do for a link to an exercise of another page what sphinx-exercise does for one of the same page only."""

    default_priority = 30
    builders = ("latex",)

    def run(self, **kwargs):
        exercises = getattr(self.env, "sphinx_exercise_registry", {})
        for link in list(self.document.findall(addnodes.number_reference)):
            label = link.get("refuri", "").partition("#")[2]
            if label in exercises:
                link.replace_self(exercise_latex_number_reference("", "", *link.children, refid=label))


def setup(app):
    """Add the transforms above."""
    app.add_post_transform(ExercisesOfOtherPages)
    app.add_post_transform(WidgetsInWords)
    app.add_post_transform(PlainExercises)
    app.add_post_transform(OneBibliography)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
