// Draws a RecurrenceExplorer: time from left to right, the sum behind the chosen state, and what reaches the last one.
//
// inputs: x [t, 1], W [2, 1], U [2, 2], b [2]. outputs: from_input, from_state, total, states [t, 2]; norms [t], of the
// derivative of the last state by each; singular and radius [1], of U.

const UNITS = 2;
const REACH = 1; // the inputs that can be drawn go from −REACH to REACH
const LIMIT = 9; // of a number that is typed
const STRONGEST = 2; // largest singular value on the slider, unless U is stronger
const PACE = 700; // milliseconds a step when time runs by itself

const pulse = (i) => (i === 0 ? 1 : 0);
const SEQUENCES = [
  ["One pulse", pulse],
  ["On, then off", (i) => (i === 1 ? 1 : i === 6 ? -1 : 0)],
  ["Always on", () => 0.5],
  ["To and fro", (i) => (i % 2 ? -0.5 : 0.5)],
  ["Silence", () => 0],
];
const turn = (size, degrees) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [c, -s, s, c].map((value) => Number((size * value).toFixed(2)));
};
const PRESETS = [
  {
    name: "Forgets",
    note: "Every step keeps a part of the state before it. The pulse fades, and so does its gradient.",
    W: [1, 1], U: [0.6, 0, 0, 0.3], x: 0,
  },
  {
    name: "Remembers",
    note: "U is the identity: what comes in stays, and the gradient arrives whole as long as the states are small.",
    W: [0.2, -0.1], U: [1, 0, 0, 1], x: 0,
  },
  {
    name: "Latches",
    note: "U is so strong that the states stick near −1 and 1, until an input tips them over. What is held so firmly hardly answers to small changes: its gradient vanishes.",
    W: [2, -2], U: [2, 0, 0, 2], x: 1,
  },
  {
    name: "Oscillates",
    note: "U turns the state by 45 degrees a step. The two units take turns, one period in 8 steps.",
    W: [0.8, 0], U: turn(1.05, 45), x: 0,
  },
  {
    name: "Explodes",
    note: "Every step makes the state larger by more than half. A tiny pulse grows until it fills the range, and a small change of the first state is a large one of the last.",
    W: [0.01, 0.01], U: turn(1.6, 20), x: 0,
  },
];

