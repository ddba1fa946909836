// The tokens of a text, each in a colour, with its id or its bytes below.

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const hex = (bytes) => bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");

/** The text of a token, or null where it is part of a character. */
function textOf(bytes) {
  try {
    return strictUtf8.decode(new Uint8Array(bytes));
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
  let marked; // an element
  const below = (id, bytes) => (what === "ids" ? String(id) : hex(bytes));
  const token = (id, bytes) =>
    h("li", { class: "tk-token", "data-id": id }, seenToken(bytes), h("small", {}, below(id, bytes)));
  list.draw = (ids, pieces) => {
    const before = drawn.ids;
    const [old, now] = [before.length, ids.length];
    let head = 0; // tokens that stay: a keystroke changes a few
    while (head < Math.min(old, now) && before[head] === ids[head]) head += 1;
    let tail = 0;
    while (tail < Math.min(old, now) - head && before[old - 1 - tail] === ids[now - 1 - tail]) tail += 1;
    for (let i = head; i < old - tail; i++) list.children[head].remove();
    const fresh = ids.slice(head, now - tail).map((id, i) => token(id, pieces[head + i]));
    const next = list.children[head];
    if (next) next.before(...fresh);
    else list.append(...fresh);
    drawn = { ids, pieces };
  };
  list.below = (choice) => {
    what = choice;
    drawn.ids.forEach((id, i) => (list.children[i].lastChild.textContent = below(id, drawn.pieces[i])));
  };
  list.mark = (i) => {
    marked?.classList.remove("tk-now");
    marked = list.children[i];
    marked?.classList.add("tk-now");
  };
  list.addEventListener("click", (event) => {
    const token = event.target.closest("li");
    if (token) onChoose([...list.children].indexOf(token));
  });
  return list;
}
