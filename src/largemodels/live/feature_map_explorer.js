// The reader draws; a convolutional network's maps, its answer, and the sum behind any number are drawn beside it.
//
// settings: names, examples, labels, answers, pen, and `layers` in order. Each layer has a tap, the tap it follows
// `of`, its shape [c, h, w] and its kind: "sum" (window × kernel, over all channels, plus bias) or "max" (of a window).
// outputs: a tensor for every tap, `probabilities`, and the image that was `seen`.

const NARROW = 560; // pixels of width below which one sheet of maps is shown at a time
const LOGITS = "output"; // the tap of the last layer

export default {
  render({ model, el }) {
    const say = announcer();
    const name = Object.keys(model.get("inputs"))[0];
    const { shape } = model.get("inputs")[name];
    const size = shape.at(-1);

    const board = drawingBoard(size, model.get("settings").pen, say, (ink, source) => {
      if (source !== "example") gallery.select(-1);
      setInputs(model, { [name]: toWire(shape, ink) });
    });
    const stage = h("div", { class: "fx", "data-lm-suppress-shortcuts": "true" }); // no notebook command on a key here
    el.append(stage, say.element);

    let settings, outputs, network, gallery, tensors;
    function draw() {
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        network?.forget();
        network = networkView(el, settings, size, board, say);
        gallery = exampleGallery(settings, (ink) => board.replace(ink, "example"));
        stage.replaceChildren(gallery, board.element, network.verdict, network.sheets, network.inspector);
      }
      if (outputs !== model.get("outputs")) {
        outputs = model.get("outputs");
        tensors = Object.fromEntries(Object.entries(outputs).map(([tap, wire]) => [tap, fromWire(wire).data]));
      }
      board.show(fromWire(model.get("inputs")[name]).data);
      gallery.paint();
      network.draw(tensors);
    }

    const forget = keepDrawn(el, model, draw);
    const unfollow = board.followAddress();
    return () => {
      unfollow();
      network.forget();
      forget();
    };
  },
};

// ---- the network -----------------------------------------------------------------------------

