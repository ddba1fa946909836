// Draws an AttentionExplorer: the reader's text; where each head of a GPT looks, all of them small and one large; how
// one weight came about, and what the head answers; what is expected next, with heads switched off; and writes on.
//
// inputs: text [1, t], as code points; heads [n, layers, heads]: all on, ways to compare, and the reader's switches
// last; temperature, top_k, top_p [1]. outputs: seen [1, t], as text; weights [layers, heads, t, t], query, key and value
// [layers, heads, t, d], logits [t, symbols] of the last of the n; probabilities and chances [n, t, symbols], moved
// [n, t] of each. settings: symbols, examples, head, context, rotary, normed.
//
// `render` holds what the reader has chosen, and hands it to the parts below, which draw: each is made once, by a
// function that returns an element with `draw`.

const LIKELY = 8; // characters whose probability is drawn
const FAINTEST = 0.02; // weights below it get no line
const TAKEN = 4; // values that are written out in the sum of a head's answer

export default {
  render({ model, el }) {
    const say = announcer();
    let settings, known, answer; // what there is to draw
    let layer = 0;
    let head = 0;
    let row = -1; // the character that looks
    let column = -1; // the character that it looks at
    let peek = null; // [row, column] under the mouse
    let wanted = null; // the row to look at when the answer comes
    let switches = []; // of all heads, as the reader set them
    let effects = null; // for each head, what switching it off alone moves: {text, moved}
    let emptied = false;
    let writing = 0; // characters still to be written
    let written = 0; // characters at the end that the model wrote

    const input = (name) => fromWire(model.get("inputs")[name]).data;
    const at = () => peek ?? [row, column];

    // ---- what the reader types ----
    const box = textBox({
      label: "Text for the model to read",
      placeholder: "Type something: the model reads it character by character.",
      reader: "model",
      limit: () => model.get("settings").context,
      onText: () => {
        if (!writing) written = 0;
        ask();
      },
      onCaret: () => !emptied && answer && wanted === null && look(box.caret()),
    });
    const { examples } = model.get("settings");
    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, (i) => {
      stop();
      box.write(examples[i].text);
      say(`text: ${examples[i].name}`);
    });
    const wait = h("p", { class: "ax-wait" }, "fetching the model, once …");

    function ask() {
      const points = box.read().map((character) => character.codePointAt(0));
      emptied = !points.length;
      if (emptied) return stop();
      wanted = writing ? points.length - 1 : box.caret();
      request({ text: toWire([1, points.length], points) });
    }

    /** Hand over what has changed, with the reader's switches and, if one is off, all heads on to compare with. */
    function request(changed, between = []) {
      const all = switches.map(() => 1);
      const ways = switches.every(Boolean) && !between.length ? [all] : [all, ...between, switches];
      setInputs(model, { ...changed, heads: toWire([ways.length, answer.layers, answer.heads], ways.flat()) });
    }

    // ---- the parts ----
    const line = readLine({ look, glance });
    const sentence = h("p", { class: "ax-sentence" });
    const expected = nextCharacters((symbol) => {
      stop();
      box.insert(symbol, row);
    });
    const writer = writersDesk({ write, stop, turn: (name, value) => request({ [name]: toWire([1], [value]) }) });
    const sheet = headSheet({ choose, switchTo, rank });
    const map = headMap({ look, glance });
    const working = workedOut((t) => look(row, t));

    // ---- looking ----
    function look(toRow, toColumn) {
      if (!answer) return;
      toRow = Math.max(0, Math.min(answer.text.length - 1, toRow));
      toColumn = toColumn ?? answer.strongest(layer, head, toRow);
      peek = null;
      if (toRow === row && toColumn === column) return;
      if (toRow !== row) say(answer.looksAt(layer, head, toRow));
      [row, column] = [toRow, toColumn];
      working.forget();
      drawPlace();
    }

    /** Look somewhere for as long as the mouse is there; without a row, back to where the reader was. */
    function glance(toRow, toColumn) {
      const there = toRow === undefined ? null : [toRow, toColumn ?? answer.strongest(layer, head, toRow)];
      if (String(there) === String(peek)) return;
      peek = there;
      drawPlace();
    }

    function choose(l, k) {
      [layer, head] = [l, k];
      column = answer.strongest(l, k, row);
      working.forget();
      drawHead();
      say(`${titled(l, k)}: ${answer.looksAt(l, k, row)}`);
    }

    // ---- switching ----
    function switchTo(now) {
      stop();
      switches = now ?? switches.map(() => 1);
      request({});
    }

    /** Ask for each head off alone, beside what the reader has set. */
    function rank() {
      stop();
      request({}, switches.map((_, i) => switches.map((_, other) => Number(other !== i))));
    }

    // ---- writing on ----
    /** Draw a character by the chances after the last, hand the longer text over, and go on when the answer comes. */
    function write(count) {
      stop();
      writing = count;
      goOn();
      writer.label(writing, written);
    }

    function goOn() {
      if (!writing || wanted !== null || !answer) return;
      const symbol = settings.symbols[pick(answer.next("chances", answer.ways - 1, answer.text.length - 1))];
      written += 1;
      box.write([...box.all(), symbol].join(""));
      writing -= 1;
      writer.label(writing, written);
      if (!writing) say(`written: ${box.all().slice(-written).map(spell).join(" ")}`);
    }

    /** Write no more; with `takeBack`, take what was written away. */
    function stop(takeBack = false) {
      writing = 0;
      if (takeBack) {
        const all = box.all();
        box.write(all.slice(0, all.length - written).join(""));
      }
      writer.label(writing, written);
      if (emptied) draw();
    }

    // ---- drawing ----
    let theme; // its colours, read once, because reading them makes the browser lay the page out
    function readTheme() {
      const dark = el.classList.contains("lm-dark");
      if (theme?.dark === dark) return;
      const style = getComputedStyle(el);
      const [ink, accent] = ["--lm-ink", "--lm-accent"].map((name) => style.getPropertyValue(name));
      const diverging = colourScale(el, "diverging", -1, 1);
      const upTo = (most) => ({ rgba: (value) => diverging.rgba(value / most) });
      const family = getComputedStyle(line).fontFamily;
      theme = { dark, ink, accent, family, weights: rooted(colourScale(el, "sequential", 0, 1)), upTo };
    }

    function drawHead() {
      const on = Boolean(switches[layer * answer.heads + head]);
      map.draw({ answer, layer, head, on, theme });
      sheet.select(layer * answer.heads + head);
      stage.style.setProperty("--count", answer.text.length);
      drawPlace();
    }

    function drawPlace() {
      const [t, s] = at();
      const place = { answer, settings, known, layer, head, t, s, theme, written, switches, effects };
      map.point(place);
      const words = answer.looksAt(layer, head, t);
      line.look(t, words);
      sentence.replaceChildren(h("b", {}, `${titled(layer, head, "L")}: `), words, ".");
      const dials = input("temperature")[0] !== 1 || input("top_k")[0] < settings.symbols.length || input("top_p")[0] < 1;
      expected.draw({ ...place, dials });
      sheet.draw(place);
      working.draw(place);
      drawLetters();
      line.draw(place); // at last, for it reads where things are
    }

    /** The characters along the map and the chart, as large as there is room for, and those that are looked at larger. */
    function drawLetters() {
      const [t, s] = at();
      for (const strip of [map.across, map.down, working.across]) strip.write(answer.text, strip === map.down ? t : s, theme);
    }

    /** Take a new model, or the first. */
    function open() {
      settings = model.get("settings");
      known = new Set(settings.symbols.slice(1));
      const last = [answer.layers - 1, answer.heads - 1];
      [layer, head] = settings.head.map((i, axis) => Math.min(i, last[axis]));
      effects = null;
      sheet.lay(answer.layers, answer.heads);
      writer.lay(settings.symbols.length);
    }

    function draw() {
      stage.classList.toggle("ax-empty", emptied);
      if (emptied) return gallery.select(-1);
      readTheme();
      const before = answer;
      answer = openAnswer(model.get("outputs"));
      const { text, layers, heads } = answer;
      if (settings !== model.get("settings") || before?.layers !== layers || before.heads !== heads) open();
      switches = Array.from(input("heads").slice(-layers * heads));
      const told = text.join("");
      if (answer.ways === layers * heads + 2) effects = { text: told, moved: switches.map((_, i) => answer.moved(i + 1)) };
      else if (effects?.text !== told) effects = null;
      const asked = characters(input("text")).join("");
      box.show(asked);
      writer.set(input("temperature")[0], input("top_k")[0], input("top_p")[0]);
      gallery.select(examples.findIndex((example) => Array.from(example.text).slice(-settings.context).join("") === asked));
      peek = null;
      const to = Math.max(0, Math.min(text.length - 1, wanted ?? (row < 0 ? text.length - 1 : row)));
      if (to !== row || wanted !== null || column >= text.length) {
        [row, column] = [to, answer.strongest(layer, head, to)];
        working.forget();
      }
      if (asked === told) wanted = null;
      line.lay(text, known, settings.symbols[0]);
      box.note(text, known, settings.symbols[0]);
      writer.label(writing, written);
      sheet.paint(answer, theme);
      drawHead();
      if (asked === told) goOn();
    }

    const stage = h(
      "div",
      { class: "ax", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      ...(examples.length ? [gallery] : []),
      h("div", { class: "ax-type" }, box, wait),
      h("div", { class: "ax-reading" }, h("div", { class: "ax-lines lm-answer" }, line, sentence), expected, writer),
      h("div", { class: "ax-heads" }, sheet, map),
      working,
    );
    el.append(stage, say.element);
    const forget = keepDrawn(el, model, draw);
    const sized = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        if (target === map.surface) map.across.room = map.down.room = contentRect.width;
        if (target === working.surface) working.across.room = contentRect.width;
      }
      if (!answer || emptied || !el.isConnected) return;
      if (entries.some(({ target }) => target === el)) box.fit();
      const [t, s] = at();
      drawLetters();
      line.draw({ answer, layer, head, t, s, theme, written });
    });
    for (const part of [el, map.surface, working.surface]) sized.observe(part);
    const halt = () => stop();
    const failed = new MutationObserver(() => el.dataset.state === "failed" && stop());
    failed.observe(el, { attributeFilter: ["data-state"] });
    model.on("change:error", halt);
    return () => {
      sized.disconnect();
      failed.disconnect();
      model.off("change:error", halt);
      forget();
    };
  },
};

