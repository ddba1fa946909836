// What a recurrent layer computes for each unit: names, signs, and the ends of their colours.

const QUANTITIES = {
  cell: { name: "cell", sign: "c", ends: [-3, 3] }, // beyond, its tanh hardly changes
  hidden: { name: "hidden state", sign: "h", ends: [-1, 1] },
  input_gate: { name: "input gate", sign: "i", ends: [0, 1] },
  forget_gate: { name: "forget gate", sign: "f", ends: [0, 1] },
  output_gate: { name: "output gate", sign: "o", ends: [0, 1] },
  reset_gate: { name: "reset gate", sign: "r", ends: [0, 1] },
  update_gate: { name: "update gate", sign: "z", ends: [0, 1] },
  candidate: { name: "candidate", sign: "g", ends: [-1, 1] },
};

/** The colours of a quantity, found once for each draw: `.forget()` before the next, whose theme may be another. */
function colourScales(el) {
  const scales = new Map();
  const scaleOf = ({ ends }) => {
    const key = ends.join();
    if (!scales.has(key)) scales.set(key, colourScale(el, ends[0] < 0 ? "diverging" : "sequential", ...ends));
    return scales.get(key);
  };
  scaleOf.forget = () => scales.clear();
  return scaleOf;
}

/** Colour a cell for each character by its value, `valueAt(place)`. */
function paintCells(cells, valueAt, colour) {
  cells.forEach((cell, t) => {
    const value = valueAt(t);
    cell.style.background = colour.css(value);
    cell.style.color = colour.ink(value);
    cell.dataset.value = String(value);
  });
}
