"""What the tests of all widgets do with a page: count its draws, and wait for the next."""


def drawn(page):
    """Return how often the first widget of the page was drawn."""
    return int(page.locator("[data-drawn]").first.get_attribute("data-drawn"))


def settle(page, before):
    """Wait until the answer to the last change, after the draw numbered ``before``, is on the page."""
    page.wait_for_function(
        "before => { const el = document.querySelector('[data-drawn]');"
        " return Number(el.dataset.drawn) > before && el.dataset.state === 'ready'; }",
        arg=before,
    )
    page.wait_for_timeout(60)  # the last of several changes may still be waiting for its frame
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.state === 'ready'")
