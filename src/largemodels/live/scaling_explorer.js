// Draws a ScalingExplorer: fields for computation, parameters and data on a loss law, and the curve of what they cost.
//
// inputs: law [5], parameters [1], tokens [1], at [m]. outputs: loss, terms [3], compute, parameters_best, tokens_best,
// loss_best, needed, curves [3, m], best [3, 2]. settings: laws, each {name, constants, unit, parameters, tokens, fitted,
// top, points}; key; points, of a curve.

const FORM = 1; // of the form in which an address holds the numbers
const PLAIN = { unit: "", low: 0, high: Infinity };
const PART = { unit: "", low: 0, high: 1 };

export default {
  render({ model, el }) {
    const { laws, points } = model.get("settings");
    const key = stateKey(el, model, "law");
    const read = (name) => fromWire(model.get("inputs")[name]).data;
    const say = announcer();
    let asked = false; // by the reader, who is told what comes of it
    const law = () => laws[Math.max(0, laws.findIndex(({ constants }) => read("law").every((value, i) => value === Math.fround(constants[i]))))];
    const now = () => ({ parameters: read("parameters")[0], tokens: read("tokens")[0] });

    // ---- moving about ----
    const within = (value, [low, high]) => Math.max(low, Math.min(high, value));
    function go(one, parameters, tokens) {
      const [low, high] = one.parameters;
      const at = Array.from({ length: points }, (_, i) => low * (high / low) ** (i / (points - 1)));
      asked = true;
      setInputs(model, {
        law: toWire([5], one.constants),
        parameters: toWire([1], [within(parameters, one.parameters)]),
        tokens: toWire([1], [within(tokens, one.tokens)]),
        at: toWire([points], at),
      });
      address.keep(state());
    }
    /** Another size at the same computation; the data give way, and where they cannot, the size does not go on. */
    function resize(parameters) {
      const { parameters: n, tokens: d } = now();
      const tokens = within((n * d) / parameters, law().tokens);
      go(law(), (n * d) / tokens, tokens);
    }
    const moves = {
      compute(value) {
        const { parameters, tokens } = now();
        const factor = Math.sqrt(value / (6 * parameters * tokens));
        go(law(), parameters * factor, tokens * factor);
      },
      parameters: resize,
      tokens(value) {
        const { parameters: n, tokens: d } = now();
        resize(within((n * d) / value, law().parameters));
      },
    };
    const product = ([a, b], [c, d]) => [6 * a * c, 6 * b * d];
    const quantities = (one) => [
      { name: "compute", label: "Computation", unit: "FLOP", limits: product(one.parameters, one.tokens) },
      { name: "parameters", label: "Parameters", unit: "", limits: one.parameters },
      { name: "tokens", label: `${one.unit[0].toUpperCase()}${one.unit.slice(1)}`, unit: "", limits: one.tokens },
    ].map(({ limits: [low, high], ...rest }) => ({ ...rest, low, high, whole: false }));
    const desks = laws.map((one) => {
      const fields = quantities(one).map((quantity) => quantityField(quantity, {
        onNumber: moves[quantity.name],
        onDone: () => say(verdict.textContent),
        onProblem: () => {},
        onPaste: () => false,
      }));
      const places = one.points.map(({ name, parameters, tokens }) => button(name, () => move(one, parameters, tokens)));
      const element = h("div", { class: "sx-fields" }, ...fields, h("div", { class: "sx-places" }, h("span", { class: "lm-quiet" }, "Go to"), ...places));
      return { fields, element };
    });
    const move = (one, parameters, tokens) => {
      desks[laws.indexOf(one)].fields.forEach((field, i) => field.settle([6 * parameters * tokens, parameters, tokens][i]));
      go(one, parameters, tokens);
    };
    const chips = choices("Law", laws.map(({ name }) => name), 0, (i) => move(laws[i], laws[i].points[0].parameters, laws[i].points[0].tokens));

    // ---- the address: where the reader is, so that it can be sent ----
    const state = () => ({ law: laws.indexOf(law()), parameters: inAddress(now().parameters), tokens: inAddress(now().tokens) });
    function restore({ values = {}, whole, version }, arrived) {
      const one = whole && version === FORM ? laws[Number(values.law)] : undefined;
      const inside = (name) => Number(values[name]) >= one[name][0] && Number(values[name]) <= one[name][1];
      const good = one && inside("parameters") && inside("tokens");
      lost.textContent = good ? "" : "The address of this page holds numbers that cannot be read. What you see is the state at the start.";
      const { parameters, tokens } = good ? values : laws[0].points[0];
      move(good ? one : laws[0], Number(parameters), Number(tokens));
      if (arrived) el.scrollIntoView({ block: "nearest" });
    }
    const address = stateInAddress(key, FORM, restore);
    const lost = h("p", { class: "lm-problem", role: "status" });

    // ---- what comes out ----
    const chart = lossChart((share) => {
      const [low, high] = law().parameters;
      resize(within(low * (high / low) ** share, law().parameters));
      chart.place(Math.log(now().parameters / low) / Math.log(high / low));
    });
    const best = button("Go to the best split", () => {
      const one = (name) => fromWire(model.get("outputs")[name]).data[0];
      move(law(), one("parameters_best"), one("tokens_best"));
    });
    const verdict = h("p", { class: "sx-verdict" });
    const split = h("p", {});
    const note = h("p", { class: "lm-quiet" });

    function draw() {
      const outputs = Object.fromEntries(Object.entries(model.get("outputs")).map(([name, wire]) => [name, fromWire(wire).data]));
      const { parameters, tokens } = now();
      const at = read("at");
      const one = law();
      const [floor, size, data] = outputs.terms;
      const three = (values, width) => [0, 1, 2].map((i) => values.subarray(i * width, (i + 1) * width));

      chips.select(laws.indexOf(one));
      desks.forEach(({ element, fields }, i) => {
        element.hidden = laws[i] !== one;
        if (laws[i] === one) fields.forEach((field, j) => field.show([outputs.compute[0], parameters, tokens][j]));
      });
      verdict.textContent =
        `Loss ${format(outputs.loss[0], 3)} nats: ${format(floor, 3)} that no model avoids, ` +
        `${format(size, 3)} for the size, ${format(data, 3)} for the data.`;
      const share = outputs.needed[0];
      const where = `${inShort([outputs.parameters_best[0]], PLAIN)} parameters and ${inShort([outputs.tokens_best[0]], PLAIN)} ${one.unit}`;
      split.textContent =
        share > 0.995
          ? `This is the best split of this computation: ${where}.`
          : `The best split of this computation is ${where}, with a loss of ${format(outputs.loss_best[0], 3)}. ` +
            `There, your loss would take ${inShort([share], PART)} of the computation.`;
      const outside = [parameters, tokens].some((value, i) => value < one.fitted[i][0] * 0.999 || value > one.fitted[i][1] * 1.001);
      note.textContent =
        `${outside ? "Extrapolated: the" : "The"} runs behind this law had ${between(one.fitted[0])} parameters (shaded) and ` +
        `${between(one.fitted[1])} ${one.unit}.`;
      note.classList.toggle("sx-outside", outside);
      const numbers = { loss: "loss", terms: "terms", compute: "compute", needed: "needed", parameters: "parameters_best", tokens: "tokens_best", best: "loss_best" };
      for (const [name, output] of Object.entries(numbers)) verdict.dataset[name] = [...outputs[output]].join();
      chart.show({
        law: one, at, curves: three(outputs.curves, at.length), best: three(outputs.best, 2), point: [parameters, outputs.loss[0]],
        words: `${inShort([parameters], PLAIN)} parameters, loss ${format(outputs.loss[0], 3)}`,
      });
      if (asked) say(verdict.textContent);
    }

    function numbers() {
      const out = (name) => [...fromWire(model.get("outputs")[name]).data];
      const [at, curves, three] = [[...read("at")], out("curves"), [0, 1, 2]];
      const point = [law().name, now().parameters, now().tokens, ...["compute", "loss", "parameters_best", "tokens_best", "loss_best"].flatMap(out)];
      return [
        [["law", "parameters", "tokens", "computation (FLOP)", "loss (nats)", "best parameters", "best tokens", "best loss (nats)"], point],
        [["parameters", ...three.map((i) => `loss (nats), ${CURVES[i]}`)], ...at.map((n, j) => [n, ...three.map((i) => curves[i * at.length + j])])],
      ];
    }
    const foot = h("div", { class: "sx-foot" }, best, takeAway({ el, say, key, link: () => address.link(state()), numbers }));
    el.append(
      h(
        "div",
        { class: "sx", role: "group", "aria-label": "A loss law to move about on", "data-lm-suppress-shortcuts": "true" },
        chips,
        lost,
        h("div", { class: "sx-desk" }, ...desks.map(({ element }) => element), foot),
        h("div", { class: "sx-sheet" }, chart, verdict, split, note),
      ),
      say.element,
    );
    const stop = keepDrawn(el, model, draw);
    address.begin();
    return () => {
      address.stop();
      stop();
    };
  },
};

/** A range in words. */
function between([low, high]) {
  return inShort([low, high], PLAIN);
}
