"""A page stays open from test to test: its widgets are taken out and started anew, as when the page was loaded.

What costs most stays: the browser's work on a page, the runtime for models and what it has compiled. So a page that was
renewed has nothing to tell of what it loads and when; a test of that opens a page of its own.
"""

from collections import OrderedDict

OPEN = 6  # pages that stay, over all addresses

# what a page is before a test has touched it; names that come with the runtime are no test's
REMEMBER = """() => {
  const attributes = (el) => [...el.attributes].map(({ name, value }) => [name, value]);
  globalThis.renewal = {
    names: new Set([...Object.getOwnPropertyNames(globalThis), "renewal", "loadOnnxRuntime", "liveModels", "ort"]),
    random: Math.random,
    frame: requestAnimationFrame,
    looks: [document.documentElement, document.body].map((el) => [el, attributes(el)]),
  };
  renewal.names.delete("probes"); // those of the widgets that were started at first
}"""

RENEW = """async (fragment) => {
  const { names, random, frame } = renewal;
  Math.random = random;
  globalThis.requestAnimationFrame = frame;
  while (document.querySelector("[data-state=loading], [data-state=running]")) await new Promise(frame);
  dispatchEvent(new PageTransitionEvent("pagehide")); // host.js cleans up
  for (const el of document.querySelectorAll("[data-state], .live-message")) el.remove();
  for (const style of document.head.querySelectorAll("style")) if (style.textContent.includes(".lm-")) style.remove();
  for (const name of Object.getOwnPropertyNames(globalThis)) if (!names.has(name)) delete globalThis[name];
  for (const [el, before] of renewal.looks) {
    for (const name of el.getAttributeNames()) if (!before.some(([known]) => known === name)) el.removeAttribute(name);
    for (const [name, value] of before) if (el.getAttribute(name) !== value) el.setAttribute(name, value);
  }
  localStorage.clear();
  sessionStorage.clear();
  history.replaceState(null, "", fragment || location.pathname);
  scrollTo(0, 0);
  const { src } = [...document.scripts].find((script) => /\\/host\\.js(\\?|$)/.test(script.src));
  await new Promise((onload, onerror) => {
    document.head.append(Object.assign(document.createElement("script"), { src, onload, onerror }));
  });
  document.head.lastChild.remove();
}"""


class Renewed:
    """Pages by their address: ``renewed(url, **of Tabs)`` is the open one, its widgets started anew, or opens it."""

    def __init__(self, tabs):
        self._tabs = tabs
        self._open = OrderedDict()

    def __call__(self, url: str, *, width=1200, height=900, dark=False, touch=False):
        address, mark, fragment = url.partition("#")
        page = self._open.pop((address, touch), None)
        if page and not page.evaluate("'renewal' in globalThis"):  # a test went elsewhere
            self._tabs.shut(page)
            page = None
        if page:
            page.errors.clear()
            page.left.clear()
            page.bring_to_front()  # the timers of a page behind others are kept back, by a minute after five
            page.mouse.move(0, 0)
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.evaluate(RENEW, mark + fragment)
        else:
            page = self._tabs(url, width=width, height=height, dark=dark, touch=touch)
            page.evaluate(REMEMBER)
            page.asked = page.route = None  # a test of what is loaded opens a page of its own
        self._open[address, touch] = page
        if len(self._open) > OPEN:
            self._tabs.shut(self._open.popitem(last=False)[1])
        return page

    def forget(self, page) -> None:
        """Shut a page on which a test has failed."""
        for key in [key for key, one in self._open.items() if one is page]:
            self._tabs.shut(self._open.pop(key))

    def leave(self) -> None:
        """Shut all pages."""
        while self._open:
            self._tabs.shut(self._open.popitem()[1])
