// The reader draws; a convolutional network's maps, its answer, and the sum behind any number are drawn beside it.
//
// settings: names, examples, labels, answers, pen, and `layers` in order. Each layer has a tap, the tap it follows
// `of`, its shape [c, h, w] and its kind: "sum" (window × kernel, over all channels, plus bias) or "max" (of a window).
// outputs: a tensor for every tap, `probabilities`, and the image that was `seen`.

const NARROW = 560; // pixels of width below which one sheet of maps is shown at a time

export default {
  render({ model, el }) {
    const say = announcer(); // of the drawing, and of what is pointed at
    const tell = announcer(); // of the answer: neither cuts the other short
    const name = Object.keys(model.get("inputs"))[0];
    const { shape } = model.get("inputs")[name];
    const size = shape.at(-1);

    const board = drawingBoard(size, model.get("settings").pen, say, (ink, source) => {
      if (source !== "example") gallery.select(-1);
      setInputs(model, { [name]: toWire(shape, ink) });
    });
    const stage = h("div", { class: "fx", "data-lm-suppress-shortcuts": "true" }); // no notebook command on a key here
    el.append(stage, say.element, tell.element);

    let settings, outputs, network, gallery, tensors;
    function draw() {
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        network?.forget();
        network = networkView(el, settings, size, board, say, tell);
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

    const state = keepAndTake({
      el, model, say, foot: board.foot, kind: "featuremaps", version: 1,
      forms: { drawing: aDrawing(size ** 2), unit: someNumbers(4, 0, 9999), tab: aWhole(0, 99) },
      read: () => ({ drawing: board.ink(), ...network.chosen() }),
      restore({ drawing, ...others }) {
        network.go(others);
        board.replace(drawing, "linked");
      },
      numbers: () => [...drawingTables(settings.names, tensors.probabilities, tensors.seen, size), network.table()],
    });
    const forget = keepDrawn(el, model, draw);
    const disown = ownModel({ el, model, say, foot: board.foot });
    const unfollow = board.followAddress();
    state.begin();
    return () => {
      state.end();
      disown();
      unfollow();
      network.forget();
      forget();
    };
  },
};


/** Everything that depends on the model that is bound: its answer, its maps, and the inspector of one unit. */
function networkView(el, settings, size, board, say, tell) {
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
  let tab = 0;
  function show(i) {
    tab = i;
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
    if (reading && reading !== words) tell(words);
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
    /** What the reader looks at, as numbers; and the way back. */
    chosen: () => ({ unit: [chosen.layer.index, chosen.channel, chosen.row, chosen.column], tab }),
    go({ unit: [index, channel, row, column], tab: other }) {
      const layer = layers[Math.min(index, layers.length - 1)];
      const [channels, rows, columns] = [1, 1, ...layer.shape].slice(-3).map((most) => most - 1);
      choose({ layer, channel: Math.min(channel, channels), row: Math.min(row, rows), column: Math.min(column, columns) });
      tabs.select(Math.min(other, sheets.length - 1));
      show(Math.min(other, sheets.length - 1));
    },
    table() {
      const rows = maps.flatMap(({ tap, shape: [channels, height, width] }) =>
        Array.from(tensors[tap], (value, i) => [tap, Math.floor(i / (height * width)) + 1, (Math.floor(i / width) % height) + 1, (i % width) + 1, value]));
      return [["layer", "channel", "row of the map", "column of the map", "value"], ...rows];
    },
    forget() {
      observer.disconnect();
      cancelAnimationFrame(frame);
    },
  };
}
