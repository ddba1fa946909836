// Where the heads of a vision Transformer look from one patch.

const OVER = 0.85; // how much of a patch's colour the ink covers

/** One head large, with the cursor that asks, and all heads small: the weights of one row of each laid over the image. */
function patchView(el, settings, size, say) {
  const { taps, heads, side } = settings;
  const patch = size / side;
  const places = 1 + side * side;
  let tensors = null;
  let [layer, head] = [taps.length - 1, 0];
  let asks = 0; // the place that looks; 0 is the class token
  let under = -1; // the place under the mouse, if any

  const rowOf = (place) => Math.floor((place - 1) / side);
  const columnOf = (place) => (place - 1) % side;
  const placeAt = (row, column) => (row ? 1 + (row - 1) * side + column : 0); // of the surface, whose first row is the token's
  const named = (place) => (place ? `row ${rowOf(place) + 1}, column ${columnOf(place) + 1}` : "the class token");
  const titled = (l, k) => `Layer ${l + 1}, head ${k + 1}`;
  const looking = () => (under < 0 ? asks : under);
  const weightsOf = (l, k, place) => tensors[taps[l]].subarray((k * places + place) * places).subarray(0, places);

  // ---- one head ----
  const canvas = h("canvas", { "aria-hidden": "true" });
  const token = h("span", { class: "px-token", "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface px-map" }, canvas, token);
  const cursor = gridCursor(surface, {
    label: "The patch that looks. Arrow keys move between patches; above the first row is the class token.",
    rows: side + 1,
    columns: side,
    describe: (row, column) => (tensors ? `${named(placeAt(row, column))}: ${wordsFor(placeAt(row, column))}` : ""),
    onMove: (row, column) => look(placeAt(row, column)),
  });
  surface.addEventListener("pointermove", (event) => {
    const box = surface.getBoundingClientRect();
    if (event.pointerType !== "mouse" || event.buttons || !box.width) return;
    const cell = (part, whole, cells) => Math.max(0, Math.min(cells - 1, Math.floor((part / whole) * cells)));
    const row = cell(event.clientY - box.top, box.height, side + 1);
    glance(placeAt(row, cell(event.clientX - box.left, box.width, side)));
  });
  surface.addEventListener("pointerleave", () => glance(-1));
  const title = h("strong");
  const from = h("span", { class: "px-from" });
  const facts = h("dl", { class: "px-facts" });
  const legend = legendBar("Colours of the weights");
  const one = h(
    "section",
    { class: "px-one lm-answer", "aria-label": "One head" },
    surface,
    h("div", { class: "px-told" }, h("p", {}, title, from), facts, legend),
  );

  // ---- all heads ----
  const minis = taps.flatMap((_, l) => Array.from({ length: heads }, (_, k) => ({ l, k, canvas: h("canvas", { class: "lm-pixels", "aria-hidden": "true" }) })));
  const sheet = choices(
    "All heads, from the same patch",
    minis.map(({ canvas }) => canvas),
    layer * heads + head,
    (i) => choose(minis[i].l, minis[i].k),
    minis.map(({ l, k }) => titled(l, k)),
  );
  sheet.classList.add("px-sheet");
  sheet.style.setProperty("--heads", heads);
  minis.filter(({ k }) => k === 0).forEach(({ l }) => sheet.querySelectorAll(".lm-chip")[l * heads].before(h("span", { class: "px-layer", "aria-hidden": "true" }, `layer ${l + 1}`)));
  const all = h("section", { class: "px-all lm-answer", "aria-label": "All heads" }, sheet);

  function choose(l, k) {
    [layer, head] = [l, k];
    drawOne();
    say(`${titled(l, k)}: ${wordsFor(asks)}`);
  }

  function look(place) {
    under = -1;
    asks = place;
    drawWeights();
    say(`${named(asks)}: ${wordsFor(asks)}`);
  }

  function glance(place) {
    if (place === under) return;
    under = place;
    drawWeights();
  }

  /** What the chosen head does from a place, in numbers: [name, value, words]. */
  function measured(place) {
    const weights = weightsOf(layer, head, place);
    const best = weights.reduce((most, weight, i) => (weight > weights[most] ? i : most), 0);
    const rows = [["most", weights[best], `${named(best)}, ${percent(weights[best])}`]];
    rows.push(["class token", weights[0], percent(weights[0])]);
    if (!place) return rows;
    rows.push(["itself", weights[place], percent(weights[place])]);
    const away = (i) => Math.hypot(rowOf(i) - rowOf(place), columnOf(i) - columnOf(place));
    let [far, total, even] = [0, 0, 0];
    for (let i = 1; i < places; i++) {
      far += weights[i] * away(i);
      total += weights[i];
      even += away(i) / (places - 1);
    }
    const mean = total > 0 ? far / total : 0;
    rows.push(["distance", mean, `${format(mean, 1)} patches; evenly it would be ${format(even, 1)}`]);
    return rows;
  }

  const wordsFor = (place) => {
    const [most, token] = measured(place);
    return `looks most at ${most[2]}; at the class token ${token[2]}`;
  };

  // ---- drawing ----
  let colours; // of the weights, up to the largest that any place has for this drawing, and of ink
  function readColours() {
    const most = tidyCeiling(Math.max(...taps.map((tap) => largest(tensors[tap]))));
    const dark = el.classList.contains("lm-dark");
    if (colours?.most === most && colours.dark === dark) return;
    colours = { most, dark, weights: rooted(colourScale(el, "gaze", 0, 1), most), ink: colourScale(el, "drawing", 0, 1).rgba(1) };
    legend.show(colours.weights);
  }

  /** The class token's cell and below it the image in patches, each in the colour of its weight, with the ink over it. */
  function paintPatches(target, weights) {
    paintInTurn(target, () => paintColoured(target, weights, tensors.seen));
    target.values = weights;
  }

  function paintColoured(target, weights, seen) {
    const cell = 2 * patch + 2; // two pixels for each of the image's, and a gap of two between patches
    const [width, height] = [side * cell, (side + 1) * cell];
    if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
    const pixels = new ImageData(width, height);
    const words = new Uint32Array(pixels.data.buffer); // what stays 0 is transparent
    const mix = (one, other, share) => {
      let mixed = 255 << 24;
      for (const shift of [0, 8, 16]) {
        const [a, b] = [(one >> shift) & 255, (other >> shift) & 255];
        mixed |= Math.round(a + (b - a) * share) << shift;
      }
      return mixed;
    };
    for (let place = 0; place < places; place++) {
      const [top, left] = place ? [(rowOf(place) + 1) * cell, columnOf(place) * cell] : [0, 0];
      const colour = colours.weights.rgba(weights[place]);
      for (let y = 1; y < cell - 1; y++) {
        for (let x = 1; x < cell - 1; x++) {
          let ink = 0;
          if (place) {
            const [row, column] = [rowOf(place) * patch + ((y - 1) >> 1), columnOf(place) * patch + ((x - 1) >> 1)];
            ink = seen[row * size + column];
          }
          words[(top + y) * width + left + x] = mix(colour, colours.ink, OVER * ink);
        }
      }
    }
    target.getContext("2d").putImageData(pixels, 0, 0);
  }

  function drawOne() {
    const place = looking();
    const weights = weightsOf(layer, head, place);
    paintPatches(canvas, weights);
    cursor.place(place ? rowOf(place) + 1 : 0, place ? columnOf(place) : 0);
    token.textContent = `class token ${percent(weights[0])}`;
    title.textContent = titled(layer, head);
    from.textContent = place ? `from the patch in ${named(place)}` : "from the class token, where the answer is read";
    const spoken = { most: "looks most at", "class token": "at the class token", itself: "at itself", distance: "mean distance" };
    facts.replaceChildren(...measured(place).map(([key, value, words]) => h("div", { "data-fact": key, "data-value": value }, h("dt", {}, spoken[key]), h("dd", {}, words))));
  }

  function drawWeights() {
    if (!tensors) return;
    readColours();
    for (const { l, k, canvas } of minis) paintPatches(canvas, weightsOf(l, k, looking()));
    drawOne();
  }

  return {
    one,
    all,
    /** Layer, head and the place that looks; and the way back. */
    now: () => [layer, head, asks],
    go([l, k, place]) {
      [layer, head, asks] = [Math.min(l, taps.length - 1), Math.min(k, heads - 1), Math.min(place, places - 1)];
      sheet.select(layer * heads + head);
      drawWeights();
    },
    table() {
      const rows = taps.flatMap((_, l) => Array.from({ length: heads }, (_, k) => [...weightsOf(l, k, asks)].map((weight, i) => [l + 1, k + 1, named(i), weight])));
      return [["layer", "head", "looked at", `weight (share) from ${named(asks)}`], ...rows.flat()];
    },
    draw(now) {
      tensors = now;
      drawWeights();
    },
  };
}

/** A scale up to `most` that goes with the root, so that small weights can be told apart. */
function rooted(scale, most) {
  return { ...scale, high: most, middle: most / 4, rgba: (value) => scale.rgba(Math.sqrt(Math.max(0, value) / most)) };
}

/** The next larger of a few round numbers, so that the scale stands still while a drawing grows. */
function tidyCeiling(number) {
  return [0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8].find((step) => number <= step) ?? 1;
}
