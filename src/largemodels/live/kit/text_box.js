// Where the reader types.

/**
 * Where the reader types, with two notes below it: what is too long, and what the model does not know.
 *
 * `limit()`: of so many characters the last are read. `reader`: who reads them. `onText()`: the text is another, by
 * the reader's hand or by `write`; `onCaret()`: the caret was moved.
 * The result has all characters and those that are read, `.all()` and `.read()`; `.caret()`, the place of the character
 * before the caret among those that are read; `.write(text, caret)`; `.insert(symbol, place)` after a character that is
 * read; `.show(text)` where something else than that is read now, without calling onText; `.fit()` to the text's height;
 * and `.note(text, known, symbol)`, which names the characters of a text that are not known and read as `symbol`.
 */
function textBox({ label, placeholder, reader, limit, onText, onCaret = () => {} }) {
  const still = { spellcheck: "false", autocomplete: "off", autocapitalize: "off", autocorrect: "off" };
  const box = h("textarea", { class: "lm-box", rows: 3, ...still, "aria-label": label, placeholder });
  const cut = h("p", { class: "lm-quiet" });
  const strange = h("p", { class: "lm-strange" });
  const element = h("div", { class: "lm-text" }, box, cut, strange);
  const changed = () => {
    const { length } = element.all();
    cut.textContent = length > limit() ? `The ${reader} reads the last ${limit()} of ${length} characters.` : "";
    if (!length) strange.replaceChildren();
    element.fit();
    onText();
  };
  element.all = () => Array.from(box.value);
  element.read = () => element.all().slice(-limit());
  element.caret = () => {
    const dropped = Math.max(0, element.all().length - limit());
    return Math.max(0, Array.from(box.value.slice(0, box.selectionEnd)).length - 1 - dropped);
  };
  element.write = (text, caret = text.length) => {
    box.value = text;
    box.setSelectionRange(caret, caret);
    changed();
  };
  element.insert = (symbol, place) => {
    const all = element.all();
    const at = Math.max(0, all.length - limit()) + place + 1;
    all.splice(at, 0, symbol);
    element.write(all.join(""), all.slice(0, at + 1).join("").length);
  };
  element.show = (text) => {
    if (element.read().join("") === text) return;
    box.value = text;
    element.fit();
  };
  element.fit = () => {
    if (CSS.supports("field-sizing", "content")) return; // the style does it
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 220)}px`;
  };
  element.note = (text, known, symbol) => {
    const others = [...new Set(text.filter((character) => !known.has(character)))];
    const one = others.length === 1;
    const some = others.slice(0, 12).map((other) => h("span", { class: "lm-char lm-unknown" }, show(other)));
    const more = others.length > 12 ? `and ${others.length - 12} more. ` : "";
    const reads = `It reads ${symbol} in ${one ? "its" : "their"} place.`;
    const words = `The ${reader} does not know ${one ? "this character" : "these characters"}: `;
    strange.replaceChildren(...(others.length ? [words, ...some, ` ${more}${reads}`] : []));
  };
  box.addEventListener("input", changed);
  for (const event of ["keyup", "click", "select"]) box.addEventListener(event, () => onCaret());
  return element;
}
