// The reader draws; a convolutional network's maps, its answer, and the sum behind any number are drawn beside it.
//
// settings: names, examples, labels, answers, pen, and `layers` in order. Each layer has a tap, the tap it follows
// `of`, its shape [c, h, w] and its kind: "sum" (window × kernel, over all channels, plus bias) or "max" (of a window).
// outputs: a tensor for every tap, `probabilities`, and the image that was `seen`.

const NARROW = 560; // pixels of width below which one sheet of maps is shown at a time
const UNDOS = 60;
const LINK = "drawing=";
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
    board.restore();
    return () => {
      network.forget();
      forget();
    };
  },
};

// ---- the drawing -----------------------------------------------------------------------------

/** A board of size × size pixels, each from 0 (paper) to 1 (ink). `onInk(ink)` after a change, once a frame at most. */
function drawingBoard(size, pen, say, onInk) {
  const canvas = h("canvas", { width: size, height: size });
  const field = h("div", { class: "fx-field", hidden: true });
  const cursor = h("div", { class: "lm-cursor fx-pen" });
  const hint = h("span", { class: "fx-hint", "aria-hidden": "true" }, "draw here");
  const surface = h(
    "div",
    {
      class: "lm-surface fx-board",
      role: "application",
      tabindex: 0,
      "aria-label":
        "Drawing. Arrow keys move the pen, space puts it down or lifts it, E changes to the eraser, " +
        "Shift with an arrow key moves the drawing, U undoes, C clears.",
    },
    canvas,
    field,
    cursor,
    hint,
  );
  let ink = new Float32Array(size * size);
  let past = [];
  let erasing = false;
  let untouched = true;
  let frame = 0;
  let source = "";
  const middle = Math.floor(size / 2) + 0.5;
  const tip = { x: middle, y: middle, down: false }; // of the pen that the keys move

  const undoButton = button("Undo", undo, { disabled: true });
  const tools = choices("Tool", ["Pen", "Eraser"], 0, (i) => (erasing = i === 1));
  const arrows = [["←", 0, -1, "left"], ["↑", -1, 0, "up"], ["↓", 1, 0, "down"], ["→", 0, 1, "right"]];
  const pad = h(
    "div",
    { class: "fx-pad", role: "group", "aria-label": "Move the drawing" },
    ...arrows.map(([sign, down, right, word]) =>
      button(sign, () => shift(down, right), { "aria-label": `one pixel ${word}`, title: `Move one pixel ${word}` }),
    ),
  );
  const link = button("Copy link", copyLink, { title: "A link to this page with your drawing in it" });
  const element = h(
    "div",
    { class: "fx-drawing" },
    surface,
    h("div", { class: "fx-tools" }, tools, undoButton, button("Clear", clear), pad, ...(onStaticPage() ? [link] : [])),
  );

  /** Put ink (or take it) along a line: full inside the pen, fading over one pixel at its edge. */
  function stroke(from, to) {
    const radius = erasing ? pen + 1 : pen; // wide enough to take a stroke's soft edge along
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    for (let i = 0; i < ink.length; i++) {
      const [x, y] = [(i % size) + 0.5 - from.x, Math.floor(i / size) + 0.5 - from.y];
      const along = length ? Math.max(0, Math.min(1, (x * dx + y * dy) / length)) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const covered = Math.max(0, Math.min(1, radius + 0.5 - distance));
      ink[i] = erasing ? Math.min(ink[i], 1 - covered) : Math.max(ink[i], covered);
    }
    changed("drawn");
  }

  function changed(by) {
    source = by;
    hint.hidden = true;
    undoButton.disabled = !past.length;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paintInk();
      onInk(ink, source);
    });
  }

  function remember() {
    past = [...past.slice(1 - UNDOS), ink.slice()];
  }

  /** Start a stroke; the first one on a drawing that the page came with has the paper to itself. */
  function begin() {
    remember();
    if (untouched && !erasing) ink = new Float32Array(size * size);
    untouched = false;
  }

  function replace(next, by) {
    remember();
    untouched = false;
    ink = Float32Array.from(next);
    changed(by);
  }

  function undo() {
    if (!past.length) return;
    ink = past.pop();
    changed("undone");
    say("Undone");
  }

  function clear() {
    replace(new Float32Array(size * size), "cleared");
    say("Cleared");
  }

  function shift(down, right) {
    const moved = new Float32Array(ink.length);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const [r, c] = [row - down, column - right];
        if (r >= 0 && r < size && c >= 0 && c < size) moved[row * size + column] = ink[r * size + c];
      }
    }
    replace(moved, "moved");
  }

  /** Put the drawing into the page's address, and that on the clipboard where the browser allows it. */
  async function copyLink() {
    history.replaceState(null, "", `#${LINK}${encodeInk(ink)}`);
    let done = "Now in the address bar";
    try {
      await navigator.clipboard.writeText(location.href);
      done = "Copied";
    } catch {} // no permission, or no clipboard: the address bar holds it
    link.textContent = done;
    say(done);
    setTimeout(() => (link.textContent = "Copy link"), 2000);
  }

  function paintInk() {
    paint(canvas, ink, size, size, colourScale(surface, "drawing", 0, 1));
  }

  let last = null;
  let byPointer = false;
  surface.addEventListener("focus", () => surface.classList.toggle("fx-keys", !byPointer));
  onDrag(
    surface,
    (x, y, event) => {
      if (event.type === "pointerdown") {
        byPointer = true;
        surface.focus({ preventScroll: true });
        surface.classList.remove("fx-keys");
        begin();
        last = null;
      }
      const point = { x: x * size, y: y * size };
      const outside = x === 0 || x === 1 || y === 0 || y === 1;
      if (!outside) stroke(last ?? point, point);
      last = outside ? null : point;
    },
    () => {
      last = null;
      byPointer = false;
    },
  );

  surface.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    const key = event.key.toLowerCase();
    const step = { arrowup: [-1, 0], arrowdown: [1, 0], arrowleft: [0, -1], arrowright: [0, 1] }[key];
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z") return;
      undo();
    } else if (step && event.shiftKey) shift(...step);
    else if (step) travel(...step);
    else if (key === " " || key === "enter") lower(!tip.down);
    else if (key === "c") clear();
    else if (key === "u") undo();
    else if (key === "e") {
      erasing = !erasing;
      tools.select(erasing ? 1 : 0);
      say(erasing ? "Eraser" : "Pen");
    } else return;
    event.preventDefault(); // the page must not scroll
    event.stopPropagation(); // nor the notebook take the key for a command
    surface.classList.add("fx-keys");
  });
  surface.addEventListener("blur", () => (tip.down = false));

  function travel(down, right) {
    const from = { ...tip };
    tip.x = Math.max(0.5, Math.min(size - 0.5, tip.x + right));
    tip.y = Math.max(0.5, Math.min(size - 0.5, tip.y + down));
    if (tip.down) stroke(from, tip);
    say(placePen());
  }

  function lower(down) {
    tip.down = down;
    if (down) {
      begin();
      stroke(tip, tip);
    }
    say(placePen());
  }

  function placePen() {
    const [row, column] = [Math.floor(tip.y), Math.floor(tip.x)];
    placeBox(cursor, { top: row, left: column, bottom: row, right: column }, size);
    cursor.classList.toggle("fx-down", tip.down);
    return `${tip.down ? "pen down" : "pen up"}, row ${row + 1}, column ${column + 1}`;
  }
  placePen();

  return {
    element,
    surface,
    replace,
    /** Show what the model was given, unless the reader is drawing on. */
    show(given) {
      if (!frame) ink = given;
      paintInk();
    },
    /** Outline a rectangle of pixels: what a unit sees. */
    outline(box) {
      field.hidden = !box;
      if (box) placeBox(field, box, size);
    },
    /** Take up the drawing that the page's address holds, if it holds one. */
    restore() {
      const shared = onStaticPage() && location.hash.startsWith(`#${LINK}`);
      const drawing = shared && decodeInk(location.hash.slice(1 + LINK.length), size * size);
      if (!drawing) return;
      replace(drawing, "linked");
      element.scrollIntoView({ block: "center" });
    },
  };
}

