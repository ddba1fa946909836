// The sum, or the maximum, that made one number.

const LOGITS = "output"; // the tap of the last layer

/** One unit under the glass: its map, enlarged, and how its number came about. */
function unitInspector(names, onChoose, onLeave) {
  const title = h("strong", {});
  const code = h("code");
  const value = h("span", { class: "fx-value" });
  const sees = h("span", { class: "fx-quiet" });
  const glass = h("div", { class: "fx-glass" });
  const parts = waterfall((channel) => {
    picked = { unit: shown, channel };
    onChoose(shown);
  });
  const total = h("p", { class: "fx-total" });
  const share = h("p", { class: "fx-share" });
  const equation = h("div", { class: "fx-equation" });
  const made = h(
    "div",
    { class: "fx-made" },
    glass,
    h("div", { class: "fx-parts" }, parts.element, total),
    h("div", { class: "fx-one" }, share, equation),
  );
  const element = h(
    "section",
    { class: "fx-inspector lm-answer", "aria-label": "How one number came about" },
    h("p", { class: "fx-title" }, title, value, h("span", { class: "fx-quiet fx-how" }, "Point at any unit or class; a click keeps it.")),
    h("p", { class: "fx-title" }, sees, code),
    made,
  );

  const lenses = new Map();
  let shown = null; // the unit of the moment
  let picked = null; // the channel that the reader picked among its parts

  /** The enlarged map of a layer, made when it is first needed. */
  function lensOf(layer) {
    const [, rows, columns] = layer.shape;
    if (rows * columns === 1) return null;
    if (!lenses.has(layer)) {
      const canvas = h("canvas");
      const surface = h("div", { class: "lm-surface" }, canvas);
      const cursor = gridCursor(surface, {
        label: `Units of one map of ${layer.title}. Arrow keys move, Escape goes back to all maps.`,
        rows,
        columns,
        describe: (row, column) => `row ${row + 1}, column ${column + 1}`,
        onMove: (row, column) => onChoose({ ...shown, row, column }),
      });
      withKeys(surface, { Escape: "back to all maps" });
      surface.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        onLeave(layer);
      });
      lenses.set(layer, { canvas, surface, cursor });
    }
    return lenses.get(layer);
  }

  function show(unit, tensors, colours, el) {
    const { layer, channel, row, column } = unit;
    if (picked && !sameUnit(picked.unit, unit)) picked = null;
    shown = unit;
    const result = tensors[layer.tap][at(unit)];
    const single = layer.shape[1] * layer.shape[2] === 1;

    const where = `map ${channel + 1}, row ${row + 1}, column ${column + 1}`;
    const last = layer.tap === LOGITS;
    title.textContent = last ? `${layer.title} of ${names[channel]}` : `${layer.title}, ${single ? `unit ${channel + 1}` : where}`;
    value.textContent = `= ${format(result, 4)}`;
    value.dataset.value = result;
    const box = [...traceBack(unit).values()].at(-1);
    sees.textContent = `sees rows ${box.top + 1}–${box.bottom + 1}, columns ${box.left + 1}–${box.right + 1} of the drawing`;
    code.textContent = `${layer.tap}[0, ${single ? channel : `${channel}, ${row}, ${column}`}]`;

    const lens = lensOf(layer);
    if (lens) {
      const area = layer.shape[1] * layer.shape[2];
      const map = tensors[layer.tap].subarray(channel * area, (channel + 1) * area);
      paint(lens.canvas, map, layer.shape[1], layer.shape[2], colours[layer.index]);
      lens.cursor.place(row, column);
    }
    if (glass.firstChild !== (lens?.surface ?? null)) glass.replaceChildren(...(lens ? [lens.surface] : []));
    glass.hidden = !lens;
    const many = layer.kind === "sum" && layer.before.shape[0] > 1;
    made.classList.toggle("fx-many", many);
    parts.element.hidden = share.hidden = !many;

    const scaleOf = (source) => (source.index === undefined ? colourScale(el, "drawing", 0, 1) : colours[source.index]);
    const input = scaleOf(layer.before);
    return layer.kind === "sum"
      ? showSum(unit, tensors[layer.before.tap], result, input, el)
      : showMax(unit, tensors[layer.before.tap], result, input);
  }

  function showSum(unit, values, result, input, el) {
    const { layer } = unit;
    const channels = layer.before.shape[0];
    const bias = layer.bias[unit.channel];
    const every = Array.from({ length: channels }, (_, from) => {
      const kernel = kernelFor(unit, from);
      const patch = patchUnder(unit, from, values);
      const products = patch.map((v, i) => v * kernel[i]);
      return { from, patch, kernel, products, sum: products.reduce((a, b) => a + b, 0) };
    });
    every.sort((a, b) => b.sum - a.sum);
    const strongestPart = every.reduce((a, b) => (Math.abs(b.sum) > Math.abs(a.sum) ? b : a));
    const part = every.find(({ from }) => from === picked?.channel) ?? strongestPart;

    const most = (numbers) => tidyCeiling(largest(numbers));
    const kernelScale = colourScale(el, "diverging", ...both(most(part.kernel)));
    const productScale = colourScale(el, "diverging", ...both(most(part.products)));
    equation.replaceChildren(
      grid(channels > 1 ? `map ${part.from + 1}` : layer.before.title, part.patch, layer.kernel, input),
      sign("×"),
      grid("kernel", part.kernel, layer.kernel, kernelScale),
      sign("="),
      grid("products", part.products, layer.kernel, productScale),
    );
    total.dataset.value = every.reduce((sum, one) => sum + one.sum, bias);
    if (channels > 1) {
      parts.show(every, bias, result, part);
      share.textContent = `map ${part.from + 1} adds ${signed(part.sum)}`;
      const add = (some) => some.reduce((sum, one) => sum + one.sum, 0);
      const up = every.filter(({ sum }) => sum > 0);
      const down = every.filter(({ sum }) => sum < 0);
      total.replaceChildren(
        term(bias, "bias"), " + ", term(add(up), `${up.length} add`), " − ", term(-add(down), `${down.length} take`),
        " = ", term(result, "", true),
      );
    } else {
      const area = layer.kernel ** 2;
      total.replaceChildren(term(part.sum, `${area} products`), " + ", term(bias, "bias"), " = ", term(result, "", true));
    }
    return part.from;
  }

  function showMax(unit, values, result, input) {
    const { layer, channel } = unit;
    const patch = patchUnder(unit, channel, values);
    const most = Math.max(...patch);
    equation.replaceChildren(grid("window", patch, layer.kernel, input, patch.indexOf(most)));
    total.dataset.value = layer.rectify ? Math.max(0, most) : most;
    total.replaceChildren(term(most, layer.kernel > 1 ? "the largest" : "before"));
    if (layer.rectify) {
      total.append(most > 0 ? "is positive, so the ReLU passes it on:" : "is not positive, so the ReLU makes it", term(result, "", true));
    }
    return channel;
  }

  return {
    element,
    show,
    focus() {
      (lenses.get(shown.layer)?.surface ?? element.querySelector("[tabindex]"))?.focus();
    },
  };
}
