"""Leave out of a theme's styles what no page can use: rules for classes that nothing names."""

import re

COMMENT = re.compile(r"/\*.*?\*/", re.S)
RULE = re.compile(r"([^{};]+)\{([^{}]*)\}")
EMPTY = re.compile(r"@(?:media|supports)[^{};]*\{\s*\}")
INSIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")  # what stands in :not(), :is() and the like, and attributes


def words(text: str) -> set[str]:
    """Return whatever in a page or a script may be the name of a class, or begin one that a script puts together."""
    return set(re.findall(r"[\w-]+", text))


def thinned(css: str, named: set[str]) -> str:
    """Return the styles without the selectors that ask for a class which is not ``named``.

    A selector stays if all its classes are named, or are put together from a named beginning such as ``bs-tooltip-``.
    What stands in brackets does not count, for ``:not(.a)`` and ``:is(.a, .b)`` match without ``.a``. Licences stay.
    """

    def keep(rule: re.Match) -> str:
        if rule[1].lstrip().startswith("@"):
            return rule[0]
        selectors = [one for one in _selectors(rule[1]) if all(_may_be(name, named) for name in _classes(one))]
        return f"{','.join(selectors)}{{{rule[2]}}}" if selectors else ""

    licences = "".join(comment for comment in COMMENT.findall(css) if comment.startswith("/*!"))
    return licences + EMPTY.sub("", RULE.sub(keep, COMMENT.sub("", css)))


def _selectors(group: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in group:
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _classes(selector: str) -> list[str]:
    """Return the classes that an element must have; none where a name is written with an escape."""
    if "\\" in selector:
        return []
    while (bare := INSIDE.sub("", selector)) != selector:
        selector = bare
    return re.findall(r"\.(-?[A-Za-z_][\w-]*)", selector)


def _may_be(name: str, named: set[str]) -> bool:
    beginnings = (name[: i + 1] for i, character in enumerate(name) if character == "-" and i > 1)
    return name in named or any(beginning in named for beginning in beginnings)