// ---- what the model answered -----------------------------------------------------------------

const characters = (points) => Array.from(points, (point) => String.fromCodePoint(point));
const titled = (layer, head, l = "l") => `${l}ayer ${layer + 1}, head ${head + 1}`;

/** The outputs, with a way to the numbers of every head and character, and to their names. */
function openAnswer(outputs) {
  const tensors = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
  const [layers, heads, t, depth] = outputs.query.shape;
  const text = characters(tensors.seen);
  const part = (name, i, size) => tensors[name].subarray(i * size, (i + 1) * size);
  const symbols = outputs.logits.shape[1];
  const answer = {
    text,
    layers,
    heads,
    depth,
    ways: outputs.moved.shape[0], // to switch heads; the last is the reader's
    map: (layer, head) => part("weights", layer * heads + head, t * t),
    weights: (layer, head, i) => part("weights", (layer * heads + head) * t + i, t),
    /** "query", "key" or "value" of a head at a character. */
    vector: (name, layer, head, i) => part(name, (layer * heads + head) * t + i, depth),
    /** "probabilities" or "chances" of the character after another. */
    next: (name, way, i) => part(name, way * t + i, symbols),
    logits: (i) => part("logits", i, symbols),
    moved: (way) => part("moved", way, t),
    named: (i) => `${spell(text[i])} (${i + 1})`,
    strongest: (layer, head, i) => strongest(answer.weights(layer, head, i)),
    /** What a character looks at most, in words. */
    looksAt: (layer, head, i) => {
      const weights = answer.weights(layer, head, i);
      const most = ranked(weights.subarray(0, i + 1)).slice(0, 3).filter((s) => weights[s] >= FAINTEST);
      const words = most.map((s) => `${s === i ? "itself" : answer.named(s)} ${percentage(weights[s])}`);
      return `${answer.named(i)} looks at ${words.join(", ") || "no character above 2%"}`;
    },
  };
  return answer;
}