/** Everything that depends on the model that is bound: its answer, its maps, and the inspector of one unit. */
function networkView(el, settings, size, board, say) {
  const image = { tap: "seen", title: "the drawing", shape: [1, size, size] };
  const layers = settings.layers.map((layer) => ({ ...layer }));
  layers.forEach((layer, i) => {
    layer.index = i;
    layer.before = i ? layers[i - 1] : image;
    if (layer.kind === "sum") {
      layer.weight = fromWire(layer.weight).data;
      layer.bias = fromWire(layer.bias).data;
    }
  });
  const logits = layers.at(-1);
  const maps = layers.slice(0, -1);

  let tensors = {};
  let chosen = null; // the unit that the reader clicked or moved to by keys
  let pointed = null; // the unit under the mouse
  let frame = 0;
  let reading = "";

  const point = (unit) => {
    pointed = unit;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      inspect();
    });
  };
  const choose = (unit) => {
    chosen = unit;
    pointed = null;
    inspect();
    say(describe(unit, tensors[unit.layer.tap][at(unit)]));
  };

  const logit = (i) => ({ layer: logits, channel: i, row: 0, column: 0 });
  const verdict = classBars(settings.names, {
    point: (i) => point(i < 0 ? null : logit(i)),
    choose: (i) => choose(logit(i)),
  });
  const sheets = maps.map((layer) => mapSheet(layer, point, choose, () => inspection.focus()));
  const inspection = unitInspector(settings.names, choose, (layer) => sheets[layer.index].focus());
  const tabs = choices("Maps", maps.map((layer) => layer.short), 0, show, maps.map((layer) => layer.title));
  tabs.classList.add("fx-tabs");
  const columns = h("div", { class: "fx-sheets lm-answer" }, tabs, ...sheets.map((sheet) => sheet.element));
  function show(i) {
    sheets.forEach((sheet, j) => sheet.element.classList.toggle("fx-shown", i === j));
  }
  show(0);

  const observer = new ResizeObserver(([{ contentRect }]) => {
    let changed = false;
    for (const sheet of sheets) changed = sheet.arrange(contentRect.width < NARROW) || changed;
    if (changed) draw(tensors);
  });
  observer.observe(el);

  /** The colours of a stage: one scale for a convolution and for what is pooled from it. */
  function scales() {
    let scale;
    return maps.map((layer) => {
      if (layer.kind === "sum" || !scale) {
        const most = tidyCeiling(largest(tensors[layer.tap]));
        scale = colourScale(el, "diverging", -most, most);
      }
      return scale;
    });
  }

  function draw(now) {
    tensors = now;
    board.surface.values = tensors.seen; // at hand in the browser's console, as are the values of every sheet
    const colours = scales();
    sheets.forEach((sheet, i) => sheet.paint(tensors[maps[i].tap], colours[i]));
    const blank = largest(tensors.seen) === 0;
    const words = verdict.show(tensors.probabilities, blank);
    if (reading && reading !== words) say(words);
    reading = words;
    chosen ??= strongest(maps.findLast((layer) => layer.kind === "sum") ?? logits, tensors);
    inspect(colours);
  }

  function inspect(colours = scales()) {
    const unit = pointed ?? chosen;
    const part = inspection.show(unit, tensors, colours, el); // the channel whose share is written out
    const boxes = traceBack(unit, part);
    board.outline(boxes.get(image));
    sheets.forEach((sheet, i) => sheet.mark(boxes.get(maps[i]), maps[i] === unit.layer ? unit : null));
    verdict.mark(unit.layer === logits ? unit.channel : -1);
  }

  return {
    verdict: verdict.element,
    sheets: columns,
    inspector: inspection.element,
    draw,
    forget() {
      observer.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}

/** Where a unit's number stands in its tensor. */
function at({ layer, channel, row, column }) {
  const [, height, width] = layer.shape;
  return (channel * height + row) * width + column;
}

/** The unit of a layer with the largest number. */
function strongest(layer, tensors) {
  const [, height, width] = layer.shape;
  const values = tensors[layer.tap];
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  const channel = Math.floor(best / (height * width));
  return { layer, channel, row: Math.floor(best / width) % height, column: best % width };
}

/**
 * What a unit sees of every layer before it: layer → rectangle of units, edges included, in one map or in `all`.
 * `channel` is the map to point out: the unit's own, or behind a sum the one whose share `part` is written out.
 */
function traceBack({ layer, channel, row, column }, part = -1) {
  const boxes = new Map();
  let box = { top: row, left: column, bottom: row, right: column, all: false, channel };
  boxes.set(layer, box);
  for (let above = layer; above.before; above = above.before) {
    const { kind, stride, padding, kernel, before } = above;
    const [, height, width] = before.shape;
    box = {
      top: Math.max(0, box.top * stride - padding),
      left: Math.max(0, box.left * stride - padding),
      bottom: Math.min(height - 1, box.bottom * stride - padding + kernel - 1),
      right: Math.min(width - 1, box.right * stride - padding + kernel - 1),
      all: box.all || kind === "sum",
      channel: kind === "max" ? box.channel : above === layer ? part : -1,
    };
    boxes.set(before, box);
  }
  return boxes;
}

/** The units that a window covers in one channel of a layer, row by row; 0 beyond the edge. */
function patchUnder({ layer, row, column }, channel, values) {
  const { kernel, stride, padding, before } = layer;
  const [, height, width] = before.shape;
  const patch = [];
  for (let p = 0; p < kernel; p++) {
    for (let q = 0; q < kernel; q++) {
      const [r, c] = [row * stride - padding + p, column * stride - padding + q];
      const inside = r >= 0 && r < height && c >= 0 && c < width;
      patch.push(inside ? values[(channel * height + r) * width + c] : 0);
    }
  }
  return patch;
}

/** The kernel with which a unit's layer reads one channel of the layer before. */
function kernelFor({ layer, channel }, from) {
  const area = layer.kernel ** 2;
  const start = (channel * layer.before.shape[0] + from) * area;
  return layer.weight.subarray(start, start + area);
}

/** A unit in words. */
function describe(unit, value) {
  const { layer, channel, row, column } = unit;
  if (layer.shape[1] === 1) return `${layer.title}: ${format(value, 4)}`;
  const seen = [...traceBack(unit).values()].at(-1);
  return (
    `${layer.title}, map ${channel + 1}, row ${row + 1}, column ${column + 1}: ${format(value, 4)}. ` +
    `It sees rows ${seen.top + 1} to ${seen.bottom + 1} and columns ${seen.left + 1} to ${seen.right + 1} of the drawing.`
  );
}

/** The next number with one or two digits: keeps a scale still while its numbers change a little. */
function tidyCeiling(number) {
  if (!(number > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(number));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return unit * steps.find((step) => step * unit >= number * (1 - 1e-9));
}

// ---- the maps --------------------------------------------------------------------------------

/** All maps of one layer on one canvas, a pixel a unit and a pixel between two maps. */
function mapSheet(layer, onPoint, onChoose, onEnter) {
  const [count, height, width] = layer.shape;
  const canvas = h("canvas");
  const overlay = svg("svg", { class: "fx-marks", "aria-hidden": "true", preserveAspectRatio: "none" });
  const paths = ["fx-halo", "fx-rest", "fx-halo", "fx-main", "fx-halo", "fx-frame"].map((name) =>
    svg("path", { class: name }),
  );
  overlay.append(...paths);
  const surface = h(
    "div",
    {
      class: "lm-surface fx-maps",
      role: "slider",
      tabindex: 0,
      "aria-label":
        `${layer.title}: ${count} maps of ${height} × ${width}. Arrow keys move between maps, ` +
        `Shift with an arrow key between the units of a map, Enter looks into the map.`,
      "aria-valuemin": 1,
      "aria-valuemax": count,
      "aria-valuenow": 1,
    },
    canvas,
    overlay,
  );
  const legend = h("span", { class: "fx-scale" }, h("span"), h("span", { class: "fx-gradient" }), h("span"));
  const element = h(
    "section",
    { class: "fx-sheet", "data-tap": layer.tap },
    h(
      "p",
      { class: "fx-title" },
      h("strong", {}, layer.title),
      h("span", { class: "fx-quiet" }, `${count} maps of ${height} × ${width}`),
      legend,
    ),
    surface,
  );

  let across = 0;
  let current = { layer, channel: 0, row: Math.floor(height / 2), column: Math.floor(width / 2) };
  let values = null;

  function unitAt(event) {
    const box = surface.getBoundingClientRect();
    const place = (part, whole, cells, units) => {
      const position = Math.max(0, Math.min(whole - 1e-6, part)) / whole * (cells * (units + 1) - 1);
      const cell = Math.floor(position / (units + 1));
      return [cell, Math.min(units - 1, Math.floor(position - cell * (units + 1)))];
    };
    const down = Math.ceil(count / across);
    const [i, column] = place(event.clientX - box.left, box.width, across, width);
    const [j, row] = place(event.clientY - box.top, box.height, down, height);
    const channel = j * across + i;
    return channel < count ? { layer, channel, row, column } : null;
  }

  surface.addEventListener("pointermove", (event) => {
    const unit = unitAt(event);
    if (unit && event.pointerType === "mouse") onPoint(unit);
  });
  surface.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && onPoint(null));
  surface.addEventListener("click", (event) => {
    const unit = unitAt(event);
    if (unit) onChoose(unit);
  });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const { channel, row, column } = current;
    let unit = null;
    if (step && event.shiftKey) unit = { row: row + step[0], column: column + step[1] };
    else if (step) unit = { channel: channel + step[0] * across + step[1] };
    else if (event.key === "Home") unit = { channel: 0 };
    else if (event.key === "End") unit = { channel: count - 1 };
    else if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (unit) {
      unit = { ...current, ...unit };
      const inside = (n, limit) => n >= 0 && n < limit;
      if (inside(unit.channel, count) && inside(unit.row, height) && inside(unit.column, width)) onChoose(unit);
    } else {
      onChoose(current);
      onEnter();
    }
  });

  function speak() {
    const { channel, row, column } = current;
    surface.setAttribute("aria-valuenow", channel + 1);
    const value = values ? `: ${format(values[at(current)], 4)}` : "";
    surface.setAttribute("aria-valuetext", `map ${channel + 1}, row ${row + 1}, column ${column + 1}${value}`);
  }

  const rectangle = (channel, { top, left, bottom, right }) => {
    const x = (channel % across) * (width + 1) + left;
    const y = Math.floor(channel / across) * (height + 1) + top;
    return `M${x} ${y}h${right - left + 1}v${bottom - top + 1}h${left - right - 1}z`;
  };
  const everything = { top: 0, left: 0, bottom: height - 1, right: width - 1 };

  return {
    element,
    /** Lay the maps out; tells whether that changed anything. */
    arrange(narrow) {
      const next = Math.min(count, narrow || width > 18 ? 8 : 16);
      if (next === across) return false;
      across = next;
      const down = Math.ceil(count / across);
      Object.assign(canvas, { width: across * (width + 1) - 1, height: down * (height + 1) - 1 });
      overlay.setAttribute("viewBox", `0 0 ${canvas.width} ${canvas.height}`);
      return true;
    },
    focus() {
      surface.focus({ preventScroll: true });
    },
    paint(now, scale) {
      values = surface.values = now;
      if (!across) this.arrange(false);
      const pixels = new ImageData(canvas.width, canvas.height);
      const words = new Uint32Array(pixels.data.buffer);
      for (let channel = 0; channel < count; channel++) {
        const start = Math.floor(channel / across) * (height + 1) * canvas.width + (channel % across) * (width + 1);
        for (let i = 0; i < height * width; i++) {
          const row = Math.floor(i / width);
          words[start + row * canvas.width + (i - row * width)] = scale.rgba(values[channel * height * width + i]);
        }
      }
      canvas.getContext("2d").putImageData(pixels, 0, 0);
      const rectified = layer.kind === "max" && layer.rectify;
      legend.children[0].textContent = rectified ? "0" : tidy(scale.low);
      legend.children[2].textContent = tidy(scale.high);
      legend.children[1].style.background = scale.gradient;
      legend.children[1].classList.toggle("fx-half", rectified);
      speak();
    },
    /** Outline what a unit sees of these maps, or the `unit` itself when it is one of them; frame the map pointed out. */
    mark(box, unit) {
      if (unit) {
        current = unit;
        speak();
      }
      paths.forEach((path) => path.setAttribute("d", ""));
      if (!box) return;
      const whole = box.bottom - box.top + 1 === height && box.right - box.left + 1 === width;
      const others = [...Array(box.all && !whole ? count : 0).keys()].filter((channel) => channel !== box.channel);
      const lines = [others.map((channel) => rectangle(channel, box)).join("")];
      if (box.channel >= 0) lines.push(whole ? "" : rectangle(box.channel, box), rectangle(box.channel, everything));
      lines.forEach((line, i) => {
        paths[2 * i].setAttribute("d", line);
        paths[2 * i + 1].setAttribute("d", line);
      });
    },
  };
}

