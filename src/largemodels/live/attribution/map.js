// One map of attributions: its colours, the outline of what is drawn, and the same in words.

/** A map of size × size signed numbers; `.show(values, ink, of)` for the class of that name. */
function attributionMap(title, about, size) {
  const canvas = h("canvas", { class: "lm-pixels" });
  const line = svg("path", {});
  const outline = svg("svg", { class: "ap-outline", viewBox: `0 0 ${size} ${size}`, "aria-hidden": "true" }, line);
  const picture = h("div", { class: "ap-picture", role: "img" }, canvas, outline);
  const legend = legendBar(`Colours of ${title}`);
  const element = h(
    "figure",
    { class: "ap-map" },
    h("figcaption", {}, h("strong", {}, title), h("span", {}, about)),
    picture,
    legend,
  );
  return {
    element,
    show(values, ink, of) {
      const most = largest(values);
      const scale = colourScale(element, "diverging", -most, most);
      paint(canvas, values, size, size, scale);
      legend.show(scale);
      line.setAttribute("d", outlineOf(ink, size));
      picture.values = values; // at hand in the browser's console
      picture.setAttribute("aria-label", `${title} for ${of}: ${inWords(values, size)}`);
    },
  };
}

/** Where a map is strongest, for those who do not see it. */
function inWords(values, size) {
  const [low, high] = extent(values);
  if (low === 0 && high === 0) return "nothing is marked";
  const place = (value) => {
    const i = values.indexOf(value);
    return `row ${Math.floor(i / size) + 1}, column ${(i % size) + 1}`;
  };
  const parts = [];
  if (high > 0) parts.push(`most in favour ${format(high)} at ${place(high)}`);
  if (low < 0) parts.push(`most against ${format(low)} at ${place(low)}`);
  return parts.join("; ");
}

/** The border between ink and paper, as a path. */
function outlineOf(ink, size) {
  const dark = (row, column) =>
    row >= 0 && row < size && column >= 0 && column < size && ink[row * size + column] > 0.4;
  let path = "";
  for (let row = 0; row <= size; row++) {
    for (let column = 0; column <= size; column++) {
      if (dark(row, column) !== dark(row - 1, column)) path += `M${column} ${row}h1`;
      if (dark(row, column) !== dark(row, column - 1)) path += `M${column} ${row}v1`;
    }
  }
  return path;
}