/** Where the largest of some numbers stands; all places, those of the largest first; and of the largest magnitude. */
const strongest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
const ranked = (values) => Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
const farthest = (values) => strongest(values.map(Math.abs));

/** A character as it can be seen beside others. */
const glyph = (character) => (character === " " ? "␣" : show(character));

// ---- the text, and lines to what a character looks at ----------------------------------------

/** The text as the model read it, shaded by the weights of the character that looks: a textLine with `draw`. */
function readLine({ look, glance }) {
  const line = textLine("The text as the model read it: arrow keys move from character to character", look);
  const arcs = svg("svg", { class: "ax-arcs", "aria-hidden": "true" });
  line.prepend(arcs);
  line.classList.add("ax-line");
  line.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse" || event.buttons) return;
    const place = line.under(event);
    glance(place < 0 ? undefined : place);
  });
  line.addEventListener("pointerleave", () => glance());

  const spot = (cell) => [cell.offsetLeft + cell.offsetWidth / 2, cell.offsetTop, cell.offsetHeight];
  line.draw = ({ answer, layer, head, t, s, theme, written }) => {
    const weights = answer.weights(layer, head, t);
    const scale = theme.weights;
    line.cells.forEach((cell, i) => {
      cell.style.background = i > t ? "" : scale.css(weights[i]);
      cell.style.color = i > t ? "" : scale.ink(weights[i]);
      cell.classList.toggle("ax-later", i > t);
      cell.classList.toggle("ax-written", i >= answer.text.length - written);
      cell.classList.toggle("ax-pair", i === s && s !== t);
      cell.dataset.value = String(weights[i]);
    });
    const paths = [];
    const [x, y] = spot(line.cells[t]);
    for (let i = 0; i < t; i++) {
      if (weights[i] < FAINTEST) continue;
      const [x0, y0, tall] = spot(line.cells[i]);
      const [rise, end] = y === y0 ? [-Math.min(18, 6 + Math.abs(x - x0) / 8), y0] : [22, y0 + tall];
      const d = `M${x} ${y}C${x} ${y - Math.abs(rise)} ${x0} ${end + rise} ${x0} ${end}`;
      paths.push(svg("path", { d, "stroke-width": 1 + 6 * weights[i], opacity: 0.3 + 0.7 * weights[i], "data-place": i, "data-value": weights[i] }));
    }
    arcs.replaceChildren(...paths);
  };
  return line;
}

