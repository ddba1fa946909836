"""The home page: the first screen reads a digit, and the map leads to every section."""

import re
from pathlib import Path

import pytest
import torch
import yaml
from driving import drawn, settle

from largemodels.models import ConvNet
from largemodels.train import load_weights

ROOT = Path(__file__).resolve().parents[2]
SCREENS = [(1200, 900), (390, 844)]
SIZE = 28
SEVEN = [(7, 5), (20, 5), (13, 23)]
FOUR = [[(10, 4), (8, 15), (21, 15)], [(18, 4), (18, 24)]]


@pytest.fixture
def home(book, serve, open_page):
    def start(fresh=False, **options):
        page = open_page(f"{serve(book)}/intro.html", fresh=fresh, **options)
        page.locator(".dr-board").wait_for()
        page.evaluate("document.fonts.ready.then(() => true)")
        return page

    return start


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_the_first_screen_says_what_this_is_and_holds_the_live_reader_whole(home, width, height):
    page = home(fresh=True, width=width, height=height)
    assert page.evaluate("scrollY") == 0
    for name in ("article h1", ".lead", ".dr-board", ".dr-answer", ".dr-class >> nth=9", ".dr-gallery"):
        box = page.locator(name).bounding_box()
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= height, name
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name
    words = page.locator(".lead").text_content().split()
    assert "for anyone who" in " ".join(words)
    assert len(words) < 30
    assert page.locator("main div.cell_input:visible").count() == 0  # no code in the way


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_a_digit_drawn_there_gets_the_answer_that_torch_gives(home, width, height):
    model = ConvNet()
    load_weights(ROOT / "assets/checkpoints/convnet.safetensors", model)
    page = home(width=width, height=height)
    for strokes, digit in (([SEVEN], "7"), (FOUR, "4")):
        page.get_by_role("button", name="Clear").click()
        before = drawn(page)
        box = page.locator(".dr-board").bounding_box()
        for start, *rest in strokes:
            at = [(box["x"] + x / SIZE * box["width"], box["y"] + y / SIZE * box["height"]) for x, y in (start, *rest)]
            page.mouse.move(*at[0])
            page.mouse.down()
            for point in at[1:]:
                page.mouse.move(*point, steps=4)
            page.mouse.up()
        settle(page, before)
        image = torch.tensor(page.evaluate("Array.from(document.querySelector('.dr-board').values)"))
        with torch.no_grad():
            wanted = model.eval()(image.view(1, 1, SIZE, SIZE))[0].softmax(0)
        shown = page.locator(".dr-class").evaluate_all("rows => rows.map(row => Number(row.dataset.value))")
        torch.testing.assert_close(torch.tensor(shown), wanted, atol=1e-5, rtol=0)
        assert page.locator(".dr-answer").text_content() == digit


def test_the_chapter_is_one_click_away(home):
    page = home()
    for link in ("network", "feature_maps"):
        assert page.locator(f"main a[href='chapters/cnn/{link}.html']").first.is_visible()
    page.locator("main a[href='chapters/cnn/network.html']").first.click()
    assert page.locator("article h1").text_content().startswith("2.2")


def test_the_map_leads_to_every_chapter_and_section(home):
    page = home()
    files = re.findall(r"chapters/(?:\w+/\w+|summary\b)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert len(files) > 10
    links = page.locator("main section:has(> .station) a:not(.headerlink)")
    hrefs = links.evaluate_all("links => links.map(link => link.getAttribute('href').replace('.html', ''))")
    assert set(hrefs) == set(files)
    assert len(hrefs) == len(set(hrefs))
    stations = page.locator("main section:has(> .station) > h3")
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    chapters = [chapter for part in parts for chapter in part["chapters"] if chapter["file"].endswith("/index")]
    assert stations.count() == len(chapters)
    styled = "all => all.every(one => getComputedStyle(one.parentElement).position === 'relative')"
    assert stations.evaluate_all(styled)  # home.css names the page by its title
