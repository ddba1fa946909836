// The formula of one step with its numbers, and the sum that makes each unit's state.

/**
 * `read(name)`: an input of the model; `writeWeights(name, numbers)`: the reader changed W, U or b; `writeInput(value)`:
 * the input of the step. The result has `.show()` for the weights, and `.draw(step, values, scale)`.
 */
function stepFormula({ read, writeWeights, writeInput }) {
  const field = (label, write) => numberField(label, { value: 0, min: -LIMIT, max: LIMIT }, write);
  const grid = (name, across) => (_, i) => {
    const place = across > 1 ? `row ${Math.floor(i / across) + 1}, column ${(i % across) + 1}` : `unit ${i + 1}`;
    return field(`${name}, ${place}`, () => writeWeights(name, weights[name].map((one) => one.number)));
  };
  const weights = {
    W: Array.from({ length: UNITS }, grid("W", 1)),
    U: Array.from({ length: UNITS * UNITS }, grid("U", UNITS)),
    b: Array.from({ length: UNITS }, grid("b", 1)),
  };
  const input = field("Input of this step", writeInput);
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

  const element = h("div", { class: "rx-formula" }, equation, table);

  element.show = () => {
    for (const [name, fields] of Object.entries(weights)) fields.forEach((one, i) => one.show(read(name)[i]));
  };

  element.draw = (now, values, scale) => {
    const row = (name) => values[name].subarray(now * UNITS, (now + 1) * UNITS);
    names.x.textContent = `x${lowered(now + 1)}`;
    names.before.textContent = `h${lowered(now)}`;
    head.x.textContent = `W x${lowered(now + 1)}`;
    head.h.textContent = `+ U h${lowered(now)}`;
    head.now.textContent = `tanh → h${lowered(now + 1)}`;
    input.show(read("x")[now]);
    input.setAttribute("aria-label", `Input of step ${now + 1}`);
    const bias = read("b");
    sums.forEach((cells, unit) => {
      const previous = now ? values.states[(now - 1) * UNITS + unit] : 0;
      writeNumber(before[unit], previous);
      tint(before[unit], scale, previous);
      writeNumber(cells.fromInput, row("from_input")[unit]);
      writeNumber(cells.fromState, row("from_state")[unit]);
      writeNumber(cells.bias, bias[unit]);
      writeNumber(cells.total, row("total")[unit]);
      writeNumber(cells.state, row("states")[unit]);
      tint(cells.state, scale, row("states")[unit]);
    });
  };
  return element;
}
