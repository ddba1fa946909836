"""Widgets whose scripts lie in files that pages share start as others do, and say so where they cannot."""

import re

import book_views
import pytest
from probe_page import affine, message, wait_for, weighed  # noqa: F401
from widget_pages import write


@pytest.fixture
def site(tmp_path, static, affine, weighed):
    """A folder with two pages, as a built book has them."""
    (tmp_path / "_static").mkdir()
    for part in (static / "_static").iterdir():
        (tmp_path / "_static" / part.name).symlink_to(part)
    for name, views in {"one": [affine], "two": [weighed, affine]}.items():
        write(tmp_path / f"chapters/cnn/{name}.html", views)
    book_views.write_shared(tmp_path)
    assert list((tmp_path / "_static/views").glob("Probe-*.js"))
    return tmp_path


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_widget_finds_its_script(site, serve, open_page, scheme):
    path = site / "chapters/cnn/two.html"
    page = open_page(path.as_uri() if scheme == "file" else f"{serve(site)}/chapters/cnn/two.html")
    wait_for(page, "sum 11; product 10", 1)
    page.get_by_label("y").fill("1")
    wait_for(page, "sum 7; product 2", 1)


def test_a_script_that_cannot_be_fetched_leaves_a_sentence(site, serve, open_page):
    page = open_page(f"{serve(site)}/chapters/cnn/one.html")
    wait_for(page, "sum 11; product 10")
    page.route("**/views/*.js", lambda route: route.abort())
    page.reload()
    page.wait_for_function("document.querySelector('[data-state]')?.dataset.state === 'failed'")
    assert message(page) == "This widget could not start: its script could not be fetched."
    assert all(re.search("Failed to load resource|could not be fetched", text) for text in page.errors)
    page.errors.clear()
