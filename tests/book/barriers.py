"""Ask axe-core what keeps readers out of a page."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def barriers(page, rules: list[str] | None = None, parts: list[str] | None = None, but: str = "") -> list[str]:
    """Return serious and critical findings, of some ``rules`` and ``parts`` (selectors) alone, or without a part."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8") + ";0")
    where = {"include": parts or ["html"], "exclude": [but] if but else []}
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("async (how) => (await axe.run(...how)).violations", [where, options])
    return [
        f"{finding['id']}: {node['html'][:150]} ({node['failureSummary']})"
        for finding in found
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
