// What a network in training looks like: its filters, and what they find in a drawing.

/** Filters, each a square of weights, over the maps that they make of the drawing. `.show(weights, maps)`. */
function filterSheet([count, , rows, columns]) {
  const filters = Array.from({ length: count }, () => h("canvas", { class: "lm-pixels", "aria-hidden": "true" }));
  const maps = Array.from({ length: count }, () => h("canvas", { class: "lm-pixels", "aria-hidden": "true" }));
  const cells = filters.map((filter, i) => h("div", { class: "see-filter" }, filter, maps[i]));
  const sheet = h("div", { class: "see-filters", role: "img" }, ...cells);
  const words = "The filters of the first layer, and below each what it finds in your drawing.";
  const element = h("figure", {}, sheet, h("figcaption", {}, words, " Orange is positive, blue negative."));
  element.show = (weights, found) => {
    const size = rows * columns;
    const own = weights.subarray(0, count * size);
    const most = largest(own) || 1;
    const scale = colourScale(sheet, "diverging", -most, most);
    const [, height, width] = found.shape;
    const top = largest(found.data) || 1;
    const heat = colourScale(sheet, "diverging", -top, top);
    filters.forEach((canvas, i) => paint(canvas, own.subarray(i * size, (i + 1) * size), rows, columns, scale));
    maps.forEach((canvas, i) => paint(canvas, found.data.subarray(i * height * width, (i + 1) * height * width), height, width, heat));
    sheet.setAttribute("aria-label", `${words} The largest weight is ${format(most, 2)}, the largest answer ${format(top, 2)}.`);
  };
  return element;
}

/** The filters of the first layer and what they find, as tables: a line for each number. */
function filterTables([count, , rows, columns], weights, { shape, data }) {
  const table = (name, values, height, width) => {
    const lines = Array.from(values, (value, i) => [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width].map((at) => at + 1).concat(value));
    return [["filter", "row", "column", name], ...lines];
  };
  return [table("weight", weights.subarray(0, count * rows * columns), rows, columns), table("answer to the drawing", data, ...shape.slice(-2))];
}

/** The form of drawings of so many pixels, each with its label, for keepState: [{pixels, label}]. */
const labelledDrawings = (count, classes) => {
  const one = aDrawing(count);
  const whole = aWhole(0, classes - 1);
  const read = (text) => {
    if (text === "none") return [];
    const all = text.split("-").map((part) => {
      const [label, ink] = part.split("z");
      return { label: whole.read(label), pixels: one.read(ink ?? "") };
    });
    return all.every(({ label, pixels }) => label !== undefined && pixels) ? all : undefined;
  };
  return { write: (all) => all.map(({ label, pixels }) => `${label}z${one.write(pixels)}`).join("-") || "none", read };
};

/** A drawing in the shades that a link holds, so that who opens it trains on the same. */
const inShades = (ink) => decodeInk(encodeInk(ink), ink.length);

/** A drawing as the network sees it: means of 2 × 2 pixels. */
function halved(ink, side) {
  const small = new Float32Array(side * side);
  for (let i = 0; i < small.length; i++) {
    const at = 4 * side * Math.floor(i / side) + 2 * (i % side);
    small[i] = (ink[at] + ink[at + 1] + ink[at + 2 * side] + ink[at + 2 * side + 1]) / 4;
  }
  return small;
}