/** Tell whether no notebook is running here, whose address would be its own affair. */
function onStaticPage() {
  return document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]') !== null;
}

/** Write a drawing as text that an address can hold: a letter a pixel and its 32 shades, runs of paper counted. */
function encodeInk(ink) {
  const text = Array.from(ink, (v) => Math.round(v * 31).toString(32)).join("");
  return text.replace(/0{3,}/g, (run) => `.${run.length}.`);
}

/** Read it back; null for anything that is not a drawing of `count` pixels. */
function decodeInk(text, count) {
  if (text.length > 2 * count || !/^([0-9a-v]|\.\d{1,4}\.)*$/.test(text)) return null;
  const pixels = text.replace(/\.(\d+)\./g, (_, run) => "0".repeat(Math.min(count + 1, Number(run))));
  return pixels.length === count ? Float32Array.from(pixels, (digit) => parseInt(digit, 32) / 31) : null;
}

/** Lay an element over the pixels from top, left to bottom, right (both included) of a size × size picture. */
function placeBox(element, { top, left, bottom, right }, size) {
  const percent = (part) => `${(100 * part) / size}%`;
  Object.assign(element.style, {
    top: percent(top),
    left: percent(left),
    height: percent(bottom - top + 1),
    width: percent(right - left + 1),
  });
}

