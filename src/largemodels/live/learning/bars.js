// A bar for each step, in a row: of sizes from a floor to 1 on a logarithmic scale, or of shares.

/**
 * Bars in a row, as wide as the columns above them. `.draw(values, marked, words)`: the one at `marked` stands out.
 * With `floor`, a power of ten such as −6, the height is logarithmic, and what is smaller has no height.
 */
function stepBars({ floor = 0, ticks = [] } = {}) {
  const HEIGHT = 100;
  const high = (value) => {
    if (!floor) return Math.max(0, Math.min(1, value));
    return value > 0 ? Math.max(0, Math.min(1, 1 - Math.log10(value) / floor)) : 0;
  };
  const drawing = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  const marks = ticks.map(([value, text]) => {
    const at = h("span", { class: "lb-tick" }, text);
    at.style.bottom = `${100 * high(value)}%`;
    return at;
  });
  const element = h("div", { class: "lb", role: "img" }, drawing, ...marks);

  element.draw = (values, marked, words) => {
    drawing.setAttribute("viewBox", `0 0 ${values.length} ${HEIGHT}`);
    const lines = ticks.map(([value]) => {
      const y = HEIGHT * (1 - high(value));
      return svg("path", { d: `M0 ${y}H${values.length}`, class: "lb-line" });
    });
    const bars = Array.from(values, (value, i) => {
      const tall = HEIGHT * high(value);
      return svg("rect", { x: i + 0.12, y: HEIGHT - tall, width: 0.76, height: tall, ...(i === marked ? { class: "lb-marked" } : {}) });
    });
    drawing.replaceChildren(...lines, ...bars);
    element.setAttribute("aria-label", words);
  };
  return element;
}
