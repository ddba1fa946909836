// All units at all characters: the grid of their numbers, its cursor, and the letters above its columns.

const ROOM = 48; // characters that the map has room for before its columns become narrower

/**
 * `describe(row, column)`: a place in words; `look(row, column)`: the reader moved there. The result has `.lay(text)`, for
 * the letters; `.draw(values, units, colour)`, of which a row is a unit and a column a character; `.cursor`; `.caption`;
 * and `.rule(width)`, when `el`, of which the map takes the width, has another.
 */
function unitMap(el, { describe, look }) {
  let columns = 0;
  let wide = 0; // pixels
  const canvas = h("canvas", { "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface hx-map" }, canvas);
  const ruler = h("div", { class: "hx-ruler", "aria-hidden": "true" });
  const cursor = gridCursor(surface, {
    label: "All units, one a row, and all characters, one a column",
    rows: 1,
    columns: 1,
    describe,
    onMove: look,
  });
  const caption = h("p", { class: "lm-quiet" });
  const element = h("div", { class: "hx-all lm-answer" }, ruler, surface, caption);

  element.lay = (text) => {
    columns = text.length;
    ruler.replaceChildren(...text.map((character) => h("span", {}, show(character))));
  };

  /** Letter the columns, where they are wide enough; asked of the browser at every draw, the width would cost most. */
  element.rule = (width = wide || el.clientWidth) => {
    wide = width;
    ruler.hidden = wide / Math.max(columns, ROOM) < 8;
  };

  element.draw = (values, units, colour) => {
    paint(canvas, values, units, columns, colour);
    const share = `${(100 * columns) / Math.max(columns, ROOM)}%`;
    surface.style.width = ruler.style.width = share;
    surface.style.setProperty("--hx-units", units); // few units need no tall map
    element.rule();
    cursor.resize(units, columns);
  };
  return Object.assign(element, { surface, cursor, caption });
}
