// All heads of all layers: a cell each, to be chosen, coloured by where the head looks; and the switch of the one chosen.

/** `choose(layer, head)`; `switchTo(off)`, the heads that are off, [layer, head] each. */
function headGrid({ choose, switchTo }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface at-cells" }, canvas);
  const [lowest, highest] = [h("span"), h("span")];
  const legend = legendBar("colours of the heads");
  const about = h("p", { class: "at-about" });
  const changes = h("p", { class: "ax-changes" });
  const title = h("b");
  const box = h("input", { type: "checkbox", onchange: () => switchTo(box.checked ? off.filter((one) => String(one) !== String(chosen)) : [...off, chosen]) });
  const allOn = button("All on", () => switchTo([]));
  const best = button("Go to the strongest", () => choose(...strongestHead()));
  const switches = h("div", { class: "ax-buttons at-switches" }, h("label", { class: "at-switch" }, box, "this head is on"), allOn);
  let answer, settings, theme;
  let chosen = [0, 0];
  let off = [];
  let rule = 0;

  const describe = (head, layer) => (answer ? `${titled(layer, head)}: ${percentage(answer.score(rule, layer, head))} on ${settings.rules[rule]}` : "");
  const label = "All heads: a column for each layer, a row for each head of it";
  const cursor = gridCursor(surface, { label, rows: 1, columns: 1, describe, onMove: (head, layer) => choose(layer, head), touch: "pan-y" });
  const fields = h("div", { class: "at-fields" });
  const rules = h("div");
  let [layerField, headField] = [];
  const element = h(
    "div",
    { class: "ax-overview lm-answer" },
    h("p", { class: "ax-title" }, title, h("span", { class: "lm-quiet" }, "press a cell, or use arrow keys, to see the head below")),
    rules,
    h("div", { class: "at-grid" }, h("span", { class: "at-side" }, "head"), surface, h("span", { class: "at-foot" }, lowest, "layer", highest)),
    legend,
    h("div", { class: "ax-buttons at-row" }, fields, best, switches),
    about,
    changes,
  );

  const strongestHead = () => {
    let top = [0, 0];
    for (let l = 0; l < answer.layers; l++) {
      for (let k = 0; k < answer.heads; k++) if (answer.score(rule, l, k) > answer.score(rule, ...top)) top = [l, k];
    }
    return top;
  };

  /** Make room for a model. */
  element.lay = (now) => {
    settings = now;
    const { layers, heads } = settings;
    title.textContent = `All ${layers * heads} heads`;
    [lowest.textContent, highest.textContent] = ["1", String(layers)];
    surface.style.setProperty("--heads", heads);
    const field = (name, most, set) => numberField(name, { value: 1, step: 1, digits: 0, min: 1, max: most }, (n) => set(Math.round(n) - 1));
    layerField = field("layer", layers, (l) => choose(l, chosen[1]));
    headField = field("head", heads, (k) => choose(chosen[0], k));
    fields.replaceChildren(h("label", {}, "layer ", layerField), h("label", {}, "head ", headField));
    const pick = (i) => {
      rule = i;
      element.paint(answer, theme);
      element.select(...chosen);
    };
    rules.replaceChildren(choices("Colour: weight on", settings.rules, rule, pick));
    cursor.resize(heads, layers);
  };

  element.paint = (...now) => {
    [answer, theme] = now;
    const { layers, heads } = answer;
    canvas.values = Float32Array.from({ length: layers * heads }, (_, i) => answer.score(rule, i % layers, Math.floor(i / layers)));
    paint(canvas, canvas.values, heads, layers, theme.weights);
    legend.show(theme.weights);
  };

  element.select = (layer, head) => {
    chosen = [layer, head];
    cursor.place(head, layer);
    layerField.show(layer + 1);
    headField.show(head + 1);
    const shares = settings.rules.map((name, i) => `${percentage(answer.score(i, layer, head))} on ${name}`);
    about.replaceChildren(h("b", {}, titled(layer, head, "L")), ` puts, on average over the text, ${shares.join(", ")}. ${sharing(layer, head)}`);
  };

  /** Which key-value head a head asks, and which others do. */
  function sharing(layer, head) {
    const { heads, kv_heads } = settings;
    const group = heads / kv_heads;
    if (group === 1) return "";
    const first = Math.floor(head / group) * group;
    return `It asks key-value head ${first / group + 1} of ${kv_heads}, which serves heads ${first + 1} to ${first + group}.`;
  }

  /** `place` is what is looked at, `able` whether heads can be switched. */
  element.draw = ({ t, off: now, able }) => {
    off = now;
    switches.hidden = !able;
    box.checked = !off.some((one) => String(one) === String(chosen));
    allOn.disabled = !off.length;
    const moved = answer.ways > 1 ? answer.moved(answer.ways - 1)[t] : 0;
    changes.dataset.value = moved;
    const names = off.map(([l, k]) => `${l + 1}.${k + 1}`).join(", ");
    const words = `Off: ${names} (layer.head). Compared with all heads on, ${percentage(moved)} of the probability after ${answer.named(t)} moves to other tokens.`;
    changes.textContent = off.length && answer.ways > 1 ? words : "";
  };
  return element;
}
