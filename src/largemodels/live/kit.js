// Shared by every live view: tensors, colours, drawing, pointing, controls.
// Python joins this file in front of the view's own, so these are plain functions without exports.

// ---- tensors ---------------------------------------------------------------------------------

/** Read a tensor of the model: {shape, data: bytes} becomes {shape, data: Float32Array}. */
function fromWire(wire) {
  const { buffer, byteOffset, byteLength } = wire.data;
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  if (wire.step === undefined) return { shape: wire.shape, data: new Float32Array(bytes) };
  return { shape: wire.shape, data: Float32Array.from(new Uint8Array(bytes), (n) => n * wire.step) };
}

/** Write a tensor for the model; values in row-major order. */
function toWire(shape, values) {
  return { shape: [...shape], data: new DataView(Float32Array.from(values).buffer) };
}

/** Hand new inputs to the function; inputs not named keep their value. */
function setInputs(model, changed) {
  model.set("inputs", { ...model.get("inputs"), ...changed });
  model.save_changes();
}

/** The largest magnitude: what a diverging scale spans on both sides of zero. */
function largest(values) {
  let most = 0;
  for (const v of values) if (Math.abs(v) > most) most = Math.abs(v);
  return most;
}

/** The smallest and the largest of some numbers. */
function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** Write a number with fixed decimals, a true minus sign, and no "−0.00". */
function format(number, digits = 2) {
  const text = Math.abs(number).toFixed(digits);
  return (number < 0 && Number(text) !== 0 ? "−" : "") + text;
}

// ---- elements --------------------------------------------------------------------------------

/**
 * Build an element: h("button", {class: "lm-button", onclick: f, "aria-label": "…"}, "text", child).
 * Strings become text, never HTML; `on…` functions become listeners; null, undefined and false leave a property out.
 */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** An identifier that no other widget of the page has: for labels and radio groups. */
function uniqueId(prefix = "lm") {
  return `${prefix}-${Math.random().toString(36).slice(2, 10)}`;
}

/** A push button. */
function button(label, onclick, properties = {}) {
  return h("button", { type: "button", class: "lm-button", onclick, ...properties }, label);
}

/**
 * One of several: radio buttons that look like chips. `names` are the texts (or nodes, with `labels` as spoken names).
 * `.select(index)` marks one without calling `onChoose`; −1 marks none.
 */
function choices(legend, names, selected, onChoose, labels = names) {
  const group = uniqueId();
  const radios = names.map((_, i) =>
    h("input", { type: "radio", name: group, "aria-label": labels[i], onchange: () => onChoose(i) }),
  );
  const element = h(
    "fieldset",
    { class: "lm-choices" },
    h("legend", {}, legend),
    ...names.map((name, i) => h("label", { class: "lm-chip" }, radios[i], h("span", {}, name))),
  );
  element.select = (index) => radios.forEach((radio, i) => (radio.checked = i === index));
  element.select(selected);
  return element;
}

/** A slider with its label and its value in words; `write(value)` words it. `.value` reads and sets. */
function slider(label, { min, max, step = 1, value, write = String }, onSlide) {
  const shown = h("output", {}, write(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-valuetext": write(value) });
  const show = () => {
    shown.textContent = write(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    show();
    onSlide(Number(input.value));
  });
  const element = h("label", { class: "lm-slider" }, h("span", {}, label), input, shown);
  Object.defineProperty(element, "value", {
    get: () => Number(input.value),
    set: (number) => {
      input.value = number;
      show();
    },
  });
  return element;
}

/**
 * A field for one number, an input element with `.number`, and `.show(number)` to set it from outside.
 * What is not a number is never passed on, and is put back when the reader leaves; beyond min and max, the end counts.
 */
function numberField(label, { value, step = 0.1, digits = 3, min, max }, onChange) {
  const tidy = (number) => String(Number(number.toFixed(digits)));
  const input = h("input", { type: "number", class: "lm-number", step, min, max, value: 0, "aria-label": label });
  input.show = (number) => {
    const typing = document.activeElement === input && Math.fround(input.valueAsNumber) === Math.fround(number);
    input.number = number;
    if (!typing) input.value = tidy(number); // "1." stays as typed
  };
  input.show(value);
  input.addEventListener("input", () => {
    if (!Number.isFinite(input.valueAsNumber)) return;
    input.number = Math.max(min ?? -Infinity, Math.min(max ?? Infinity, input.valueAsNumber));
    onChange(input.number);
  });
  input.addEventListener("blur", () => (input.value = tidy(input.number)));
  return input;
}

/** A polite announcement for screen readers: append `.element` once, then call `say(text)`; quick changes are merged. */
function announcer() {
  const element = h("p", { class: "lm-hidden", "aria-live": "polite" });
  let timer = 0;
  const say = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = text), 400);
  };
  say.element = element;
  return say;
}