function tidy(number) {
  return String(Number(number.toPrecision(2))).replace("-", "−");
}

function svg(tag, properties = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  return element;
}

// ---- the sum that made a number ----------------------------------------------------------------

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

function sameUnit(a, b) {
  return a.layer === b.layer && a.channel === b.channel && a.row === b.row && a.column === b.column;
}

function both(most) {
  return [-most, most];
}

function sign(text) {
  return h("span", { class: "fx-sign" }, text);
}

function signed(number) {
  return (number >= 0 ? "+" : "") + format(number, 4);
}

/** A number of a sum, with what it is in small type below. */
function term(number, name, result = false) {
  const shown = h("span", { class: result ? "fx-term fx-result" : "fx-term" }, format(number, 4));
  if (name) shown.append(h("small", {}, name));
  return shown;
}

/** A square of numbers on their colours. */
function grid(name, numbers, side, scale, winner = -1) {
  const rows = Array.from({ length: side }, (_, p) =>
    h(
      "tr",
      {},
      ...Array.from({ length: side }, (_, q) => {
        const i = p * side + q;
        const text = side > 3 ? format(numbers[i], 2).replace("0.", ".") : format(numbers[i], 2); // where it is narrow
        const cell = h("td", { "data-value": numbers[i], class: i === winner ? "fx-winner" : null }, text);
        cell.style.background = scale.css(numbers[i]);
        cell.style.color = scale.ink(numbers[i]);
        return cell;
      }),
    ),
  );
  return h("table", { class: `fx-grid fx-side-${side}` }, h("caption", {}, name), h("tbody", {}, ...rows));
}

