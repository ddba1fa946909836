"""The pages of questions: each once, in order, answered in two sentences, with evidence and what is unknown."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
KINDS = {"Measured here.": "measured", "Calculate it.": "calculated", "Published.": "published"}


def pages() -> dict[str, list[str]]:
    """Return page → its Markdown cells, for the pages that answer questions, in the order of the contents."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    files = [
        section["file"]
        for part in parts
        for chapter in part["chapters"]
        for section in chapter.get("sections", [])
        if section["file"].startswith("chapters/faq/")
    ]
    found = {}
    for file in files:
        cells = json.loads((ROOT / f"{file}.ipynb").read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        if any(re.search(r"^\(faq-\d+\)=$", text, re.M) for text in texts):
            found[file] = texts
    return found


def answers() -> list[tuple[str, int, str]]:
    """Return (page, number, Markdown) of each answer, from its label to the next label or section."""
    found = []
    for page, texts in pages().items():
        text = "\n\n".join(texts)
        for match in re.finditer(
            r"^\(faq-(\d+)\)=\n(.*?)(?=^\(faq-\d+\)=$|^## Questions to think about|\Z)", text, re.M | re.S
        ):
            found.append((page, int(match[1]), match[2]))
    return found


ANSWERS = answers()
each = pytest.mark.parametrize(("page", "number", "text"), ANSWERS, ids=[f"question {n}" for _, n, _ in ANSWERS])


@each
def test_the_heading_has_the_number_of_the_label_and_asks(page, number, text):
    heading = text.strip().splitlines()[0]
    assert re.fullmatch(rf"## {number}\. [A-Z].*\?", heading), heading


@each
def test_two_sentences_answer(page, number, text):
    (answer,) = re.findall(r"^(`{3,}|:{3,})\{admonition\} In short\n:class: answer\n(.*?)\n\1$", text, re.M | re.S)
    plain = re.sub(r"\{[a-z:]+\}`[^`]*`|\$[^$]*\$|`[^`]*`", "x", answer[1]).strip()
    sentences = re.split(r"(?<=[.?!])[\"”’)]*\s+(?=[A-Z“\"\[{0-9x])", plain)
    assert len(sentences) == 2, sentences


@each
def test_the_evidence_says_of_which_kind_it_is(page, number, text):
    assert any(re.search(rf"^\*\*{re.escape(kind)}\*\*", text, re.M) for kind in KINDS)


@each
def test_what_is_disputed_or_unknown_is_said(page, number, text):
    (said,) = re.findall(r"^\*\*Disputed or unknown\.\*\*(.*?)(?=\n\n|\Z)", text, re.M | re.S)
    assert len(said.split()) >= 15


def test_questions_stand_in_order_and_none_twice():
    numbers = [number for _, number, _ in ANSWERS]
    assert numbers == sorted(set(numbers))


def test_no_paragraph_is_said_twice():
    seen = {}
    for page, texts in pages().items():
        for paragraph in re.split(r"\n{2,}", "\n\n".join(texts)):
            words = " ".join(paragraph.split())
            if len(words.split()) < 12:
                continue
            assert words not in seen, f"{page} and {seen[words]}: {words[:80]}"
            seen[words] = page


def test_each_page_ends_with_two_questions_of_which_one_is_to_grade_answers():
    for page, texts in pages().items():
        end = "\n\n".join(texts).partition("## Questions to think about")[2]
        exercises = re.findall(r"\{exercise(?:-start)?\} *([^\n]*)", end)
        assert len(exercises) == 2, page
        assert any("grade these answers" in title.lower() for title in exercises), page


def test_the_index_names_every_question_with_the_kinds_of_its_evidence():
    index = (ROOT / "chapters/faq/index.md").read_text(encoding="utf-8")
    rows = []
    for _, number, text in ANSWERS:
        question = text.strip().splitlines()[0].removeprefix(f"## {number}. ")
        kinds = [word for kind, word in KINDS.items() if re.search(rf"^\*\*{re.escape(kind)}\*\*", text, re.M)]
        rows.append(f"| {number} | {{ref}}`{question} <faq-{number}>` | {', '.join(kinds)} |")
    assert re.findall(r"^\| \d.*\|$", index, re.M) == rows


def test_all_26_questions_are_answered():
    assert [number for _, number, _ in ANSWERS] == list(range(1, 27))