// ---- colours and pixels ----------------------------------------------------------------------

/**
 * A colour scale over [low, high], in the theme of the widget `el` (stops stand in kit.css).
 * "diverging": zero is the colour of the paper, negative blue, positive orange; pass low = −high.
 * "sequential": low is the colour of the paper. "grey": black to white, for photographs.
 */
function colourScale(el, name, low, high) {
  const stops = getComputedStyle(el).getPropertyValue(`--lm-${name}`).split(",").map(readHex);
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

/** Draw rows × columns numbers, one pixel each; CSS enlarges the canvas with hard edges. */
function paint(canvas, values, rows, columns, scale) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const pixels = new ImageData(columns, rows);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < words.length; i++) words[i] = scale.rgba(values[i]);
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** The bar that says what the colours mean; `.show(scale)` after every change of range. */
function legendBar(label) {
  const [low, middle, high] = [h("span"), h("span"), h("span")];
  const bar = h("span", { class: "lm-bar" });
  const element = h("div", { class: "lm-legend", role: "group", "aria-label": label }, bar, low, middle, high);
  element.show = (scale, digits = 2) => {
    bar.style.background = scale.gradient;
    low.textContent = format(scale.low, digits);
    middle.textContent = format((scale.low + scale.high) / 2, scale.low === -scale.high ? 0 : digits);
    high.textContent = format(scale.high, digits);
  };
  return element;
}

// ---- pointing --------------------------------------------------------------------------------

/**
 * Follow a mouse, pen or finger that is pressed on `surface`: onPoint(x, y, event), both from 0 to 1.
 * Fast strokes report every point between two frames. Returns nothing; listeners live with the element.
 */
function onDrag(surface, onPoint, onEnd = () => {}) {
  const report = (event) => {
    const box = surface.getBoundingClientRect();
    const points = event.getCoalescedEvents?.() ?? [];
    for (const e of points.length ? points : [event]) {
      const x = (e.clientX - box.left) / box.width;
      const y = (e.clientY - box.top) / box.height;
      onPoint(Math.max(0, Math.min(1, x)), Math.max(0, Math.min(1, y)), event);
    }
  };
  surface.style.touchAction = "none"; // a finger moves the cursor here, not the page
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    surface.setPointerCapture(event.pointerId);
    report(event);
  });
  surface.addEventListener("pointermove", (event) => {
    if (surface.hasPointerCapture(event.pointerId)) report(event);
  });
  surface.addEventListener("pointerup", onEnd);
  surface.addEventListener("pointercancel", onEnd);
}

/**
 * A cursor on a grid that lies over `surface` (an .lm-surface around a canvas): dragged, tapped, or moved by arrow
 * keys (with Shift ten cells at a time; Home and End to the ends of the row).
 *
 * `size`: cells that the cursor covers, [rows, columns]; it stays inside the grid.
 * `onMove(row, column)`: top left cell, after the reader moved it. `describe(row, column)`: the place in words.
 * The result has row, column, and place(row, column): move without calling onMove, e.g. to mirror another cursor;
 * resize(rows, columns) when the grid has changed.
 */
