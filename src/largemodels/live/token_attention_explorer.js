// Draws an AttentionExplorer of tokens: the reader's text, cut into the tokens that a real model reads; where each of its
// heads looks; how one weight came about; what is expected next, with heads switched off; and lets the model write on.
//
// inputs: text, place [layer, head], off (heads, [layer, head] each), write (tokens), temperature, top_k, top_p, and turn,
// which counts up. outputs: turn, to which it answers, text, pieces, dropped, expected, place, weights, rows, …
// (token_attention_explorer.py). settings: examples, layers, heads, kv_heads, vocabulary, longest, rules.
// Without a kernel, which the view finds out by knocking, what was computed of the text to begin with can be looked at;
// where the book has the model, it can be loaded, and is then what a kernel is: asks, real (assets/real/serve.js).

const MOST_CHARACTERS = 2000; // of the reader's text
const FEW = 100; // tokens: top-k beyond it is all

export default {
  render({ model, el }) {
    const say = announcer();
    let settings, answer, theme; // what there is to draw
    let wanted = null; // where to look when the answer comes: "caret" or "end"
    let off = [];
    let before = null; // the text, before the model wrote on
    let emptied = false;
    let alive = false; // whether a kernel has answered
    let later = null; // what the address says, until there is a model that reads it
    const dials = { temperature: 1, top_k: FEW, top_p: 1 };
    const gaze = readersGaze({ answer: () => answer, say, forget: () => working.forget(), drawPlace, drawHead });
    const { look, glance } = gaze;
    const knows = () => answer.closely(gaze.layer, gaze.head);

    // ---- what the reader types ----
    const box = textBox({
      label: "Text for the model to read",
      placeholder: "Type something: the model reads it token by token.",
      reader: "model",
      limit: () => MOST_CHARACTERS,
      onText: () => {
        before = null;
        ask({ wanted: "caret" });
      },
      onCaret: () => !emptied && answer && wanted === null && look(answer.at(bytesToCaret())),
    });
    const { examples } = model.get("settings");
    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, (i) => {
      box.write(examples[i].text);
      say(`text: ${examples[i].name}`);
    });
    const dropped = h("p", { class: "lm-quiet" });
    const how = h("p", { class: "at-how" }, "The page shows one stored text: choose any layer, head and token of it. To type a text of your own, open this page’s notebook in Jupyter or Colab and run it; or build the book with “make real” and load the model here.");

    const offer = realOffer({ ask: (what) => askFor(what), say });
    let asked = 0;
    const askFor = (what) => {
      model.set("asks", { what, turn: ++asked });
      model.save_changes();
    };

    const bytesToCaret = () => utf8.encode(box.read().slice(0, box.caret() + 1).join("")).length;

    /** Hand over what has changed, with the text as it is. */
    function ask({ wanted: to = wanted, ...changed }) {
      const text = box.read().join("");
      if ((emptied = !text)) return draw();
      wanted = to;
      model.set("error", ""); // the same mistake twice is said twice
      setInputs(model, { text, place: [gaze.layer, gaze.head], off, write: 0, ...changed, turn: model.get("inputs").turn + 1 });
      stage.classList.add("at-busy");
    }

    // ---- the parts ----
    const line = readLine({ look, glance, unit: "token" });
    const sentence = h("p", { class: "ax-sentence" });
    const can = (bytes) => alive && inserted(model.get("outputs").text, answer.upTo(gaze.at()[0]), bytes) !== null;
    const expected = nextTokens((bytes) => {
      const [{ text }, place] = [model.get("outputs"), answer.upTo(gaze.row)];
      const start = textOf(Array.from(utf8.encode(text)).slice(0, place));
      box.write(inserted(text, place, bytes), (start + textOf(bytes)).length);
    });
    const writer = writersDesk({ write, stop: () => box.write(before), turn: (name, value) => (dials[name] = value), unit: "token" });
    writer.lay(FEW);
    const grid = headGrid({ choose, switchTo });
    const map = headMap({ look, glance, unit: "token", strip: pieceStrip });
    const working = workedOut((t) => look(gaze.row, t), pieceStrip);
    const lacking = h("p", { class: "at-lacking" });

    // ---- looking ----
    function choose(layer, head) {
      gaze.choose(layer, head);
      if (alive && !knows()) ask({});
    }

    function switchTo(now) {
      off = now;
      ask({});
    }

    // ---- writing on ----
    function write(count) {
      before ??= box.all().join("");
      const { temperature, top_k, top_p } = dials;
      ask({ wanted: "end", write: count, temperature, top_k: top_k < FEW ? top_k : null, top_p });
    }

    /** How many tokens at the end the model wrote. */
    const written = () => (before === null ? 0 : answer.text.filter((_, i) => answer.upTo(i) > utf8.encode(before).length).length);

    // ---- drawing ----
    function drawHead() {
      const { layer, head } = gaze;
      map.draw({ answer, layer, head, on: !off.some(([l, k]) => l === layer && k === head), theme });
      grid.select(layer, head);
      drawPlace();
    }

    function drawPlace() {
      const { layer, head } = gaze;
      const [t, s] = gaze.at();
      const switches = Array.from({ length: answer.layers * answer.heads }, () => 1);
      for (const [l, k] of off) switches[l * answer.heads + k] = 0;
      const place = { answer, settings, layer, head, t, s, theme, written: written(), switches, off, can, able: alive };
      map.point(place);
      const words = answer.looksAt(layer, head, t);
      line.look(t, words);
      sentence.replaceChildren(h("b", {}, `${titled(layer, head, "L")}: `), words, ".");
      expected.draw(place);
      grid.draw(place);
      working.hidden = !knows() && !alive;
      lacking.hidden = !working.hidden;
      working.classList.toggle("at-old", !knows());
      if (knows()) working.draw(place);
      drawLetters();
      line.draw(place); // at last, for it reads where things are
    }

    function drawLetters() {
      const [t, s] = gaze.at();
      for (const strip of [map.across, map.down, working.across]) strip.write(answer.text, strip === map.down ? t : s, theme);
    }

    /** Take a new model, or the first. */
    function open() {
      settings = model.get("settings");
      [gaze.layer, gaze.head] = model.get("inputs").place;
      gaze.row = -1;
      grid.lay(settings);
      const [l, k] = model.get("outputs").place;
      lacking.textContent = `How a weight came about is stored for ${titled(l, k)} alone. Run the notebook to see it for every head.`;
    }

    function draw() {
      stage.classList.toggle("ax-empty", emptied);
      if (emptied) return gallery.select(-1);
      const dark = el.classList.contains("lm-dark");
      if (theme?.dark !== dark) theme = openTheme(el, line, dark);
      const [inputs, outputs] = [model.get("inputs"), model.get("outputs")];
      const answered = inputs.turn === outputs.turn;
      if (settings !== model.get("settings")) open();
      answer = openTokens(outputs, settings);
      off = inputs.off;
      stage.classList.toggle("at-busy", !answered && !model.get("error"));
      if (answered && (inputs.write || !box.all().length || !alive)) box.show(outputs.text);
      for (const part of [gallery, typing, writer]) part.hidden = !alive;
      gallery.hidden ||= !examples.length;
      how.hidden = alive;
      dropped.textContent = outputs.dropped ? `The model reads the last ${answer.text.length} of ${answer.text.length + outputs.dropped} tokens.` : "";
      gallery.select(examples.findIndex(({ text }) => text === box.read().join("")));
      writer.label(0, before !== null);
      const places = { caret: () => answer.at(bytesToCaret()), end: () => answer.text.length - 1 };
      gaze.settle(answered && wanted ? places[wanted]() : null);
      if (answered) wanted = null;
      line.lay(answer.text, { has: () => true }, "");
      line.cells.forEach((cell, i) => {
        cell.textContent = answer.text[i];
        cell.classList.toggle("at-part", textOf(outputs.pieces[i]) === null);
      });
      grid.paint(answer, theme);
      drawHead();
    }

    const typing = h("div", { class: "ax-type" }, box, dropped);
    const stage = h(
      "div",
      { class: "ax at", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      ...[how, offer, gallery, typing],
      h("div", { class: "ax-reading" }, h("div", { class: "ax-lines lm-answer" }, line, sentence), expected, writer),
      grid,
      map,
      lacking,
      working,
    );
    el.append(stage, say.element);
    /** Set what the address says; without a model the text and the switches wait. */
    function restore({ text, gaze: [layer, head, row], off: heads }) {
      if (!alive && !later && text !== model.get("outputs").text) how.prepend("The text in the address waits for the model. ");
      later = alive ? null : { text, gaze: [layer, head, row], off: heads };
      Object.assign(gaze, { layer: Math.min(layer, answer.layers - 1), head: Math.min(head, answer.heads - 1), row: Math.min(row, answer.text.length - 1) });
      gaze.column = answer.strongest(gaze.layer, gaze.head, gaze.row);
      off = heads.map((one) => [Math.floor(one / 100), one % 100]);
      drawHead();
      if (alive) box.write(text, text.length);
    }
    const state = keepAndTake({
      el, model, say, kind: "tokenattention", version: 1,
      forms: { text: someText(LONGEST_STATE), gaze: someNumbers(3, 0, 9999), off: someNumbers([0, 999], 0, 9999) },
      read: () => ({ text: emptied ? "" : alive ? box.read().join("") : (later ?? model.get("outputs")).text, gaze: [gaze.layer, gaze.head, gaze.row], off: later?.off ?? off.map(([l, k]) => l * 100 + k) }),
      restore,
      numbers() {
        const ways = answer.ways > 1 ? ["probability with all heads on (share)", "probability (share)"] : ["probability (share)"];
        const expected = answer.expected(gaze.row).map(({ label, chances }) => [label, ...ways.map((_, i) => chances[i ? answer.ways - 1 : 0])]);
        return attentionTables({ answer, gaze, unit: "token", ways, expected });
      },
    });
    const forget = keepDrawn(el, model, draw);
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
      line.draw({ ...gaze, answer, t, s, theme, written: written() });
    });
    for (const part of [el, map.surface, working.surface]) sized.observe(part);

    // ---- is there a kernel? ----
    const heard = () => {
      if (alive || model.get("opened") !== model.get("knock")) return;
      alive = true;
      if (el.isConnected) draw(); // else when it is put into the document
      if (later) restore(later);
    };
    const failed = () => {
      if (!model.get("error")) return;
      wanted = null;
      stage.classList.remove("at-busy");
    };
    const hears = { "change:opened": heard, "change:error": failed, "change:real": () => offer.draw(model.get("real")) };
    for (const name in hears) model.on(name, hears[name]);
    hears["change:real"]();
    model.set("knock", uniqueId("knock"));
    askFor("look");
    return () => {
      state.end();
      sized.disconnect();
      for (const name in hears) model.off(name, hears[name]);
      forget();
    };
  },
};
