// Draws an AttentionExplorer: the reader's text; where each head of a GPT looks, all of them small and one large; how
// one weight came about, and what the head answers; what is expected next, with heads switched off; and writes on.
//
// inputs: text [1, t], as code points; heads [n, layers, heads]: all on, ways to compare, and the reader's switches
// last; temperature, top_k, top_p [1]. outputs: seen [1, t], as text; weights [layers, heads, t, t], query, key and value
// [layers, heads, t, d], logits [t, symbols] of the last of the n; probabilities and chances [n, t, symbols], moved
// [n, t] of each. settings: symbols, examples, head, context, rotary, normed.
//
// `render` holds what the reader has chosen, and hands it to the parts in the folder attention, which draw: each is made
// once, by a function that returns an element with `draw`.

export default {
  render({ model, el }) {
    const say = announcer();
    let settings, known, answer; // what there is to draw
    let wanted = null; // the row to look at when the answer comes
    let switches = []; // of all heads, as the reader set them
    let effects = null; // for each head, what switching it off alone moves: {text, moved}
    let emptied = false;

    const input = (name) => fromWire(model.get("inputs")[name]).data;
    const gaze = readersGaze({ answer: () => answer, say, forget: () => working.forget(), drawPlace, drawHead });
    const { look, glance, choose } = gaze;

    // ---- what the reader types ----
    const box = textBox({
      label: "Text for the model to read",
      placeholder: "Type something: the model reads it character by character.",
      reader: "model",
      limit: () => pen.reads(),
      onText: () => {
        pen.typed();
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
      const read = box.read();
      emptied = !read.length;
      if (emptied) return stop();
      wanted = pen.left ? read.length - 1 : box.caret();
      request({ text: toPoints(read) });
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
      box.insert(symbol, gaze.row);
    });
    const writer = writersDesk({ most: 100, write: (count) => pen.write(count), stop, turn: (name, value) => request({ [name]: toWire([1], [value]) }) });
    const sheet = headSheet({ choose, switchTo, rank });
    const map = headMap({ look, glance });
    const working = workedOut((t) => look(gaze.row, t));

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
    const next = () => {
      if (wanted !== null || !answer) return null; // the model has not read all yet
      return settings.symbols[pick(answer.next("chances", answer.ways - 1, answer.text.length - 1))];
    };
    /** Draw the character after a text of which nothing is shown; only a page can. */
    const ahead = async (text) => {
      const { chances } = await model.ahead({ ...model.get("inputs"), text: toPoints(text) });
      return settings.symbols[pick(chances.data.subarray(-settings.symbols.length))]; // of the last way, the last row
    };
    const pen = modelsPen({ box, desk: writer, next, again: ask, ahead: model.ahead && ahead, context: () => model.get("settings").context, say });

    function stop(takeBack = false) {
      pen.stop(takeBack);
      if (emptied) draw();
    }

    // ---- drawing ----
    let theme; // its colours, read once, because reading them makes the browser lay the page out

    function drawHead() {
      const { layer, head } = gaze;
      const on = Boolean(switches[layer * answer.heads + head]);
      map.draw({ answer, layer, head, on, theme });
      sheet.select(layer * answer.heads + head);
      drawPlace();
    }

    /** While the model writes: the text alone, as often as frames come. */
    function drawWritten() {
      const [t, s] = gaze.at();
      line.look(t, answer.looksAt(gaze.layer, gaze.head, t));
      line.mark({ ...gaze, answer, t, s, theme, written: pen.written });
    }

    function drawPlace() {
      const { layer, head } = gaze;
      const [t, s] = gaze.at();
      const place = { answer, settings, known, layer, head, t, s, theme, written: pen.written, switches, effects };
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
      const [t, s] = gaze.at();
      for (const strip of [map.across, map.down, working.across]) strip.write(answer.text, strip === map.down ? t : s, theme);
    }

    /** Take a new model, or the first. */
    function open() {
      settings = model.get("settings");
      known = new Set(settings.symbols.slice(1));
      const last = [answer.layers - 1, answer.heads - 1];
      [gaze.layer, gaze.head] = settings.head.map((i, axis) => Math.min(i, last[axis]));
      effects = null;
      sheet.lay(answer.layers, answer.heads);
      writer.lay(settings.symbols.length);
    }

    function draw() {
      stage.classList.toggle("ax-empty", emptied);
      if (emptied) return gallery.select(-1);
      const dark = el.classList.contains("lm-dark");
      if (theme?.dark !== dark) theme = openTheme(el, line, dark);
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
      gaze.settle(wanted);
      if (asked === told) wanted = null;
      line.lay(text, known, settings.symbols[0]);
      box.note(text, known, settings.symbols[0]);
      pen.label();
      if (asked === told) pen.goOn();
      if (pen.left && before && asked === told) return drawWritten(); // all else when the last character is there
      sheet.paint(answer, theme);
      drawHead();
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
    const state = keepAndTake({
      el, model, say, kind: "attention", version: 1,
      forms: {
        text: someText(LONGEST_STATE), gaze: someNumbers(3, 0, 9999), off: someNumbers([0, 999], 0, 999),
        temperature: aNumber(0, 9), top_k: aWhole(1, 1e6), top_p: aNumber(0, 1),
      },
      read: () => ({
        text: emptied ? "" : box.read().join(""), gaze: [gaze.layer, gaze.head, gaze.row],
        off: [...switches.keys()].filter((i) => !switches[i]),
        temperature: input("temperature")[0], top_k: input("top_k")[0], top_p: input("top_p")[0],
      }),
      restore({ text, gaze: [layer, head, row], off, ...rules }) {
        stop();
        Object.assign(gaze, { layer: Math.min(layer, answer.layers - 1), head: Math.min(head, answer.heads - 1) });
        switches = switches.map((_, i) => Number(!off.includes(i)));
        request(Object.fromEntries(Object.entries(rules).map(([name, value]) => [name, toWire([1], [value])])));
        box.write(text, caretAfter(text, row + 1));
      },
      numbers() {
        const ways = answer.ways > 1 ? ["probability with all heads on (share)", "probability (share)"] : ["probability (share)"];
        const chances = ways.map((_, i) => answer.next("probabilities", i ? answer.ways - 1 : 0, gaze.row));
        const expected = settings.symbols.map((symbol, k) => [symbol, ...chances.map((values) => values[k])]);
        return attentionTables({ answer, gaze, unit: "character", ways, expected });
      },
    });
    const forget = keepDrawn(el, model, draw);
    const disown = ownModel({ el, model, say, foot: el });
    state.begin();
    const sized = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        if (target === map.surface) map.across.room = map.down.room = contentRect.width;
        if (target === working.surface) working.across.room = contentRect.width;
      }
      if (!answer || emptied || !el.isConnected) return;
      if (entries.some(({ target }) => target === el)) box.fit();
      const [t, s] = gaze.at();
      drawLetters();
      line.draw({ ...gaze, answer, t, s, theme, written: pen.written });
    });
    for (const part of [el, map.surface, working.surface]) sized.observe(part);
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
