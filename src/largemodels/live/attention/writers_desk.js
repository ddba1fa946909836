// Writing on: the buttons and dials, the pen that the model holds, and the draw of a character.

/** Buttons that let the model write, and the dials by which it draws; `turn(name, value)` for each of these. */
function writersDesk({ write, stop, turn, unit = "character" }) {
  const words = { temperature: (x) => (x ? x.toFixed(2) : "0: likeliest"), "top-p": (x) => (x < 1 ? x.toFixed(2) : "all") };
  const dial = (name, range) => slider(name, { step: 0.05, value: 1, write: words[name], ...range }, (x) => turn(name.replace("-", "_"), x));
  const [temperature, topP] = [dial("temperature", { min: 0, max: 2 }), dial("top-p", { min: 0.05, max: 1 })];
  let topK;
  const kPlace = h("div");
  let busy = false;
  const one = button(`Write one ${unit}`, () => write(1), { class: "lm-button ax-write" });
  const ten = button("Write ten", () => (busy ? stop() : write(10)), { class: "lm-button ax-write" });
  const back = button("Take back", () => stop(true));
  const element = h(
    "div",
    { class: "ax-writer", role: "group", "aria-label": "Let the model write on, at the end of the text" },
    h("div", { class: "ax-buttons" }, one, ten, back),
    h("div", { class: "ax-dials" }, temperature, kPlace, topP),
  );
  element.lay = (symbols) => {
    topK = slider("top-k", { min: 1, max: symbols, value: symbols, write: (k) => (k < symbols ? String(k) : "all") }, (k) => turn("top_k", k));
    kPlace.replaceChildren(topK);
  };
  element.set = (...values) => [temperature, topK, topP].forEach((one, i) => (one.value = values[i]));
  element.label = (writing, written) => {
    busy = writing > 0;
    ten.textContent = busy ? "Stop" : "Write ten";
    back.disabled = !written;
  };
  return element;
}

/**
 * What writes at the end of the text in `box`, and shows on the `desk` how far it is. `next()`: a character drawn by the
 * chances after the last, or null until the model has read all; then `goOn` is called again.
 * The result has `.left`, the characters still to be written, and `.written`, those at the end that the model wrote.
 */
function modelsPen({ box, desk, next, say }) {
  const pen = { left: 0, written: 0 };
  pen.label = () => desk.label(pen.left, pen.written);

  pen.write = (count) => {
    pen.stop();
    pen.left = count;
    pen.goOn();
    pen.label();
  };

  /** Hand the text over, longer by a character; go on when the answer comes. */
  pen.goOn = () => {
    const symbol = pen.left ? next() : null;
    if (symbol === null) return;
    pen.written += 1;
    box.write([...box.all(), symbol].join(""));
    pen.left -= 1;
    pen.label();
    if (!pen.left) say(`written: ${box.all().slice(-pen.written).map(spell).join(" ")}`);
  };

  /** Write no more; with `takeBack`, take what was written away. */
  pen.stop = (takeBack = false) => {
    pen.left = 0;
    if (takeBack) {
      const all = box.all();
      box.write(all.slice(0, all.length - pen.written).join(""));
    }
    pen.label();
  };

  /** The text has changed: unless the pen did it, the model wrote nothing of it. */
  pen.typed = () => {
    if (!pen.left) pen.written = 0;
  };
  return pen;
}

/** Draw a number of 0 to n − 1 with the chances that they have. */
function pick(chances) {
  let left = Math.random() * chances.reduce((a, b) => a + b, 0);
  let last = 0;
  for (let i = 0; i < chances.length; i++) {
    if (!(chances[i] > 0)) continue;
    last = i;
    left -= chances[i];
    if (left < 0) break;
  }
  return last;
}
