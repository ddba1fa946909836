// Draws a SamplingExplorer: the likeliest next tokens before and after the rules, and ten that are drawn.
//
// inputs: logits and counts [n], single tokens and then groups of rarer ones, the likeliest first; temperature, top_k,
// top_p and min_p [1]. outputs: before, after, kept [n]. settings: prompts, each with its text, tokens and logits.

const ROWS = 16; // tokens with a bar of their own
const DRAWS = 10;

export default {
  render({ model, el }) {
    const { prompts } = model.get("settings");
    const read = (name) => fromWire(model.get("inputs")[name]).data;
    const number = (name) => read(name)[0];
    const ask = (changes) => {
      asked = true;
      setInputs(model, changes);
    };
    const set = (name, value) => ask({ [name]: toWire([1], [value]) });
    const all = read("counts").reduce((sum, count) => sum + count, 0);
    const say = announcer();
    let answer; // before, after and kept, as drawn last
    let asked = false; // by the reader, who is told what comes of it

    // ---- the text ----
    const texts = prompts.map(({ text }) => text);
    const choose = (i) => ask({ logits: toWire(prompts[i].logits.shape, fromWire(prompts[i].logits).data) });
    const chips = choices("After", texts.map((text) => shorten(text)), 0, choose, texts);
    const current = () => {
      const now = read("logits");
      const place = prompts.findIndex(({ logits }) => fromWire(logits).data.every((value, i) => value === now[i]));
      return prompts[Math.max(0, place)];
    };

    // ---- the rules ----
    const steps = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 200, 500, 1000].filter((k) => k < all);
    steps.push(all);
    const closest = (k) => steps.reduce((best, step, i) => (Math.abs(step - k) < Math.abs(steps[best] - k) ? i : best), 0);
    const sliders = {
      temperature: slider(
        "Temperature",
        { min: 0.1, max: 2, step: 0.1, value: 1, write: (x) => x.toFixed(1) },
        (x) => set("temperature", x),
      ),
      top_k: slider(
        "Top-k",
        { min: 0, max: steps.length - 1, value: steps.length - 1, write: (i) => (steps[i] === all ? "all" : String(steps[i])) },
        (i) => set("top_k", steps[i]),
      ),
      top_p: slider("Top-p", { min: 0.05, max: 1, step: 0.01, value: 1, write: (x) => x.toFixed(2) }, (x) => set("top_p", x)),
      min_p: slider("Min-p", { min: 0, max: 0.5, step: 0.01, value: 0, write: (x) => x.toFixed(2) }, (x) => set("min_p", x)),
    };
    const reset = button("Reset", () =>
      ask({ temperature: toWire([1], [1]), top_k: toWire([1], [all]), top_p: toWire([1], [1]), min_p: toWire([1], [0]) }),
    );

    // ---- the bars ----
    const verdict = h("p", { class: "sx-verdict" });
    const makeRow = (extra = "") => {
      const [name, fill, mark, percent, spoken] = ["name", "fill", "mark", "percent"]
        .map((part) => h("span", { class: `sx-${part}` }))
        .concat(h("span", { class: "lm-hidden" }));
      const element = h("li", { class: `sx-row${extra}` }, name, h("span", { class: "sx-track", "aria-hidden": "true" }, fill, mark), percent, spoken);
      return { element, name, fill, mark, percent, spoken };
    };
    const rows = Array.from({ length: Math.min(ROWS, prompts[0].tokens.length) }, () => makeRow());
    const rest = makeRow(" sx-rest");
    const list = h("ol", { class: "sx-rows lm-answer", "aria-label": "The likeliest next tokens" }, ...rows.map((row) => row.element), rest.element);

    function fillRow(row, name, before, after, widest) {
      row.name.textContent = name;
      row.fill.style.width = `${(100 * after) / widest}%`;
      row.mark.style.left = `${(100 * before) / widest}%`;
      row.percent.textContent = after === 0 ? "0%" : percentage(after);
      row.spoken.textContent = `, before the rules ${percentage(before)}`;
      row.element.classList.toggle("sx-gone", after === 0);
      Object.assign(row.element.dataset, { before, after });
    }

    // ---- drawing tokens ----
    const seed = numberField("Seed", { value: 0, step: 1, digits: 0, min: 0, max: 999999 }, () => drawTen());
    const again = button(`Draw ${DRAWS} others`, () => {
      seed.show(Math.round(seed.number) + 1);
      drawTen();
      say(`seed ${seed.number}: ${[...drawn.children].map((one) => one.textContent).join(", ")}`);
    });
    const drawn = h("ul", { class: "sx-drawn lm-answer", "aria-label": `${DRAWS} tokens, each drawn as the next one` });

    function drawTen() {
      if (!answer) return;
      const random = randomNumbers(Math.round(seed.number));
      const tokens = current().tokens;
      const places = Array.from({ length: DRAWS }, () => placeOf(answer.after, random()));
      const name = (place) => (place < tokens.length ? seen(tokens[place]) : ranks(place));
      drawn.replaceChildren(
        ...places.map((place) => h("li", { "data-place": place, class: place < tokens.length ? "" : "sx-rare" }, name(place))),
      );
    }

    function ranks(place) {
      const counts = read("counts");
      const first = counts.subarray(0, place).reduce((sum, count) => sum + count, 1);
      const last = first + counts[place] - 1;
      return `no. ${first.toLocaleString("en")}${last > first ? `–${last.toLocaleString("en")}` : ""}`;
    }

    // ---- all ----
    function draw() {
      const outputs = model.get("outputs");
      answer = Object.fromEntries(["before", "after", "kept"].map((name) => [name, fromWire(outputs[name]).data]));
      const { before, after, kept } = answer;
      const { tokens, text } = current();
      for (const [name, control] of Object.entries(sliders)) {
        control.value = name === "top_k" ? closest(number(name)) : Math.round(100 * number(name)) / 100;
      }
      chips.select(prompts.findIndex((prompt) => prompt.text === text));

      const sum = (values, from) => values.subarray(from).reduce((total, value) => total + value, 0);
      const tail = [sum(before, rows.length), sum(after, rows.length)];
      const widest = Math.max(...before.subarray(0, rows.length), ...after.subarray(0, rows.length), ...tail);
      rows.forEach((row, i) => fillRow(row, seen(tokens[i]), before[i], after[i], widest));
      const others = sum(kept, rows.length);
      fillRow(rest, `${others.toLocaleString("en")} of ${(all - rows.length).toLocaleString("en")} others`, ...tail, widest);

      const left = sum(kept, 0);
      const counts = read("counts");
      const had = before.reduce((total, p, i) => total + (p * kept[i]) / counts[i], 0);
      verdict.textContent =
        left === all
          ? `All ${all.toLocaleString("en")} tokens can be drawn.`
          : `${left.toLocaleString("en")} of ${all.toLocaleString("en")} tokens can be drawn. The model gave ${left === 1 ? "it" : "them"} ${percentage(had)}.`;
      drawTen();
      if (asked) say(verdict.textContent);
    }

    el.append(
      h(
        "div",
        { class: "sx", "data-lm-suppress-shortcuts": "true" },
        chips,
        h("div", { class: "sx-rules", role: "group", "aria-label": "Rules of sampling" }, ...Object.values(sliders), reset),
        h("div", { class: "sx-sheet" }, verdict, list),
        h("div", { class: "sx-desk" }, h("label", { class: "sx-seed" }, "Seed", seed), again, drawn),
      ),
      say.element,
    );
    const state = keepAndTake({
      el, model, say, kind: "sampling", version: 1,
      forms: {
        prompt: aWhole(0, prompts.length - 1), temperature: aNumber(0.1, 2), top_k: aWhole(1, all), top_p: aNumber(0.05, 1),
        min_p: aNumber(0, 0.5), seed: aWhole(0, 999999),
      },
      read: () => {
        const rules = Object.fromEntries(Object.keys(sliders).map((name) => [name, number(name)]));
        return { prompt: prompts.indexOf(current()), ...rules, seed: Math.round(seed.number) };
      },
      restore({ prompt, seed: other, ...rules }) {
        seed.show(other);
        const changes = Object.fromEntries(Object.entries(rules).map(([name, value]) => [name, toWire([1], [value])]));
        ask({ ...changes, logits: toWire(prompts[prompt].logits.shape, fromWire(prompts[prompt].logits).data) });
        drawTen();
      },
      numbers() {
        const { tokens } = current();
        const counts = read("counts");
        const rows = [...answer.before].map((before, i) => [tokens[i] ?? ranks(i), counts[i], before, answer.after[i], answer.kept[i]]);
        return [[["token, or ranks", "tokens", "probability before the rules", "probability after the rules", "tokens that are kept"], ...rows]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      forget();
    };
  },
};

/** A token as it can be seen: spaces and line ends have signs. */
function seen(text) {
  return Array.from(text, (character) => (character === " " ? "␣" : show(character))).join("") || "(nothing)";
}

/** The end of a long text. */
function shorten(text, most = 34) {
  const characters = Array.from(text);
  return characters.length > most ? `…${characters.slice(1 - most).join("")}` : text;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Which of some probabilities a number from 0 to 1 falls on; never one of 0. */
function placeOf(probabilities, number) {
  let left = number;
  const place = probabilities.findIndex((p) => (left -= p) < 0);
  return place < 0 ? probabilities.indexOf(Math.max(...probabilities)) : place; // rounding may leave a little over
}
