"""The keys of a page's widgets: "?" and a button list what test_random_inputs.py holds every view to declare."""

import pytest
from test_pages import COLOURS
from visits import on_screen, pages, stand

DIALOG = "dialog.keys-help"
PAGES = ["chapters/transformer/heads", "chapters/cnn/feature_maps", "chapters/faq/society"]


@pytest.fixture(params=["http", "file"])
def read(request, book, serve, open_page):
    base = serve(book) if request.param == "http" else book.as_uri()

    def start(name, **options):
        page = stand(open_page(f"{base}/{name}.html", **options))
        page.wait_for_function("document.querySelector('[data-state=ready]')")
        return page

    return start


def listed(page) -> list[str]:
    return page.locator(f"{DIALOG} h3").all_inner_texts()


def test_a_question_mark_and_a_button_open_the_list_and_escape_leaves_it(read):
    page = read(PAGES[0])
    button = page.get_by_role("button", name="Keys on this page")
    button.click()
    assert page.locator(DIALOG).is_visible()
    assert len(listed(page)) >= 3
    assert listed(page)[-1] == "Everywhere"
    page.keyboard.press("Escape")
    assert not page.locator(DIALOG).is_visible()
    assert button.evaluate("button => button === document.activeElement")

    page.locator(".lm input[type=radio]").first.focus()
    page.keyboard.press("?")
    assert page.locator(DIALOG).is_visible()
    page.get_by_role("button", name="Close").click()
    assert not page.locator(DIALOG).is_visible()

    box = page.locator(".lm textarea").first
    box.focus()
    page.keyboard.press("End")
    page.keyboard.type("?")
    assert not page.locator(DIALOG).is_visible()  # it is a letter there
    assert "?" in box.input_value()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_the_list_has_no_serious_barrier_and_fits_a_phone(visit, axe, name, dark):
    page = on_screen(visit(name, dark=dark), {"width": 390, "height": 844})
    page.locator("[data-state=ready]").first.wait_for()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    try:
        box = page.locator(DIALOG).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert axe(page, COLOURS if dark else None, [DIALOG]) == []
    finally:
        page.keyboard.press("Escape")


@pytest.mark.parametrize("name", pages())
def test_a_page_with_a_widget_lists_every_key_that_is_declared_there(visit, name):
    page = on_screen(visit(name))
    marks = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
    button = page.get_by_role("button", name="Keys on this page")
    assert button.count() == (marks > 0)
    if marks:
        page.wait_for_function("document.querySelector('[data-state=ready]')")
        page.evaluate("document.querySelector('.keys-button').click()")
        known = "[...new Set([...document.querySelectorAll('[data-state] [data-keys]')]"
        known += ".filter((el) => el.checkVisibility({ visibilityProperty: true })).map((el) => el.dataset.keys))]"
        missing = f"{known}.flatMap((keys) => Object.keys(JSON.parse(keys)))"
        shown = f"[...document.querySelectorAll('{DIALOG} kbd')].map((kbd) => kbd.textContent)"
        assert page.evaluate(f"{missing}.filter((key) => !{shown}.includes(key))") == []
        page.keyboard.press("Escape")
        assert not page.locator(DIALOG).is_visible()
