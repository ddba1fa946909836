// The characters that a model expects next, the likeliest first: a bar each, and one for all others together.

const LIKELY = 12; // characters with a bar of their own

/**
 * `append(symbol)`: the reader pressed one. The result has `.draw({ symbols, chances, plain, end, temperature })`: the
 * chances of all symbols at the temperature, and as the model has them; the text so far ends in `end`.
 */
function nextBars(append) {
  const makeRow = (element) => {
    const part = (name, hidden) => [name, h("span", { class: `nx-${name}`, "aria-hidden": hidden })];
    const parts = Object.fromEntries([part("symbol", "true"), part("fill"), part("plain"), part("percent")]);
    const spoken = h("span", { class: "lm-hidden" });
    element.append(parts.symbol, spoken, h("span", { class: "nx-track" }, parts.fill, parts.plain), parts.percent);
    return { element, spoken, ...parts };
  };
  const rows = Array.from({ length: LIKELY }, () => {
    const row = makeRow(h("button", { type: "button", class: "nx-row", onclick: () => append(row.character) }));
    return row;
  });
  const rest = makeRow(h("div", { class: "nx-row nx-rest" }));
  const after = h("b", { class: "nx-after" });
  const heat = h("span");
  const group = h(
    "div",
    { class: "nx-bars", role: "group", "aria-label": "The next character, as the model expects it; a press writes it" },
    ...rows.map(({ element }) => element),
    rest.element,
  );
  rove(group, rows.map(({ element }) => element));
  const element = h("div", { class: "nx-expected lm-answer" }, h("p", {}, "After ", after, " it expects", heat), group);

  const fillRow = ({ element, fill, plain, percent }, chance, own) => {
    fill.style.width = `${100 * chance}%`;
    plain.style.left = `${100 * own}%`;
    percent.textContent = percentage(chance);
    Object.assign(element.dataset, { value: chance, plain: own });
  };

  element.draw = ({ symbols, chances, plain, end, temperature }) => {
    const known = [...chances.keys()].slice(1); // symbol 0 is what is unknown: it cannot be written
    const order = known.sort((a, b) => chances[b] - chances[a] || plain[b] - plain[a]);
    const best = order.slice(0, LIKELY);
    after.textContent = end.map(show).join("");
    heat.textContent = temperature === 1 ? "" : ` (temperature ${temperature.toFixed(1)}; the lines are for 1.0)`;
    group.classList.toggle("nx-heated", temperature !== 1);
    rows.forEach((row, i) => {
      row.element.hidden = i >= best.length;
      if (row.element.hidden) return;
      row.character = symbols[best[i]];
      row.symbol.textContent = row.character === " " ? "␣" : show(row.character);
      row.spoken.textContent = `${spell(row.character)}: `;
      fillRow(row, chances[best[i]], plain[best[i]]);
    });
    const sum = (numbers) => Math.max(0, 1 - best.reduce((total, id) => total + numbers[id], 0));
    rest.element.hidden = symbols.length === best.length;
    rest.symbol.textContent = `${symbols.length - best.length} others`;
    rest.spoken.textContent = `${symbols.length - best.length} others together: `;
    fillRow(rest, sum(chances), sum(plain));
    return `${spell(symbols[best[0]])}, ${percentage(chances[best[0]])}`;
  };
  return element;
}

/** Draw the place of one of some chances; the first stands for what is unknown and is never drawn. */
function drawPlace(chances) {
  const known = chances.subarray(1);
  let left = Math.random() * known.reduce((total, chance) => total + chance, 0);
  const place = known.findIndex((chance) => (left -= chance) < 0);
  return 1 + (place < 0 ? known.indexOf(Math.max(...known)) : place); // rounding may leave a little over
}
