// Draws a HiddenStateExplorer: the reader's text, coloured by one unit of the network that reads it; all units beside
// each other; how the one number of that unit at that character came about; and which character is expected next.
//
// inputs: text [1, t], as code points. outputs: seen, the same; probabilities [1, t, symbols]; and [1, t, n] each:
// hidden, and what else there is in this kind of layer. settings: symbols, examples, ranking, memory, limit.

const QUANTITIES = {
  cell: { name: "cell", sign: "c", ends: [-3, 3] }, // beyond, its tanh hardly changes
  hidden: { name: "hidden state", sign: "h", ends: [-1, 1] },
  input_gate: { name: "input gate", sign: "i", ends: [0, 1] },
  forget_gate: { name: "forget gate", sign: "f", ends: [0, 1] },
  output_gate: { name: "output gate", sign: "o", ends: [0, 1] },
  reset_gate: { name: "reset gate", sign: "r", ends: [0, 1] },
  update_gate: { name: "update gate", sign: "z", ends: [0, 1] },
  candidate: { name: "candidate", sign: "g", ends: [-1, 1] },
};
const LIKELY = 8; // characters whose probability is drawn
const CLOSEST = 5; // units named for a property
const ROOM = 48; // characters that the map has room for before its columns become narrower

export default {
  render({ model, el }) {
    const say = announcer();
    const limit = model.get("settings").limit;
    let settings, known, tensors, names; // what there is to draw
    let text = []; // the characters that were read
    let units = 0;
    let order = []; // unit of each row of the map
    let now = -1; // the character that is looked at
    let unit = -1;
    let quantity = "";
    let property = -1; // that the rows are sorted by; −1 for none
    let wanted = null; // where to look when the answer comes
    let emptied = false;
    let wide = 0; // pixels

    // ---- what the reader types ----
    const box = textBox({
      label: "Text for the network to read",
      placeholder: "Type something: the network reads it character by character.",
      reader: "network",
      limit: () => limit,
      onText: ask,
      onCaret: follow,
    });
    const { examples } = model.get("settings");
    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, (i) => {
      box.write(examples[i].text);
      say(`text: ${examples[i].name}`);
    });

    function ask() {
      const points = box.read().map((character) => character.codePointAt(0));
      emptied = !points.length;
      if (emptied) gallery.select(-1);
      if (emptied) return draw();
      wanted = box.caret();
      setInputs(model, { text: toWire([1, points.length], points) });
    }

    function follow() {
      if (emptied || !text.length || wanted !== null) return;
      look(unit, box.caret());
    }

    // ---- the same text, a cell for each character ----
    const page = textLine("The text as the network read it: arrow keys move from character to character", (place) => look(unit, place));

    // ---- what it expects next ----
    const after = h("span", { class: "hx-after" });
    const bars = Array.from({ length: LIKELY + 1 }, () => {
      const symbol = h("span", { class: "hx-symbol", "aria-hidden": "true" });
      const [spoken, fill, percent] = ["lm-hidden", "hx-fill", "hx-percent"].map((name) => h("span", { class: name }));
      const element = button("", () => box.insert(element.symbol, now), { class: "hx-next" });
      element.append(symbol, spoken, h("span", { class: "hx-track" }, fill), percent);
      return Object.assign(element, { parts: { symbol, spoken, fill, percent } });
    });
    const expected = h(
      "div",
      { class: "hx-expected lm-answer", role: "group", "aria-label": "The next character, as the network expects it; a press types it" },
      h("p", {}, "After ", after, " it expects"),
      h("div", { class: "hx-bars" }, ...bars),
    );

    // ---- one unit at one character ----
    const unitField = numberField("Unit", { value: 0, step: 1, digits: 0, min: 0 }, (value) => look(Math.min(units - 1, Math.round(value)), now));
    const where = h("span");
    const equation = h("div", { class: "hx-equation" });
    const inspector = h(
      "div",
      { class: "hx-inspector lm-answer", role: "group", "aria-label": "One unit at one character" },
      h("p", { class: "hx-where" }, h("label", {}, "Unit ", unitField), where),
      equation,
    );
    let numbers = []; // [element, quantity, steps back]

    function layEquation() {
      numbers = [];
      const value = (name, back = 0, caption = null) => {
        const number = h("span", { class: "hx-number" });
        numbers.push([number, name, back]);
        const { name: long, sign } = QUANTITIES[name];
        const legend = caption ?? (back ? [`${long} before`] : [`${long} `, h("i", {}, sign)]);
        return h("span", { class: "hx-part" }, number, h("span", { class: "hx-caption" }, ...legend));
      };
      const sign = (mark) => h("span", { class: "hx-sign" }, mark);
      const group = (...parts) => h("span", { class: "hx-group" }, ...parts);
      const lines = names.includes("cell")
        ? [
            [group(value("forget_gate"), sign("×"), value("cell", 1)), group(sign("+"), value("input_gate"), sign("×"), value("candidate")), group(sign("="), value("cell"))],
            [group(value("output_gate"), sign("× tanh"), value("cell")), group(sign("="), value("hidden"))],
          ]
        : names.includes("update_gate")
          ? [
              [group(sign("(1 −"), value("update_gate"), sign(") ×"), value("candidate")), group(sign("+"), value("update_gate"), sign("×"), value("hidden", 1)), group(sign("="), value("hidden"))],
              [group(value("reset_gate"), sign("weighs what the candidate sees of the state before"))],
            ]
          : [[group(value("hidden", 1), sign("→"), value("hidden"))]];
      equation.replaceChildren(...lines.map((parts) => h("div", { class: "hx-line" }, ...parts)));
    }

    // ---- all units at all characters ----
    const canvas = h("canvas", { "aria-hidden": "true" });
    const surface = h("div", { class: "lm-surface hx-map" }, canvas);
    const ruler = h("div", { class: "hx-ruler", "aria-hidden": "true" });
    const cursor = gridCursor(surface, {
      label: "All units, one a row, and all characters, one a column",
      rows: 1,
      columns: 1,
      describe: (row, column) => describe(order[row] ?? 0, column),
      onMove: (row, column) => look(order[row], column, true),
    });
    const legend = legendBar("colours");
    const caption = h("p", { class: "lm-quiet" });

    // ---- choices ----
    let colours, finder;
    const colourPlace = h("div", { class: "hx-colours" });
    const finderPlace = h("div", { class: "hx-finder" });
    const finding = h("p", { class: "hx-finding" });
    const closest = h("div", { class: "hx-closest" });

    function layChoices() {
      const shown = names.map((name) => QUANTITIES[name].name);
      colours = choices("Colour", shown, names.indexOf(quantity), (i) => {
        quantity = names[i];
        drawAll();
      });
      colourPlace.replaceChildren(colours, legend);
      const ranked = settings.ranking ?? [];
      finderPlace.hidden = !ranked.length;
      finder = choices("Find a unit that follows", [...ranked.map(({ name }) => name), "none"], ranked.length, (i) => {
        sortBy(i < ranked.length ? i : -1);
        if (property >= 0) quantity = settings.memory;
        colours.select(names.indexOf(quantity));
        drawAll();
        say(finding.textContent);
      });
      finderPlace.replaceChildren(finder, finding, closest);
    }

    /** Put the rows in the order of how closely they follow a property, and look at the first. */
    function sortBy(i) {
      property = i;
      order = i < 0 ? Array.from({ length: units }, (_, n) => n) : settings.ranking[i].units;
      const ranked = settings.ranking?.[i];
      finding.hidden = closest.hidden = !ranked;
      if (!ranked) return;
      unit = order[0];
      const memory = QUANTITIES[settings.memory].name;
      finding.replaceChildren(
        `The ${memory} of `, h("strong", {}, `unit ${unit}`), ` follows “${ranked.name}” most closely: correlation `,
        h("strong", { class: "hx-correlation", "data-value": ranked.correlations[0] }, format(ranked.correlations[0])),
        ", on text that neither the training nor this choice has seen.",
      );
      const label = (n) => `${order[n]}: ${format(ranked.correlations[n])}`;
      const few = order.slice(0, CLOSEST).map((_, n) => label(n));
      const radios = choices("Closest units", few, 0, (n) => look(order[n], now), order.slice(0, CLOSEST).map((one, n) => `unit ${one}, correlation ${format(ranked.correlations[n])}`));
      closest.replaceChildren(radios);
      closest.radios = radios;
    }

    // ---- looking ----
    const at = (name, t, n) => (t < 0 ? 0 : tensors[name][t * units + n]);

    function describe(n, t) {
      if (!text.length) return "";
      return `unit ${n}, character ${t + 1} of ${text.length}, ${spell(text[t])}: ${QUANTITIES[quantity].name} ${format(at(quantity, t, n))}`;
    }

    function look(toUnit, toPlace, byMap = false) {
      const place = Math.max(0, Math.min(text.length - 1, toPlace));
      if (toUnit === unit && place === now) return;
      const other = toUnit !== unit;
      [unit, now] = [toUnit, place];
      if (other) drawPage();
      drawPlace();
      if (!byMap) say(describe(unit, now));
    }

    // ---- drawing ----
    const scales = new Map(); // of this draw: the theme may be another in the next
    const scaleOf = ({ ends }) => {
      const key = ends.join();
      if (!scales.has(key)) scales.set(key, colourScale(el, ends[0] < 0 ? "diverging" : "sequential", ...ends));
      return scales.get(key);
    };

    /** One cell for each character. */
    function layPage() {
      page.lay(text, known, settings.symbols[0]);
      ruler.replaceChildren(...text.map((character) => h("span", {}, show(character))));
      box.note(text, known, settings.symbols[0]);
    }

    function drawPage(colour = scaleOf(QUANTITIES[quantity])) {
      page.cells.forEach((cell, t) => {
        const value = at(quantity, t, unit);
        cell.style.background = colour.css(value);
        cell.style.color = colour.ink(value);
        cell.dataset.value = String(value);
      });
    }

    function drawPlace() {
      page.look(now, describe(unit, now));
      cursor.place(order.indexOf(unit), now);
      unitField.show(unit);
      where.replaceChildren(", when it has read ", h("b", {}, spell(text[now])), `, character ${now + 1} of ${text.length}`);
      closest.radios?.select(order.slice(0, CLOSEST).indexOf(unit));

      for (const [element, name, back] of numbers) {
        const value = at(name, now - back, unit);
        const colour = scaleOf(QUANTITIES[name]);
        element.textContent = format(value);
        element.dataset.value = String(value);
        element.dataset.quantity = back ? `${name}_before` : name;
        Object.assign(element.style, { background: colour.css(value), color: colour.ink(value) });
      }
      drawExpected();
    }

    function drawExpected() {
      const count = settings.symbols.length;
      const chances = tensors.probabilities.subarray(now * count, (now + 1) * count);
      const best = Array.from(chances.keys()).sort((a, b) => chances[b] - chances[a]).slice(0, LIKELY);
      const next = text[now + 1];
      const real = next === undefined ? -1 : known.has(next) ? settings.symbols.indexOf(next) : 0;
      const rows = real >= 0 && !best.includes(real) ? [...best, real] : best;
      after.textContent = (now > 11 ? "…" : "") + text.slice(Math.max(0, now - 11), now + 1).map(show).join("");
      bars.forEach((bar, i) => {
        bar.hidden = i >= rows.length;
        if (bar.hidden) return;
        const { symbol, spoken, fill, percent } = bar.parts;
        const share = chances[rows[i]];
        bar.symbol = settings.symbols[rows[i]];
        bar.disabled = rows[i] === 0; // what is unknown cannot be typed
        bar.classList.toggle("hx-real", rows[i] === real);
        symbol.textContent = bar.symbol === " " ? "␣" : show(bar.symbol);
        fill.style.setProperty("--share", `${100 * share}%`);
        percent.textContent = percentage(share);
        bar.dataset.value = String(share);
        const words = rows[i] === 0 ? "an unknown character" : spell(bar.symbol);
        spoken.textContent = `${words}${rows[i] === real ? ", as in the text" : ""}: `;
      });
    }

    /** Letter the columns, where they are wide enough; asked of the browser at every draw, the width would cost most. */
    function rule() {
      wide ||= el.clientWidth;
      ruler.hidden = wide / Math.max(text.length, ROOM) < 8;
    }

    function drawAll() {
      const colour = scaleOf(QUANTITIES[quantity]);
      const t = text.length;
      const values = new Float32Array(units * t);
      order.forEach((n, row) => {
        for (let column = 0; column < t; column++) values[row * t + column] = tensors[quantity][column * units + n];
      });
      paint(canvas, values, units, t, colour);
      const share = `${(100 * t) / Math.max(t, ROOM)}%`;
      surface.style.width = ruler.style.width = share;
      rule();
      cursor.resize(units, t);
      legend.show(colour, 1);
      const sorted = property < 0 ? "by number" : `from the closest to the farthest from “${settings.ranking[property].name}”`;
      caption.textContent = `${QUANTITIES[quantity].name} of all ${units} units, one a row, ${sorted}; one column for each character`;
      drawPage(colour);
      drawPlace();
    }

    function draw() {
      stage.classList.toggle("hx-empty", emptied);
      if (emptied) return;
      scales.clear();
      const outputs = model.get("outputs");
      tensors = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
      surface.values = tensors; // at hand in the browser's console
      units = outputs.hidden.shape[2];
      text = Array.from(tensors.seen, (point) => String.fromCodePoint(point));
      if (settings !== model.get("settings") || !names.every((name) => name in tensors)) {
        settings = model.get("settings");
        known = new Set(settings.symbols.slice(1));
        names = Object.keys(QUANTITIES).filter((name) => name in tensors);
        quantity = settings.memory;
        unitField.max = units - 1;
        layChoices();
        layEquation();
        sortBy(settings.ranking?.length ? 0 : -1);
        finder.select(property);
        if (unit < 0 || unit >= units) unit = order[0];
      }
      const asked = Array.from(fromWire(model.get("inputs").text).data, (point) => String.fromCodePoint(point)).join("");
      box.show(asked);
      gallery.select(examples.findIndex((example) => example.text === asked));
      now = Math.max(0, Math.min(text.length - 1, wanted ?? (now < 0 ? text.length - 1 : now)));
      if (asked === text.join("")) wanted = null;
      layPage();
      drawAll();
    }

    const stage = h(
      "div",
      { class: "hx", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      ...(examples.length ? [gallery] : []),
      box,
      h("div", { class: "hx-reading" }, expected, h("div", { class: "hx-coloured lm-answer" }, page, finderPlace)),
      colourPlace,
      inspector,
      h("div", { class: "hx-all lm-answer" }, ruler, surface, caption),
    );
    el.append(stage, say.element);
    const forget = keepDrawn(el, model, draw);
    const sized = new ResizeObserver(([{ contentRect }]) => {
      if (!contentRect.width) return; // out of sight
      wide = contentRect.width;
      box.fit();
      rule();
    });
    sized.observe(el);
    return () => {
      sized.disconnect();
      forget();
    };
  },
};
