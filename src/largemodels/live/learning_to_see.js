// A small network learns to read digits, and reads the reader's drawing meanwhile.
//
// settings: names; count, held and few: digits to train on, held out, and where the reader wants few; side, shades,
// shuffle, activations, pen, step. outputs: maps, probabilities, test_accuracy, test_loss, awake, at. `brought`: labels,
// then pixels, a byte each.

const SIZES = [8, 32, 128];
const STARTS = [["He", 1], ["too small", 0.01], ["too large", 10], ["zeros", 0]];

export default {
  render({ model, el }) {
    const say = announcer();
    const { names, count, held, few, side, shades, shuffle, activations, pen, step } = model.get("settings");
    const size = 2 * side;
    const own = []; // the reader's: {pixels, label}
    const set = { size: 32, start: 1, activation: 0, shuffled: false, few: false };
    let digits = null; // {labels, wrong, pixels(i)}, once they are here
    let order;
    let random;

    /** What to train on comes from beside the page, or from the kernel, when it is first needed. */
    const ready = () =>
      new Promise((resolve, reject) => {
        const arrived = () => {
          const bytes = model.get("brought");
          if (!bytes?.byteLength) return;
          model.off("change:brought", arrived);
          digits = read(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
          resolve();
        };
        if (digits) return resolve();
        model.on("change:brought", arrived);
        arrived();
        if (digits) return;
        model.set("wanted", model.get("wanted") + 1);
        model.save_changes();
        const failed = () => el.dataset.state === "failed" && reject(new Error("The digits to train on could not be fetched."));
        new MutationObserver((_, watcher) => failed() && watcher.disconnect()).observe(el, { attributeFilter: ["data-state"] });
      });

    function read(bytes) {
      const labels = bytes.subarray(0, count);
      const places = seededRandom(shuffle).shuffled(count);
      const all = Float32Array.from(bytes.subarray(count), (n) => n / shades);
      const pixels = (i) => all.subarray(i * side * side, (i + 1) * side * side);
      return { labels, wrong: places.map((i) => labels[i]), pixels };
    }

    /** The next batch: digits in random order; of the reader's own some in every batch, a quarter at most. */
    function batch() {
      const mine = Math.min(own.length, Math.floor(set.size / 4));
      const labels = set.shuffled ? digits.wrong : digits.labels;
      const some = order.next(set.size - mine).map((i) => ({ pixels: digits.pixels(i), label: labels[i] }));
      for (let i = 0; i < mine; i++) some.push(own[random.below(own.length)]);
      const x = new Float32Array(set.size * side * side);
      some.forEach(({ pixels }, i) => x.set(pixels, i * side * side));
      return {
        x: { shape: [set.size, 1, side, side], data: x },
        activation: { shape: [1], data: [set.activation] },
        targets: { shape: [set.size], data: some.map(({ label }) => label) },
      };
    }

    function begin(seeded) {
      random = seeded;
      const bound = ({ shape }) => (shape.length > 1 ? set.start * Math.sqrt(6 / shape.slice(1).reduce((a, b) => a * b, 1)) : 0);
      const weights = firstWeights(random, step.weights.map((one) => ({ ...one, bound: bound(one) })));
      order = endlessOrder(random, set.few ? few : count);
      return weights;
    }

    /** Why this network makes no progress, where the numbers show it. */
    function reason(run) {
      const outputs = model.get("outputs");
      const awake = fromWire(outputs.awake).data;
      const late = run.step > 30 && fromWire(outputs.at).data[0] > 0;
      if (run.bad !== undefined || !late) return "";
      if (set.start === 0) {
        return "Nothing but the biases of the last layer can change: with all weights at zero, no filter differs from another, and no gradient reaches them.";
      }
      if (set.activation === 0 && awake.some((share) => share === 0)) {
        const layer = awake[0] === 0 ? "first" : "second";
        return (
          `Every ReLU of the ${layer} layer is off, for all held-out digits: its gradient is 0, so its filters cannot recover, ` +
          "and the network can only guess. A step was too long. Lower the rate, and reset."
        );
      }
      return "";
    }

    const again = (name) => (value) => {
      set[name] = value;
      panel.again();
    };
    const tick = (onTick) => {
      const input = h("input", { type: "checkbox", onchange: () => onTick(input.checked) });
      return input;
    };
    const [shuffling, fewer] = [tick(again("shuffled")), tick(again("few"))];
    const named = (input, label) => h("label", { class: "tr-slow" }, input, label);
    const sizes = choices("Batch", SIZES.map(String), 1, (i) => (set.size = SIZES[i]));
    const starts = choices("First weights", STARTS.map(([name]) => name), 0, (i) => again("start")(STARTS[i][1]));
    const bends = choices("Activation", activations, 0, (i) => {
      setInputs(model, { activation: toWire([1], [i]) });
      again("activation")(i);
    });
    const data = h(
      "div",
      { class: "tr-buttons", role: "group", "aria-label": "Digits to train on" },
      named(shuffling, "Shuffle the labels"),
      named(fewer, `Only ${few} digits`),
    );

    const panel = trainingPanel(model, say, {
      begin,
      batch,
      ready,
      rate: { min: -3, max: 1, value: -1 },
      momentum: 0,
      chance: Math.log(names.length),
      held: `${held} held-out digits`,
      dials: [sizes, starts, bends, data],
      reason,
    });

    const drawn = (ink) => setInputs(model, { image: toWire([1, 1, size, size], ink) });
    const board = drawingBoard(size, pen, say, drawn);
    const verdict = classBars(names);
    const sheet = filterSheet(step.weights[0].shape);
    const score = h("p", { class: "see-score" });
    const label = h("select", { "aria-label": "What you drew" }, ...names.map((name, i) => h("option", { value: i }, name)));
    const told = h("span", { class: "lm-quiet" });
    const tellOwn = () => (told.textContent = own.length ? `${own.length} of yours, in every batch from now on.` : "");
    const add = button("Train on it, too", () => {
      const { data: ink } = fromWire(model.get("inputs").image);
      own.push({ pixels: inShades(halved(ink, side)), label: Number(label.value) });
      tellOwn();
      say(`Added as a ${names[label.value]}. ${told.textContent}`);
    });
    const mine = h("div", { class: "see-own" }, h("label", {}, "This is a ", label), add, told);
    const sees = h("div", { class: "see-sees", "data-lm-suppress-shortcuts": "true" }, board.element, verdict.element);
    const look = h("div", { class: "see-look" }, score, sheet, sees, mine);
    el.append(h("div", { class: "see" }, panel.element, look), say.element);

    function draw() {
      const outputs = model.get("outputs");
      const inputs = model.get("inputs");
      const ink = fromWire(inputs.image).data;
      const accuracy = fromWire(outputs.test_accuracy).data[0];
      score.replaceChildren(h("strong", {}, `${(100 * accuracy).toFixed(1)} %`), ` of ${held} held-out digits are read correctly`);
      score.dataset.value = accuracy;
      board.show(ink);
      board.surface.values = ink; // at hand in the browser's console
      sheet.show(fromWire(inputs.weights).data, fromWire(outputs.maps));
      verdict.show(fromWire(outputs.probabilities).data, largest(ink) === 0);
      panel.tested(outputs);
    }

    const state = keepAndTake({
      el, model, say, kind: "learnsee", version: 1,
      forms: {
        ...panel.forms,
        batch: aWhole(0, SIZES.length - 1),
        start: aWhole(0, STARTS.length - 1),
        activation: aWhole(0, activations.length - 1),
        shuffled: aWhole(0, 1),
        few: aWhole(0, 1),
        drawing: aDrawing(size ** 2),
        own: labelledDrawings(side ** 2, names.length),
      },
      read: () => ({
        ...panel.read(),
        batch: SIZES.indexOf(set.size),
        start: STARTS.findIndex(([, factor]) => factor === set.start),
        activation: set.activation,
        shuffled: Number(set.shuffled),
        few: Number(set.few),
        drawing: board.ink(),
        own,
      }),
      restore(to) {
        Object.assign(set, { size: SIZES[to.batch], start: STARTS[to.start][1], activation: to.activation });
        set.shuffled = shuffling.checked = to.shuffled === 1;
        set.few = fewer.checked = to.few === 1;
        for (const [dial, i] of [[sizes, to.batch], [starts, to.start], [bends, to.activation]]) dial.select(i);
        own.splice(0, own.length, ...to.own);
        tellOwn();
        setInputs(model, { activation: toWire([1], [to.activation]) });
        board.replace(to.drawing, "linked");
        panel.restore(to); // begins anew
      },
      numbers() {
        const outputs = Object.fromEntries(Object.entries(model.get("outputs")).map(([name, wire]) => [name, fromWire(wire)]));
        const inputs = model.get("inputs");
        const setting = { batch: set.size, "first weights": STARTS.find(([, factor]) => factor === set.start)[0] };
        Object.assign(setting, { activation: activations[set.activation], "labels shuffled": Number(set.shuffled) });
        Object.assign(setting, { "digits to train on": set.few ? few : count, "drawings of yours": own.length });
        const held = [["held-out digits read correctly (share)", "loss of the held-out digits"], [outputs.test_accuracy.data[0], outputs.test_loss.data[0]]];
        const drawing = drawingTables(names, outputs.probabilities.data, halved(fromWire(inputs.image).data, side), side);
        const filters = filterTables(step.weights[0].shape, fromWire(inputs.weights).data, outputs.maps);
        return [...panel.tables(), [Object.keys(setting), Object.values(setting)], held, ...drawing, ...filters];
      },
    });
    const unwatch = panel.watch(el);
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      unwatch();
      forget();
    };
  },
};
