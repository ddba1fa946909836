// Draws a TokenExplorer: the reader's text, its tokens as they are typed, and what other texts cost.
//
// The text is encoded here, by token/encoder.js. outputs: the text, its ids, their pieces as bytes, and the bytes that no
// token has (lacking). settings: texts (name, text, tokens), limit in characters, size of the vocabulary. Whoever looks
// after this view, a kernel or the page, answers a change of `wanted` by `brought`, the vocabulary.

export default {
  render({ model, el }) {
    const say = announcer();
    const { texts, limit, size } = model.get("settings");
    const utf8 = new TextEncoder();
    let encode; // once the vocabulary is here
    let typed = false; // by the reader, in this view

    // ---- the text ----
    const box = textBox({
      label: "Text to cut into tokens",
      placeholder: "Type something, in any language.",
      reader: "tokenizer",
      limit: () => limit,
      onText: ask,
      onCaret: () => point(atCaret()),
    });
    const area = box.querySelector("textarea");
    area.dir = "auto";

    function ask() {
      typed = true;
      if (!encode && model.get("brought")?.byteLength) encode = tokenEncoder(new TextDecoder().decode(model.get("brought")));
      if (encode) {
        const text = box.read().join("");
        model.set("outputs", { text, ...encode(text) });
      } else {
        model.set("wanted", model.get("wanted") + 1);
        model.save_changes();
      }
    }
    const arrived = () => typed && !encode && ask();

    // ---- the tokens ----
    const list = tokenList((i) => point(i));
    const kinds = ["ids", "bytes"];
    let shown = 0;
    const below = choices("Below each token", ["its id", "its bytes"], 0, (i) => list.below(kinds[(shown = i)]));
    const about = h("p", { class: "tk-about" });
    const counts = h("p", { class: "tk-counts", role: "status" });
    const lacking = h("p", { class: "lm-strange" });

    /** The number of the token in which the character before the caret ends. */
    function atCaret() {
      const { pieces } = model.get("outputs");
      let left = utf8.encode(box.read().slice(0, box.caret() + 1).join("")).length;
      return pieces.findIndex(({ length }) => (left -= length) <= 0);
    }

    function point(i) {
      const { ids, pieces } = model.get("outputs");
      list.mark(i);
      if (!(i in ids)) return about.replaceChildren("Choose a token to see its bytes.");
      const bytes = `${pieces[i].length === 1 ? "byte" : "bytes"} ${hex(pieces[i])}`;
      about.replaceChildren(`Token ${i + 1} of ${ids.length}: `, seenToken(pieces[i]), ` is ${ids[i]} of ${size}, ${bytes}`);
    }

    // ---- what others cost ----
    const costs = costRows(texts, (text, name) => {
      box.write(text, 0);
      say(`text: ${name}`);
    });

    function draw() {
      const { text, ids, pieces, lacking: none } = model.get("outputs");
      box.show(text);
      list.draw(ids, pieces);
      point(document.activeElement === area ? atCaret() : -1);
      const [characters, bytes] = [Array.from(text).length, utf8.encode(text).length];
      const facts = [
        [ids.length, "token"],
        [characters, "character"],
        [bytes, "byte"],
      ].map(([n, unit]) => h("span", { "data-count": n }, h("b", {}, String(n)), ` ${unit}${n === 1 ? "" : "s"}`));
      const rate = ids.length ? [h("span", {}, h("b", {}, format(characters / ids.length, 1)), " characters a token")] : [];
      counts.replaceChildren(...facts, ...rate);
      lacking.textContent = none.length ? `No token has ${none.length === 1 ? "the byte" : "the bytes"} ${hex(none)}.` : "";
      costs.select(text);
    }

    el.append(
      h(
        "div",
        { class: "tk", "data-lm-suppress-shortcuts": "true" },
        h("div", { class: "tk-left" }, box, counts, list, about, lacking, below),
        h("figure", { class: "tk-right" }, costs, h("figcaption", {}, "The same sentence: its tokens. Press one to see them.")),
      ),
      say.element,
    );
    model.on("change:brought", arrived);
    const state = keepAndTake({
      el, model, say, kind: "tokens", version: 1,
      forms: { text: someText(LONGEST_STATE), below: aWhole(0, 1) },
      read: () => ({ text: box.read().join(""), below: shown }),
      restore({ text, below: other }) {
        below.select((shown = other));
        list.below(kinds[other]);
        if (text !== box.read().join("")) box.write(text, 0);
      },
      numbers() {
        const { ids, pieces } = model.get("outputs");
        const utf = new TextDecoder();
        return [[["token", "id", "bytes (hexadecimal)", "text"], ...ids.map((id, i) => [i + 1, id, hex(pieces[i]), utf.decode(Uint8Array.from(pieces[i]))])]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      model.off("change:brought", arrived);
      forget();
    };
  },
};
