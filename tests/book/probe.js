// Draws a Probe: every number of every output as text on the theme's paper, and a field for each number of the inputs.

export default {
  initialize({ model }) {
    globalThis.probes = [...(globalThis.probes ?? []), model];
  },
  render({ model, el }) {
    const text = h("p", { class: "probe-text" });
    const title = h("h2", {}, model.get("settings").title ?? "");
    const fields = Object.keys(model.get("inputs")).map((name) =>
      numberField(name, { value: fromWire(model.get("inputs")[name]).data[0] }, (value) =>
        setInputs(model, { [name]: toWire([1], [value]) }),
      ),
    );
    el.append(title, ...fields, text);
    return keepDrawn(el, model, () => {
      text.style.background = colourScale(el, "sequential", 0, 1).css(0); // the paper of the theme
      const outputs = Object.entries(model.get("outputs"));
      text.textContent = outputs.map(([name, wire]) => `${name} ${[...fromWire(wire).data].join(" ")}`).join("; ");
    });
  },
};
