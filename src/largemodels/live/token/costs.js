// What texts cost: a row for each, its tokens as a bar, and how many times as many as the first.

/** The rows. `.select(text)` marks the one that is being read. `onChoose(text, name)`: the reader pressed a row. */
function costRows(texts, onChoose) {
  const most = Math.max(...texts.map(({ tokens }) => tokens));
  const rows = texts.map(({ name, text, tokens }) => {
    const bar = h("i", { class: "tk-bar" });
    bar.style.width = `${(100 * tokens) / most}%`;
    const times = `${format(tokens / texts[0].tokens, 1)}×`;
    const heard = (words) => h("span", { class: "lm-hidden" }, words);
    return h(
      "button",
      { type: "button", class: "tk-row", "aria-pressed": "false", onclick: () => onChoose(text, name) },
      h("span", { class: "tk-name" }, name),
      h("span", { class: "tk-track" }, bar),
      h("span", { class: "tk-number" }, String(tokens), heard(" tokens,")),
      h("span", { class: "tk-number" }, times, heard(` those of ${texts[0].name}`)),
    );
  });
  const element = h("div", { class: "tk-costs", role: "group", "aria-label": "Tokens of the same text" }, ...rows);
  element.select = (text) =>
    rows.forEach((row, i) => row.setAttribute("aria-pressed", String(texts[i].text === text)));
  return element;
}