export default {
  render({ model, el }) {
    const read = (name) => fromWire(model.get("inputs")[name]).data;
    const steps = read("x").length;
    const say = announcer();
    let now = Math.min(2, steps - 1); // the step that is written out
    let values = {}; // the outputs, by name
    let direction = [1, 0, 0, 1]; // of U when the slider brings it to zero
    const sub = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

    // ---- time, from left to right ----
    const columns = Array.from({ length: steps }, (_, t) => {
      const bar = h("i");
      const cells = Array.from({ length: UNITS }, () => h("span", { class: "rx-cell" }));
      const norm = h("i");
      const input = h("span", { class: "rx-input" }, bar);
      const gradient = h("span", { class: "rx-norm" }, norm);
      const number = h("span", { class: "rx-number" }, String(t + 1));
      const state = h("span", { class: "rx-pair" }, ...cells);
      return { bar, cells, norm, element: h("span", { class: "rx-step" }, input, state, gradient, number) };
    });
    const surface = h(
      "div",
      { class: "rx-time", role: "slider", tabindex: 0, "aria-valuemin": 1, "aria-valuemax": steps },
      ...columns.map((column) => column.element),
    );
    surface.setAttribute("aria-label", "Step. Left and right arrow keys move through time, up and down change the input");
    const axis = [h("span"), h("span"), h("span")]; // top, 1, bottom of the gradient norms
    const change = ["‖", h("i", {}, "∂h"), sub(steps), "/", h("i", {}, "∂h"), h("sub", {}, "t"), "‖"];
    surface.append(
      h("span", { class: "rx-caption", "aria-hidden": "true" }, ...change, h("span", {}, ", what is left of a small change when the last state is reached")),
    );
    const labels = h(
      "div",
      { class: "rx-labels", "aria-hidden": "true" },
      h("span", { class: "rx-input" }, h("span", {}, "input ", h("i", {}, "x"), h("sub", {}, "t"))),
      h("span", { class: "rx-pair" }, ...[1, 2].map((unit) => h("span", { class: "rx-cell" }, `unit ${unit}`))),
      h("span", { class: "rx-norm" }, ...axis),
      h("span", { class: "rx-number" }, "step ", h("i", {}, "t")),
    );

    const hint = h("span", { class: "rx-hint", "aria-hidden": "true" }, "drag to draw the input");
    surface.append(hint);
    let drawing = false;
    const drag = (x, y, event) => {
      const place = Math.min(steps - 1, Math.floor(x * steps));
      const zone = columns[0].bar.parentElement.getBoundingClientRect();
      const height = surface.getBoundingClientRect().height;
      if (event.type === "pointerdown") {
        surface.focus({ preventScroll: true });
        drawing = event.clientY <= zone.bottom;
      }
      halt();
      if (drawing) writeInput(place, REACH * (1 - (2 * y * height) / zone.height), 0.1);
      if (place !== now) goTo(place);
    };
    onDrag(surface, drag, { touch: "pan-y" }); // a finger that draws is held by the inputs alone
    surface.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: steps - 1 }[event.key];
      const change = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
      if (to === undefined && change === undefined) return;
      event.preventDefault(); // the page must not scroll as well
      event.stopPropagation(); // nor the notebook leave its cell
      halt();
      if (change) writeInput(now, read("x")[now] + change, 0.1);
      else goTo(to);
    });

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
      timer = setInterval(() => (now < steps - 1 && el.isConnected ? goTo(now + 1) : halt()), PACE);
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

    // ---- the formula with its numbers ----
    const field = (label, write) => numberField(label, { value: 0, min: -LIMIT, max: LIMIT }, write);
    const grid = (name, across) => (_, i) => {
      const place = across > 1 ? `row ${Math.floor(i / across) + 1}, column ${(i % across) + 1}` : `unit ${i + 1}`;
      return field(`${name}, ${place}`, () => writeWeights(name));
    };
    const weights = {
      W: Array.from({ length: UNITS }, grid("W", 1)),
      U: Array.from({ length: UNITS * UNITS }, grid("U", UNITS)),
      b: Array.from({ length: UNITS }, grid("b", 1)),
    };
    const input = field("Input of this step", (value) => writeInput(now, value, 1e-3, LIMIT));
    const before = Array.from({ length: UNITS }, () => h("output", { class: "rx-state" }));
    const names = { x: h("span"), before: h("span") };
    const part = (name, content, across = 1) =>
      h(
        "div",
        { class: "rx-part" },
        h("div", { class: `rx-matrix rx-across-${across}` }, ...content),
        h("span", { class: "rx-name" }, name),
      );
    const sign = (text) => h("span", { class: "rx-sign" }, text);
    const term = (...parts) => h("div", { class: "rx-term" }, ...parts);
    const equation = h(
      "div",
      { class: "rx-equation", role: "group", "aria-label": "The formula: its weights can be changed" },
      term(part("W", weights.W), part(names.x, [input])),
      term(sign("+"), part("U", weights.U, UNITS), part(names.before, before)),
      term(sign("+"), part("b", weights.b)),
    );

    // ---- the sum, unit by unit ----
    const head = { x: h("th", { scope: "col" }), h: h("th", { scope: "col" }), now: h("th", { scope: "col" }) };
    const sums = Array.from({ length: UNITS }, () => {
      const [fromInput, fromState, bias, total, state] = Array.from({ length: 5 }, () => h("td"));
      return { fromInput, fromState, bias, total, state };
    });
    const table = h(
      "table",
      { class: "rx-sum lm-answer" },
      h("caption", { class: "lm-hidden" }, "The sum that makes the state of this step"),
      h(
        "thead",
        {},
        h("tr", {}, h("td"), head.x, head.h, h("th", { scope: "col" }, "+ b"), h("th", { scope: "col" }, "= sum"), head.now),
      ),
      h("tbody", {}, ...sums.map((row, i) => h("tr", {}, h("th", { scope: "row" }, `unit ${i + 1}`), ...Object.values(row)))),
    );

    // ---- the two states as one point ----
    const svg = (tag, properties = {}, ...children) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
      element.append(...children);
      return element;
    };
    const [past, future] = [svg("polyline", { class: "rx-past" }), svg("polyline", { class: "rx-future" })];
    const dots = Array.from({ length: steps + 1 }, () => svg("circle", { r: 0.035 }));
    const here = svg("circle", { r: 0.075, class: "rx-here" });
    const text = (x, y, words, anchor) => svg("text", { x, y, "text-anchor": anchor }, words);
    const plane = svg(
      "svg",
      { viewBox: "-1.2 -1.2 2.4 2.4", role: "img", "aria-label": "The path of the state: unit 1 across, unit 2 upwards" },
      svg("rect", { x: -1, y: -1, width: 2, height: 2 }),
      svg("path", { d: "M-1 0H1M0-1V1" }),
      future,
      past,
      ...dots,
      here,
      text(1, 0.16, "unit 1", "end"),
      text(0.05, -0.86, "unit 2", "start"),
    );
    const map = h("figure", { class: "rx-plane lm-answer" }, plane, h("figcaption", {}, "the path of the state"));

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
      hint.hidden = true;
      say(`input: ${SEQUENCES[i][0]}`);
    });

    function writeWeights(name) {
      const { shape } = model.get("inputs")[name];
      setInputs(model, { [name]: toWire(shape, weights[name].map((one) => one.number)) });
    }

    function writeInput(step, value, grain, most = REACH) {
      const x = read("x");
      const rounded = Math.round(Math.max(-most, Math.min(most, value)) / grain) * grain;
      if (Math.abs(x[step] - rounded) < 1e-6) return;
      x[step] = rounded;
      hint.hidden = true;
      setInputs(model, { x: toWire([steps, 1], x) });
    }

    function spoken() {
      const state = [0, 1].map((unit) => format(values.states[now * UNITS + unit]));
      const norm = magnitude(values.norms[now], false);
      return `step ${now + 1}, input ${format(read("x")[now], 1)}, states ${state.join(" and ")}, gradient norm ${norm}`;
    }

    // ---- drawing ----
    const number = (element, value, digits = 2) => {
      element.textContent = format(value, digits);
      element.dataset.value = String(value);
    };
    const tint = (element, scale, value) =>
      Object.assign(element.style, { background: scale.css(value), color: scale.ink(value) });

    let scale; // of the states, in the theme of the last draw

    function drawStep() {
      const row = (name) => values[name].subarray(now * UNITS, (now + 1) * UNITS);
      columns.forEach(({ element }, t) => element.classList.toggle("rx-now", t === now));
      surface.setAttribute("aria-valuenow", now + 1);
      surface.setAttribute("aria-valuetext", spoken());
      back.disabled = now === 0;
      forward.disabled = now === steps - 1;

      names.x.textContent = `x${sub(now + 1)}`;
      names.before.textContent = `h${sub(now)}`;
      head.x.textContent = `W x${sub(now + 1)}`;
      head.h.textContent = `+ U h${sub(now)}`;
      head.now.textContent = `tanh → h${sub(now + 1)}`;
      input.show(read("x")[now]);
      input.setAttribute("aria-label", `Input of step ${now + 1}`);
      const bias = read("b");
      sums.forEach((cells, unit) => {
        const previous = now ? values.states[(now - 1) * UNITS + unit] : 0;
        number(before[unit], previous);
        tint(before[unit], scale, previous);
        number(cells.fromInput, row("from_input")[unit]);
        number(cells.fromState, row("from_state")[unit]);
        number(cells.bias, bias[unit]);
        number(cells.total, row("total")[unit]);
        number(cells.state, row("states")[unit]);
        tint(cells.state, scale, row("states")[unit]);
      });

      const points = [[0, 0], ...Array.from({ length: steps }, (_, t) => [values.states[2 * t], -values.states[2 * t + 1]])];
      const line = (some) => some.map((point) => point.join()).join(" ");
      past.setAttribute("points", line(points.slice(0, now + 2)));
      future.setAttribute("points", line(points.slice(now + 1)));
      dots.forEach((dot, i) => Object.entries({ cx: points[i][0], cy: points[i][1] }).forEach((pair) => dot.setAttribute(...pair)));
      here.setAttribute("cx", points[now + 1][0]);
      here.setAttribute("cy", points[now + 1][1]);

      const norm = values.norms[now];
      const last = now === steps - 1;
      const [first, end] = [`h${sub(now + 1)}`, `h${sub(steps)}`];
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
      const x = read("x");
      for (const [name, fields] of Object.entries(weights)) fields.forEach((one, i) => one.show(read(name)[i]));

      scale = colourScale(el, "diverging", -1, 1);
      const decades = colourScale(el, "diverging", -3, 3);
      const [bottom, top] = range(values.norms);
      const height = (norm) => (100 * (Math.max(bottom, Math.min(top, norm > 0 ? Math.log10(norm) : -Infinity)) - bottom)) / (top - bottom);
      columns.forEach(({ bar, cells, norm }, t) => {
        upright(bar, 50, 50 + (50 * Math.max(-REACH, Math.min(REACH, x[t]))) / REACH);
        bar.style.background = scale.css(Math.sign(x[t]) * 0.7);
        bar.parentElement.dataset.value = String(x[t]);
        cells.forEach((cell, unit) => {
          const state = values.states[t * UNITS + unit];
          number(cell, state, 1);
          tint(cell, scale, state);
        });
        upright(norm, height(1), height(values.norms[t]));
        const power = values.norms[t] > 0 ? Math.log10(values.norms[t]) : -3;
        norm.style.background = decades.css(Math.sign(power) * Math.max(0.8, Math.abs(power))); // a short bar is seen, too
        norm.parentElement.dataset.value = String(values.norms[t]);
        norm.parentElement.style.setProperty("--one", `${height(1)}%`);
      });
      [top, 0, bottom].forEach((power, i) => {
        const room = Math.abs(power) > (top - bottom) / 8; // or the label would cover the 1
        axis[i].textContent = power === 0 ? "1" : room ? `10${raised(power)}` : "";
        axis[i].style.bottom = `${height(10 ** power)}%`;
      });

      if (largestSingular() > 1e-6) direction = Array.from(read("U"), (u) => u / largestSingular());
      const knob = strength.querySelector("input");
      if (document.activeElement !== knob || Math.abs(strength.value - largestSingular()) > 0.02) {
        knob.max = Math.max(STRONGEST, Math.ceil(largestSingular())); // a matrix of the reader's own may be stronger
        strength.value = largestSingular();
      }
      number(singular, largestSingular());
      number(radius, values.radius[0]);

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
        h("div", { class: "rx-sheet lm-answer" }, labels, surface),
        h("div", { class: "rx-stepper" }, back, forward, play, through),
        h("div", { class: "rx-gradient" }, verdict, strength, measures),
        h("div", { class: "rx-middle" }, h("div", { class: "rx-formula" }, equation, table), map),
      ),
      say.element,
    );
    const forget = keepDrawn(el, model, draw);
    return () => {
      halt();
      forget();
    };
  },
};

/** Draw an upright bar between two heights, in percent. */
function upright(bar, from, to) {
  Object.assign(bar.style, { bottom: `${Math.min(from, to)}%`, height: `${Math.abs(to - from)}%` });
}

/** The decades that an axis of norms spans: few different ones, so that it holds still while a weight moves. */
function range(norms) {
  const [low, high] = extent(Array.from(norms, (norm) => (norm > 0 ? Math.log10(norm) : -Infinity)));
  const bottom = [-2, -4, -8].find((power) => low >= power) ?? -16;
  const top = [1, 2, 4, 8].find((power) => high <= power) ?? 16;
  return [bottom, top];
}

/** A power of ten's exponent, small and raised. */
function raised(power) {
  return String(power).replace(/[-\d]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
}

/** Write a positive number of any size with two digits, to be read (or spoken, without raised signs). */
function magnitude(value, raise = true) {
  if (value === 0 || (value >= 0.01 && value < 1000)) return format(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3);
  const [digits, power] = value.toExponential(1).split("e");
  return raise ? `${digits} × 10${raised(Number(power))}` : `${digits} times ten to the ${Number(power)}`;
}
