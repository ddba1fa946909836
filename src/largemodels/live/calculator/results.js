// What comes out: numbers with their ranges, what was published beside them, and the formulas.

/** The rows of the results: a quantity with `_low` and `_high` beside it is one, with a range. */
function rowsOf(gives) {
  const names = new Set(gives.map(({ name }) => name));
  const base = ({ name }) => name.match(/^(.+)_(?:low|high)$/)?.[1];
  return gives.filter((quantity) => !names.has(base(quantity)));
}

/**
 * The list of results. `.show(outputs, published)` fills it from wires and, where given, from published numbers by name;
 * `.mark(note)` says that it belongs to other inputs than those that are seen, and `.mark("")` that it no longer does;
 * `.words()` is what a screen reader hears.
 */
function resultList(gives) {
  const rows = rowsOf(gives).map((quantity) => {
    const [value, range, published] = ["value", "range", "published"].map((part) => h("span", { class: `cx-${part}` }));
    const formula = h("span", { class: "cx-formula" }, quantity.formula ?? "");
    const name = h("span", { class: "cx-name" }, quantity.label);
    const element = h("li", { class: "cx-result", "data-name": quantity.name }, name, value, range, published, formula);
    return { quantity, element, value, range, published };
  });
  const note = h("p", { class: "cx-note" });
  const list = h("ul", { class: "lm-answer", "aria-label": "Results" }, ...rows.map(({ element }) => element));
  const element = h("div", { class: "cx-results" }, note, list);

  element.show = (outputs, known) => {
    const read = (name) => (outputs[name] ? Array.from(fromWire(outputs[name]).data) : []);
    for (const { quantity, element: row, value, range, published } of rows) {
      const { name } = quantity;
      const numbers = read(name);
      const ends = [...read(`${name}_low`), ...read(`${name}_high`)];
      const good = numbers.length > 0 && [...numbers, ...ends].every(Number.isFinite);
      value.textContent = good ? inShort(numbers, quantity) : "no result: it is too large or too small";
      range.textContent = good && ends.length === 2 ? inShort(ends, quantity) : "";
      Object.assign(row.dataset, { values: numbers.join(" "), range: ends.join(" ") });
      published.textContent = good && known?.[name] !== undefined ? beside(numbers, known[name], quantity) : "";
    }
  };
  element.mark = (text) => {
    note.textContent = text;
    element.classList.toggle("cx-stale", text !== "");
  };
  element.words = () =>
    rows.map(({ quantity, value, range }) => `${quantity.label}: ${aloud([value, range].map((one) => one.textContent).filter(Boolean).join(", "))}`).join("; ");
  return element;
}

/** What was published, and what part of it ours is. */
function beside(numbers, published, quantity) {
  const ratios = numbers.map((number) => (number / published).toPrecision(3));
  return `published: ${inShort([published], quantity)}; ours ÷ published: ${ratios.join(" to ")}`;
}
