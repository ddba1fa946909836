"""The index names the pages that link to a term of the glossary, and links to pages stay links to pages."""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index": "# Book\n\n```{toctree}\nattention\nlater\nglossary\ngenindex\n```\n",
    "attention": "# Looking\n\nA {term}`key` is no door. Two {term}`keys <key>`.\n",
    "later": "# Later\n\n[Back](attention). [Index](genindex). {term}`RNN`s have no {term}`key`.\n",
    "glossary": "# Glossary\n\n```{glossary}\nattention\n  Looking. See {term}`key`.\n\nkey\n  Shown.\n\n"
    "recurrent network\nRNN\n  Reads.\n```\n",
    "genindex": "# Index\n",
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Build a small book with some of its pages changed, once; return the folder, or what was said when it failed."""

    @functools.cache
    def run(builder="html", **changed):
        folder = tmp_path_factory.mktemp("words")
        for name, text in (PAGES | changed).items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        out = folder / "out"
        options = ["-W", "-n", "-q", "-C", "-b", builder, "-D", "extensions=myst_parser,book_words"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tools")}
        command = [sys.executable, "-m", "sphinx", *options, folder, out]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
        return done.stderr if done.returncode else out

    return run


def test_the_index_names_under_a_term_each_page_that_links_to_it_once(build):
    index = (build() / "genindex.html").read_text(encoding="utf-8")
    tables = "".join(re.findall(r"<table.*?indextable.*?</table>", index, re.S))
    links = re.findall(r'<a href="([^"]*)">(?:<strong>)?([^<]*)', tables)
    assert links == [
        ("glossary.html#term-attention", "attention"),
        ("glossary.html#term-key", "key"),
        ("later.html#use-of-key", "Later"),
        ("attention.html#use-of-key", "Looking"),
        ("glossary.html#term-recurrent-network", "recurrent network"),
        ("glossary.html#term-RNN", "RNN"),
        ("later.html#use-of-rnn", "Later"),
    ]


def test_the_place_in_the_index_is_where_the_term_is_linked_first(build):
    page = (build() / "attention.html").read_text(encoding="utf-8")
    assert page.count('id="use-of-key"') == 1
    assert page.index('id="use-of-key"') < page.index("glossary.html#term-key")


def test_a_search_finds_a_page_once_however_often_it_links_to_terms(build):
    text = (build() / "searchindex.js").read_text(encoding="utf-8")
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])["indexentries"]
    assert {name: [place for _, place, _ in places] for name, places in found.items()} == {
        name: [f"term-{name.replace(' ', '-')}"] for name in ("attention", "key", "recurrent network")
    } | {"rnn": ["term-RNN"]}


def test_a_link_that_names_a_page_goes_to_the_page_though_a_term_has_the_same_name(build):
    assert 'href="attention.html"><span class="std std-doc">Back' in (build() / "later.html").read_text(
        encoding="utf-8"
    )


def test_a_term_that_is_not_spelled_as_in_the_glossary_fails_the_build(build):
    said = build(later="# Later\n\n{term}`Key`s open doors.\n")
    assert "the glossary has no 'Key'" in said
    assert "later" in said


def test_latex_has_one_index_its_own(build):
    (tex,) = build("latex").glob("*.tex")
    text = tex.read_text(encoding="utf-8")
    assert r"\chapter{Later}" in text
    assert r"\chapter{Index}" not in text
    (label,) = re.findall(r"\\hyperref\[([^]]*)\]\{\\sphinxcrossref\{\\DUrole\{[^{}]*\}\{Index", text)
    assert text.index(rf"\label{{{label}}}") < text.index(r"\printindex")
