// Writing on: the buttons, and the dials by which the model draws.

/**
 * Buttons that let the model write, `most` at a time where that is more than ten, and the dials by which it draws;
 * `turn(name, value)` for each of these, without which there are none.
 */
function writersDesk({ write, stop, turn, unit = "character", most = 0 }) {
  const words = { temperature: (x) => (x ? x.toFixed(2) : "0: likeliest"), "top-p": (x) => (x < 1 ? x.toFixed(2) : "all") };
  const dial = (name, range) => slider(name, { step: 0.05, value: 1, write: words[name], ...range }, (x) => turn(name.replace("-", "_"), x));
  const [temperature, topP] = [dial("temperature", { min: 0, max: 2 }), dial("top-p", { min: 0.05, max: 1 })];
  let topK;
  const kPlace = h("div");
  let busy = false;
  const one = button(`Write one ${unit}`, () => write(1), { class: "lm-button ax-write" });
  const ten = button("Write ten", () => (busy ? stop() : write(10)), { class: "lm-button ax-write" });
  const many = button(`Write ${most}`, () => write(most), { class: "lm-button ax-write", hidden: !most });
  const back = button("Take back", () => stop(true));
  const element = h(
    "div",
    { class: "ax-writer", role: "group", "aria-label": "Let the model write on, at the end of the text" },
    h("div", { class: "ax-buttons" }, one, ten, many, back),
    ...(turn ? [h("div", { class: "ax-dials" }, temperature, kPlace, topP)] : []),
  );
  element.lay = (symbols) => {
    topK = slider("top-k", { min: 1, max: symbols, value: symbols, write: (k) => (k < symbols ? String(k) : "all") }, (k) => turn("top_k", k));
    kPlace.replaceChildren(topK);
  };
  element.set = (...values) => [temperature, topK, topP].forEach((one, i) => (one.value = values[i]));
  element.label = (writing, written) => {
    busy = writing > 0;
    ten.textContent = busy ? "Stop" : "Write ten";
    many.disabled = busy;
    back.disabled = !written;
  };
  return element;
}
