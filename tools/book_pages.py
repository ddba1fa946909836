"""What the pages of the book need beyond Jupyter Book; Sphinx loads it as a local extension.

Other builders (LaTeX, text, XML, gettext) read the same book; what is said here of pages is left to those of HTML.

- Launch buttons for Colab and Binder, and absolute addresses, when the checkout has a GitHub remote.
- Solutions start folded.
- What the pages load (MathJax, onnxruntime-web, fonts) comes out of npm before the pages are written.
- Pictures load late, styles and icons that no page uses are left out, and the index of all words waits until somebody
  searches, so that pages are light.
- Thebe, which Jupyter Book always loads and this book does not use, stays away.
"""

import os
import re
import subprocess
from pathlib import Path

import imagesize
import sphinx_thebe
import vendor
from book_styles import thinned, words
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from sphinx_exercise.nodes import is_extension_node, is_solution_node

ROOT = Path(__file__).parent.parent


def repository(root=ROOT) -> str | None:
    """Return ``owner/name`` on GitHub: ``BOOK_REPOSITORY``, else the checkout's first GitHub remote, else None."""
    if named := os.environ.get("BOOK_REPOSITORY"):
        return named
    try:
        git = subprocess.run(["git", "-C", root, "remote", "-v"], capture_output=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?\s", git.stdout)
    return found and found[1]


def address(owner_and_name: str | None) -> str | None:
    """Return where the book is published: ``BOOK_URL``, else the repository's GitHub Pages, else None."""
    if named := os.environ.get("BOOK_URL"):
        return named.rstrip("/") + "/"
    if owner_and_name is None:
        return None
    owner, name = owner_and_name.split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def point_home(app, config):
    """Tell the theme where the book lives; without a repository it has no buttons that need one."""
    home = repository()
    if home:
        config.html_theme_options |= {
            "repository_url": f"https://github.com/{home}",
            "repository_branch": os.environ.get("BOOK_BRANCH", "main"),
            "use_repository_button": True,
            "launch_buttons": {
                "notebook_interface": "jupyterlab",
                "colab_url": "https://colab.research.google.com",
                "binderhub_url": "https://mybinder.org",
            },
        }
    if published := address(home):
        config.html_baseurl = config.ogp_site_url = published


def bring_what_pages_load(app):
    """Fill assets/vendor; where that cannot be done, pages are set in the reader's own fonts."""
    if app.builder.format == "html" and vendor.bring(ROOT):
        app.add_css_file("fonts.css")


def fold_solutions(app, document):
    """Fold every solution, and give the two parts of an exercise an id of their own."""
    for node in document.findall(is_extension_node):
        if is_solution_node(node) and "dropdown" not in node["classes"]:
            node["classes"].append("dropdown")
        node.children[-1]["ids"] = [f"{node['label']}-content"]


def drop_relative_addresses(app, pagename, templatename, context, doctree):
    """Leave out Open Graph addresses where the book's own is unknown: a relative one means nothing there."""
    relative = r'<meta property="og:(?:url|image|image:alt)" content="(?!https?:)[^"]*" />\n'
    if not app.config.ogp_site_url:
        context["metatags"] = re.sub(relative, "", context.get("metatags", ""))


def load_images_late(app, pagename, templatename, context, doctree):
    """Let a picture load when the reader comes near it, in a place that already has its size."""
    sources = {name: Path(app.srcdir) / source for source, name in app.builder.images.items()}

    def place(match):
        source = sources.get(match["name"])
        width, height = imagesize.get(source) if source else (-1, -1)
        size = f' width="{width}" height="{height}"' if width > 0 and ' width="' not in match[0] else ""
        return f'{match[0]}{size} loading="lazy"'

    if "body" in context:
        context["body"] = re.sub(r'<img\b[^>]*?\bsrc="[^"]*_images/(?P<name>[^"/]+)"', place, context["body"])


# what screen readers stumble over in parts that are not ours: what is written, and what should be
MENDED = {
    '<summary><span class="toctree-toggle" role="presentation">': (
        '<summary aria-label="Sections"><span class="toctree-toggle" role="presentation">'
    ),
    'search-button-field search-button__button pst-js-only" title="Search" aria-label="Search"': (
        'search-button-field search-button__button pst-js-only"'
    ),
    '<summary aria-label="Toggle hidden content">': "<summary>",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}


# the theme lets the keyboard reach what scrolls sideways: code, outputs, tables; wide formulas scroll as well
SCROLLS = ('".pst-scrollable-table-container"', '".pst-scrollable-table-container","div.math mjx-container"')


# for answers while one types, which this book has not: the index of all words, on every page
SEARCH = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>')

# grids, cards and tabs, which are asked for on every page, and what Thebe looks like
DESIGN = re.compile(r'\s*<(?:link|script)\b[^>]*"[^"]*(?:sphinx-design\.min\.css|design-tabs\.js)[^>]*>(?:</script>)?')
THEBE = re.compile(r'\s*<link\b[^>]*"[^"]*sphinx-thebe\.css[^>]*>')
DESIGNED = re.compile(r'class="(?:[^"]* )?sd-')


def mend_theme(app, exception):
    """Put right what the theme and MyST-NB offer to screen readers, to the keyboard, and to a slow connection."""
    script = Path(app.outdir) / "_static/scripts/pydata-sphinx-theme.js"
    if exception or app.builder.format != "html" or not script.exists():
        return
    for path in Path(app.outdir).rglob("*.html"):
        _replace(path, MENDED)
        path.write_text(without_unused(path.read_text(encoding="utf-8"), path.name == "search.html"), encoding="utf-8")
    _replace(script, dict([SCROLLS]))


def without_unused(page: str, searches: bool = False) -> str:
    """Return a page that no longer asks for what it makes no use of; one that ``searches`` keeps the index of words."""
    unused = [THEBE] if searches else [THEBE, SEARCH]
    for pattern in unused if DESIGNED.search(page) else [*unused, DESIGN]:
        page = pattern.sub("", page)
    return page


def _replace(path, replacements):
    text = mended = path.read_text(encoding="utf-8")
    for written, right in replacements.items():
        mended = mended.replace(written, right)
    if mended != text:
        path.write_text(mended, encoding="utf-8")


def thin_theme(app, exception):
    """Keep of the theme's styles and icons what a page or a script names, and none of its 1.5 MB script for icons."""
    static = Path(app.outdir) / "_static"
    if exception or not (static / "styles/pydata-sphinx-theme.css").exists():
        return
    (static / "scripts/fontawesome.js").write_text("", encoding="utf-8")
    scripts = [path for place in (".", "scripts", "views") for path in (static / place).glob("*.js")]
    texts = [*Path(app.outdir).rglob("*.html"), *scripts]  # of pages that stand as they were, views are files already
    named = set().union(*(words(text.read_text(encoding="utf-8")) for text in texts))
    for sheet in [*static.glob("*.css"), *static.glob("styles/*.css")]:
        css = thinned(sheet.read_text(encoding="utf-8"), named)
        css = re.sub(r'url\([^()]*\.woff2\) format\("woff2"\),', "", css)  # the other format is thinned below
        sheet.write_text(css, encoding="utf-8")

    styles = "".join(path.read_text(encoding="utf-8") for path in static.rglob("*.css"))
    escaped = [int(code, 16) for code in re.findall(r"\\([ef][0-9a-f]{3})", styles)]
    characters = escaped + [ord(character) for character in re.findall("[\ue000-\uf8ff]", styles)]
    for font in (static / "vendor/fontawesome/webfonts").glob("*"):
        if font.suffix == ".woff2":
            font.unlink()
            continue
        icons = TTFont(font, recalcTimestamp=False)  # the same icons are the same file
        subsetter = Subsetter()
        subsetter.populate(unicodes=characters)
        subsetter.subset(icons)
        icons.save(font)


def silence_thebe(app):
    """Unhook Thebe, whose script is declared twice and throws on every page."""
    unwanted = {sphinx_thebe.init_thebe_core, sphinx_thebe.update_thebe_context}
    hooks = [hook for hooks in app.events.listeners.values() for hook in hooks]
    for hook in hooks:
        if hook.handler in unwanted:
            app.disconnect(hook.id)


def setup(app):
    """Hook the functions above into the build."""
    silence_thebe(app)
    app.connect("config-inited", point_home)
    app.connect("builder-inited", bring_what_pages_load)
    app.connect("doctree-read", fold_solutions)
    app.connect("html-page-context", drop_relative_addresses, priority=900)
    app.connect("html-page-context", load_images_late)
    app.connect("build-finished", mend_theme)
    app.connect("build-finished", thin_theme)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
