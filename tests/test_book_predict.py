"""Questions before an answer: the right answer comes from what the notebook has printed, and no other way."""

import json

import pytest
from book_predict import ANSWERED, ASKED, SHOWN, ask
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sphinx.errors import ExtensionError

NAMED = "**Guess first.** Which?\n\n- the network\n- the table\n- neither"
NUMBERS = "How many?\n\n- 10 of them\n- 1,000 of them"
SLIDER = "How much?\n\nFrom 0 to 100%."


def prose(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def code(source: str, *tags: str, shows: str = ""):
    outputs = [new_output("stream", text=shows)] if shows else []
    return new_code_cell(source, metadata={"tags": list(tags)}, execution_count=1, outputs=outputs)


def asked(question: str, shows: str, *between):
    cells = [prose("before"), prose(question, "predict"), *between, code("print(x)", "measured", shows=shows)]
    return ask(new_notebook(cells=[*cells, prose("after")]), "page").cells


def facts(question: str, shows: str) -> dict:
    [mark] = [cell.source for cell in asked(question, shows) if cell.source.startswith(f"% {ASKED}")]
    found = json.loads(mark.removeprefix(f"% {ASKED} "))
    assert found.pop("id").startswith("predict-")
    return found


def test_the_right_answer_is_what_was_printed():
    assert facts(NAMED, "The table, by far\n") == {"answer": 1}
    assert facts(NUMBERS, "800 of 1,200\n") == {"answer": 1}
    assert facts(NUMBERS, "9.5, or so") == {"answer": 0}
    slider = {"number": 11.7, "low": 0, "high": 100, "step": 1, "unit": "%"}
    assert facts(SLIDER, "11.7% of the members") == slider
    assert facts("Bits?\n\nFrom 0 to 2 bits.", "0.5 bits")["unit"] == " bits"


def test_marks_stand_about_the_question_and_what_is_shown_with_its_answer():
    cells = [cell.source for cell in asked(NAMED, "neither", code("plot()"), prose("so it is"))]
    marks = [source.split(" {")[0] for source in cells]
    assert marks[:2] == ["before", f"% {ASKED}"]
    answer = "```{div} measured\n**Measured:** neither.\n```"
    assert marks[2:] == [NAMED, f"% {ANSWERED}", answer, "plot()", "so it is", "print(x)", f"% {SHOWN}", "after"]


def test_the_mark_of_a_guess_stays_where_the_question_does():
    first, second, other = (facts_id(*one) for one in ((NAMED, "neither"), (NAMED, "the table"), (NUMBERS, "9")))
    assert first == second != other


def facts_id(question, shows):
    return next(cell.source for cell in asked(question, shows) if cell.source.startswith(f"% {ASKED}")).split('"')[3]


@pytest.mark.parametrize(
    ("question", "shows", "problem"),
    [
        (NAMED, "", "printed nothing"),
        (NAMED, "nobody knows", "names 0 of its answers"),
        (NAMED, "the network and the table", "names 2 of its answers"),
        (NUMBERS, "100 of them", "between two"),
        (NUMBERS, "many", "one number"),
        (SLIDER, "120%", "no number from 0 to 100"),
        (SLIDER, "most of them", "no number from 0 to 100"),
        ("What?\n\n- one answer", "one answer", "two to four answers"),
        ("What?", "x", "two to four answers"),
    ],
)
def test_a_question_that_cannot_be_judged_is_refused(question, shows, problem):
    with pytest.raises(ExtensionError, match=problem):
        asked(question, shows)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ([prose(NAMED, "predict")], "no cell after it"),
        ([code("1", "measured", shows="1")], "no cell before it"),
        ([code(NAMED, "predict")], "no Markdown"),
        ([prose(NAMED, "predict"), prose("## More"), code("1", "measured", shows="neither")], "heading"),
        ([prose(NAMED, "predict"), prose(NAMED, "predict"), code("1", "measured", shows="neither")], "has no answer"),
    ],
)
def test_tags_that_cannot_be_meant_are_refused(cells, problem):
    with pytest.raises(ExtensionError, match=problem):
        ask(new_notebook(cells=cells), "page")
