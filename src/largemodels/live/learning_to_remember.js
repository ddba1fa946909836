// Draws LearningToRemember: the sequence, and under it what a plain RNN and an LSTM make of it, while both learn.
//
// inputs: weights [n], step [1], symbols [m, t] (the first is shown), lag [1]. outputs: states [2, t, n], answers [2, 4],
// reach [2, t], right [2], at [1].

export default {
  render({ model, el }) {
    const { lag: first, longest, batch: size, units, starts, step } = model.get("settings");
    const say = announcer();
    const held = fromWire(model.get("inputs").symbols);
    const [tested, steps] = held.shape;
    let lag = first;
    let start = starts.length - 1;
    let shown = 0; // which of the sequences that it is tested on
    let random;

    // ---- what it trains on ----
    function begin(from) {
      random = from;
      const weights = firstWeights(random, step.weights.map((part) => ({ ...part, bound: units ** -0.5 })));
      if (start) setGates(weights, step.weights, units, Array.from({ length: units }, () => forgetBias(random)), start === 2);
      return weights;
    }
    const forgetBias = ({ uniform }) => {
      const u = 1 + Math.max(0, lag - 2) * uniform();
      return start === 2 ? Math.log(u) : 1;
    };
    function batch() {
      const symbols = new Float32Array(size * steps);
      for (let i = 0; i < symbols.length; i++) symbols[i] = random.below(SYMBOLS) + (i % steps ? SYMBOLS : 0);
      const answers = Float32Array.from({ length: size }, (_, i) => symbols[i * steps]);
      return {
        symbols: { shape: [size, steps], data: symbols },
        lag: { shape: [1], data: [lag] },
        first: { shape: [size], data: answers },
      };
    }

    // ---- what the reader sets ----
    const ask = slider("Lag", { min: 2, max: longest, value: lag, write: (n) => `${n} steps` }, (n) => {
      lag = n;
      setInputs(model, { lag: toWire([1], [lag]) });
      if (!keep.checked) panel.again();
    });
    const keep = h("input", { type: "checkbox" });
    const keeping = h("label", { class: "tr-slow" }, keep, "Keep the weights when the lag changes");
    const begins = choices("LSTM starts", starts, start, (i) => {
      start = i;
      panel.again();
    });
    const panel = trainingPanel(model, say, {
      begin,
      batch,
      rate: { min: -4, max: 0, value: -2.3 },
      chance: Math.log(SYMBOLS),
      names: NETWORKS,
      dials: [ask, keeping, begins],
    });
    const another = button("Another sequence", () => choose((shown + 1) % tested));
    function choose(i) {
      shown = i;
      const rows = held.data.slice();
      rows.copyWithin(0, shown * steps, (shown + 1) * steps);
      setInputs(model, { symbols: toWire([tested, steps], rows) });
    }

    // ---- drawing ----
    const letters = h("div", { class: "lr-letters", role: "img" });
    const networks = NETWORKS.map((name) => rememberer(name));

    let drawn; // what is seen, as numbers

    function draw() {
      const inputs = model.get("inputs");
      const read = Object.fromEntries(Object.entries(model.get("outputs")).map(([name, wire]) => [name, fromWire(wire).data]));
      const asked = fromWire(inputs.lag).data[0];
      const row = Array.from(fromWire(inputs.symbols).data.slice(0, asked + 1), (symbol) => LETTERS[symbol]);
      drawn = { row, read };
      letters.replaceChildren(...row.map((letter, i) => h("span", i ? {} : { class: "lr-first" }, letter)));
      letters.setAttribute("aria-label", `The sequence ${row.join(" ")}: which letter came first?`);
      const scale = colourScale(el, "diverging", -1, 1);
      networks.forEach((network, i) => {
        const part = (name, length) => read[name].slice(i * length, (i + 1) * length);
        network.draw({
          scale,
          truth: LETTERS.indexOf(row[0]),
          answers: part("answers", SYMBOLS),
          states: part("states", steps * units).slice(0, (asked + 1) * units),
          reach: part("reach", steps).slice(0, asked + 1),
          right: Math.round(read.right[i] * tested),
          tested,
          units,
        });
      });
      panel.tested(model.get("outputs"));
    }

    const key = h(
      "p",
      { class: "lm-quiet" },
      `Colours: the ${units} hidden units after each step, blue −1, orange +1. Bars: the gradient with respect to what each `,
      "step hands on, as a share of the gradient at the question.",
    );
    const sequence = h("div", { class: "lr-sequence" }, h("p", { class: "lr-ask" }, "Which letter came first? ", another), letters);
    el.append(
      h(
        "div",
        { class: "lr", "data-lm-suppress-shortcuts": "true" },
        panel.element,
        h("div", { class: "lr-networks lm-answer" }, sequence, ...networks.map(({ element }) => element), key),
      ),
      say.element,
    );
    const state = keepAndTake({
      el, model, say, kind: "learnremember", version: 1,
      forms: {
        ...panel.forms,
        lag: aWhole(2, longest),
        keep: aWhole(0, 1),
        start: aWhole(0, starts.length - 1),
        sequence: aWhole(1, tested),
      },
      read: () => ({ ...panel.read(), lag, keep: Number(keep.checked), start, sequence: shown + 1 }),
      restore(to) {
        ask.value = lag = to.lag;
        keep.checked = to.keep === 1;
        begins.select((start = to.start));
        setInputs(model, { lag: toWire([1], [lag]) });
        choose(to.sequence - 1);
        panel.restore(to); // begins anew
      },
      numbers() {
        const { row, read } = drawn;
        const of = (name, i, length) => Array.from(read[name].subarray(i * length, (i + 1) * length));
        const now = [["lag (steps)", "LSTM starts"], [row.length - 1, starts[start]]];
        const chances = Array.from(LETTERS.slice(0, SYMBOLS), (letter) => `${letter} (share)`);
        const answers = NETWORKS.map((name, i) => [name, read.right[i], ...of("answers", i, SYMBOLS)]);
        const parts = ["gradient (share)", ...Array.from({ length: units }, (_, unit) => `unit ${unit + 1}`)];
        const columns = NETWORKS.flatMap((name) => parts.map((part) => `${name}, ${part}`));
        const lines = row.map((letter, t) => {
          const states = NETWORKS.map((_, i) => of("states", i, steps * units).slice(t * units, (t + 1) * units));
          return [t, letter, ...states.flatMap((state, i) => [read.reach[i * steps + t], ...state])];
        });
        const sequence = [["step of the sequence", "letter", ...columns], ...lines];
        return [...panel.tables(), now, [["network", "right (share)", ...chances], ...answers], sequence];
      },
    });
    const unwatch = panel.watch(el);
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      unwatch();
      forget();
    };
  },
};
