// Numbers as colours: scales, pixels and the bar that explains them.

/**
 * A colour scale over [low, high], in the theme of the widget `el` (stops stand in look.css).
 * "diverging": zero is the colour of the paper, negative blue, positive orange; pass low = −high.
 * "sequential": low is the colour of the paper. "grey": black to white, for photographs.
 */
function colourScale(el, name, low, high) {
  const stops = readStops(el, name);
  const colours = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = stops[k].map((from, channel) => Math.round(from + (stops[k + 1][channel] - from) * (at - k)));
    colours[i] = (255 << 24) | (b << 16) | (g << 8) | r; // little-endian RGBA
  }
  const span = high > low ? high - low : 1;
  const index = (value) => Math.max(0, Math.min(255, Math.round(((value - low) / span) * 255)));
  return {
    low,
    high,
    rgba: (value) => colours[index(value)],
    /** The colour of a value for a CSS property, and whether dark or light text reads on it. */
    css: (value) => `rgb(${split(colours[index(value)]).join(" ")})`,
    ink: (value) => (luminance(split(colours[index(value)])) > 0.18 ? "#000" : "#fff"),
    gradient: `linear-gradient(to right, ${stops.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`,
  };
}

const stopsRead = new WeakMap(); // a view → its stops, by name and theme

/** The stops of a scale; read once, since a browser that is asked for a style has to work out all that changed. */
function readStops(el, name) {
  const view = el.closest(".lm") ?? el;
  const key = `${name} ${view.classList.contains("lm-dark")}`;
  if (!stopsRead.has(view)) stopsRead.set(view, new Map());
  const known = stopsRead.get(view);
  if (!known.has(key)) {
    const stops = getComputedStyle(el).getPropertyValue(`--lm-${name}`).split(",").map(readHex);
    if (!view.matches(".lm") || !view.isConnected || stops.length < 2) return stops; // not dressed yet
    known.set(key, stops);
  }
  return known.get(key);
}

function readHex(text) {
  const n = parseInt(text.trim().slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

function split(rgba) {
  return [rgba & 255, (rgba >> 8) & 255, (rgba >> 16) & 255];
}

/** Relative luminance as WCAG defines it; above 0.18 black text has the better contrast. */
function luminance(rgb) {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Draw rows × columns numbers, one pixel each, in turn (sight.js); CSS enlarges the canvas with hard edges. */
function paint(canvas, values, rows, columns, scale) {
  paintInTurn(canvas, () => {
    if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
    const pixels = new ImageData(columns, rows);
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < words.length; i++) words[i] = scale.rgba(values[i]);
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  });
}

/** The bar that says what the colours mean; `.show(scale)` after every change of range. */
function legendBar(label) {
  const [low, middle, high] = [h("span"), h("span"), h("span")];
  const bar = h("span", { class: "lm-bar" });
  const element = h("div", { class: "lm-legend", role: "group", "aria-label": label }, bar, low, middle, high);
  element.show = (scale, digits = 2) => {
    bar.style.background = scale.gradient;
    low.textContent = format(scale.low, digits);
    const half = scale.middle ?? (scale.low + scale.high) / 2;
    middle.textContent = format(half, scale.low === -scale.high ? 0 : digits);
    high.textContent = format(scale.high, digits);
  };
  return element;
}
