// How the number of one unit at one character came about.

/**
 * The result has `.lay(names)`, of the quantities that there are in this kind of layer, and `.draw(value, scaleOf)`, where
 * `value(name, back)` is a quantity some steps back.
 */
function unitEquation() {
  const element = h("div", { class: "hx-equation" });
  let numbers = []; // [element, quantity, steps back]

  element.lay = (names) => {
    numbers = [];
    const value = (name, back = 0, caption = null) => {
      const number = h("span", { class: "hx-number" });
      numbers.push([number, name, back]);
      const { name: long, sign } = QUANTITIES[name];
      const legend = caption ?? (back ? [`${long} before`] : [`${long} `, h("i", {}, sign)]);
      return h("span", { class: "hx-part" }, number, h("span", { class: "hx-caption" }, ...legend));
    };
    const sign = (mark) => h("span", { class: "hx-sign" }, mark);
    const group = (...parts) => h("span", { class: "hx-group" }, ...parts);
    const lines = names.includes("cell")
      ? [
          [group(value("forget_gate"), sign("×"), value("cell", 1)), group(sign("+"), value("input_gate"), sign("×"), value("candidate")), group(sign("="), value("cell"))],
          [group(value("output_gate"), sign("× tanh"), value("cell")), group(sign("="), value("hidden"))],
        ]
      : names.includes("update_gate")
        ? [
            [group(sign("(1 −"), value("update_gate"), sign(") ×"), value("candidate")), group(sign("+"), value("update_gate"), sign("×"), value("hidden", 1)), group(sign("="), value("hidden"))],
            [group(value("reset_gate"), sign("weighs what the candidate sees of the state before"))],
          ]
        : [[group(value("hidden", 1), sign("→"), value("hidden"))]];
    element.replaceChildren(...lines.map((parts) => h("div", { class: "hx-line" }, ...parts)));
  };

  element.draw = (value, scaleOf) => {
    for (const [place, name, back] of numbers) {
      const number = value(name, back);
      const colour = scaleOf(QUANTITIES[name]);
      place.textContent = format(number);
      place.dataset.value = String(number);
      place.dataset.quantity = back ? `${name}_before` : name;
      Object.assign(place.style, { background: colour.css(number), color: colour.ink(number) });
    }
  };
  return element;
}

/** The equation of one unit at one character, with a field for the unit and a place for where it is: `look(unit)`. */
function unitInspector(look) {
  const unitField = numberField("Unit", { value: 0, step: 1, digits: 0, min: 0 }, (value) => look(Math.round(value)));
  const where = h("span");
  const equation = unitEquation();
  const inspector = h(
    "div",
    { class: "hx-inspector lm-answer", role: "group", "aria-label": "One unit at one character" },
    h("p", { class: "hx-where" }, h("label", {}, "Unit ", unitField), where),
    equation,
  );
  return { inspector, unitField, where, equation };
}
