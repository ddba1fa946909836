// Draws a Calculator: fields for the numbers that go in, the numbers that come out, and what was published beside them.
//
// inputs and outputs: numbers [1], outputs also [2] from low to high. settings: key, title; takes and gives, each {name,
// label, unit, low, high, whole, formula}; start {name: number}; presets [{name, values, source, link, published}];
// groups [{name, options: [{name, values}]}], which set some of the numbers.

const VERSION = 1; // of the form in which an address holds the numbers

export default {
  render({ model, el }) {
    const { key, title, takes, gives, start, presets, groups } = model.get("settings");
    const now = () => Object.fromEntries(takes.map(({ name }) => [name, fromWire(model.get("inputs")[name]).data[0]]));
    const written = (values) => Object.fromEntries(takes.map(({ name }) => [name, inAddress(values[name])]));
    const say = announcer();
    let answered = now(); // the inputs that the outputs belong to
    let telling = false; // the next answer is to be spoken

    // ---- what goes in ----
    function set(values) {
      lost.textContent = "";
      setInputs(model, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toWire([1], [value])])));
    }
    /** Set many numbers at once, as an entry of the history, and forget what was typed. */
    function turnTo(values) {
      const before = now();
      const after = { ...before, ...values };
      takes.forEach(({ name }, i) => fields[i].settle(after[name]));
      if (differing(takes, before, after).length) {
        address.turn(written(before), written(after));
        telling = true;
        set(values);
      }
      draw();
    }
    const fields = takes.map((quantity, i) =>
      quantityField(quantity, {
        onNumber: (number) => {
          if (!differing([quantity], now(), { [quantity.name]: number }).length) return;
          set({ [quantity.name]: number });
          address.keep(written(now()));
        },
        onDone: tell,
        onProblem: () => {
          draw();
          if (fields[i].problem) say(`${quantity.label}: ${fields[i].problem}`);
        },
        onPaste: (text) => {
          const state = findState(text, key);
          if (state) open(state, "The text that was pasted");
          if (state && !lost.textContent) address.keep(written(now()));
          return Boolean(state);
        },
      }),
    );
    const rows = groups.map((group) => choiceRow(group, takes, turnTo));
    const chips = presetRow(presets, takes, turnTo);
    const reset = button("Reset", () => {
      chips.compared = undefined;
      turnTo(start);
    });

    // ---- a state that was sent ----
    const lost = h("p", { class: "cx-lost", role: "status" });
    const address = stateInAddress(key, VERSION, (state, arrived) => {
      open(state, "The address of this page");
      if (arrived) bringIntoView(el);
    });
    /** Show a state, or say why not, with the numbers of the start. */
    function open(state, where) {
      const { problem, numbers } = readState(state, takes, start);
      const values = { ...start, ...(problem ? {} : numbers) };
      takes.forEach(({ name }, i) => fields[i].settle(values[name]));
      telling = true;
      if (differing(takes, now(), values).length) set(values);
      const words = problem && `${where} holds numbers that cannot be read: ${problem}. What you see is the state at the start.`;
      setTimeout(() => (lost.textContent = words)); // spoken only if the empty status stood here before
      draw();
    }

    // ---- what comes out ----
    const results = resultList(gives);
    const problem = h("p", { class: "lm-problem", role: "status" });
    function tell() {
      if (["running", "loading"].includes(el.dataset.state)) telling = true;
      else say(results.words());
    }
    function answer() {
      answered = now();
      if (telling) say(results.words());
      telling = false;
    }
    function draw() {
      const values = now();
      takes.forEach(({ name }, i) => fields[i].show(values[name]));
      for (const row of [...rows, chips]) row.draw(values);
      results.show(model.get("outputs"), chips.compared?.published);
      const held = takes.filter((_, i) => fields[i].problem);
      const refused = model.get("error") ? differing(takes, answered, values) : [];
      const old = [...new Set([...held, ...refused])];
      const before = old.map((quantity) => `${quantity.label} ${inFull(answered[quantity.name], quantity)}`);
      results.mark(old.length ? `As of the previous input: ${before.join(", ")}.` : "");
    }

    const tables = () => {
      const inputs = takes.map((quantity) => [quantity.label, "set", now()[quantity.name], "", quantity.unit]);
      const answers = gives.map(({ name, label, unit }) => [label, "answer", ...wide(fromWire(model.get("outputs")[name]).data), unit]);
      return [[["quantity", "kind", "value, or low", "high", "unit"], ...inputs, ...answers]];
    };
    const wide = ([low, high = ""]) => [low, high];
    const foot = h("div", { class: "cx-foot" }, reset, takeAway({ el, say, key, link: () => address.link(written(now())), numbers: tables }));
    el.append(
      h(
        "div",
        { class: "cx", role: "group", "aria-label": title, "data-lm-suppress-shortcuts": "true" },
        ...(presets.length ? [chips] : []),
        lost,
        h("div", { class: "cx-in" }, ...rows, ...fields, foot),
        h("div", { class: "cx-out" }, problem, results),
      ),
      say.element,
    );
    const end = keepDrawn(el, model, draw, problem);
    model.on("change:outputs", answer); // after it was drawn
    model.on("change:error", draw);
    address.begin();
    return () => {
      address.stop();
      model.off("change:outputs", answer);
      model.off("change:error", draw);
      end();
    };
  },
};

/** The numbers of a state, {numbers} by name, or {problem}: why it cannot be shown. */
function readState({ values, whole, version }, takes, start) {
  const numbers = {};
  if (!whole) return { problem: "a part is missing, or was changed" };
  if (version > VERSION) return { problem: "they were written by a later edition of this page" };
  for (const [name, text] of Object.entries(values)) {
    const quantity = takes.find((one) => one.name === name);
    if (!quantity) return { problem: `there is no “${name}” here` };
    const { number, problem } = readQuantity(text, quantity, start[name]);
    if (problem) return { problem: `${quantity.label}: ${problem.replace(/\.$/, "")}` };
    numbers[name] = number;
  }
  return { numbers };
}