// ---- what is expected next, and writing on ---------------------------------------------------

/** A bar for each of the characters that are likeliest next; a press on one types it. */
function nextCharacters(type) {
  const after = h("span", { class: "ax-mono" });
  const key = h("p", { class: "lm-quiet ax-key" });
  const bars = Array.from({ length: LIKELY + 1 }, () => {
    const part = (name) => [name, h("span", { class: `ax-${name}`, "aria-hidden": "true" })];
    const parts = Object.fromEntries(["symbol", "now", "before", "plain", "percent"].map(part));
    const words = h("span", { class: "lm-hidden" }); // what is spoken
    const bar = button(words, () => type(bar.symbol), { class: "ax-next" });
    bar.append(parts.symbol, h("span", { class: "ax-track" }, parts.now, parts.before, parts.plain), parts.percent);
    return Object.assign(bar, { parts, words });
  });
  const element = h(
    "div",
    { class: "ax-expected lm-answer", role: "group", "aria-label": "The next character, as the model expects it; a press types it" },
    h("p", {}, "After ", after, " it expects"),
    h("div", { class: "ax-bars" }, ...bars),
    key,
  );

  /** `now` is what it draws by, `before` the same with all heads on, `plain` without the dials. */
  element.draw = ({ answer, settings, known, t, switches, dials }) => {
    const last = answer.ways - 1;
    const [now, before, plain] = [answer.next("chances", last, t), answer.next("chances", 0, t), answer.next("probabilities", last, t)];
    const logits = answer.logits(t);
    const compare = !switches.every(Boolean) && last > 0;
    const best = ranked(now.map((chance, i) => Math.max(chance, plain[i], compare ? before[i] : 0))).slice(0, LIKELY);
    best.sort((a, b) => now[b] - now[a] || plain[b] - plain[a]);
    const next = answer.text[t + 1];
    const real = next === undefined ? -1 : known.has(next) ? settings.symbols.indexOf(next) : 0;
    const rows = real >= 0 && !best.includes(real) ? [...best, real] : best;
    after.textContent = (t > 11 ? "…" : "") + answer.text.slice(Math.max(0, t - 11), t + 1).map(show).join("");
    element.classList.toggle("ax-compare", compare);
    element.classList.toggle("ax-dialled", dials);
    bars.forEach((bar, i) => {
      bar.hidden = i >= rows.length;
      if (bar.hidden) return;
      const id = rows[i];
      const { parts } = bar;
      bar.symbol = settings.symbols[id];
      bar.disabled = id === 0; // what is unknown cannot be typed
      bar.classList.toggle("ax-real", id === real);
      bar.classList.toggle("ax-cut", now[id] === 0);
      parts.symbol.textContent = glyph(bar.symbol);
      for (const [name, chance] of Object.entries({ now: now[id], before: before[id], plain: plain[id] })) {
        parts[name].style.setProperty("--share", `${100 * chance}%`);
        parts[name].dataset.value = String(chance);
      }
      parts.percent.replaceChildren(now[id] === 0 ? "cut" : percentage(now[id]), ...(compare ? [h("small", {}, percentage(before[id]))] : []));
      bar.title = `logit ${format(logits[id])}, probability ${percentage(plain[id])}`;
      const words = [id === 0 ? "an unknown character" : spell(bar.symbol), percentage(now[id])];
      if (compare) words.push(`with all heads on ${percentage(before[id])}`);
      if (dials) words.push(`before temperature, top-k and top-p ${percentage(plain[id])}`);
      if (id === real) words.push("as in the text");
      bar.words.textContent = words.join(", ");
    });
    const mark = (name, words) => h("span", { class: "ax-item" }, h("span", { class: `ax-swatch ax-${name}` }), words);
    key.replaceChildren(
      ...(real >= 0 ? [mark("now", "next in the text")] : []),
      ...(compare ? [mark("now", "heads off"), mark("before", "all heads on")] : []),
      ...(dials ? [mark("plain", "before temperature, top-k, top-p")] : []),
    );
  };
  return element;
}

