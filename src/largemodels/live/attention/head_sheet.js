// All heads: a small map each, to be chosen, and a switch.

/**
 * All heads: a small map each, to be chosen, and a switch. `choose(layer, head)`; `switchTo(switches)`, all on if none
 * are given; `rank()`, to have each switched off alone.
 */
function headSheet({ choose, switchTo, rank }) {
  let tiles = [];
  let switches = [];
  const grid = h("fieldset", { class: "ax-sheet" });
  const allOn = button("All on", () => switchTo());
  const changes = h("p", { class: "ax-changes" });
  const element = h(
    "div",
    { class: "ax-overview lm-answer" },
    h("p", { class: "ax-title" }, h("b", {}, "All heads"), h("span", { class: "lm-quiet" }, "press one to see it large; untick one to switch it off")),
    grid,
    h("div", { class: "ax-buttons" }, allOn, button("Switch each off in turn", rank)),
    changes,
  );

  element.lay = (layers, heads) => {
    const group = uniqueId();
    const titles = Array.from({ length: heads }, (_, k) => h("span", { class: "ax-head", "aria-hidden": "true" }, k ? String(k + 1) : "head 1"));
    const cells = [h("span"), ...titles];
    tiles = [];
    for (let l = 0; l < layers; l++) {
      cells.push(h("span", { class: "ax-layer", "aria-hidden": "true" }, `layer ${l + 1}`));
      for (let k = 0; k < heads; k++) {
        tiles.push(tile(l, k, heads, group));
        cells.push(tiles.at(-1).element);
      }
    }
    grid.replaceChildren(h("legend", { class: "lm-hidden" }, "Head"), ...cells);
    grid.style.setProperty("--heads", heads);
  };

  function tile(l, k, heads, group) {
    const i = l * heads + k;
    const canvas = h("canvas", { "aria-hidden": "true" });
    const radio = h("input", { type: "radio", name: group, "aria-label": titled(l, k), onchange: () => choose(l, k) });
    const box = h("input", { type: "checkbox", onchange: () => switchTo(switches.map((on, other) => (other === i ? Number(box.checked) : on))) });
    const effect = h("span", { class: "ax-effect" });
    withKeys(radio, { "← →": "the head beside it", "↑ ↓": "the head in the layer above or below" });
    radio.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      const to = tiles[i + step * heads];
      if (!to) return;
      to.radio.focus();
      choose(l + step, k);
    });
    const map = h("label", { class: "ax-pick" }, radio, h("span", { class: "ax-mini" }, canvas));
    const element = h("div", { class: "ax-tile" }, map, h("label", { class: "ax-switch" }, box, effect));
    return { element, canvas, radio, box, effect, name: titled(l, k), short: `${l + 1}.${k + 1}` };
  }

  element.select = (i) => tiles.forEach(({ radio }, other) => (radio.checked = other === i));

  element.paint = (answer, theme) => {
    tiles.forEach(({ canvas }, i) => {
      canvas.values = answer.map(0, i); // heads follow each other, layer by layer
      paint(canvas, canvas.values, answer.text.length, answer.text.length, theme.weights);
    });
  };

  element.draw = (place) => {
    const { answer, t, effects } = place;
    ({ switches } = place);
    const alone = effects?.moved.map((moved) => moved[t]); // what each head moves after the character that looks
    tiles.forEach(({ element, box, effect, name }, i) => {
      const on = Boolean(switches[i]);
      box.checked = on;
      element.classList.toggle("ax-off", !on);
      effect.textContent = alone ? percentage(alone[i]) : on ? "on" : "off";
      effect.style.setProperty("--share", `${100 * (alone?.[i] ?? 0)}%`);
      effect.dataset.value = alone?.[i] ?? "";
      box.setAttribute("aria-label", `${name} is on${alone ? `; off alone it moves ${percentage(alone[i])}` : ""}`);
    });
    const off = tiles.filter((_, i) => !switches[i]).map(({ short }) => short);
    allOn.disabled = !off.length;
    const compared = answer.ways > 1 ? answer.moved(answer.ways - 1)[t] : 0;
    changes.dataset.value = compared;
    const words = [];
    if (off.length) words.push(`Off: ${off.join(", ")} (layer.head). Compared with all heads on, `, h("b", {}, percentage(compared)), ` of the probability after ${answer.named(t)} moves to other characters. `);
    if (alone) {
      const most = strongest(alone);
      words.push(`The percentages tell how much each head moves after ${answer.named(t)} when it alone is off: most, `, h("b", {}, percentage(alone[most])), ` by ${tiles[most].name}.`);
    }
    changes.replaceChildren(...words);
  };
  return element;
}
