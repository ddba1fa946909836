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
    const half = scale.middle ?? (scale.low + scale.high) / 2;
    middle.textContent = format(half, scale.low === -scale.high ? 0 : digits);
    high.textContent = format(scale.high, digits);
  };
  return element;
}

// ---- pointing --------------------------------------------------------------------------------

/**
 * Follow a mouse, pen or finger that is pressed on `surface`: onPoint(x, y, event), both from 0 to 1; onEnd() when it is
 * lifted or taken away. Until then no other counts: a second finger neither moves nor draws anything.
 * Fast strokes report every point between two frames. `touch` is what fingers may do to the page here, a touch-action:
 * "none", or "pan-y" where a finger that goes up or down should scroll. Returns nothing; listeners live with the element.
 */
function onDrag(surface, onPoint, { onEnd = () => {}, touch = "none" } = {}) {
  let held = null; // the id of the pointer that drags
  const drags = () => held !== null && surface.hasPointerCapture(held); // it may have been lost with its element
  const report = (event) => {
    const box = surface.getBoundingClientRect();
    const points = event.getCoalescedEvents?.() ?? [];
    for (const e of points.length ? points : [event]) {
      const x = (e.clientX - box.left) / box.width;
      const y = (e.clientY - box.top) / box.height;
      onPoint(Math.max(0, Math.min(1, x)), Math.max(0, Math.min(1, y)), event);
    }
  };
  const end = (event) => {
    if (event.pointerId !== held) return;
    held = null;
    onEnd();
  };
  surface.style.touchAction = touch;
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drags()) return;
    held = event.pointerId;
    surface.setPointerCapture(held);
    report(event);
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId === held && drags()) report(event);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "pointerleave"]) surface.addEventListener(name, end);
}

/**
 * A cursor on a grid that lies over `surface` (an .lm-surface around a canvas): dragged, tapped, or moved by arrow
 * keys (with Shift ten cells at a time; Home and End to the ends of the row).
 *
 * `size`: cells that the cursor covers, [rows, columns]; it stays inside the grid.
 * `onMove(row, column)`: top left cell, after the reader moved it or pressed where it is. `touch` as for onDrag.
 * `describe(row, column)`: the place in words.
 * The result has row, column, and place(row, column): move without calling onMove, e.g. to mirror another cursor;
 * resize(rows, columns) when the grid has changed.
 */
