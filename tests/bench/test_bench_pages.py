"""Pages are measured beside those of another commit."""

import subprocess
from pathlib import Path

import pytest
from bench.browsing import ANSWERS
from bench.pages import AT_MOST, Pages, _beside, default_base, resolve

# ---- pages ---------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    """A git repository with two commits on main: ``(folder, git)``, where ``git(*arguments)`` runs it there."""

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        return subprocess.run(
            ["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
        )

    git("init", "--quiet", "--initial-branch=main")
    for text in ("one", "two"):
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", text)
    return tmp_path, git


def test_pages_are_measured_beside_where_the_work_left_main(repository):
    folder, git = repository
    assert default_base(folder) == "HEAD~1"  # nothing is new but the last commit
    (folder / "page.md").write_text("three", encoding="utf-8")
    tip = resolve("main", folder)
    assert default_base(folder) == tip
    git("switch", "--quiet", "--create", "work")
    git("commit", "--quiet", "--all", "--message", "three")
    assert default_base(folder) == tip
    git("branch", "--quiet", "--delete", "--force", "main")
    assert default_base(folder) == "HEAD~1"


def test_a_base_that_is_no_commit_is_named(repository):
    with pytest.raises(ValueError, match="no a commit named lost"):
        resolve("lost", repository[0])


class Tabs:
    """Stands in for a browser in which the book of now takes 1.2 times as long as the other, but for bad moments."""

    def __init__(self):
        self.times = {
            "base": iter([100.0, 900.0, 100.0, 100.0, 130.0]),
            "now": iter([700.0, 120.0, 120.0, 300.0, 120.0]),
        }

    def measure(self, case, book):
        return next(self.times[book.name])


def test_a_page_is_held_to_its_best_beside_the_bases_best():
    case = type("Case", (), {"name": "a page"})()
    found = {"base": "0123456789abcdef", **_beside(Tabs(), case, Path("base"), Path("now"), rounds=4)}
    assert found["milliseconds_base"]["median"] == 115
    assert found["beside_base"]["upper"] > 1.2
    assert found["best_beside_base"] == pytest.approx(1.2)
    pages = Pages()
    (floor,) = pages.floors({"answers": [found]})
    assert floor["claim"] == "a page, beside 012345678"
    assert floor["holds"]
    (floor,) = pages.floors({"paint": [{**found, "best_beside_base": 1.3}]})
    assert not floor["holds"]
    table = "\n".join(pages.tables({"answers": [found]}))
    assert "| a page |" in table
    assert "1.20" in table


@pytest.mark.parametrize("milliseconds", [49.0, 51.0])
def test_a_keystroke_in_the_text_that_is_cut_into_tokens_is_held_to_50_milliseconds(milliseconds):
    assert set(AT_MOST) <= {case.name for case in ANSWERS}
    found = {
        "base": "0123456789abcdef",
        "case": "tokens: an answer",
        "milliseconds": {"median": milliseconds},
        "best_beside_base": 1.0,
    }
    (beside, keystroke) = Pages().floors({"answers": [found]})
    assert beside["holds"]
    assert (keystroke["limit"], keystroke["holds"]) == (50, milliseconds < 50)