/** Buttons that let the model write, and the dials by which it draws; `turn(name, value)` for each of these. */
function writersDesk({ write, stop, turn }) {
  const words = { temperature: (x) => (x ? x.toFixed(2) : "0: likeliest"), "top-p": (x) => (x < 1 ? x.toFixed(2) : "all") };
  const dial = (name, range) => slider(name, { step: 0.05, value: 1, write: words[name], ...range }, (x) => turn(name.replace("-", "_"), x));
  const [temperature, topP] = [dial("temperature", { min: 0, max: 2 }), dial("top-p", { min: 0.05, max: 1 })];
  let topK;
  const kPlace = h("div");
  let busy = false;
  const one = button("Write one character", () => write(1), { class: "lm-button ax-write" });
  const ten = button("Write ten", () => (busy ? stop() : write(10)), { class: "lm-button ax-write" });
  const back = button("Take back", () => stop(true));
  const element = h(
    "div",
    { class: "ax-writer", role: "group", "aria-label": "Let the model write on, at the end of the text" },
    h("div", { class: "ax-buttons" }, one, ten, back),
    h("div", { class: "ax-dials" }, temperature, kPlace, topP),
  );
  element.lay = (symbols) => {
    topK = slider("top-k", { min: 1, max: symbols, value: symbols, write: (k) => (k < symbols ? String(k) : "all") }, (k) => turn("top_k", k));
    kPlace.replaceChildren(topK);
  };
  element.set = (...values) => [temperature, topK, topP].forEach((one, i) => (one.value = values[i]));
  element.label = (writing, written) => {
    busy = writing > 0;
    ten.textContent = busy ? "Stop" : "Write ten";
    back.disabled = !written;
  };
  return element;
}

// ---- all heads, and one of them --------------------------------------------------------------

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

/** One head, large: `draw` paints it, `point` moves its cursor. */
function headMap({ look, glance }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface ax-map" }, canvas);
  const [across, down] = [letterStrip("ax-top"), letterStrip("ax-left", true)];
  let shown;
  const describe = (t, s) => {
    if (!shown) return "";
    const { answer, layer, head } = shown;
    if (s > t) return `${answer.named(t)} cannot look at ${answer.named(s)}: it comes later`;
    return `${answer.named(t)} looks at ${s === t ? "itself" : answer.named(s)}: weight ${format(answer.weights(layer, head, t)[s], 3)}`;
  };
  const label = "Weights: a row for each character that looks, a column for each that is looked at";
  // a finger that goes along a row moves the cursor; up and down, the page
  const cursor = gridCursor(surface, { label, rows: 1, columns: 1, describe, onMove: look, touch: "pan-y" });
  const under = (event) => {
    const box = surface.getBoundingClientRect();
    const count = shown.answer.text.length;
    const place = (x, size) => Math.max(0, Math.min(count - 1, Math.floor((x / size) * count)));
    return [place(event.clientY - box.top, box.height), place(event.clientX - box.left, box.width)];
  };
  surface.addEventListener("pointermove", (event) => event.pointerType === "mouse" && !event.buttons && glance(...under(event)));
  surface.addEventListener("pointerleave", () => glance());
  const title = h("p", { class: "ax-title" });
  const legend = legendBar("colours of the weights");
  const element = h(
    "div",
    { class: "ax-detail lm-answer" },
    title,
    h("div", { class: "ax-frame" }, across, down, surface),
    legend,
    h("p", { class: "lm-quiet" }, "Each row is a character that looks, each column one it may look at; every row adds up to 1. What comes later is hidden: striped."),
  );

  element.draw = (now) => {
    const { answer, layer, head, on, theme } = (shown = now);
    const t = answer.text.length;
    const weights = answer.map(layer, head);
    paint(canvas, weights.map((weight, i) => (i % t > Math.floor(i / t) ? NaN : weight)), t, t, theme.weights);
    canvas.values = weights;
    legend.show(theme.weights);
    const off = on ? [] : [h("span", { class: "ax-flag" }, "switched off: its answer is replaced by zeros")];
    title.replaceChildren(h("b", {}, titled(layer, head, "L")), ...off);
    cursor.resize(t, t);
  };
  element.point = ({ t, s }) => cursor.place(t, s);
  return Object.assign(element, { surface, across, down });
}

