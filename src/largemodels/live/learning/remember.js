// One network that remembers: what it answers, its states, and how much of the gradient reaches each step.

const NETWORKS = ["plain RNN", "LSTM"];
const LETTERS = "ABCDwxyz"; // the first four may begin a sequence, the others follow
const SYMBOLS = 4;
const TICKS = [
  [1, "1"],
  [1e-3, "10⁻³"],
  [1e-6, "10⁻⁶"],
];

/** One network: `.element`, and `.draw(…)` of its numbers; states are [steps, units], what else is by step or letter. */
function rememberer(name) {
  const answer = h("p", { class: "lr-answer" });
  const canvas = h("canvas", { class: "lm-pixels", role: "img" });
  const bars = stepBars({ floor: -6, ticks: TICKS });
  const reached = h("p", { class: "lr-reached" });
  const element = h(
    "section",
    { class: "lr-network", "aria-label": name },
    h("div", { class: "lr-head" }, h("b", {}, name), answer),
    canvas,
    bars,
    reached,
  );

  function draw({ scale, truth, answers, states, reach, right, tested, units }) {
    const steps = reach.length;
    const best = answers.indexOf(Math.max(...answers));
    const good = best === truth;
    answer.replaceChildren(
      "says ",
      h("span", { class: good ? "lr-right" : "lr-wrong" }, `${LETTERS[best]} ${good ? "✓" : "✗"}`),
      ` (${Math.round(100 * answers[best])}% sure); right in `,
      h("output", {}, String(right)),
      ` of ${tested}`,
    );
    const upright = new Float32Array(states.length); // a row for each unit, a column for each step
    states.forEach((value, i) => (upright[(i % units) * steps + Math.floor(i / units)] = value));
    paint(canvas, upright, units, steps, scale);
    canvas.values = upright;
    canvas.setAttribute("aria-label", `The ${units} hidden units of the ${name} after each of ${steps} steps`);
    const share = reach[0];
    const words = `Gradient of the ${name}: 1 at the question, ${magnitude(share, false)} at the first letter, ${steps - 1} steps back`;
    bars.draw(reach, 0, words);
    reached.replaceChildren("Of the gradient, ", h("strong", {}, magnitude(share)), ` reaches the first letter, ${steps - 1} steps back.`);
    reached.dataset.value = String(share);
  }
  return { element, draw };
}

/** Set the biases of the LSTM's gates in flat first weights: forget gates to `biases`; input gates to their negatives, or 0. */
function setGates(weights, parts, units, biases, both) {
  let at = 0;
  for (const { name, shape } of parts) {
    const [size, bias] = [shape.reduce((a, b) => a * b, 1), name.match(/^lstm\.bias_(ih|hh)/)?.[1]];
    if (bias) weights.fill(0, at, at + 2 * units);
    if (bias === "ih") {
      biases.forEach((value, i) => {
        weights[at + units + i] = value;
        if (both) weights[at + i] = -value;
      });
    }
    at += size;
  }
}
