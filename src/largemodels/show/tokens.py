"""Texts cut into tokens."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from largemodels.show.style import figure, styled

SHADES = ("#D8E8F8", "#FBE3CF", "#D9EFDF", "#F3DCEC", "#F4ECC4")  # as in the live view
SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "$": r"\$"}  # as they can be seen, and as matplotlib takes for no formula
SIZE = 0.105  # inches that a character takes, in points of the figure's font


@styled
def cut_texts(rows: Mapping[str, Sequence[bytes]]) -> Figure:
    """Show texts cut into tokens, a row for each, every token in a colour, with their number at the end.

    A token that is part of a character is written as its bytes.

    Args:
        rows: what stands before the row → the bytes of its tokens.

    Raises:
        ValueError: no rows, or one without tokens.
    """
    if not rows or not all(rows.values()):
        raise ValueError("every row takes at least one token")
    seen = {name: [_seen(token) for token in tokens] for name, tokens in rows.items()}
    widest = max(sum(len(text) + 0.7 for text in texts) for texts in seen.values())
    before = max(map(len, seen)) + 1.5
    fig, (axes,) = figure(1, 1, SIZE * (before + widest + 11), 0.3 + 0.32 * len(rows))
    for row, (name, texts) in enumerate(seen.items()):
        axes.text(-1, row, name, ha="right", va="center", color="#374151")
        place = 0.0
        for i, text in enumerate(texts):
            width = len(text) + 0.5
            axes.add_patch(Rectangle((place, row - 0.38), width, 0.76, facecolor=SHADES[i % len(SHADES)]))
            axes.text(place + width / 2, row, text, family="monospace", size=9, ha="center", va="center")
            place += width + 0.2
        count = f"{len(texts)} token{'' if len(texts) == 1 else 's'}"
        axes.text(place + 1, row, count, va="center", color="#374151")
    axes.set(xlim=(-before, widest + 9), ylim=(len(rows) - 0.5, -0.5), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return fig


def _seen(token: bytes) -> str:
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return token.hex(" ").upper()
    return "".join(SIGNS.get(sign, sign) for sign in text)
