// Draws a HiddenStateExplorer: the reader's text, coloured by one unit of the network that reads it; all units beside
// each other; how the one number of that unit at that character came about; and which character is expected next.
//
// inputs: text [1, t], as code points. outputs: seen, the same; probabilities [1, t, symbols]; and [1, t, n] each:
// hidden, and what else there is in this kind of layer. settings: symbols, examples, ranking, memory, limit.

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

    // ---- what the reader types ----
    const box = textBox({
      label: "Text for the network to read",
      placeholder: "Type something: the network reads it character by character.",
      reader: "network",
      limit: () => pen.reads(),
      onText: () => (pen.typed(), ask()),
      onCaret: follow,
    });
    const { examples } = model.get("settings");
    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, (i) => {
      box.write(examples[i].text);
      say(`text: ${examples[i].name}`);
    });

    function ask() {
      const read = box.read();
      emptied = !read.length;
      if (emptied) return draw();
      wanted = pen.left ? read.length - 1 : box.caret();
      setInputs(model, { text: toPoints(read) });
    }

    function follow() {
      if (emptied || !text.length || wanted !== null) return;
      look(unit, box.caret());
    }

    // ---- the same text, a cell for each character ----
    const page = textLine("The text as the network read it: arrow keys move from character to character", (place) => look(unit, place));

    // ---- what it expects next ----
    const expected = nextCharacters((symbol) => box.insert(symbol, now));

    const desk = writersDesk({ most: 100, write: (count) => pen.write(count), stop: (takeBack) => stop(takeBack) });
    const drawn = (chances) => settings.symbols[pick(chances.subarray(-settings.symbols.length))]; // after the last one
    const pen = modelsPen({
      box,
      desk,
      next: () => (wanted !== null || !text.length ? null : drawn(tensors.probabilities)),
      again: ask,
      ahead: model.ahead && (async (some) => drawn((await model.ahead({ text: toPoints(some) })).probabilities.data)),
      context: () => limit,
      say,
    });

    const stop = (takeBack) => {
      pen.stop(takeBack);
      if (emptied) draw();
    };

    // ---- one unit at one character ----
    const { inspector, unitField, where, equation } = unitInspector((n) => look(Math.min(units - 1, n), now));

    // ---- all units at all characters ----
    const map = unitMap(el, {
      describe: (row, column) => describe(order[row] ?? 0, column),
      look: (row, column) => look(order[row], column, true),
    });
    const legend = legendBar("colours");

    // ---- choices ----
    let colours;
    const colourPlace = h("div", { class: "hx-colours" });
    const finder = unitFinder({
      find: (i) => {
        sortBy(i);
        if (property >= 0) quantity = settings.memory;
        colours.select(names.indexOf(quantity));
        drawAll();
        say(finder.finding);
      },
      look: (other) => look(other, now),
    });

    function layChoices() {
      const shown = names.map((name) => QUANTITIES[name].name);
      colours = choices("Colour", shown, names.indexOf(quantity), (i) => {
        quantity = names[i];
        drawAll();
      });
      colourPlace.replaceChildren(colours, legend);
      finder.lay(settings.ranking ?? []);
    }

    /** Put the rows in the order of how closely they follow a property, and look at the first. */
    function sortBy(i) {
      property = i;
      order = i < 0 ? Array.from({ length: units }, (_, n) => n) : settings.ranking[i].units;
      const ranked = settings.ranking?.[i];
      finder.tell(ranked, QUANTITIES[settings.memory].name);
      if (ranked) unit = order[0];
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
    const scaleOf = colourScales(el);

    /** One cell for each character. */
    function layPage() {
      page.lay(text, known, settings.symbols[0]);
      map.lay(text);
      box.note(text, known, settings.symbols[0]);
    }

    const drawPage = (colour = scaleOf(QUANTITIES[quantity])) => paintCells(page.cells, (t) => at(quantity, t, unit), colour);

    function drawPlace() {
      page.look(now, describe(unit, now));
      map.cursor.place(order.indexOf(unit), now);
      unitField.show(unit);
      where.replaceChildren(", when it has read ", h("b", {}, spell(text[now])), `, character ${now + 1} of ${text.length}`);
      finder.mark(unit);

      equation.draw((name, back) => at(name, now - back, unit), scaleOf);
      const count = settings.symbols.length;
      const chances = tensors.probabilities.subarray(now * count, (now + 1) * count);
      expected.draw({ symbols: settings.symbols, known, text, now, chances });
    }

    function drawAll() {
      const colour = scaleOf(QUANTITIES[quantity]);
      const t = text.length;
      const values = new Float32Array(units * t);
      order.forEach((n, row) => {
        for (let column = 0; column < t; column++) values[row * t + column] = tensors[quantity][column * units + n];
      });
      map.draw(values, units, colour);
      legend.show(colour, 1);
      const sorted = property < 0 ? "by number" : `from the closest to the farthest from “${settings.ranking[property].name}”`;
      map.caption.textContent = `${QUANTITIES[quantity].name} of all ${units} units, one a row, ${sorted}; one column for each character`;
      drawPage(colour);
      drawPlace();
    }

    function draw() {
      stage.classList.toggle("hx-empty", emptied);
      if (emptied) return gallery.select(-1);
      scaleOf.forget();
      const outputs = model.get("outputs");
      tensors = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
      map.surface.values = tensors; // at hand in the browser's console
      units = outputs.hidden.shape[2];
      text = Array.from(tensors.seen, (point) => String.fromCodePoint(point));
      if (settings !== model.get("settings") || !names.every((name) => name in tensors)) {
        settings = model.get("settings");
        known = new Set(settings.symbols.slice(1));
        names = Object.keys(QUANTITIES).filter((name) => name in tensors);
        quantity = settings.memory;
        unitField.max = units - 1;
        layChoices();
        equation.lay(names);
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
      pen.label();
      if (asked === text.join("")) pen.goOn();
    }

    const stage = h(
      "div",
      { class: "hx", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      ...(examples.length ? [gallery] : []),
      box,
      h("div", { class: "hx-reading" }, h("div", {}, expected, desk), h("div", { class: "hx-coloured lm-answer" }, page, finder)),
      colourPlace,
      inspector,
      map,
    );
    el.append(stage, say.element);
    const state = keepAndTake({
      el, model, say, kind: "states", version: 1,
      forms: { text: someText(LONGEST_STATE), gaze: someNumbers(2, 0, 9999), colour: aWhole(0, 99), property: aWhole(-1, 999) },
      read: () => ({ text: emptied ? "" : box.read().join(""), gaze: [unit, now], colour: names.indexOf(quantity), property }),
      restore({ text: other, gaze: [n, t], colour, property: sorted }) {
        if (sorted < (settings.ranking?.length ?? 0)) sortBy(sorted);
        finder.select(property);
        unit = Math.min(n, units - 1);
        quantity = names[Math.min(colour, names.length - 1)];
        colours.select(names.indexOf(quantity));
        drawAll();
        box.write(other, caretAfter(other, t + 1));
      },
      numbers: () => statesTables({ text, names, units, unit, now, quantity, at, symbols: settings.symbols, probabilities: tensors.probabilities }),
    });
    const forget = keepDrawn(el, model, draw);
    const disown = ownModel({ el, model, say, foot: el });
    state.begin();
    const sized = new ResizeObserver(([{ contentRect }]) => {
      if (!contentRect.width) return; // out of sight
      box.fit();
      map.rule(contentRect.width);
    });
    sized.observe(el);
    const forgetFailures = onFailure(el, model, () => stop());
    return () => {
      state.end();
      disown();
      sized.disconnect();
      forgetFailures();
      forget();
    };
  },
};