// ---- one weight, worked out ------------------------------------------------------------------

/**
 * How the weight of one character for another came about, and what the head answers. `look(s)`: the reader chose
 * another that is looked at. `draw` shows the entries that the reader walked to, and after `forget` the largest.
 */
function workedOut(look) {
  let place; // what was drawn last
  let depth = 0;
  const entry = { product: -1, answer: -1 }; // that is written out; −1 for the largest
  const walk = (surface, label, name, describe) => {
    const onMove = (_, e) => {
      entry[name] = e;
      element.draw(place);
    };
    const words = (_, e) => (surface.values ? describe(e) : "");
    return gridCursor(surface, { label, rows: 1, columns: 1, describe: words, onMove, touch: "pan-y" });
  };
  const question = h("p", { class: "ax-question" });

  // 1: compare
  const strip = () => ({ pixels: pixelStrip(), words: h("span", { class: "ax-stripname" }) });
  const [queryStrip, keyStrip] = [strip(), strip()];
  const products = chartOn("ax-products");
  const productWords = (e) => `entry ${e + 1}: ${format(place.query[e])} × ${format(place.key[e])} = ${format(place.query[e] * place.key[e])}`;
  const productCursor = walk(products, "The products of query and key, entry by entry", "product", productWords);
  const productNote = h("p", { class: "lm-quiet" });

  // 2: share out
  const part = (caption) => {
    const number = h("span", { class: "ax-number" });
    return Object.assign(h("span", { class: "ax-part" }, number, h("span", { class: "ax-caption" }, caption)), { number });
  };
  const sign = (mark) => h("span", { class: "ax-sign" }, mark);
  const sums = { dot: part("q · k"), score: part("score"), exp: part("e to the score"), total: part("the row's sum of these"), weight: part("weight") };
  const root = sign();
  const gate = h("span", { class: "ax-gate" });
  const shares = chartOn("ax-row");
  const across = letterStrip("ax-below");
  const drag = (x) => look(Math.min(place.answer.text.length - 1, Math.floor(x * place.answer.text.length)));
  onDrag(shares, drag, { touch: "pan-y" });

  // 3: take
  const portion = (picture = pixelStrip()) => {
    const [name, sum] = [h("span", { class: "ax-from" }), h("span")];
    return { name, sum, picture, element: h("div", { class: "ax-taken" }, name, sum, picture) };
  };
  const taken = Array.from({ length: TAKEN + 1 }, () => portion());
  const others = portion();
  const sumStrip = pixelStrip();
  const whole = portion(h("div", { class: "lm-surface ax-answer" }, sumStrip));
  whole.name.append(h("b", {}, "sum"));
  whole.element.classList.add("ax-sum");
  const answerWords = (e) => `entry ${e + 1}: ${format(whole.picture.values[e], 3)}`;
  const answerCursor = walk(whole.picture, "The head's answer, entry by entry", "answer", answerWords);
  const answerNote = h("p", { class: "lm-quiet" });

  const step = (name, ...content) => h("div", { class: "ax-step" }, h("p", {}, h("b", {}, name)), ...content);
  const element = h(
    "div",
    { class: "ax-working lm-answer", role: "group", "aria-label": "How one weight came about, and what the head answers" },
    question,
    step(
      "1  Compare: query times key, entry by entry, added up",
      h("div", { class: "ax-strips" }, queryStrip.words, queryStrip.pixels, keyStrip.words, keyStrip.pixels, h("span", { class: "ax-stripname" }, "products"), products),
      productNote,
    ),
    step(
      "2  Scale, hide what comes later, and share out",
      h("div", { class: "ax-equation" }, h("span", { class: "ax-group" }, sums.dot, root, sums.score), gate, h("span", { class: "ax-group" }, sums.exp, sign("÷"), sums.total, sign("="), sums.weight)),
      shares,
      across,
      h("p", { class: "lm-quiet" }, "The scores of the whole row above, its weights below: the softmax makes shares of scores."),
    ),
    step(
      "3  Take: the values, times their weights, added up",
      h("div", { class: "ax-mix" }, ...[...taken, others, whole].map(({ element }) => element)),
      answerNote,
    ),
  );

  element.forget = () => Object.assign(entry, { product: -1, answer: -1 });
  element.draw = (now) => {
    const { answer, layer, head, t, s } = now;
    place = { ...now, query: answer.vector("query", layer, head, t), key: answer.vector("key", layer, head, s) };
    if (depth !== answer.depth) {
      depth = answer.depth;
      for (const cursor of [productCursor, answerCursor]) cursor.resize(1, depth);
    }
    question.replaceChildren("How much does ", h("b", {}, answer.named(t)), " take from ", h("b", {}, s === t ? "itself" : answer.named(s)), `, in ${titled(layer, head)}?`);
    compare(place);
    shareOut(place);
    take(place);
  };

  function compare({ answer, settings, t, s, query, key, theme }) {
    const both = theme.upTo(Math.max(largest(query), largest(key)) || 1);
    for (const [{ pixels, words }, values, name] of [[queryStrip, query, `query of ${spell(answer.text[t])}`], [keyStrip, key, `key of ${spell(answer.text[s])}`]]) {
      paint(pixels, values, 1, answer.depth, both);
      words.textContent = name;
    }
    products.values = query.map((value, e) => value * key[e]);
    chart(products.picture, answer.depth, [{ values: products.values, reach: largest(products.values) || 1, height: 48, both: true }]);
    const e = entry.product < 0 ? farthest(products.values) : entry.product;
    productCursor.place(0, e);
    const how = [settings.normed && "brought to one length", settings.rotary && "turned by their positions"].filter(Boolean).join(" and ");
    productNote.replaceChildren(
      `${entry.product < 0 ? "The largest product is e" : "E"}${productWords(e).slice(1)}; all ${answer.depth} add up to `,
      h("b", {}, format(dot(query, key))),
      how ? `. Query and key were ${how} before.` : ".",
    );
  }

  function shareOut({ answer, layer, head, t, s, query, key, theme }) {
    const scores = answer.text.map((_, i) => dot(answer.vector("key", layer, head, i), query) / Math.sqrt(answer.depth));
    const weights = answer.weights(layer, head, t);
    const hidden = s > t;
    root.textContent = `÷ √${answer.depth} =`;
    const exps = scores.map(Math.exp);
    const total = exps.slice(0, t + 1).reduce((a, b) => a + b);
    const write = ({ number }, value, words = format(value), { css, ink } = {}) => {
      number.textContent = words;
      number.dataset.value = String(value);
      Object.assign(number.style, { background: css?.(value) ?? "", color: ink?.(value) ?? "" });
    };
    write(sums.dot, dot(query, key));
    write(sums.score, scores[s]);
    gate.textContent = hidden ? "later: hidden, so −∞" : "not later: may be seen";
    gate.classList.toggle("ax-closed", hidden);
    write(sums.exp, hidden ? 0 : exps[s], hidden ? "0" : brief(exps[s]));
    write(sums.total, total, brief(total));
    write(sums.weight, weights[s], format(weights[s], 3), theme.weights);
    const common = { height: 40, until: t, now: s };
    chart(shares.picture, answer.text.length, [
      { values: scores, reach: largest(scores.slice(0, t + 1)) || 1, both: true, ...common },
      { values: weights, reach: Math.max(...weights) || 1, ...common },
    ]);
  }

  function take({ answer, layer, head, t, s, switches, theme }) {
    const weights = answer.weights(layer, head, t);
    const value = (i) => answer.vector("value", layer, head, i);
    const order = ranked(weights.subarray(0, t + 1));
    const shown = order.slice(0, TAKEN);
    if (s <= t && !shown.includes(s)) shown.push(s);
    const sum = new Float64Array(answer.depth);
    for (const i of order) value(i).forEach((v, e) => (sum[e] += weights[i] * v));
    const portions = shown.map((i) => value(i).map((v) => v * weights[i]));
    const rest = sum.map((total, e) => total - portions.reduce((a, values) => a + values[e], 0));
    const colour = theme.upTo(Math.max(largest(sum), ...portions.map(largest)) || 1);
    const e = entry.answer < 0 ? farthest(sum) : entry.answer;
    const write = ({ sum, picture }, values, words = "") => {
      sum.textContent = words + format(values[e]);
      sum.dataset.value = String(values[e]);
      paint(picture, values, 1, answer.depth, colour);
    };
    taken.forEach((line, i) => {
      const from = shown[i];
      line.element.hidden = from === undefined;
      if (line.element.hidden) return;
      line.element.classList.toggle("ax-here", from === s);
      line.name.textContent = `${glyph(answer.text[from])} (${from + 1})`;
      write(line, portions[i], `${format(weights[from])} × ${format(value(from)[e])} = `);
    });
    const missing = order.length - shown.length;
    others.element.hidden = missing === 0;
    others.name.textContent = `${missing} more`;
    write(others, rest);
    whole.picture.values = sum;
    write({ sum: whole.sum, picture: sumStrip }, sum);
    answerCursor.place(0, e);
    const off = switches[layer * answer.heads + head] ? "" : " This head is switched off: zeros go on in the place of its answer.";
    answerNote.textContent = `The numbers are those of entry ${e + 1} of ${answer.depth}. The answers of all ${answer.heads} heads go through a linear layer and are added to what the model knows at ${answer.named(t)}.${off}`;
  }

  return Object.assign(element, { surface: shares, across });
}

