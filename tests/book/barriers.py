"""Ask axe-core what keeps readers out of a page. Of a page's code it is shown one piece of each look: it takes as long
for each of thousands, of which a few dozen differ."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# pieces that look as another does, on the ground on which that one stands, are mere text while it is asked
ASK = """async ([where, options]) => {
  const grounds = new Map([[null, ""]]);
  const ground = (el) => {
    if (!grounds.has(el)) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(el);
      const own = [backgroundColor, backgroundImage, opacity].join();
      const below = ground(el.parentElement);
      grounds.set(el, own === "rgba(0, 0, 0, 0),none,1" ? below : `${below} ${own}`);
    }
    return grounds.get(el);
  };
  const looks = new Set();
  const alike = [...document.querySelectorAll(".highlight pre span")].filter((el) => {
    if (el.closest("a") || el.firstElementChild) return false;
    const style = getComputedStyle(el);
    const seen = ["color", "fontSize", "fontWeight", "display", "visibility"].map((name) => style[name]);
    const look = [el.className, ...seen, ground(el)].join();
    return looks.has(look) || !looks.add(look);
  });
  const texts = alike.map((el) => [el, document.createTextNode(el.textContent)]);
  for (const [el, text] of texts) el.replaceWith(text);
  try {
    return (await axe.run(where, options)).violations;
  } finally {
    for (const [el, text] of texts) text.replaceWith(el);
  }
}"""


def barriers(page, rules: list[str] | None = None, parts: list[str] | None = None, but: str = "") -> list[str]:
    """Return serious and critical findings, of some ``rules`` and ``parts`` (selectors) alone, or without a part."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8") + ";0")
    where = {"include": parts or ["html"], "exclude": [but] if but else []}
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    return [
        f"{finding['id']}: {node['html'][:150]} ({node['failureSummary']})"
        for finding in page.evaluate(ASK, [where, options])
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
