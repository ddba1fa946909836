// The text as the model read it, with lines to what a character looks at.

/** The text as the model read it, shaded by the weights of the character, or other unit, that looks: a textLine with `draw`. */
function readLine({ look, glance, unit = "character" }) {
  const line = textLine(`The text as the model read it: arrow keys move from ${unit} to ${unit}`, look);
  const arcs = svg("svg", { class: "ax-arcs", "aria-hidden": "true" });
  line.prepend(arcs);
  line.classList.add("ax-line");
  line.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const place = line.under(event);
    glance(place < 0 ? undefined : place);
  });
  line.addEventListener("pointerleave", () => glance());

  const spot = (cell) => [cell.offsetLeft + cell.offsetWidth / 2, cell.offsetTop, cell.offsetHeight];
  /** Shade the characters. */
  line.mark = ({ answer, layer, head, t, s, theme, written }) => {
    const weights = answer.weights(layer, head, t);
    const scale = theme.weights;
    line.cells.forEach((cell, i) => {
      cell.style.background = i > t ? "" : scale.css(weights[i]);
      cell.style.color = i > t ? "" : scale.ink(weights[i]);
      cell.classList.toggle("ax-later", i > t);
      cell.classList.toggle("ax-written", i >= answer.text.length - written);
      cell.classList.toggle("ax-pair", i === s && s !== t);
      cell.dataset.value = String(weights[i]);
    });
    arcs.replaceChildren();
  };

  /** Shade the characters, and draw lines to those that are looked at. */
  line.draw = (place) => {
    line.mark(place);
    const { answer, layer, head, t } = place;
    const weights = answer.weights(layer, head, t);
    const paths = [];
    const [x, y] = spot(line.cells[t]);
    for (let i = 0; i < t; i++) {
      if (weights[i] < FAINTEST) continue;
      const [x0, y0, tall] = spot(line.cells[i]);
      const [rise, end] = y === y0 ? [-Math.min(18, 6 + Math.abs(x - x0) / 8), y0] : [22, y0 + tall];
      const d = `M${x} ${y}C${x} ${y - Math.abs(rise)} ${x0} ${end + rise} ${x0} ${end}`;
      paths.push(svg("path", { d, "stroke-width": 1 + 6 * weights[i], opacity: 0.3 + 0.7 * weights[i], "data-place": i, "data-value": weights[i] }));
    }
    arcs.replaceChildren(...paths);
  };
  return line;
}