const dot = (a, b) => a.reduce((sum, value, e) => sum + value * b[e], 0);

/** A number that may be very large or very small, in few digits. */
function brief(number) {
  if (number === 0 || (number >= 0.01 && number < 10000)) return format(number);
  const power = Math.floor(Math.log10(number));
  const raised = String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]));
  return `${format(number / 10 ** power, 1)}·10${raised}`;
}

/** Draw a number of 0 to n − 1 with the chances that they have. */
function pick(chances) {
  let left = Math.random() * chances.reduce((a, b) => a + b, 0);
  let last = 0;
  for (let i = 0; i < chances.length; i++) {
    if (!(chances[i] > 0)) continue;
    last = i;
    left -= chances[i];
    if (left < 0) break;
  }
  return last;
}

// ---- pixels, letters and bars ----------------------------------------------------------------

/** A scale on which small weights can be told apart: it is drawn by the square root. NaN is left out. */
function rooted(scale) {
  return {
    ...scale,
    middle: 0.25,
    rgba: (value) => (Number.isNaN(value) ? 0 : scale.rgba(Math.sqrt(value))),
    css: (value) => scale.css(Math.sqrt(value)),
    ink: (value) => scale.ink(Math.sqrt(value)),
  };
}

function pixelStrip() {
  return h("canvas", { class: "lm-pixels ax-strip", "aria-hidden": "true" });
}

