// What the network expects next: a bar for each of the likeliest characters; a press on one types it.

const LIKELY = 8; // characters whose probability is drawn

/** `type(symbol)`: the reader presses one. The result has `.draw({symbols, known, text, now, chances})`. */
function nextCharacters(type) {
  const after = h("span", { class: "hx-after" });
  const bars = Array.from({ length: LIKELY + 1 }, () => {
    const symbol = h("span", { class: "hx-symbol", "aria-hidden": "true" });
    const [spoken, fill, percent] = ["lm-hidden", "hx-fill", "hx-percent"].map((name) => h("span", { class: name }));
    const bar = button("", () => type(bar.symbol), { class: "hx-next" });
    bar.append(symbol, spoken, h("span", { class: "hx-track" }, fill), percent);
    return Object.assign(bar, { parts: { symbol, spoken, fill, percent } });
  });
  const element = h(
    "div",
    { class: "hx-expected lm-answer", role: "group", "aria-label": "The next character, as the network expects it; a press types it" },
    h("p", {}, "After ", after, " it expects"),
    h("div", { class: "hx-bars" }, ...bars),
  );

  element.draw = ({ symbols, known, text, now, chances }) => {
    const best = Array.from(chances.keys()).sort((a, b) => chances[b] - chances[a]).slice(0, LIKELY);
    const next = text[now + 1];
    const real = next === undefined ? -1 : known.has(next) ? symbols.indexOf(next) : 0;
    const rows = real >= 0 && !best.includes(real) ? [...best, real] : best;
    after.textContent = (now > 11 ? "…" : "") + text.slice(Math.max(0, now - 11), now + 1).map(show).join("");
    bars.forEach((bar, i) => {
      bar.hidden = i >= rows.length;
      if (bar.hidden) return;
      const { symbol, spoken, fill, percent } = bar.parts;
      const share = chances[rows[i]];
      bar.symbol = symbols[rows[i]];
      bar.disabled = rows[i] === 0; // what is unknown cannot be typed
      bar.classList.toggle("hx-real", rows[i] === real);
      symbol.textContent = bar.symbol === " " ? "␣" : show(bar.symbol);
      fill.style.setProperty("--share", `${100 * share}%`);
      percent.textContent = percentage(share);
      bar.dataset.value = String(share);
      const words = rows[i] === 0 ? "an unknown character" : spell(bar.symbol);
      spoken.textContent = `${words}${rows[i] === real ? ", as in the text" : ""}: `;
    });
  };
  return element;
}
