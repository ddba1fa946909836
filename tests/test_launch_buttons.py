"""A page has launch buttons where its repository is known."""

import copy

import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PAGE = new_notebook(
    metadata={"kernelspec": notebooks.KERNEL},
    cells=[
        new_markdown_cell("# A page\n\nA formula, $x^2$.\n\n```{exercise}\n:label: one\n\nWhy?\n```"),
        new_markdown_cell("```{solution-start} one\n```"),
        new_code_cell("2 + 2", execution_count=1, outputs=[new_output("stream", text="4")]),
        new_markdown_cell("```{solution-end}\n```"),
    ],
)


@pytest.fixture
def build(build_page, tmp_path):
    def run(**environment) -> str:
        done, page = build_page(copy.deepcopy(PAGE), tmp_path, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return page.read_text(encoding="utf-8")

    return run


def test_a_page_without_a_repository_has_no_launch_buttons(build):
    page = build()
    assert "launch-buttons" not in page
    assert "og:url" not in page
    assert 'property="og:title" content="A page"' in page
    assert "thebe-config" not in page
    assert "THEBE_JS_URL" not in page
    assert 'class="solution dropdown admonition"' in page


def test_a_page_with_a_repository_can_be_launched(build):
    page = build(BOOK_REPOSITORY="Owner/book")
    assert "https://colab.research.google.com/github/Owner/book/blob/main/page.ipynb" in page
    assert "https://mybinder.org/v2/gh/Owner/book/main" in page
    assert 'property="og:url" content="https://owner.github.io/book/page.html"' in page