function gridCursor(surface, { label, rows, columns, size = [1, 1], describe, onMove }) {
  const marker = h("div", { class: "lm-cursor", "aria-hidden": "true" });
  const words = describe ?? ((row, column) => `row ${row + 1}, column ${column + 1}`);
  const cursor = { row: 0, column: 0, place, resize };
  let last;

  function resize(...now) {
    [rows, columns] = now;
    last = [rows - size[0], columns - size[1]];
    surface.setAttribute("aria-valuemax", (last[0] + 1) * (last[1] + 1) - 1);
    place(cursor.row, cursor.column);
  }

  function place(row, column) {
    cursor.row = Math.max(0, Math.min(last[0], row));
    cursor.column = Math.max(0, Math.min(last[1], column));
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(marker.style, {
      left: percent(cursor.column, columns),
      top: percent(cursor.row, rows),
      width: percent(size[1], columns),
      height: percent(size[0], rows),
    });
    surface.setAttribute("aria-valuenow", cursor.row * (last[1] + 1) + cursor.column);
    surface.setAttribute("aria-valuetext", words(cursor.row, cursor.column));
  }

  function move(row, column) {
    const before = [cursor.row, cursor.column];
    place(row, column);
    if (before[0] === cursor.row && before[1] === cursor.column) return;
    onMove(cursor.row, cursor.column);
    surface.setAttribute("aria-valuetext", words(cursor.row, cursor.column)); // onMove may have changed the numbers
  }

  const attributes = { role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0 };
  for (const [name, value] of Object.entries(attributes)) surface.setAttribute(name, value);
  surface.append(marker);
  onDrag(surface, (x, y) => {
    surface.focus({ preventScroll: true });
    move(Math.floor(y * rows - (size[0] - 1) / 2), Math.floor(x * columns - (size[1] - 1) / 2));
  });
  surface.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const { row, column } = cursor;
    const targets = {
      ArrowUp: [row - step, column],
      ArrowDown: [row + step, column],
      ArrowLeft: [row, column - step],
      ArrowRight: [row, column + step],
      Home: [row, 0],
      End: [row, last[1]],
    };
    if (!targets[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the page must not scroll as well
    event.stopPropagation(); // nor the notebook leave its cell
    move(...targets[event.key]);
  });
  resize(rows, columns);
  return cursor;
}

// ---- the life of a view ----------------------------------------------------------------------

/**
 * Draw now and whenever the numbers or the theme change, and show what the kernel has to complain about.
 * Call it last in render and return what it returns: the cleanup.
 *
 * Nothing is drawn while `el` is out of the document, where it has no colours: notebooks render before they attach,
 * and take cells away that are scrolled out of sight. After every draw of new outputs, el.dataset.drawn counts one up.
 */
function keepDrawn(el, model, draw) {
  let count = 0;
  let frame = 0;
  let fresh = true; // there are outputs that were not drawn
  const now = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!el.isConnected) return;
    draw();
    if (fresh) el.dataset.drawn = String(++count);
    fresh = false;
  };
  const soon = () => (frame ||= requestAnimationFrame(now));
  const answered = () => {
    fresh = true;
    now();
  };
  const problem = h("p", { class: "lm-problem", role: "status" });
  const complain = () => (problem.textContent = model.get("error") ?? "");

  el.classList.add("lm");
  el.append(problem);
  const forget = onTheme((dark) => {
    el.classList.toggle("lm-dark", dark);
    if (count) soon();
  });
  const attached = new ResizeObserver(() => fresh && now());
  attached.observe(el);
  model.on("change:outputs", answered);
  model.on("change:inputs", soon);
  model.on("change:error", complain);
  complain();
  now();
  return () => {
    forget();
    attached.disconnect();
    cancelAnimationFrame(frame);
    model.off("change:outputs", answered);
    model.off("change:inputs", soon);
    model.off("change:error", complain);
  };
}

/** Call back with true for a dark page, now and at every change: the book's theme, JupyterLab's, VS Code's, the system's. */
function onTheme(callback) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const { documentElement: html, body } = document;
  const isDark = () => {
    if (html.dataset.theme) return html.dataset.theme === "dark";
    if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
    if (body.dataset.vscodeThemeKind) return body.dataset.vscodeThemeKind.includes("dark");
    return system.matches;
  };
  const tell = () => callback(isDark());
  const observer = new MutationObserver(tell);
  observer.observe(html, { attributeFilter: ["data-theme"] });
  observer.observe(body, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  system.addEventListener("change", tell);
  tell();
  return () => {
    observer.disconnect();
    system.removeEventListener("change", tell);
  };
}

// ---- the view itself -------------------------------------------------------------------------
