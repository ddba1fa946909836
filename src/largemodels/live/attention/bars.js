// Colours of the weights, strips of pixels, and bars.

/** The colours of a page, dark or not, and the letters of `line`. */
function openTheme(el, line, dark) {
  const style = getComputedStyle(el);
  const [ink, accent] = ["--lm-ink", "--lm-accent"].map((name) => style.getPropertyValue(name));
  const diverging = colourScale(el, "diverging", -1, 1);
  const upTo = (most) => ({ rgba: (value) => diverging.rgba(value / most) });
  const family = getComputedStyle(line).fontFamily;
  return { dark, ink, accent, family, weights: rooted(colourScale(el, "sequential", 0, 1)), upTo };
}

/** A scale on which small weights can be told apart: it is drawn by the square root. NaN is left out. */
function rooted(scale) {
  return {
    ...scale,
    middle: 0.25,
    rgba: (value) => (Number.isNaN(value) ? 0 : scale.rgba(Math.sqrt(value))),
    css: (value) => scale.css(Math.sqrt(value)),
    ink: (value) => scale.ink(Math.sqrt(value)),
  };
}

function pixelStrip() {
  return h("canvas", { class: "lm-pixels ax-strip", "aria-hidden": "true" });
}

/** A surface with a picture for `chart`. */
function chartOn(name) {
  const picture = svg("svg", { class: "ax-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
  return Object.assign(h("div", { class: `lm-surface ${name}` }, picture), { picture });
}

/**
 * Draw panels of bars below each other, one bar a column; from zero both ways, or up only; what is after `until` is shaded.
 * The bars of a kind are one path: a browser takes many elements longer than what they show.
 */
function chart(picture, columns, panels) {
  const marks = [];
  const rect = (name, x, y, width, height) => marks.push(svg("rect", { class: name, x, y, width, height }));
  let base = 0;
  for (const { values, reach, height, both, until = columns, now = -1 } of panels) {
    const zero = base + (both ? height / 2 : height);
    const unit = (both ? height / 2 : height) / reach;
    if (now >= 0) rect("ax-column", now, base, 1, height);
    if (until < columns - 1) rect("ax-hidden", until + 1, base, columns - until - 1, height);
    const bars = {};
    values.forEach((value, i) => {
      if (i > until) return;
      const name = both ? (value < 0 ? "ax-minus" : "ax-plus") : "ax-share";
      bars[name] = `${bars[name] ?? ""}M${i + 0.08} ${zero}v${-value * unit}h0.84V${zero}z`;
    });
    for (const [name, d] of Object.entries(bars)) marks.push(svg("path", { class: name, d }));
    marks.push(svg("path", { class: "ax-zero", d: `M0 ${zero}H${columns}` }));
    base += height + 6;
  }
  picture.setAttribute("viewBox", `0 0 ${columns} ${base - 6}`);
  picture.replaceChildren(...marks);
}
