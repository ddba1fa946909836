"""Tabs of one browser for many tests: what one page leaves behind, the next does not find."""

from driving import PATIENCE


class Tabs:
    """Open pages in tabs of their own: ``tabs(url, width=…, height=…, dark=…, touch=…, alone=…)``.

    Tabs share a context, and so the process that has drawn pages before, which halves the time until a page stands.
    What pages have stored goes when they are shut. A test that changes the context, as the clock does, has one of its
    own: ``alone=True``.
    """

    def __init__(self, chromium):
        self._chromium = chromium
        self._shared = {}

    def __call__(self, url: str, *, width=1200, height=900, dark=False, touch=False, alone=False):
        base = "file://" if url.startswith("file:") else "/".join(url.split("/")[:3]) + "/"
        page = self._context(touch, alone).new_page()
        page.alone, page.origin = alone, base.rstrip("/")
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        page.errors, page.left, page.asked = [], [], []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.errors.append(str(e)))
        asked, left = page.asked, page.left

        def ask(request):
            asked.append(request.url)
            if not request.url.startswith((base, "data:", "blob:")):
                left.append(request.url)

        page.on("request", ask)
        page.goto(url, wait_until="load")
        return page

    def shut(self, page) -> None:
        """Close a page, and forget what it has stored."""
        if page.alone:
            page.context.close()
            return
        session = page.context.new_cdp_session(page)
        session.send("Storage.clearDataForOrigin", {"origin": page.origin, "storageTypes": "all"})
        page.close()

    def close(self) -> None:
        """Close the contexts that are shared."""
        for context in self._shared.values():
            context.close()

    def _context(self, touch: bool, alone: bool):
        if not alone and touch in self._shared:
            return self._shared[touch]
        context = self._chromium.new_context(has_touch=touch, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        if not alone:
            self._shared[touch] = context
            context.new_page()  # stays, so that the process does as well
        return context


def blameless(page) -> None:
    """Assert that a page asked no other host for anything and wrote no error to the console."""
    assert not page.left, f"the page asked other hosts: {page.left}"
    assert not page.errors, f"errors in the console: {page.errors}"
