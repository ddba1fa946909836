"""What is taken for a summary and for its text, and what shared words count."""

import pytest
import summaries

TEXT = """Sort the rows of a table by one of its columns.

The rows are compared by the numbers in :func:`~tables.column` number `by`. Rows that are equal keep their order, as in
every stable method. Sorting twice by two columns therefore sorts by both, the second first. It takes about as long as
reading the table a few times over.

Parameters
----------
by : int
    The column.
"""


def test_the_first_line_is_the_summary_and_the_prose_after_it_the_text():
    summary, text = summaries.described(TEXT)
    assert summary == "Sort the rows of a table by one of its columns."
    assert text.startswith("The rows are compared by the numbers in tables.column number by. Rows that")
    assert "Parameters" not in text
    assert len(summaries.sentences(text)) == 4


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("of its columns.", "of its columns"),  # the first line is no sentence
        lambda text: text.replace("Sort the rows of a table by one of its columns.", "Sort rows."),
        lambda text: text.split("\n\n")[0],
        lambda text: text.replace(
            " Sorting twice by two columns therefore sorts by both, the second first.", " "
        ).replace(" It takes about as long as\nreading the table a few times over.", ""),  # too short to be summed up
    ],
)
def test_other_texts_are_passed_over(change):
    assert summaries.described(change(TEXT)) is None


def test_overlap_counts_shared_words_once_each():
    assert summaries.overlap("The cat sat.", "the cat sat") == 1
    assert summaries.overlap("a b", "c d") == summaries.overlap("", "c d") == 0
    assert summaries.overlap("the the the", "the cat") == pytest.approx(2 * 1 / 5)
    assert summaries.overlap("b a", "a b c d") == pytest.approx(2 * 2 / 6)
