"""What tests do with the menu at the foot of a widget: the link of what is set, and the files."""

import csv
import io

from driving import PATIENCE

STUB = "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined })"


def link_of(page, number=0):
    """Return what "Copy link" would copy."""
    page.evaluate(STUB)
    page.get_by_role("button", name="Copy link").nth(number).click()
    page.wait_for_function("n => document.querySelectorAll('.lm-sent')[n].value", arg=number)
    link = page.locator(".lm-sent").nth(number).input_value()
    page.evaluate("delete navigator.clipboard")
    return link


def state_of(page, number=0):
    return link_of(page, number).partition("#")[2]


def saved(page, what, number=0) -> tuple[str, bytes]:
    """Press one of the buttons and return the name of the file that comes, and the file."""
    with page.expect_download(timeout=PATIENCE) as coming:
        page.get_by_role("button", name=what, exact=True).nth(number).click()
    return coming.value.suggested_filename, coming.value.path().read_bytes()


def tables_in(content: bytes) -> list[list[list[str]]]:
    """Read a file of numbers: its tables, each a list of rows, the first of which names the columns."""
    text = content.decode("utf-8")
    assert text.startswith("\ufeff"), "a spreadsheet must know that it is UTF-8"
    rows = list(csv.reader(io.StringIO(text[1:], newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    tables = [[]]
    for row in rows:
        if any(row):
            tables[-1].append(row)
        else:
            tables.append([])
    return tables
