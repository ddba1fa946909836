// What the reader distrusts: groups of switches, and which systems are left to count.

/** Switches that look like chips: checkboxes. `.on` is the set of those that are on; `onChange()` after a change. */
function switches(legend, names, onChange) {
  const boxes = names.map((name) => h("input", { type: "checkbox", checked: true, "aria-label": name, onchange: onChange }));
  const element = h(
    "fieldset",
    { class: "lm-choices" },
    h("legend", {}, legend),
    ...names.map((name, i) => h("label", { class: `lm-chip sy-${name}` }, boxes[i], h("span", {}, name))),
  );
  Object.defineProperty(element, "on", {
    get: () => new Set(names.filter((_, i) => boxes[i].checked)),
    set: (wanted) => boxes.forEach((box, i) => (box.checked = wanted.has(names[i]))),
  });
  return element;
}

const TRUSTED = [
  { name: "all", takes: () => true },
  { name: "no estimates", takes: (how) => how !== "estimated" },
  { name: "only reported", takes: (how) => how === "reported" },
];

/**
 * The groups that can be left out at once. `.counts(system, how)` tells whether a system is in none of them; `.state()`
 * is what an address can hold, `.restore(state)` takes it, and counts all where it says nothing, without `onChange`.
 */
function filters(domains, first, last, onChange) {
  const count = switches("Count", domains, onChange);
  let trust = 0;
  const figures = choices("Figures", TRUSTED.map(({ name }) => name), 0, (i) => {
    trust = i;
    onChange();
  });
  const year = (label, value, move) => slider(label, { min: first, max: last, value }, move);
  const from = year("From", first, (now) => {
    if (now > to.value) to.value = now;
    onChange();
  });
  const to = year("To", last, (now) => {
    if (now < from.value) from.value = now;
    onChange();
  });
  const element = h("div", { class: "sy-filters" }, count, figures, from, to);
  element.counts = ({ domain, year: when }, how) =>
    count.on.has(domain) && TRUSTED[trust].takes(how) && when >= from.value && when < to.value + 1;
  element.state = () => ({
    without: domains.filter((domain) => !count.on.has(domain)).join(".") || "none",
    figures: TRUSTED[trust].name.replace(" ", "."),
    from: from.value,
    to: to.value,
  });
  element.restore = (state) => {
    const off = String(state.without ?? "none").split(".");
    count.on = new Set(domains.filter((domain) => !off.includes(domain)));
    trust = Math.max(0, TRUSTED.findIndex(({ name }) => name.replace(" ", ".") === state.figures));
    figures.select(trust);
    const year = (text, otherwise) => (Number.isInteger(Number(text ?? NaN)) ? Number(text) : otherwise);
    from.value = year(state.from, first);
    to.value = Math.max(from.value, year(state.to, last));
  };
  return element;
}
