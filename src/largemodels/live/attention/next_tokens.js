// What is expected next: a bar for each of the likeliest tokens.

/** A bar for each of the tokens that are likeliest next; a press on one types it, `type(bytes)`. */
function nextTokens(type) {
  const after = h("span", { class: "ax-mono" });
  const bars = h("div", { class: "ax-bars" });
  const key = h("p", { class: "lm-quiet ax-key" });
  const words = "The next token, as the model expects it; a press types it";
  const element = h("div", { class: "ax-expected lm-answer", role: "group", "aria-label": words }, h("p", {}, "After ", after, " it expects"), bars, key);

  /** `can(bytes)`: whether a token can be typed there. */
  element.draw = ({ answer, t, can }) => {
    const compare = answer.ways > 1;
    const rows = answer.expected(t);
    const real = answer.following(t);
    const same = real ? rows.findIndex(({ bytes }) => String(bytes) === String(real.bytes)) : -1;
    if (real && same < 0) rows.push(real);
    const marked = real ? (same < 0 ? rows.length - 1 : same) : -1;
    after.textContent = (t > 3 ? "…" : "") + answer.text.slice(Math.max(0, t - 3), t + 1).join("");
    element.classList.toggle("ax-compare", compare);
    bars.replaceChildren(...rows.map((row, i) => bar(row, { compare, real: i === marked, free: can(row.bytes) })));
    const mark = (name, what) => h("span", { class: "ax-item" }, h("span", { class: `ax-swatch ax-${name}` }), what);
    key.replaceChildren(
      ...(real ? [mark("now", "next in the text")] : []),
      ...(compare ? [mark("now", "heads off"), mark("before", "all heads on")] : []),
    );
  };

  function bar({ bytes, label, chances }, { compare, real, free }) {
    const [now, before] = [chances.at(-1), chances[0]];
    const part = (name, chance) => {
      const element = h("span", { class: `ax-${name}`, "data-value": chance });
      element.style.setProperty("--share", `${100 * chance}%`);
      return element;
    };
    const spoken = [`“${label}”`, percentage(now), ...(compare ? [`with all heads on ${percentage(before)}`] : []), ...(real ? ["as in the text"] : [])];
    const unheard = (tag, name, ...content) => h(tag, { class: name, "aria-hidden": "true" }, ...content);
    return h(
      "button",
      { type: "button", class: `lm-button ax-next${real ? " ax-real" : ""}`, disabled: !free, onclick: () => type(bytes) },
      h("span", { class: "lm-hidden" }, spoken.join(", ")),
      unheard("span", "ax-symbol", label),
      unheard("span", "ax-track", part("now", now), part("before", before)),
      unheard("span", "ax-percent", percentage(now), ...(compare ? [h("small", {}, percentage(before))] : [])),
    );
  }
  return element;
}
