"""A tab behind others, as a page has it: it is told so, and gets no frame. A browser without windows hides no tab."""

HIDE = """() => {
  const { requestAnimationFrame: ask, cancelAnimationFrame: cancel } = globalThis;
  globalThis.behind = { ask, cancel, waiting: new Map(), last: 1e9 };
  globalThis.requestAnimationFrame = (run) => (behind.waiting.set(++behind.last, run), behind.last);
  globalThis.cancelAnimationFrame = (frame) => behind.waiting.delete(frame) || cancel.call(globalThis, frame);
  Object.defineProperty(document, "hidden", { configurable: true, value: true });
  Object.defineProperty(document, "visibilityState", { configurable: true, value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}"""
SHOW = """() => {
  const { ask, cancel, waiting } = behind;
  Object.assign(globalThis, { requestAnimationFrame: ask, cancelAnimationFrame: cancel });
  delete globalThis.behind;
  delete document.hidden;
  delete document.visibilityState;
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  for (const run of waiting.values()) requestAnimationFrame(run);
}"""
# two looks with nothing between them: whatever was under way when the tab went behind has come to its end
REST = """async (look) => {
  const next = () => new Promise((done) => behind.ask.call(globalThis, done));
  for (let before; before !== (before = JSON.stringify(look())); ) for (let i = 0; i < 30; i++) await next();
  return look();
}"""


def hide(page):
    """Put a tab behind others."""
    page.evaluate(HIDE)


def at_rest(page, look):
    """Wait until what a function of a hidden page returns is the same twice; return it."""
    return page.evaluate(f"({REST})({look})")


def show(page):
    """Bring a hidden tab in front again."""
    page.evaluate(SHOW)
