// Draws a NextCharacter: the reader's text, what the model expects after it, and buttons that let the model write on.
//
// inputs: text [1, window], as code points, of which the first count [1] are the text; temperature [1]. outputs: seen, the
// text again; read [1], its count; probabilities and chances [1, symbols], without and with the temperature.
// settings: symbols, examples, window.

const MANY = 40; // characters that the model writes in one go
const ENDS = 12; // characters of the text that stand above the bars

export default {
  render({ model, el }) {
    const say = announcer();
    const { examples } = model.get("settings");
    let settings, known, answer; // what there is to draw
    let temperature = fromWire(model.get("inputs").temperature).data[0];
    let past = []; // texts to go back to
    let typing = false; // the last change was the reader's typing, which is taken back in one
    let byHand = true;
    let emptied = false;
    let left = 0; // characters that the model still has to write
    let frame = 0;
    let news = ""; // what to say when the answer comes

    // ---- the text ----
    const box = textBox({
      label: "Text for the model to go on from",
      placeholder: "Type something: the model expects what comes next.",
      reader: "model",
      limit: () => model.get("settings").window,
      onText: () => {
        if (byHand) {
          stop();
          if (!typing) remember(before);
          typing = true;
        }
        before = box.value();
        ask();
      },
    });
    box.value = () => box.all().join("");
    let before = "";

    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, (i) => {
      stop();
      remember();
      put(examples[i].text);
      say(`text: ${examples[i].name}`);
    });

    function put(text) {
      byHand = typing = false;
      box.write(text);
      byHand = true;
      box.querySelector("textarea").scrollTop = 1e6; // to the end, where it goes on
    }

    function remember(text = box.value()) {
      past = [...past.slice(-99), text];
    }

    function ask() {
      const points = box.read().map((character) => character.codePointAt(0));
      emptied = !points.length;
      if (emptied) return draw();
      const { window } = model.get("settings");
      const padded = [...points, ...Array(window - points.length).fill(0)];
      setInputs(model, {
        text: toWire([1, window], padded),
        count: toWire([1], [points.length]),
        temperature: toWire([1], [temperature]),
      });
    }

    // ---- what comes next ----
    const bars = nextBars((character) => {
      stop();
      remember();
      append(character);
    });

    function append(character) {
      news = `written: ${spell(character)}`;
      put(box.value() + character);
    }

    function write(count) {
      remember();
      left = count;
      label();
      if (answer.current) goOn();
      else ask(); // for the answer that there should be may have failed
    }

    function stop() {
      left = 0;
      cancelAnimationFrame(frame);
      frame = 0;
      label();
    }

    /** Write the next character, once the text so far has its answer; one a frame, so that it can be watched. */
    function goOn() {
      if (!left || frame || !answer.current) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        if (!left || !answer.current) return;
        left -= 1;
        answer.current = false;
        append(settings.symbols[drawPlace(answer.chances)]);
        label();
      });
    }

    // ---- the desk ----
    const one = button("Draw one", () => write(1));
    const many = button(`Write ${MANY}`, () => (left > 1 || frame ? stop() : write(MANY)));
    const back = button("Undo", undo);
    const heat = slider(
      "Temperature",
      { min: 0.1, max: 2, step: 0.1, value: temperature, write: (x) => x.toFixed(1) },
      (x) => {
        temperature = x;
        ask();
      },
    );
    const desk = h("div", { class: "nx-desk", role: "group", "aria-label": "Let the model write" }, one, many, back, heat);

    function undo() {
      stop();
      if (!past.length) return;
      put(past.pop());
      label();
      say("Undone");
    }

    function label() {
      many.textContent = left ? "Stop" : `Write ${MANY}`;
      one.disabled = emptied || left > 0;
      many.disabled = emptied;
      back.disabled = !past.length;
    }

    // ---- drawing ----
    function draw() {
      stage.classList.toggle("nx-empty", emptied);
      label();
      if (emptied) {
        gallery.select(-1);
        return;
      }
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        known = new Set(settings.symbols.slice(1));
      }
      const tensor = (wires, name) => fromWire(model.get(wires)[name]).data;
      const characters = (wires, name, count) =>
        Array.from(tensor(wires, name).subarray(0, tensor(wires, count)[0]), (point) => String.fromCodePoint(point));
      const asked = characters("inputs", "text", "count");
      const text = characters("outputs", "seen", "read");
      const chances = tensor("outputs", "chances");
      answer = { chances, current: asked.join("") === text.join("") };
      box.show(asked.join(""));
      box.note(text, known, settings.symbols[0]);
      gallery.select(examples.findIndex((example) => example.text === box.value()));
      temperature = heat.value = Math.round(10 * tensor("inputs", "temperature")[0]) / 10;
      const cut = text.length > ENDS ? ["…", ...text.slice(-ENDS)] : text;
      const plain = tensor("outputs", "probabilities");
      const best = bars.draw({ symbols: settings.symbols, chances, plain, end: cut, temperature });
      if (news && answer.current && !left) {
        say(`${news}; next ${best}`);
        news = "";
      }
      goOn();
    }

    const state = keepAndTake({
      el, model, say, foot: desk, kind: "next", version: 1,
      forms: { text: someText(LONGEST_STATE), temperature: aNumber(0.1, 2) },
      read: () => ({ text: box.value(), temperature: heat.value }),
      restore({ text, temperature: degree }) {
        stop();
        temperature = heat.value = degree;
        put(text);
        before = text;
      },
      numbers() {
        const plain = fromWire(model.get("outputs").probabilities).data;
        const rows = settings.symbols.map((symbol, i) => [symbol, plain[i], answer.chances[i]]);
        return [[["next character", "probability (share)", `probability at temperature ${heat.value}`], ...rows]];
      },
    });
    const stage = h(
      "div",
      { class: "nx", "data-lm-suppress-shortcuts": "true" }, // no notebook command on a key here
      h("div", { class: "nx-writing" }, ...(examples.length ? [gallery] : []), box, desk),
      bars,
    );
    el.append(stage, say.element);
    const forget = keepDrawn(el, model, draw);
    before = box.value();
    const disown = ownModel({ el, model, say, foot: desk });
    state.begin();
    const failed = new MutationObserver(() => el.dataset.state === "failed" && stop());
    failed.observe(el, { attributeFilter: ["data-state"] });
    model.on("change:error", stop);
    return () => {
      state.end();
      disown();
      stop();
      failed.disconnect();
      model.off("change:error", stop);
      forget();
    };
  },
};
