// What is expected next: a bar for each of the likeliest characters.

const LIKELY = 8; // characters whose probability is drawn

/** A bar for each of the characters that are likeliest next; a press on one types it. */
function nextCharacters(type) {
  const after = h("span", { class: "ax-mono" });
  const key = h("p", { class: "lm-quiet ax-key" });
  const bars = Array.from({ length: LIKELY + 1 }, () => {
    const part = (name) => [name, h("span", { class: `ax-${name}`, "aria-hidden": "true" })];
    const parts = Object.fromEntries(["symbol", "now", "before", "plain", "percent"].map(part));
    const words = h("span", { class: "lm-hidden" }); // what is spoken
    const bar = button(words, () => type(bar.symbol), { class: "ax-next" });
    bar.append(parts.symbol, h("span", { class: "ax-track" }, parts.now, parts.before, parts.plain), parts.percent);
    return Object.assign(bar, { parts, words });
  });
  const element = h(
    "div",
    { class: "ax-expected lm-answer", role: "group", "aria-label": "The next character, as the model expects it; a press types it" },
    h("p", {}, "After ", after, " it expects"),
    h("div", { class: "ax-bars" }, ...bars),
    key,
  );

  /** `now` is what it draws by, `before` the same with all heads on, `plain` without the dials. */
  element.draw = ({ answer, settings, known, t, switches, dials }) => {
    const last = answer.ways - 1;
    const [now, before, plain] = [answer.next("chances", last, t), answer.next("chances", 0, t), answer.next("probabilities", last, t)];
    const logits = answer.logits(t);
    const compare = !switches.every(Boolean) && last > 0;
    const best = ranked(now.map((chance, i) => Math.max(chance, plain[i], compare ? before[i] : 0))).slice(0, LIKELY);
    best.sort((a, b) => now[b] - now[a] || plain[b] - plain[a]);
    const next = answer.text[t + 1];
    const real = next === undefined ? -1 : known.has(next) ? settings.symbols.indexOf(next) : 0;
    const rows = real >= 0 && !best.includes(real) ? [...best, real] : best;
    after.textContent = (t > 11 ? "…" : "") + answer.text.slice(Math.max(0, t - 11), t + 1).map(show).join("");
    element.classList.toggle("ax-compare", compare);
    element.classList.toggle("ax-dialled", dials);
    bars.forEach((bar, i) => {
      bar.hidden = i >= rows.length;
      if (bar.hidden) return;
      const id = rows[i];
      const { parts } = bar;
      bar.symbol = settings.symbols[id];
      bar.disabled = id === 0; // what is unknown cannot be typed
      bar.classList.toggle("ax-real", id === real);
      bar.classList.toggle("ax-cut", now[id] === 0);
      parts.symbol.textContent = glyph(bar.symbol);
      for (const [name, chance] of Object.entries({ now: now[id], before: before[id], plain: plain[id] })) {
        parts[name].style.setProperty("--share", `${100 * chance}%`);
        parts[name].dataset.value = String(chance);
      }
      parts.percent.replaceChildren(now[id] === 0 ? "cut" : percentage(now[id]), ...(compare ? [h("small", {}, percentage(before[id]))] : []));
      bar.title = `logit ${format(logits[id])}, probability ${percentage(plain[id])}`;
      const words = [id === 0 ? "an unknown character" : spell(bar.symbol), percentage(now[id])];
      if (compare) words.push(`with all heads on ${percentage(before[id])}`);
      if (dials) words.push(`before temperature, top-k and top-p ${percentage(plain[id])}`);
      if (id === real) words.push("as in the text");
      bar.words.textContent = words.join(", ");
    });
    const mark = (name, words) => h("span", { class: "ax-item" }, h("span", { class: `ax-swatch ax-${name}` }), words);
    key.replaceChildren(
      ...(real >= 0 ? [mark("now", "next in the text")] : []),
      ...(compare ? [mark("now", "heads off"), mark("before", "all heads on")] : []),
      ...(dials ? [mark("plain", "before temperature, top-k, top-p")] : []),
    );
  };
  return element;
}
