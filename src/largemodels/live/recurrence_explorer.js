// Draws a RecurrenceExplorer: time from left to right, the sum behind the chosen state, and what reaches the last one.
//
// inputs: x [t, 1], W [2, 1], U [2, 2], b [2]. outputs: from_input, from_state, total, states [t, 2]; norms [t], of the
// derivative of the last state by each; singular and radius [1], of U.

const UNITS = 2;
const REACH = 1; // the inputs that can be drawn go from −REACH to REACH
const LIMIT = 9; // of a number that is typed
const STRONGEST = 2; // largest singular value on the slider, unless U is stronger
const PACE = 700; // milliseconds a step when time runs by itself

export default {
  render({ model, el }) {
    const read = (name) => fromWire(model.get("inputs")[name]).data;
    const steps = read("x").length;
    const say = announcer();
    let now = Math.min(2, steps - 1); // the step that is written out
    let values = {}; // the outputs, by name
    let direction = [1, 0, 0, 1]; // of U when the slider brings it to zero

    // ---- the parts ----
    const time = timeline(steps, { read, halt, goTo, writeInput });
    const formula = stepFormula({ read, writeWeights, writeInput: (value) => writeInput(now, value, 1e-3, LIMIT) });
    const plane = statePlane(steps);

    // ---- stepping ----
    const back = button("‹ Back", () => (halt(), goTo(now - 1)));
    const forward = button("Forward ›", () => (halt(), goTo(now + 1)));
    const play = button("Play", () => (timer ? halt() : run()));
    const through = slider("", { min: 1, max: steps, value: now + 1, write: (t) => `step ${t} of ${steps}` }, (t) => {
      halt();
      goTo(t - 1);
    });
    through.querySelector("input").setAttribute("aria-label", "Step");
    let timer = 0;
    function run() {
      if (now === steps - 1) goTo(0);
      play.textContent = "Pause";
      timer = setInterval(() => {
        if (document.hidden) return; // it goes on where the reader left it
        if (now < steps - 1 && el.isConnected) goTo(now + 1);
        else halt();
      }, PACE);
    }
    function halt() {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
    }
    function goTo(step) {
      now = Math.max(0, Math.min(steps - 1, step));
      through.value = now + 1;
      drawStep();
      say(spoken());
    }

    // ---- what reaches the last state ----
    const verdict = h("p", { class: "rx-verdict" });
    const strength = slider(
      "Strength of U",
      { min: 0, max: STRONGEST, step: 0.01, value: 1, write: (value) => format(value) },
      (value) => {
        const most = largestSingular() || 1;
        const from = largestSingular() ? read("U") : direction;
        setInputs(model, { U: toWire([UNITS, UNITS], Array.from(from, (u) => (u * value) / most)) });
      },
    );
    const measures = h("p", { class: "rx-measures" });
    const [singular, radius] = [h("output"), h("output")];
    measures.append("largest singular value ", singular, ", spectral radius ", radius);
    const largestSingular = () => values.singular?.[0] ?? 0;

    // ---- choices ----
    const presets = choices("U that", PRESETS.map(({ name }) => name.toLowerCase()), -1, (i) => {
      const { W, U, x, name } = PRESETS[i];
      halt();
      setInputs(model, {
        x: toWire([steps, 1], Array.from({ length: steps }, (_, t) => SEQUENCES[x][1](t))),
        W: toWire([UNITS, 1], W),
        U: toWire([UNITS, UNITS], U),
        b: toWire([UNITS], Array(UNITS).fill(0)),
      });
      say(`${name}: ${PRESETS[i].note}`);
    });
    const note = h("p", { class: "rx-note" });
    const sequences = choices("Input", SEQUENCES.map(([name]) => name.toLowerCase()), -1, (i) => {
      setInputs(model, { x: toWire([steps, 1], Array.from({ length: steps }, (_, t) => SEQUENCES[i][1](t))) });
      time.hint.hidden = true;
      say(`input: ${SEQUENCES[i][0]}`);
    });

    function writeWeights(name, numbers) {
      const { shape } = model.get("inputs")[name];
      setInputs(model, { [name]: toWire(shape, numbers) });
    }

    function writeInput(step, value, grain, most = REACH) {
      const x = read("x");
      const rounded = Math.round(Math.max(-most, Math.min(most, value)) / grain) * grain;
      if (Math.abs(x[step] - rounded) < 1e-6) return;
      x[step] = rounded;
      time.hint.hidden = true;
      setInputs(model, { x: toWire([steps, 1], x) });
    }

    function spoken() {
      const state = [0, 1].map((unit) => format(values.states[now * UNITS + unit]));
      const norm = magnitude(values.norms[now], false);
      return `step ${now + 1}, input ${format(read("x")[now], 1)}, states ${state.join(" and ")}, gradient norm ${norm}`;
    }

    // ---- drawing ----
    let scale; // of the states, in the theme of the last draw

    function drawStep() {
      time.look(now, spoken());
      back.disabled = now === 0;
      forward.disabled = now === steps - 1;

      formula.draw(now, values, scale);
      plane.draw(now, values.states);

      const norm = values.norms[now];
      const last = now === steps - 1;
      const [first, end] = [`h${lowered(now + 1)}`, `h${lowered(steps)}`];
      verdict.replaceChildren(
        ...(last
          ? [`${end} is the last state. Step back to see how much of a small change survives until here.`]
          : [
              `A small change of ${first} reaches ${end} at most `,
              h("strong", {}, magnitude(norm)),
              ` times as large${norm < 0.1 ? ": its gradient vanishes." : norm > 10 ? ": its gradient explodes." : "."}`,
            ]),
      );
      verdict.dataset.value = String(norm);
    }

    function draw() {
      values = Object.fromEntries(Object.entries(model.get("outputs")).map(([name, wire]) => [name, fromWire(wire).data]));
      scale = colourScale(el, "diverging", -1, 1);
      formula.show();
      time.draw(values, scale, colourScale(el, "diverging", -3, 3));

      if (largestSingular() > 1e-6) direction = Array.from(read("U"), (u) => u / largestSingular());
      const knob = strength.querySelector("input");
      if (document.activeElement !== knob || Math.abs(strength.value - largestSingular()) > 0.02) {
        knob.max = Math.max(STRONGEST, Math.ceil(largestSingular())); // a matrix of the reader's own may be stronger
        strength.value = largestSingular();
      }
      writeNumber(singular, largestSingular());
      writeNumber(radius, values.radius[0]);

      const same = (name, wanted) => wanted.every((value, i) => Math.abs(value - read(name)[i]) < 1e-6);
      const chosen = PRESETS.findIndex((preset) => ["W", "U"].every((name) => same(name, preset[name])) && same("b", [0, 0]));
      presets.select(chosen);
      note.textContent = chosen < 0 ? "" : PRESETS[chosen].note;
      sequences.select(SEQUENCES.findIndex(([, shape]) => same("x", Array.from({ length: steps }, (_, t) => shape(t)))));
      drawStep();
    }

    el.append(
      h(
        "div",
        { class: "rx", "data-lm-suppress-shortcuts": "true" },
        presets,
        note,
        sequences,
        h("div", { class: "rx-sheet lm-answer" }, time.labels, time),
        h("div", { class: "rx-stepper" }, back, forward, play, through),
        h("div", { class: "rx-gradient" }, verdict, strength, measures),
        h("div", { class: "rx-middle" }, formula, plane),
      ),
      say.element,
    );
    const state = keepAndTake({
      el, model, say, kind: "recurrence", version: 1,
      forms: { x: someNumbers(steps), w: someNumbers(UNITS), u: someNumbers(UNITS * UNITS), b: someNumbers(UNITS), step: aWhole(1, steps) },
      read: () => ({ x: [...read("x")], w: [...read("W")], u: [...read("U")], b: [...read("b")], step: now + 1 }),
      restore({ x, w, u, b, step }) {
        halt();
        setInputs(model, { x: toWire([steps, 1], x), W: toWire([UNITS, 1], w), U: toWire([UNITS, UNITS], u), b: toWire([UNITS], b) });
        goTo(step - 1);
      },
      numbers() {
        const two = (name, t) => [...values[name].subarray(t * UNITS, (t + 1) * UNITS)];
        const head = ["step", "input", ...["from the input", "from the state", "sum", "state"].flatMap((name) => [`${name}, unit 1`, `${name}, unit 2`]), "gradient norm"];
        const rows = [...read("x")].map((x, t) => [t + 1, x, ...["from_input", "from_state", "total", "states"].flatMap((name) => two(name, t)), values.norms[t]]);
        const [W, U, b] = ["W", "U", "b"].map(read);
        const weights = [0, 1].map((unit) => [`unit ${unit + 1}`, W[unit], U[2 * unit], U[2 * unit + 1], b[unit]]);
        return [[head, ...rows], [["to", "W", "U from unit 1", "U from unit 2", "b"], ...weights], [["largest singular value", "spectral radius"], [values.singular[0], values.radius[0]]]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      halt();
      forget();
    };
  },
};
