// Draws LearningToAttend: a text, the map of the head that reads it, and what the head answers, while it learns.
//
// inputs: weights [n], step [1], letters [m, t] (the first is shown), how [3], targets [m, t]. outputs: map [t, t],
// answers [t, 8], by_distance [t], right, test_loss, at [1].

const SCORES = ["divided by √d", "not divided"];

export default {
  render({ model, el }) {
    const { distance: first, furthest, letters: alphabet, length, batch: size, positions, step } = model.get("settings");
    const say = announcer();
    const held = fromWire(model.get("inputs").letters);
    const [tested] = held.shape;
    let distance = first;
    let where = positions.indexOf("added");
    let divided = true;
    let shown = 0; // which of the texts that it is tested on
    let random;

    // ---- what it trains on ----
    function begin(from) {
      random = from;
      const bound = ({ name, shape }) => (name === "embedding.weight" ? Math.sqrt(3) : name === "out.bias" ? 0 : shape.at(-1) ** -0.5);
      return firstWeights(random, step.weights.map((part) => ({ ...part, bound: bound(part) })));
    }
    function batch() {
      const letters = Float32Array.from({ length: size * length }, () => random.below(alphabet.length));
      return {
        letters: { shape: [size, length], data: letters },
        how: { shape: [3], data: how() },
        targets: { shape: [size, length], data: copied(letters, length, distance) },
      };
    }
    const how = () => [positions[where] === "added" ? 1 : 0, positions[where] === "rotary" ? 1 : 0, divided ? 1 : 0];

    // ---- what the reader sets; a run goes on with it, as it is ----
    function change() {
      const now = fromWire(model.get("inputs").letters).data;
      setInputs(model, { how: toWire([3], how()), targets: toWire([tested, length], copied(now, length, distance)) });
    }
    const ask = slider("Distance", { min: 1, max: furthest, value: distance, write: (n) => `${n} back` }, (n) => {
      distance = n;
      change();
    });
    const places = choices("Positions", positions, where, (i) => {
      where = i;
      change();
    });
    const scaled = choices("Scores", SCORES, 0, (i) => {
      divided = i === 0;
      change();
    });
    const panel = trainingPanel(model, say, {
      begin,
      batch,
      rate: { min: -4, max: 0, value: -2.5 },
      chance: Math.log(alphabet.length),
      held: `${tested} other texts`,
      dials: [ask, places, scaled],
    });
    const another = button("Another text", () => choose((shown + 1) % tested));
    function choose(i) {
      shown = i;
      const rows = held.data.slice();
      rows.copyWithin(0, shown * length, (shown + 1) * length);
      setInputs(model, { letters: toWire([tested, length], rows), targets: toWire([tested, length], copied(rows, length, distance)) });
    }

    // ---- drawing ----
    const map = copyMap(length);
    const far = stepBars({ ticks: [[1, "1"], [0.5, "½"]] });
    const verdict = h("p", { class: "la-verdict" });

    let drawn; // what is seen, as numbers

    function draw() {
      const inputs = model.get("inputs");
      const read = Object.fromEntries(Object.entries(model.get("outputs")).map(([name, wire]) => [name, fromWire(wire).data]));
      const text = Array.from(fromWire(inputs.letters).data.slice(0, length), (i) => alphabet[i]);
      const asked = Array.from(fromWire(inputs.targets).data.slice(0, length)).filter((target) => target < 0).length;
      drawn = { text, asked, read };
      map.draw({ text, alphabet, distance: asked, weights: read.map, answers: read.answers, scale: colourScale(el, "sequential", 0, 1) });
      const there = read.by_distance[asked];
      far.draw(read.by_distance, asked, `Mean weight by distance: ${format(there)} on the place ${asked} back`);
      verdict.replaceChildren(
        "Right: ",
        h("output", {}, `${Math.round(100 * read.right[0])}%`),
        `. Mean weight on the letter to copy, ${asked} back: `,
        h("output", {}, format(there)),
        ".",
      );
      verdict.dataset.right = String(read.right[0]);
      panel.tested(model.get("outputs"));
    }

    const key = h("p", { class: "lm-quiet" }, "Each row is a place that looks, and the letter that it should copy has a frame. On the right are the answers.");
    const bars = h("figure", { class: "la-far" }, far, h("figcaption", {}, "Mean weight on the place 0, 1, 2, … back"));
    const head = h("div", { class: "la-head lm-answer" }, h("div", { class: "la-top" }, verdict, another), map.element, bars, key);
    el.append(h("div", { class: "la", "data-lm-suppress-shortcuts": "true" }, panel.element, head), say.element);
    const state = keepAndTake({
      el, model, say, kind: "learnattend", version: 1,
      forms: {
        ...panel.forms,
        distance: aWhole(1, furthest),
        positions: aWhole(0, positions.length - 1),
        divided: aWhole(0, 1),
        text: aWhole(1, tested),
      },
      read: () => ({ ...panel.read(), distance, positions: where, divided: Number(divided), text: shown + 1 }),
      restore(to) {
        ask.value = distance = to.distance;
        places.select((where = to.positions));
        divided = to.divided === 1;
        scaled.select(divided ? 0 : 1);
        setInputs(model, { how: toWire([3], how()) });
        choose(to.text - 1);
        panel.restore(to); // begins anew
      },
      numbers() {
        const { text, asked, read } = drawn;
        const now = [["distance", "positions", "scores", "right (share)"], [asked, positions[where], SCORES[divided ? 0 : 1], read.right[0]]];
        const chances = Array.from(alphabet, (letter) => `${letter} (share)`);
        const said = (i) => Array.from(read.answers.subarray(i * alphabet.length, (i + 1) * alphabet.length));
        const answers = text.map((letter, i) => [i + 1, letter, text[i - asked], ...said(i)]);
        const far = Array.from(read.by_distance, (weight, back) => [back, weight]);
        const numbers = text.map((_, i) => i + 1);
        return [
          ...panel.tables(),
          now,
          [["place", "letter", "letter to copy", ...chances], ...answers],
          [["places back", "mean weight"], ...far],
          longTable(["place that looks", "place looked at", "weight"], read.map, numbers, numbers),
        ];
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
