// Draws an AttentionExplorer: the reader's text; where each head of a GPT looks, all of them small and one large; how
// one weight came about, and what the head answers; what is expected next, with heads switched off; and writes on.
//
// inputs: text [1, t], as code points; heads [n, layers, heads]: all on, ways to compare, and the reader's switches
// last; temperature, top_k, top_p [1]. outputs: seen [1, t], as text; weights [layers, heads, t, t], query, key and value
// [layers, heads, t, d], logits [t, symbols] of the last of the n; probabilities and chances [n, t, symbols], moved
// [n, t] of each. settings: symbols, examples, context, rotary, normed.

const LIKELY = 8; // characters whose probability is drawn
const FAINTEST = 0.02; // weights below it get no line
const TAKEN = 4; // values that are written out in the sum of a head's answer

export default {
  render({ model, el }) {
    const say = announcer();
    let settings, known, tensors; // what there is to draw
    let [layers, heads, depth] = [0, 0, 0];
    let text = []; // the characters that were read
    let layer = 0;
    let head = 0;
    let row = -1; // the character that looks
    let column = -1; // the character that it looks at
    let peek = null; // [row, column] under the mouse
    let wanted = null; // the row to look at when the answer comes
    let switches = []; // of all heads, as the reader set them
    let effects = null; // for each head, what switching it off alone moves: {text, moved}
    let entry = [-1, -1]; // of the products and of the answer; −1 for the largest
    let emptied = false;
    const lengths = { map: 0, row: 0 }; // on the screen
    let writing = 0; // characters still to be written
    let written = 0; // characters at the end that the model wrote

    const input = (name) => fromWire(model.get("inputs")[name]).data;
    const characters = (points) => Array.from(points, (point) => String.fromCodePoint(point));
    const inHead = (name, t) => tensors[name].subarray(((layer * heads + head) * text.length + t) * depth).subarray(0, depth);
    const weightsOf = (t, l = layer, k = head) => tensors.weights.subarray(((l * heads + k) * text.length + t) * text.length).subarray(0, text.length);
    const lead = (name) => model.get("outputs")[name].shape[0];
    const nth = (name, n, t) => {
      const size = settings.symbols.length;
      return tensors[name].subarray((n * text.length + t) * size).subarray(0, size);
    };
    const at = () => peek ?? [row, column];
    const titled = (l, k) => `layer ${l + 1}, head ${k + 1}`;
    const named = (t) => `${spell(text[t])} (${t + 1})`;
    const glyph = (t) => (text[t] === " " ? "␣" : show(text[t]));

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
      onCaret: () => !emptied && text.length && wanted === null && look(box.caret()),
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
      setInputs(model, { ...changed, heads: toWire([ways.length, layers, heads], ways.flat()) });
    }

    // ---- the same text, and lines to what the character looks at ----
    const line = textLine("The text as the model read it: arrow keys move from character to character", (place) => look(place));
    const arcs = svg("svg", { class: "ax-arcs", "aria-hidden": "true" });
    line.prepend(arcs);
    line.classList.add("ax-line");
    line.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || event.buttons) return;
      const place = line.under(event);
      glance(place < 0 ? null : [place, strongest(place)]);
    });
    line.addEventListener("pointerleave", () => glance(null));
    const sentence = h("p", { class: "ax-sentence" });

    // ---- what it expects next ----
    const after = h("span", { class: "ax-mono" });
    const key = h("p", { class: "lm-quiet ax-key" });
    const bars = Array.from({ length: LIKELY + 1 }, () => {
      const part = (name) => h("span", { class: `ax-${name}` });
      const parts = { symbol: part("symbol"), now: part("now"), before: part("before"), plain: part("plain"), percent: part("percent") };
      const element = button("", () => typeIn(element.symbol), { class: "ax-next" });
      element.append(parts.symbol, h("span", { class: "ax-track" }, parts.now, parts.before, parts.plain), parts.percent);
      return Object.assign(element, { parts });
    });
    const expected = h(
      "div",
      { class: "ax-expected lm-answer", role: "group", "aria-label": "The next character, as the model expects it; a press types it" },
      h("p", {}, "After ", after, " it expects"),
      h("div", { class: "ax-bars" }, ...bars),
      key,
    );

    function typeIn(symbol) {
      stop();
      box.insert(symbol, row);
    }

    // ---- writing on ----
    const temperature = slider("temperature", { min: 0, max: 2, step: 0.05, value: 1, write: (x) => (x ? x.toFixed(2) : "0: likeliest") }, (x) => request({ temperature: toWire([1], [x]) }));
    const topP = slider("top-p", { min: 0.05, max: 1, step: 0.05, value: 1, write: (x) => (x < 1 ? x.toFixed(2) : "all") }, (x) => request({ top_p: toWire([1], [x]) }));
    let topK; // as long as there are symbols
    const kPlace = h("div");
    const one = button("Write one character", () => write(1), { class: "lm-button ax-write" });
    const ten = button("Write ten", () => (writing ? stop() : write(10)), { class: "lm-button ax-write" });
    const back = button("Take back", () => {
      stop();
      const all = box.all();
      box.write(all.slice(0, all.length - written).join(""));
    });
    const writer = h(
      "div",
      { class: "ax-writer", role: "group", "aria-label": "Let the model write on, at the end of the text" },
      h("div", { class: "ax-buttons" }, one, ten, back),
      h("div", { class: "ax-dials" }, temperature, kPlace, topP),
    );

    /** Draw a character by the chances after the last, hand the longer text over, and go on when the answer comes. */
    function write(count) {
      stop();
      writing = count;
      goOn();
      label();
    }

    function goOn() {
      if (!writing || wanted !== null || !text.length) return;
      const symbol = settings.symbols[pick(nth("chances", lead("chances") - 1, text.length - 1))];
      written += 1;
      box.write([...box.all(), symbol].join(""));
      writing -= 1;
      label();
      if (!writing) say(`written: ${box.all().slice(-written).map(spell).join(" ")}`);
    }

    function stop() {
      writing = 0;
      label();
      if (emptied) draw();
    }

    function label() {
      ten.textContent = writing ? "Stop" : "Write ten";
      back.disabled = !written;
    }

    // ---- all heads ----
    let tiles = [];
    const sheet = h("fieldset", { class: "ax-sheet" });
    const allOn = button("All on", () => switchTo(switches.map(() => 1)));
    const rank = button("Switch each off in turn", () => {
      stop();
      const but = (_, i) => switches.map((_, other) => Number(other !== i));
      request({}, switches.map(but));
    });
    const changes = h("p", { class: "ax-changes" });
    const overview = h(
      "div",
      { class: "ax-overview lm-answer" },
      h("p", { class: "ax-title" }, h("b", {}, "All heads"), h("span", { class: "lm-quiet" }, "press one to see it large; untick one to switch it off")),
      sheet,
      h("div", { class: "ax-buttons" }, allOn, rank),
      changes,
    );

    function laySheet() {
      const group = uniqueId();
      tiles = Array.from({ length: layers * heads }, (_, i) => {
        const [l, k] = [Math.floor(i / heads), i % heads];
        const canvas = h("canvas", { "aria-hidden": "true" });
        const radio = h("input", { type: "radio", name: group, "aria-label": titled(l, k), onchange: () => choose(l, k) });
        const box = h("input", { type: "checkbox", onchange: () => switchTo(switches.map((on, other) => (other === i ? Number(box.checked) : on))) });
        const effect = h("span", { class: "ax-effect" });
        const element = h(
          "div",
          { class: "ax-tile" },
          h("label", { class: "ax-pick" }, radio, h("span", { class: "ax-mini" }, canvas)),
          h("label", { class: "ax-switch" }, box, effect),
        );
        radio.addEventListener("keydown", (event) => {
          const step = { ArrowUp: -heads, ArrowDown: heads }[event.key];
          if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
          event.preventDefault();
          event.stopPropagation();
          const to = tiles[i + step];
          if (!to) return;
          to.radio.focus();
          choose(l + Math.sign(step), k);
        });
        return { element, canvas, radio, box, effect };
      });
      const rows = Array.from({ length: layers }, (_, l) => [h("span", { class: "ax-layer", "aria-hidden": "true" }, `layer ${l + 1}`), ...tiles.slice(l * heads, (l + 1) * heads).map(({ element }) => element)]);
      sheet.replaceChildren(h("legend", { class: "lm-hidden" }, "Head"), ...rows.flat());
      sheet.style.setProperty("--heads", heads);
      topK = slider("top-k", { min: 1, max: settings.symbols.length, value: settings.symbols.length, write: (k) => (k < settings.symbols.length ? String(k) : "all") }, (k) => request({ top_k: toWire([1], [k]) }));
      kPlace.replaceChildren(topK);
    }

    function choose(l, k) {
      [layer, head] = [l, k];
      column = strongest(row);
      entry = [-1, -1];
      drawHead();
      say(`${titled(l, k)}: ${looksAt(row)}`);
    }

    function switchTo(now) {
      stop();
      switches = now;
      request({});
    }

    // ---- one head ----
    const canvas = h("canvas", { "aria-hidden": "true" });
    const surface = h("div", { class: "lm-surface ax-map" }, canvas);
    const [top, left, below] = ["ax-top", "ax-left", "ax-below"].map((name) => h("canvas", { class: name, "aria-hidden": "true" }));
    const cursor = gridCursor(surface, {
      label: "Weights: a row for each character that looks, a column for each that is looked at",
      rows: 1,
      columns: 1,
      describe: (t, s) => (text.length ? describe(t, s) : ""),
      onMove: (t, s) => look(t, s),
    });
    surface.style.touchAction = "pan-y"; // a finger that goes along a row moves the cursor; up and down, the page
    surface.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse" || event.buttons) return;
      const box = surface.getBoundingClientRect();
      const place = (x, size) => Math.max(0, Math.min(text.length - 1, Math.floor((x / size) * text.length)));
      glance([place(event.clientY - box.top, box.height), place(event.clientX - box.left, box.width)]);
    });
    surface.addEventListener("pointerleave", () => glance(null));
    const title = h("p", { class: "ax-title" });
    const legend = legendBar("colours of the weights");
    const detail = h(
      "div",
      { class: "ax-detail lm-answer" },
      title,
      h("div", { class: "ax-frame" }, top, left, surface),
      legend,
      h("p", { class: "lm-quiet" }, "Each row is a character that looks, each column one it may look at; every row adds up to 1. What comes later is hidden: striped."),
    );

    // ---- one weight, worked out ----
    const part = (caption, wide = "") => {
      const number = h("span", { class: "ax-number" });
      const element = h("span", { class: `ax-part ${wide}` }, number, h("span", { class: "ax-caption" }, caption));
      return Object.assign(element, { number });
    };
    const sign = (mark) => h("span", { class: "ax-sign" }, mark);
    const strip = (label) => {
      const pixels = h("canvas", { class: "lm-pixels ax-strip", "aria-hidden": "true" });
      const words = h("span", { class: "ax-stripname" }, label);
      return { pixels, words };
    };
    const [queryStrip, keyStrip] = [strip(), strip()];
    const productBars = svg("svg", { class: "ax-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
    const productSurface = h("div", { class: "lm-surface ax-products" }, productBars);
    const productCursor = gridCursor(productSurface, {
      label: "The products of query and key, entry by entry",
      rows: 1,
      columns: 1,
      describe: (_, e) => productWords(e),
      onMove: (_, e) => {
        entry[0] = e;
        drawWorking();
      },
    });
    const productNote = h("p", { class: "lm-quiet" });
    const question = h("p", { class: "ax-question" });
    const sums = { dot: part("q · k"), score: part("score"), exp: part("e to the score"), total: part("the row's sum of these"), weight: part("weight") };
    const root = sign("÷ √d =");
    const gate = h("span", { class: "ax-gate" });
    const rowChart = svg("svg", { class: "ax-chart", preserveAspectRatio: "none", "aria-hidden": "true" });
    const rowSurface = h("div", { class: "lm-surface ax-row" }, rowChart);
    onDrag(rowSurface, (x) => look(row, Math.min(text.length - 1, Math.floor(x * text.length))));
    rowSurface.style.touchAction = "pan-y";
    const portion = (...more) => {
      const [name, sum, pixels] = [h("span", { class: "ax-from" }), h("span"), h("canvas", { class: "lm-pixels ax-strip" })];
      return { name, sum, pixels, element: h("div", { class: "ax-taken" }, name, sum, ...(more.length ? more : [pixels])) };
    };
    const taken = Array.from({ length: TAKEN + 1 }, () => portion());
    const others = portion();
    const answer = h("canvas", { class: "lm-pixels ax-strip", "aria-hidden": "true" });
    const answerSurface = h("div", { class: "lm-surface ax-answer" }, answer);
    const whole = portion(answerSurface);
    whole.name.append(h("b", {}, "sum"));
    whole.element.classList.add("ax-sum");
    const answerCursor = gridCursor(answerSurface, {
      label: "The head's answer, entry by entry",
      rows: 1,
      columns: 1,
      describe: (_, e) => answerWords(e),
      onMove: (_, e) => {
        entry[1] = e;
        drawWorking();
      },
    });
    const answerNote = h("p", { class: "lm-quiet" });
    const step = (number, name, ...content) => h("div", { class: "ax-step" }, h("p", { class: "ax-name" }, h("b", {}, `${number}  ${name}`)), ...content);
    const working = h(
      "div",
      { class: "ax-working lm-answer", role: "group", "aria-label": "How one weight came about, and what the head answers" },
      question,
      step(
        "1",
        "Compare: query times key, entry by entry, added up",
        h("div", { class: "ax-strips" }, queryStrip.words, queryStrip.pixels, keyStrip.words, keyStrip.pixels, h("span", { class: "ax-stripname" }, "products"), productSurface),
        productNote,
      ),
      step(
        "2",
        "Scale, hide what comes later, and share out",
        h("div", { class: "ax-equation" }, h("span", { class: "ax-group" }, sums.dot, root, sums.score), gate, h("span", { class: "ax-group" }, sums.exp, sign("÷"), sums.total, sign("="), sums.weight)),
        rowSurface,
        below,
        h("p", { class: "lm-quiet" }, "The scores of the whole row above, its weights below: the softmax makes shares of scores."),
      ),
      step(
        "3",
        "Take: the values, times their weights, added up",
        h("div", { class: "ax-mix" }, ...[...taken, others, whole].map(({ element }) => element)),
        answerNote,
      ),
    );

    // ---- looking ----
    function strongest(t) {
      const weights = weightsOf(t);
      return weights.reduce((best, weight, s) => (weight > weights[best] ? s : best), 0);
    }

    function describe(t, s) {
      if (s > t) return `${named(t)} cannot look at ${named(s)}: it comes later`;
      return `${named(t)} looks at ${s === t ? "itself" : named(s)}: weight ${format(weightsOf(t)[s], 3)}`;
    }

    /** What a character looks at most, in words. */
    function looksAt(t) {
      const weights = weightsOf(t);
      const order = Array.from({ length: t + 1 }, (_, s) => s).sort((a, b) => weights[b] - weights[a]);
      const most = order.slice(0, 3).filter((s) => weights[s] >= FAINTEST);
      return `${named(t)} looks at ${most.map((s) => `${s === t ? "itself" : named(s)} ${percentage(weights[s])}`).join(", ") || "no character above 2%"}`;
    }

    function look(toRow, toColumn) {
      if (!text.length) return;
      toRow = Math.max(0, Math.min(text.length - 1, toRow));
      toColumn = toColumn ?? strongest(toRow);
      peek = null;
      if (toRow === row && toColumn === column) return;
      if (toRow !== row) say(looksAt(toRow));
      [row, column] = [toRow, toColumn];
      entry = [-1, -1];
      drawPlace();
    }

    function glance(there) {
      const same = there && peek ? there[0] === peek[0] && there[1] === peek[1] : there === peek;
      if (same) return;
      peek = there;
      drawPlace();
    }

    // ---- drawing ----
    let theme; // its colours, read once, because reading them makes the browser lay the page out
    function readTheme() {
      const dark = el.classList.contains("lm-dark");
      if (theme?.dark === dark) return;
      const style = getComputedStyle(el);
      const [ink, accent] = ["--lm-ink", "--lm-accent"].map((name) => style.getPropertyValue(name));
      const diverging = colourScale(el, "diverging", -1, 1);
      const upTo = (most) => ({
        rgba: (value) => diverging.rgba(value / most),
        css: (value) => diverging.css(value / most),
        ink: (value) => diverging.ink(value / most),
      });
      const family = getComputedStyle(line).fontFamily;
      theme = { dark, ink, accent, family, weights: rooted(colourScale(el, "sequential", 0, 1)), upTo };
    }

    function paintSheet() {
      const scale = theme.weights;
      const t = text.length;
      tiles.forEach(({ canvas }, i) => {
        canvas.values = tensors.weights.subarray(i * t * t, (i + 1) * t * t);
        paint(canvas, canvas.values, t, t, scale);
      });
    }

    function drawSwitches() {
      const t = text.length;
      tiles.forEach(({ element, box, effect }, i) => {
        box.checked = Boolean(switches[i]);
        element.classList.toggle("ax-off", !switches[i]);
        const moved = effects?.moved[i][at()[0]];
        effect.textContent = moved === undefined ? (switches[i] ? "on" : "off") : percentage(moved);
        effect.style.setProperty("--share", `${100 * (moved ?? 0)}%`);
        effect.dataset.value = moved ?? "";
        const alone = moved === undefined ? "" : `; off alone it moves ${percentage(moved)}`;
        box.setAttribute("aria-label", `${titled(Math.floor(i / heads), i % heads)} is on${alone}`);
      });
      const off = switches.flatMap((on, i) => (on ? [] : [`${Math.floor(i / heads) + 1}.${(i % heads) + 1}`]));
      allOn.disabled = !off.length;
      const t0 = at()[0];
      const compared = lead("moved") > 1 ? tensors.moved[(lead("moved") - 1) * t + t0] : 0;
      const most = effects ? effects.moved.reduce((best, moved, i) => (moved[t0] > effects.moved[best][t0] ? i : best), 0) : -1;
      changes.dataset.value = compared;
      changes.replaceChildren(
        ...(off.length
          ? [`Off: ${off.join(", ")} (layer.head). Compared with all heads on, `, h("b", {}, percentage(compared)), ` of the probability after ${named(t0)} moves to other characters. `]
          : []),
        ...(most >= 0
          ? [`The percentages tell how much each head moves after ${named(t0)} when it alone is off: most, `, h("b", {}, percentage(effects.moved[most][t0])), ` by ${titled(Math.floor(most / heads), most % heads)}.`]
          : []),
      );
    }

    function drawHead() {
      const t = text.length;
      const scale = theme.weights;
      const weights = tensors.weights.subarray((layer * heads + head) * t * t).subarray(0, t * t);
      paint(canvas, weights.map((weight, i) => (i % t > Math.floor(i / t) ? NaN : weight)), t, t, scale);
      canvas.values = weights;
      legend.show(scale);
      const off = switches[layer * heads + head] ? [] : [h("span", { class: "ax-flag" }, "switched off: its answer is replaced by zeros")];
      title.replaceChildren(h("b", {}, `Layer ${layer + 1}, head ${head + 1}`), ...off);
      tiles.forEach(({ radio }, i) => (radio.checked = i === layer * heads + head));
      stage.style.setProperty("--count", t);
      cursor.resize(t, t);
      drawPlace();
    }

    /** The characters along the map and the chart, as large as there is room for, and those that are looked at larger. */
    function drawLetters() {
      const [t, s] = at();
      for (const [canvas, length, place, down] of [[top, lengths.map, s, false], [left, lengths.map, t, true], [below, lengths.row, s, false]]) {
        if (length) letters(canvas, { text, place, length, down, theme });
      }
    }

    function drawPlace() {
      const [t, s] = at();
      cursor.place(t, s);
      line.look(t, looksAt(t));
      sentence.replaceChildren(h("b", {}, `Layer ${layer + 1}, head ${head + 1}: `), looksAt(t), ".");
      drawExpected();
      drawSwitches();
      drawWorking();
      drawLetters();
      drawLine(); // at last, for it reads where things are
    }

    /** Shade every character by its weight, and draw a line to it. */
    function drawLine() {
      const [t, s] = at();
      const weights = weightsOf(t);
      const scale = theme.weights;
      line.cells.forEach((cell, i) => {
        cell.style.background = i > t ? "" : scale.css(weights[i]);
        cell.style.color = i > t ? "" : scale.ink(weights[i]);
        cell.classList.toggle("ax-later", i > t);
        cell.classList.toggle("ax-written", i >= text.length - written);
        cell.classList.toggle("ax-pair", i === s && s !== t);
        cell.dataset.value = String(weights[i]);
      });
      const paths = [];
      const spot = (cell) => [cell.offsetLeft + cell.offsetWidth / 2, cell.offsetTop, cell.offsetHeight];
      const [x, y] = spot(line.cells[t]);
      for (let i = 0; i < t; i++) {
        if (weights[i] < FAINTEST) continue;
        const [x0, y0, tall] = spot(line.cells[i]);
        const rise = Math.min(18, 6 + Math.abs(x - x0) / 8);
        const d =
          y === y0
            ? `M${x} ${y}C${x} ${y - rise} ${x0} ${y - rise} ${x0} ${y}`
            : `M${x} ${y}C${x} ${y - 22} ${x0} ${y0 + tall + 22} ${x0} ${y0 + tall}`;
        paths.push(svg("path", { d, "stroke-width": 1 + 6 * weights[i], opacity: 0.3 + 0.7 * weights[i], "data-place": i, "data-value": weights[i] }));
      }
      arcs.replaceChildren(...paths);
    }

    function drawExpected() {
      const t = at()[0];
      const last = lead("chances") - 1;
      const [plain, now, before] = [nth("probabilities", last, t), nth("chances", last, t), nth("chances", 0, t)];
      const compare = !switches.every(Boolean) && last > 0;
      const dials = input("temperature")[0] !== 1 || input("top_k")[0] < settings.symbols.length || input("top_p")[0] < 1;
      const rate = (i) => Math.max(now[i], plain[i], compare ? before[i] : 0);
      const best = Array.from(now.keys()).sort((a, b) => rate(b) - rate(a)).slice(0, LIKELY);
      best.sort((a, b) => now[b] - now[a] || plain[b] - plain[a]);
      const next = text[t + 1];
      const real = next === undefined ? -1 : known.has(next) ? settings.symbols.indexOf(next) : 0;
      const rows = real >= 0 && !best.includes(real) ? [...best, real] : best;
      after.textContent = (t > 11 ? "…" : "") + text.slice(Math.max(0, t - 11), t + 1).map(show).join("");
      expected.classList.toggle("ax-compare", compare);
      expected.classList.toggle("ax-dialled", dials);
      bars.forEach((bar, i) => {
        bar.hidden = i >= rows.length;
        if (bar.hidden) return;
        const id = rows[i];
        bar.symbol = settings.symbols[id];
        bar.disabled = id === 0; // what is unknown cannot be typed
        bar.classList.toggle("ax-real", id === real);
        bar.classList.toggle("ax-cut", now[id] === 0);
        const { parts } = bar;
        parts.symbol.textContent = bar.symbol === " " ? "␣" : show(bar.symbol);
        for (const [name, chance] of Object.entries({ now: now[id], before: before[id], plain: plain[id] })) {
          parts[name].style.setProperty("--share", `${100 * chance}%`);
          parts[name].dataset.value = String(chance);
        }
        parts.percent.replaceChildren(now[id] === 0 ? "cut" : percentage(now[id]), ...(compare ? [h("small", {}, percentage(before[id]))] : []));
        bar.title = `logit ${format(tensors.logits[t * settings.symbols.length + id])}, probability ${percentage(plain[id])}`;
        const words = [id === 0 ? "an unknown character" : spell(bar.symbol), percentage(now[id])];
        if (compare) words.push(`with all heads on ${percentage(before[id])}`);
        if (dials) words.push(`before temperature, top-k and top-p ${percentage(plain[id])}`);
        if (id === real) words.push("as in the text");
        bar.setAttribute("aria-label", words.join(", "));
      });
      const mark = (name, words) => h("span", { class: "ax-item" }, h("span", { class: `ax-swatch ax-${name}` }), words);
      key.replaceChildren(
        ...(real >= 0 ? [h("span", { class: "ax-item" }, h("span", { class: "ax-swatch ax-now" }), "next in the text")] : []),
        ...(compare ? [mark("now", "heads off"), mark("before", "all heads on")] : []),
        ...(dials ? [mark("plain", "before temperature, top-k, top-p")] : []),
      );
    }

    function productWords(e) {
      if (!tensors) return "";
      const [t, s] = at();
      const [q, k] = [inHead("query", t)[e], inHead("key", s)[e]];
      return `entry ${e + 1}: ${format(q)} × ${format(k)} = ${format(q * k)}`;
    }

    function answerWords(e) {
      if (!tensors) return "";
      return `entry ${e + 1}: ${format(mixed(at()[0])[e], 3)}`;
    }

    /** The sum of the values, times their weights. */
    function mixed(t) {
      const sum = new Float64Array(depth);
      weightsOf(t).forEach((weight, s) => s <= t && inHead("value", s).forEach((v, e) => (sum[e] += weight * v)));
      return sum;
    }

    function drawWorking() {
      const [t, s] = at();
      const [q, k] = [inHead("query", t), inHead("key", s)];
      const products = Array.from(q, (value, e) => value * k[e]);
      const dot = products.reduce((a, b) => a + b, 0);
      const scores = Array.from({ length: text.length }, (_, i) => inHead("key", i).reduce((sum, value, e) => sum + value * q[e], 0) / Math.sqrt(depth));
      const weights = weightsOf(t);
      const hidden = s > t;
      question.replaceChildren("How much does ", h("b", {}, named(t)), " take from ", h("b", {}, s === t ? "itself" : named(s)), `, in ${titled(layer, head)}?`);

      // 1
      const most = Math.max(largest(q), largest(k)) || 1;
      const both = theme.upTo(most);
      for (const [{ pixels, words }, values, name] of [[queryStrip, q, `query of ${spell(text[t])}`], [keyStrip, k, `key of ${spell(text[s])}`]]) {
        paint(pixels, values, 1, depth, both);
        pixels.values = values;
        words.textContent = name;
      }
      const reach = largest(products) || 1;
      chart(productBars, depth, [{ values: products, reach, height: 48, both: true }]);
      productSurface.values = products;
      const e = entry[0] < 0 ? products.reduce((best, value, i) => (Math.abs(value) > Math.abs(products[best]) ? i : best), 0) : entry[0];
      productCursor.place(0, e);
      const how = [settings.normed && "brought to one length", settings.rotary && "turned by their positions"].filter(Boolean).join(" and ");
      productNote.replaceChildren(
        `${entry[0] < 0 ? "The largest product is e" : "E"}${productWords(e).slice(1)}; all ${depth} add up to `,
        h("b", {}, format(dot)),
        how ? `. Query and key were ${how} before.` : ".",
      );

      // 2
      root.textContent = `÷ √${depth} =`;
      const exps = scores.map(Math.exp);
      const total = exps.reduce((sum, value, i) => (i <= t ? sum + value : sum), 0);
      const scale = theme.weights;
      const write = (one, value, words = format(value), colour = null) => {
        one.number.textContent = words;
        one.number.dataset.value = String(value);
        Object.assign(one.number.style, colour ? { background: colour.css(value), color: colour.ink(value) } : { background: "", color: "" });
      };
      write(sums.dot, dot);
      write(sums.score, scores[s]);
      gate.textContent = hidden ? "later: hidden, so −∞" : "not later: may be seen";
      gate.classList.toggle("ax-closed", hidden);
      write(sums.exp, hidden ? 0 : exps[s], hidden ? "0" : brief(exps[s]));
      write(sums.total, total, brief(total));
      write(sums.weight, weights[s], format(weights[s], 3), scale);
      const span = largest(scores.slice(0, t + 1)) || 1;
      chart(rowChart, text.length, [
        { values: scores, reach: span, height: 40, both: true, until: t, now: s },
        { values: weights, reach: Math.max(...weights) || 1, height: 40, until: t, now: s },
      ]);
      rowSurface.scores = scores;

      // 3
      const order = Array.from({ length: t + 1 }, (_, i) => i).sort((a, b) => weights[b] - weights[a]);
      const shown = order.slice(0, TAKEN);
      if (!hidden && !shown.includes(s)) shown.push(s);
      const sum = mixed(t);
      const portions = shown.map((i) => inHead("value", i).map((v) => v * weights[i]));
      const rest = sum.map((value, i) => value - portions.reduce((a, values) => a + values[i], 0));
      const widest = Math.max(largest(sum), ...portions.map(largest)) || 1;
      const colour = theme.upTo(widest);
      const f = entry[1] < 0 ? sum.reduce((best, value, i) => (Math.abs(value) > Math.abs(sum[best]) ? i : best), 0) : entry[1];
      taken.forEach(({ element, name, sum, pixels }, i) => {
        element.hidden = i >= shown.length;
        if (element.hidden) return;
        const from = shown[i];
        element.classList.toggle("ax-here", from === s);
        name.textContent = `${glyph(from)} (${from + 1})`;
        sum.textContent = `${format(weights[from])} × ${format(inHead("value", from)[f])} = ${format(portions[i][f])}`;
        sum.dataset.value = String(portions[i][f]);
        paint(pixels, portions[i], 1, depth, colour);
      });
      const missing = order.length - shown.length;
      others.element.hidden = missing === 0;
      others.name.textContent = missing === 1 ? "1 more" : `${missing} more`;
      others.sum.textContent = format(rest[f]);
      others.sum.dataset.value = String(rest[f]);
      paint(others.pixels, rest, 1, depth, colour);
      whole.sum.textContent = format(sum[f]);
      whole.sum.dataset.value = String(sum[f]);
      paint(answer, sum, 1, depth, colour);
      answerSurface.values = sum;
      answerCursor.place(0, f);
      const off = switches[layer * heads + head] ? "" : " This head is switched off: zeros go on in the place of its answer.";
      answerNote.textContent = `The numbers are those of entry ${f + 1} of ${depth}. The answers of all ${heads} heads go through a linear layer and are added to what the model knows at ${named(t)}.${off}`;
    }

    function draw() {
      stage.classList.toggle("ax-empty", emptied);
      if (emptied) return gallery.select(-1);
      readTheme();
      const outputs = model.get("outputs");
      tensors = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
      text = characters(tensors.seen);
      const { shape } = outputs.query;
      if (settings !== model.get("settings") || layers !== shape[0] || heads !== shape[1]) {
        settings = model.get("settings");
        known = new Set(settings.symbols.slice(1));
        [layers, heads] = shape;
        [layer, head] = settings.head.map((i, axis) => Math.min(i, shape[axis] - 1));
        effects = null;
        laySheet();
      }
      if (depth !== shape[3]) {
        depth = shape[3];
        productCursor.resize(1, depth);
        answerCursor.resize(1, depth);
      }
      switches = Array.from(input("heads").slice(-layers * heads));
      if (lead("moved") === layers * heads + 2) {
        const t = text.length;
        effects = { text: text.join(""), moved: switches.map((_, i) => tensors.moved.slice((i + 1) * t, (i + 2) * t)) };
      } else if (effects?.text !== text.join("")) effects = null;
      const asked = characters(input("text")).join("");
      box.show(asked);
      temperature.value = input("temperature")[0];
      topK.value = input("top_k")[0];
      topP.value = input("top_p")[0];
      gallery.select(examples.findIndex((example) => Array.from(example.text).slice(-settings.context).join("") === asked));
      const answered = asked === text.join("");
      peek = null;
      const to = Math.max(0, Math.min(text.length - 1, wanted ?? (row < 0 ? text.length - 1 : row)));
      if (to !== row || wanted !== null || column >= text.length) {
        [row, column] = [to, strongest(to)];
        entry = [-1, -1];
      }
      if (answered) wanted = null;
      line.lay(text, known, settings.symbols[0]);
      box.note(text, known, settings.symbols[0]);
      label();
      paintSheet();
      drawHead();
      if (answered) goOn();
    }

    const stage = h(
      "div",
      { class: "ax", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      ...(examples.length ? [gallery] : []),
      h("div", { class: "ax-type" }, box, wait),
      h("div", { class: "ax-reading" }, h("div", { class: "ax-lines lm-answer" }, line, sentence), expected, writer),
      h("div", { class: "ax-heads" }, overview, detail),
      working,
    );
    el.append(stage, say.element);
    const forget = keepDrawn(el, model, draw);
    const sized = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        if (target === surface) lengths.map = contentRect.width;
        if (target === rowSurface) lengths.row = contentRect.width;
      }
      if (!text.length || emptied || !el.isConnected) return;
      if (entries.some(({ target }) => target === el)) box.fit();
      drawLetters();
      drawLine();
    });
    for (const part of [el, surface, rowSurface]) sized.observe(part);
    const failed = new MutationObserver(() => el.dataset.state === "failed" && stop());
    failed.observe(el, { attributeFilter: ["data-state"] });
    model.on("change:error", stop);
    return () => {
      sized.disconnect();
      failed.disconnect();
      model.off("change:error", stop);
      forget();
    };
  },
};

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

