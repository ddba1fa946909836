// Draws a FileTypeReader: the reader's text or a file, the types that the network takes it for, and what each byte adds.
//
// inputs: tokens [1, 2 × kept], the beginning and the end of a file, 256 where it has no byte. outputs: probabilities
// [1, types], relevance [1, 2 × kept]. settings: names, thresholds, said, texts, one a type; least, kept, limit; examples
// with their text, or with the first and last bytes.

const SHOWN = 5; // types with a bar

export default {
  render({ model, el }) {
    const { names, thresholds, said, texts, least, kept, limit, examples } = model.get("settings");
    const say = announcer();
    let file = fromTokens(fromWire(model.get("inputs").tokens).data); // { first, last, text, whole … }: what is asked about
    let short = ""; // why the network is not asked
    let asked = false;

    // ---- the file ----
    const box = textBox({
      label: "Text of a file",
      placeholder: "Type or paste the text of a file.",
      reader: "network",
      limit: () => limit,
      onText: () => ask(fileOf(box.read().join(""))),
    });
    const pick = (i) => {
      const { text, first, last, name } = examples[i];
      if (text === undefined) {
        box.querySelector("textarea").value = "";
        ask({ first, last, binary: examples[i] });
      } else box.write(text, 0);
      say(`file: ${name}`);
    };
    const gallery = choices("Type, or try", examples.map(({ name }) => name), -1, pick);

    function ask(next) {
      file = next;
      asked = true;
      const { first, last } = file;
      short = first.length >= least ? "" : `Fewer than ${least} bytes: the network is not asked. The answer is “txt”.`;
      if (short) return draw();
      const gap = (bytes) => Array(kept - bytes.length).fill(256);
      setInputs(model, { tokens: toWire([1, 2 * kept], [...first, ...gap(first), ...gap(last), ...last]) });
    }

    function fileOf(text) {
      const bytes = [...new TextEncoder().encode(text)];
      const white = (byte) => byte === 32 || (byte >= 9 && byte <= 13);
      const start = bytes.findIndex((byte) => !white(byte));
      const end = bytes.findLastIndex((byte) => !white(byte)) + 1;
      if (start < 0) return { first: [], last: [], text };
      return { first: bytes.slice(start, start + kept), last: bytes.slice(0, end).slice(-kept), text, whole: bytes, start, end };
    }

    function fromTokens(tokens) {
      const [first, last] = [tokens.slice(0, kept), tokens.slice(kept)].map((half) => [...half].filter((n) => n < 256));
      const same = (one, two) => one.length === two.length && one.every((byte, i) => byte === two[i]);
      for (const example of examples) {
        const known = example.text === undefined ? example : fileOf(example.text);
        if (same(known.first, first) && same(known.last, last)) {
          return example.text === undefined ? { first, last, binary: example } : known;
        }
      }
      return fileOf(new TextDecoder().decode(new Uint8Array(last)));
    }

    // ---- the answer ----
    const verdict = h("p", { class: "ft-verdict", role: "status" });
    const rows = Array.from({ length: SHOWN }, () => {
      const [name, fill, mark, percent] = ["name", "fill", "mark", "percent"].map((part) => h("span", { class: `ft-${part}` }));
      const spoken = h("span", { class: "lm-hidden" });
      const track = h("span", { class: "ft-track", "aria-hidden": "true" }, fill, mark);
      return { element: h("li", { class: "ft-row" }, name, track, percent, spoken), name, fill, mark, percent, spoken };
    });
    const bars = h("ol", { class: "ft-rows", "aria-label": "The likeliest types" }, ...rows.map(({ element }) => element));

    // ---- the bytes ----
    const strip = textLine("Bytes of the file; arrow keys go from one to the next", (place) => look(place));
    strip.classList.add("ft-strip");
    const about = h("p", { class: "ft-about" });
    const scaleBar = legendBar("Colours: from speaks against the type to speaks for it");
    let cells = []; // { bytes, value }: what each cell of the strip stands for

    /** The characters or bytes that the network reads, and where each stands among the tokens. */
    function pieces() {
      const { first, last, whole, start, end } = file;
      const cut = (bytes, from) => bytes.map((byte, i) => ({ bytes: [byte], at: [from + i] }));
      if (!whole || whole.length > kept) {
        const rest = cut(last, 2 * kept - last.length);
        return { list: [...cut(first, 0), ...rest], split: first.length };
      }
      let place = 0;
      const list = Array.from(new TextDecoder().decode(new Uint8Array(whole)), (character) => {
        const bytes = [...new TextEncoder().encode(character)];
        const at = bytes.flatMap((_, i) => {
          const one = place + i; // it stands in both halves, but for white space at the ends
          return [...(one >= start ? [one - start] : []), ...(one < end ? [2 * kept - end + one] : [])];
        });
        place += bytes.length;
        return { bytes, at, character };
      });
      return { list, split: list.length };
    }

    function look(place) {
      const cell = cells[place];
      if (!cell) return;
      const hex = cell.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      const name = cell.character ? `${spell(cell.character)} ` : "";
      const words = `${name}byte ${place + 1}, hexadecimal ${hex}: ${format(cell.value, 3)}`;
      strip.look(place, words);
      about.textContent = words;
    }

    function drawBytes(relevance) {
      const { list, split } = pieces();
      const value = ({ at }) => at.reduce((sum, i) => sum + (relevance[i] ?? 0), 0);
      cells = list.map((piece) => ({ ...piece, value: value(piece) }));
      const sign = ({ bytes, character }) => character ?? (bytes[0] > 32 && bytes[0] < 127 ? String.fromCharCode(bytes[0]) : "·");
      const text = cells.map(sign);
      strip.lay(text, { has: () => true }, "");
      const sizes = cells.map((cell) => Math.abs(cell.value)).sort((a, b) => b - a);
      const most = sizes[Math.min(sizes.length - 1, 8)] || 1e-6; // a few large ones must not drown the others
      const scale = colourScale(el, "diverging", -most, most);
      strip.cells.forEach((cell, i) => {
        cell.style.background = scale.css(cells[i].value);
        cell.style.color = scale.ink(cells[i].value);
        cell.classList.toggle("ft-end", i === split);
        cell.dataset.value = cells[i].value;
      });
      scaleBar.show(scale, 3);
      strip.look(-1, "no byte chosen");
      about.textContent = "Choose a byte to see what it adds to the log odds of the type.";
    }

    function draw() {
      el.classList.toggle("ft-none", Boolean(short));
      gallery.select(examples.findIndex((one) => (file.binary ? one === file.binary : one.text === file.text)));
      if (!asked && file.text !== undefined) box.show(file.text);
      const area = box.querySelector("textarea");
      area.placeholder = file.binary ? `${file.binary.name}: ${file.binary.size} bytes, no text` : "Type or paste the text of a file.";
      if (short) return (verdict.textContent = short);
      const chances = fromWire(model.get("outputs").probabilities).data;
      const order = [...chances.keys()].sort((a, b) => chances[b] - chances[a]);
      const best = order[0];
      const enough = chances[best] >= thresholds[best];
      const answer = enough ? said[best] : texts[best] ? "txt" : "unknown";
      const sure = `${names[best]}, ${percentage(chances[best])} sure; the threshold of this type is ${percentage(thresholds[best])}. `;
      verdict.replaceChildren(sure, "Magika says ", h("b", {}, answer), ".");
      Object.assign(verdict.dataset, { answer, name: names[best] });
      rows.forEach(({ element, name, fill, mark, percent, spoken }, i) => {
        const type = order[i];
        name.textContent = names[type];
        fill.style.width = `${100 * chances[type]}%`;
        mark.style.left = `${100 * thresholds[type]}%`;
        percent.textContent = percentage(chances[type]);
        spoken.textContent = `, threshold ${percentage(thresholds[type])}`;
        element.dataset.value = chances[type];
      });
      drawBytes(fromWire(model.get("outputs").relevance).data);
      if (asked) say(verdict.textContent);
    }

    el.append(
      h(
        "div",
        { class: "ft", "data-lm-suppress-shortcuts": "true" },
        h("div", { class: "ft-left" }, gallery, box),
        h("div", { class: "ft-right lm-answer" }, verdict, bars),
        h("figure", { class: "ft-bytes lm-answer" }, strip, about, scaleBar, h("figcaption", {}, "Orange speaks for the type, blue against it.")),
      ),
      say.element,
    );
    const state = keepAndTake({
      el, model, say, kind: "filetype", version: 1,
      forms: { text: someText(LONGEST_STATE), example: aWhole(-1, examples.length - 1) },
      read: () => ({ text: file.text ?? "", example: file.binary ? examples.indexOf(file.binary) : -1 }),
      restore: ({ text, example }) => (example < 0 ? box.write(text, 0) : pick(example)),
      numbers() {
        const chances = fromWire(model.get("outputs").probabilities).data;
        const bytes = cells.map((cell, i) => [i + 1, cell.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" "), cell.value]);
        return [
          [["type", "probability (share)", "threshold (share)"], ...names.map((name, i) => [name, chances[i], thresholds[i]])],
          [["place in the file", "bytes (hexadecimal)", "what it adds to the log odds"], ...bytes],
        ];
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