/** Real examples to pick from; those that the network gets wrong say what it takes them for. */
function exampleGallery({ examples, labels, answers, names }, onPick) {
  const { shape, data } = fromWire(examples);
  const [n, , height, width] = shape;
  const images = Array.from({ length: n }, (_, i) => data.subarray(i * height * width, (i + 1) * height * width));
  const thumbnails = images.map(() => h("canvas", { "aria-hidden": "true" }));
  const misread = (i) => labels && answers && labels[i] !== answers[i];
  const caption = (i) => (labels ? names[labels[i]] + (misread(i) ? ` → ${names[answers[i]]}` : "") : "");
  const spoken = images.map((_, i) => {
    if (!labels) return `example ${i + 1}`;
    return `a ${names[labels[i]]}` + (misread(i) ? `, which the network takes for ${names[answers[i]]}` : "");
  });
  const chips = thumbnails.map((canvas, i) => {
    const chip = new DocumentFragment();
    chip.append(canvas, h("small", { class: misread(i) ? "fx-misread" : null, title: spoken[i] }, caption(i)));
    return chip;
  });
  const element = choices("Pick one, or draw", chips, -1, (i) => onPick(images[i]), spoken);
  element.classList.add("fx-gallery");
  element.paint = () => {
    const scale = colourScale(element, "drawing", 0, 1);
    thumbnails.forEach((canvas, i) => paint(canvas, images[i], height, width, scale));
  };
  return element;
}

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

  const verdict = classBars(settings.names, logits, point, choose);
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

function percent(probability) {
  return `${(100 * probability).toFixed(1)} %`;
}

// ---- the answer ------------------------------------------------------------------------------

/** The probability of every class as a bar; pointing at one asks for its logit. */
function classBars(names, logits, onPoint, onChoose) {
  const unit = (i) => ({ layer: logits, channel: i, row: 0, column: 0 });
  const rows = names.map((name, i) => {
    const fill = h("span", { class: "fx-fill" });
    const number = h("span", { class: "fx-percent" });
    const row = h(
      "button",
      {
        type: "button",
        class: "fx-class",
        "aria-pressed": "false",
        onpointerenter: (event) => event.pointerType === "mouse" && onPoint(unit(i)),
        onpointerleave: (event) => event.pointerType === "mouse" && onPoint(null),
        onclick: () => onChoose(unit(i)),
      },
      h("span", { class: "fx-name" }, name),
      h("span", { class: "fx-track" }, fill),
      number,
    );
    return { row, fill, number };
  });
  const answer = h("strong", { class: "fx-answer" });
  const words = h("span", { class: "fx-words" });
  const group = h(
    "div",
    { class: "fx-bars", role: "group", "aria-label": "Probability of each class" },
    ...rows.map(({ row }) => row),
  );
  rove(group, rows.map(({ row }) => row));
  const element = h("div", { class: "fx-verdict lm-answer" }, h("p", { class: "fx-guess" }, answer, words), group);
  return {
    element,
    show(probabilities, blank) {
      rows.forEach(({ row, fill, number }, i) => {
        fill.style.width = `${100 * probabilities[i]}%`;
        number.textContent = percent(probabilities[i]);
        row.dataset.value = probabilities[i];
      });
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
      const [first, second] = order;
      rows.forEach(({ row }, i) => row.classList.toggle("fx-first", i === first && !blank));
      answer.textContent = blank ? "?" : names[first];
      const rival = probabilities[second] > 0.1 ? `, or ${names[second]}: ${percent(probabilities[second])}` : "";
      words.textContent = blank
        ? `Nothing is drawn. The network must answer all the same: ${names[first]}, ${percent(probabilities[first])}.`
        : `${percent(probabilities[first])}${rival}`;
      return blank ? words.textContent : `The network reads ${names[first]}: ${words.textContent}`;
    },
    mark(chosen) {
      rows.forEach(({ row }, i) => row.setAttribute("aria-pressed", String(i === chosen)));
    },
  };
}

/** Make a column of buttons one stop of the Tab key; arrow keys move inside it. */
function rove(group, buttons) {
  const focusable = (i) => buttons.forEach((one, j) => (one.tabIndex = i === j ? 0 : -1));
  focusable(0);
  buttons.forEach((one, i) => one.addEventListener("focus", () => focusable(i)));
  group.addEventListener("keydown", (event) => {
    const i = buttons.indexOf(document.activeElement ?? event.target);
    const from = i >= 0 ? i : buttons.indexOf(event.target);
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
  });
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
  onDrag(surface, (x) => {
    surface.focus({ preventScroll: true });
    pick(Math.floor(x * order.length));
  });
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