function gridCursor(surface, { label, rows, columns, size = [1, 1], describe, onMove, touch = "none" }) {
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

  function move(row, column, pressed = false) {
    const before = [cursor.row, cursor.column];
    place(row, column);
    if (!pressed && before[0] === cursor.row && before[1] === cursor.column) return;
    onMove(cursor.row, cursor.column);
    surface.setAttribute("aria-valuetext", words(cursor.row, cursor.column)); // onMove may have changed the numbers
  }

  const attributes = { role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0 };
  for (const [name, value] of Object.entries(attributes)) surface.setAttribute(name, value);
  surface.append(marker);
  const drag = (x, y, { type }) => {
    surface.focus({ preventScroll: true });
    const [row, column] = [Math.floor(y * rows - (size[0] - 1) / 2), Math.floor(x * columns - (size[1] - 1) / 2)];
    move(row, column, type === "pointerdown");
  };
  onDrag(surface, drag, { touch });
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

// ---- text ------------------------------------------------------------------------------------

/** A character as it can be seen on its own. */
function show(character) {
  if (character === "\n") return "⏎";
  if (character === "\t") return "⇥";
  if (character === " ") return "\u00a0";
  if (/\p{M}/u.test(character)) return `◌${character}`;
  if (/[\p{C}\p{Z}]/u.test(character)) return "\ufffd"; // controls, and what has no glyph
  return character;
}

/** A character in words, where its glyph alone does not tell. */
function spell(character) {
  const words = { "\n": "end of line", " ": "space", "\t": "tab" };
  return words[character] ?? `“${show(character)}”`;
}

function percentage(share) {
  if (share > 0 && share < 0.001) return "< 0.1%";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}%`;
}

/**
 * Where the reader types, with two notes below it: what is too long, and what the model does not know.
 *
 * `limit()`: of so many characters the last are read. `reader`: who reads them. `onText()`: the text is another, by
 * the reader's hand or by `write`; `onCaret()`: the caret was moved.
 * The result has all characters and those that are read, `.all()` and `.read()`; `.caret()`, the place of the character
 * before the caret among those that are read; `.write(text, caret)`; `.insert(symbol, place)` after a character that is
 * read; `.show(text)` where something else than that is read now, without calling onText; `.fit()` to the text's height;
 * and `.note(text, known, symbol)`, which names the characters of a text that are not known and read as `symbol`.
 */
function textBox({ label, placeholder, reader, limit, onText, onCaret = () => {} }) {
  const still = { spellcheck: "false", autocomplete: "off", autocapitalize: "off", autocorrect: "off" };
  const box = h("textarea", { class: "lm-box", rows: 3, ...still, "aria-label": label, placeholder });
  const cut = h("p", { class: "lm-quiet" });
  const strange = h("p", { class: "lm-strange" });
  const element = h("div", { class: "lm-text" }, box, cut, strange);
  const changed = () => {
    const { length } = element.all();
    cut.textContent = length > limit() ? `The ${reader} reads the last ${limit()} of ${length} characters.` : "";
    if (!length) strange.replaceChildren();
    element.fit();
    onText();
  };
  element.all = () => Array.from(box.value);
  element.read = () => element.all().slice(-limit());
  element.caret = () => {
    const dropped = Math.max(0, element.all().length - limit());
    return Math.max(0, Array.from(box.value.slice(0, box.selectionEnd)).length - 1 - dropped);
  };
  element.write = (text, caret = text.length) => {
    box.value = text;
    box.setSelectionRange(caret, caret);
    changed();
  };
  element.insert = (symbol, place) => {
    const all = element.all();
    const at = Math.max(0, all.length - limit()) + place + 1;
    all.splice(at, 0, symbol);
    element.write(all.join(""), all.slice(0, at + 1).join("").length);
  };
  element.show = (text) => {
    if (element.read().join("") === text) return;
    box.value = text;
    element.fit();
  };
  element.fit = () => {
    if (CSS.supports("field-sizing", "content")) return; // the style does it
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 220)}px`;
  };
  element.note = (text, known, symbol) => {
    const others = [...new Set(text.filter((character) => !known.has(character)))];
    const one = others.length === 1;
    const some = others.slice(0, 12).map((other) => h("span", { class: "lm-char lm-unknown" }, show(other)));
    const more = others.length > 12 ? `and ${others.length - 12} more. ` : "";
    const reads = `It reads ${symbol} in ${one ? "its" : "their"} place.`;
    const words = `The ${reader} does not know ${one ? "this character" : "these characters"}: `;
    strange.replaceChildren(...(others.length ? [words, ...some, ` ${more}${reads}`] : []));
  };
  box.addEventListener("input", changed);
  for (const event of ["keyup", "click", "select"]) box.addEventListener(event, () => onCaret());
  return element;
}

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
    const { offsetTop: top, offsetLeft: left } = cells[now];
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

// ---- the life of a view ----------------------------------------------------------------------

/**
 * Draw now and whenever the numbers, the theme or the screen's pixels change, and show what the kernel has to complain
 * about.
 * Call it last in render and return what it returns: the cleanup.
 *
 * Nothing is drawn while `el` is out of the document, where it has no colours: notebooks render before they attach,
 * and take cells away that are scrolled out of sight. After every draw of new outputs, el.dataset.drawn counts one up.
 */
function keepDrawn(el, model, draw) {
  let count = 0;
  let frame = 0;
  let fresh = true; // there are outputs that were not drawn
  let waiting = false; // for the document, with something to draw
  const attached = new ResizeObserver(() => waiting && el.isConnected && now());
  const now = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    waiting = !el.isConnected;
    if (waiting) {
      attached.unobserve(el); // begin anew: out and back between two frames is no change of size
      attached.observe(el);
      return;
    }
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
  const forgetTheme = onTheme((dark) => {
    el.classList.toggle("lm-dark", dark);
    if (count) now(); // at once: paper does not wait for a frame
  });
  const forgetPixels = onPixelRatio(soon);
  model.on("change:outputs", answered);
  model.on("change:inputs", soon);
  model.on("change:error", complain);
  complain();
  now();
  return () => {
    forgetTheme();
    forgetPixels();
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

/** Call back when a pixel of the page has become more or fewer of the screen's: on another screen, or after a zoom. */
function onPixelRatio(callback) {
  let query;
  const listen = () => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`); // true now, so it changes when the ratio does
    query.addEventListener("change", changed, { once: true });
  };
  const changed = () => {
    listen();
    callback();
  };
  listen();
  return () => query.removeEventListener("change", changed);
}

// ---- the view itself -------------------------------------------------------------------------