/** Write the characters of a text in a row of cells, or down a column, on a canvas; none where cells are too small. */
function letters(canvas, { text, place, length, down, theme: { family, ink, accent } }) {
  const sharp = window.devicePixelRatio || 1;
  const [width, height] = down ? [20, length] : [length, 20];
  Object.assign(canvas, { width: width * sharp, height: height * sharp });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.scale(sharp, sharp);
  Object.assign(pen, { textAlign: "center", textBaseline: "middle" });
  const cell = length / text.length;
  const size = Math.min(13, cell * (down ? 1.15 : 1.5));
  const write = (character, i) => {
    const along = (i + 0.5) * cell;
    pen.fillText(character, down ? 10 : along, down ? along : 10);
  };
  Object.assign(pen, { fillStyle: ink, font: `${size}px ${family}` });
  text.forEach((character, i) => {
    const room = cell >= 5 && i !== place && Math.abs(i - place) * cell >= 9;
    if (room && character !== " ") write(show(character), i);
  });
  Object.assign(pen, { fillStyle: accent, font: `bold 15px ${family}` });
  write(text[place] === " " ? "␣" : show(text[place]), place);
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

/** A number that may be very large or very small, in few digits. */
function brief(number) {
  if (number === 0 || (number >= 0.01 && number < 10000)) return format(number);
  const power = Math.floor(Math.log10(number));
  const raised = String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]));
  return `${format(number / 10 ** power, 1)}·10${raised}`;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Draw panels of bars below each other, one bar a column; from zero both ways, or up only; what is after `until` is striped. */
function chart(element, columns, panels) {
  const marks = [];
  let base = 0;
  for (const { values, reach, height, both, until = columns, now = -1 } of panels) {
    const zero = base + (both ? height / 2 : height);
    const unit = (both ? height / 2 : height) / reach;
    if (now >= 0) marks.push(svg("rect", { class: "ax-column", x: now, y: base, width: 1, height }));
    if (until < columns - 1) marks.push(svg("rect", { class: "ax-hidden", x: until + 1, y: base, width: columns - until - 1, height }));
    values.forEach((value, i) => {
      if (i > until) return;
      const size = Math.abs(value) * unit;
      const kind = both ? (value < 0 ? "ax-minus" : "ax-plus") : "ax-share";
      marks.push(svg("rect", { class: kind, x: i + 0.08, y: value < 0 ? zero : zero - size, width: 0.84, height: size }));
    });
    marks.push(svg("path", { class: "ax-zero", d: `M0 ${zero}H${columns}` }));
    base += height + 6;
  }
  element.setAttribute("viewBox", `0 0 ${columns} ${base - 6}`);
  element.replaceChildren(...marks);
}
