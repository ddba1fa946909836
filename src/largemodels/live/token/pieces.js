// The tokens of a text, each in a colour, with its id or its bytes below.

const SHADES = 5; // colours that take turns

const hex = (bytes) => bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");

/** The text of a token, or null where it is part of a character. */
function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    return null;
  }
}

/** A token as it can be seen: its characters, or its bytes where it is part of one. */
function seenToken(bytes) {
  const text = textOf(bytes);
  if (text === null) return h("span", { class: "tk-part" }, hex(bytes));
  const marks = { " ": "␣" }; // to be told from nothing
  return h("span", {}, Array.from(text, (character) => marks[character] ?? show(character)).join(""));
}

/**
 * The list of tokens. `.draw(ids, pieces)` fills it, `.below(what)` chooses "ids" or "bytes", `.mark(i)` outlines one
 * (−1: none). `onChoose(i)`: the reader pressed the i-th token.
 */
function tokenList(onChoose) {
  const list = h("ol", { class: "tk-tokens lm-answer", "aria-label": "Tokens" });
  let what = "ids";
  let drawn = { ids: [], pieces: [] };
  let marked = -1;
  list.draw = (ids, pieces) => {
    drawn = { ids, pieces };
    list.replaceChildren(
      ...ids.map((id, i) =>
        h(
          "li",
          { class: `tk-token tk-shade-${i % SHADES}`, "data-id": id },
          seenToken(pieces[i]),
          h("small", {}, what === "ids" ? String(id) : hex(pieces[i])),
        ),
      ),
    );
    marked = -1;
  };
  list.below = (choice) => {
    what = choice;
    const before = marked;
    list.draw(drawn.ids, drawn.pieces);
    list.mark(before);
  };
  list.mark = (i) => {
    list.children[marked]?.classList.remove("tk-now");
    list.children[i]?.classList.add("tk-now");
    marked = i;
  };
  list.addEventListener("click", (event) => {
    const token = event.target.closest("li");
    if (token) onChoose([...list.children].indexOf(token));
  });
  return list;
}