/** What each channel adds, one step each from the bias to the result; the reader picks a step. */
function waterfall(onPick) {
  const steps = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  const surface = h(
    "div",
    { class: "fx-waterfall", role: "slider", tabindex: 0, "aria-label": "Maps by what they add", "aria-valuemin": 1 },
    steps,
  );
  let order = [];
  let rank = 0;
  const pick = (i) => {
    const to = Math.max(0, Math.min(order.length - 1, i));
    if (to !== rank) onPick(order[to].from);
  };
  const drag = (x) => {
    surface.focus({ preventScroll: true });
    pick(Math.floor(x * order.length));
  };
  onDrag(surface, drag, { touch: "pan-y" });
  surface.addEventListener("keydown", (event) => {
    const to = {
      ArrowLeft: rank - 1, ArrowUp: rank - 1, ArrowRight: rank + 1, ArrowDown: rank + 1, Home: 0, End: order.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    pick(to);
  });
  return {
    element: surface,
    show(every, bias, result, part) {
      order = every;
      rank = every.indexOf(part);
      const levels = [bias];
      for (const { sum } of every) levels.push(levels.at(-1) + sum);
      const [low, high] = extent([0, ...levels]);
      const y = (level) => 4 + (92 * (high - level)) / (high - low || 1);
      steps.setAttribute("viewBox", `0 0 ${every.length} 100`);
      const line = (level, name) => svg("path", { class: name, d: `M0 ${y(level)}H${every.length}` });
      steps.replaceChildren(
        line(0, "fx-zero"),
        ...every.map(({ sum, from }, i) =>
          svg("rect", {
            x: i + 0.08,
            width: 0.84,
            y: y(Math.max(levels[i], levels[i + 1])),
            height: Math.max(2, Math.abs(y(levels[i]) - y(levels[i + 1]))),
            class: (sum >= 0 ? "fx-up" : "fx-lower") + (from === part.from ? " fx-picked" : ""),
          }),
        ),
        line(result, "fx-level"),
      );
      surface.setAttribute("aria-valuemax", every.length);
      surface.setAttribute("aria-valuenow", rank + 1);
      surface.setAttribute("aria-valuetext", `map ${part.from + 1} adds ${signed(part.sum)}`);
    },
  };
}
