// A text with a cell for each character, one of which is looked at.

/**
 * A text with a cell for each character, in its own lines; one is looked at: tapped, dragged to, or by arrow keys.
 *
 * `onLook(place)`: the reader looks at another. The result has `.cells`; `.lay(text, known, symbol)`, for characters
 * of which those that are not known are marked; and `.look(place, words)`, which marks one without calling onLook.
 */
function textLine(label, onLook) {
  const element = h("div", { class: "lm-line", role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 1 });
  element.cells = [];
  let now = 0;

  element.lay = (text, known, symbol) => {
    const before = element.cells;
    let same = 0; // cells at the beginning that stay
    while (same < Math.min(before.length, text.length) && before[same].character === text[same]) same++;
    for (const cell of before.slice(same)) [cell, cell.end].forEach((part) => part?.remove());
    const others = text.slice(same).map((character, i) => {
      const cell = h("span", { class: "lm-char", "data-place": same + i }, show(character));
      if (!known.has(character)) {
        cell.classList.add("lm-unknown");
        cell.title = `${spell(character)}: unknown, read as ${symbol}`;
      }
      return Object.assign(cell, { character, end: character === "\n" ? h("br") : null });
    });
    element.cells = [...before.slice(0, same), ...others];
    element.append(...others.flatMap((cell) => (cell.end ? [cell, cell.end] : [cell])));
  };

  element.look = (place, words) => {
    now = place;
    element.cells.forEach((cell, i) => cell.classList.toggle("lm-now", i === place));
    element.setAttribute("aria-valuemax", element.cells.length);
    element.setAttribute("aria-valuenow", place + 1);
    element.setAttribute("aria-valuetext", words);
  };

  /** The place of the character under a pointer, or −1. */
  element.under = (event) => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".lm-char");
    return cell && element.contains(cell) ? Number(cell.dataset.place) : -1;
  };

  const beside = (down) => {
    const { cells } = element;
    const { offsetTop: top, offsetLeft: left } = cells[Math.max(0, Math.min(now, cells.length - 1))]; // the text may be shorter now
    const tops = [...new Set(cells.map((cell) => cell.offsetTop))].sort((a, b) => a - b);
    const row = tops[tops.indexOf(top) + down];
    if (row === undefined) return now;
    const there = cells.map((cell, i) => i).filter((i) => cells[i].offsetTop === row);
    const distance = (i) => Math.abs(cells[i].offsetLeft - left);
    return there.reduce((best, i) => (distance(i) < distance(best) ? i : best));
  };

  const drag = (x, y, event) => {
    const place = element.under(event);
    element.focus({ preventScroll: true });
    if (place >= 0) onLook(place);
  };
  onDrag(element, drag, { touch: "pan-y" });
  withKeys(element, { "← →": "the one before or after", "↑ ↓": "the line above or below", "Home End": "the first, the last" });
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !element.cells.length) return;
    const last = element.cells.length - 1;
    const targets = {
      ArrowLeft: () => Math.max(0, now - 1),
      ArrowRight: () => Math.min(last, now + 1),
      ArrowUp: () => beside(-1),
      ArrowDown: () => beside(1),
      Home: () => 0,
      End: () => last,
    };
    if (!targets[event.key]) return;
    event.preventDefault(); // the page must not scroll as well
    event.stopPropagation(); // nor the notebook leave its cell
    onLook(targets[event.key]());
  });
  return element;
}