/** A canvas for the characters of a text along a row of cells, or down a column; `.room` is its length on the screen. */
function letterStrip(name, down = false) {
  const canvas = h("canvas", { class: name, "aria-hidden": "true" });
  canvas.room = 0;
  /** Write them where cells are large enough, and the one at `place` larger. */
  canvas.write = (text, place, { family, ink, accent }) => {
    const { room } = canvas;
    if (!room) return;
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = down ? [20, room] : [room, 20];
    Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d");
    pen.scale(sharp, sharp);
    const cell = room / text.length;
    const write = (character, i) => {
      const along = (i + 0.5) * cell;
      pen.fillText(character, down ? 10 : along, down ? along : 10);
    };
    const size = Math.min(13, cell * (down ? 1.15 : 1.5));
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", fillStyle: ink, font: `${size}px ${family}` });
    text.forEach((character, i) => {
      const free = cell >= 5 && i !== place && Math.abs(i - place) * cell >= 9;
      if (free && character !== " ") write(show(character), i);
    });
    Object.assign(pen, { fillStyle: accent, font: `bold 15px ${family}` });
    write(glyph(text[place]), place);
  };
  return canvas;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A surface with a picture for `chart`. */
function chartOn(name) {
  const picture = svg("svg", { class: "ax-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
  return Object.assign(h("div", { class: `lm-surface ${name}` }, picture), { picture });
}

/** Draw panels of bars below each other, one bar a column; from zero both ways, or up only; what is after `until` is shaded. */
function chart(picture, columns, panels) {
  const marks = [];
  const rect = (name, x, y, width, height) => marks.push(svg("rect", { class: name, x, y, width, height }));
  let base = 0;
  for (const { values, reach, height, both, until = columns, now = -1 } of panels) {
    const zero = base + (both ? height / 2 : height);
    const unit = (both ? height / 2 : height) / reach;
    if (now >= 0) rect("ax-column", now, base, 1, height);
    if (until < columns - 1) rect("ax-hidden", until + 1, base, columns - until - 1, height);
    values.forEach((value, i) => {
      if (i > until) return;
      const size = Math.abs(value) * unit;
      rect(both ? (value < 0 ? "ax-minus" : "ax-plus") : "ax-share", i + 0.08, value < 0 ? zero : zero - size, 0.84, size);
    });
    marks.push(svg("path", { class: "ax-zero", d: `M0 ${zero}H${columns}` }));
    base += height + 6;
  }
  picture.setAttribute("viewBox", `0 0 ${columns} ${base - 6}`);
  picture.replaceChildren(...marks);
}
