// Several numbers at once: a chip or a region, and presets of real models.

/**
 * A choice that sets some of the numbers. `.draw(now)` marks what they are; "custom" if none of the options is, and in
 * which numbers it is not what was chosen last.
 */
function choiceRow({ name, options }, takes, onChoose) {
  const chips = choices(name, options.map((option) => option.name), -1, (i) => {
    last = options[i];
    onChoose(last.values);
  });
  const custom = h("span", { class: "lm-quiet" });
  const element = h("div", { class: "cx-choice" }, chips, custom);
  let last;
  element.draw = (now) => {
    const place = placeOfEqual(options, last, takes, now);
    chips.select(place);
    if (place >= 0) last = options[place];
    const others = last ? differing(takes, now, last.values) : [];
    custom.textContent = place >= 0 ? "" : others.length ? `custom: not ${last.name} in ${labels(others)}` : "custom";
  };
  return element;
}

/**
 * Presets, which set all numbers, and where the published figures of one are from. `.draw(now)` marks which the numbers
 * are; `.compared`, the preset with which the results are compared, stays when some of them are changed.
 */
function presetRow(presets, takes, onChoose) {
  const chips = choices("Presets", presets.map(({ name }) => name), -1, (i) => {
    element.compared = presets[i];
    onChoose(presets[i].values);
  });
  const line = h("p", { class: "lm-quiet" });
  const element = h("div", { class: "cx-presets" }, chips, line);
  element.draw = (now) => {
    const place = placeOfEqual(presets, element.compared, takes, now);
    chips.select(place);
    if (place >= 0) element.compared = presets[place];
    const { compared } = element;
    if (!compared) return line.replaceChildren();
    const { name, source, link, values } = compared;
    const others = differing(takes, now, values);
    const where = link ? h("a", { href: link, rel: "noopener" }, source) : source;
    line.replaceChildren(source ? `${name}, as published: ` : name, where, others.length ? `. You have changed: ${labels(others)}.` : ".");
  };
  return element;
}

/** The quantities in which numbers are not what is given. */
function differing(takes, now, values) {
  return takes.filter(({ name }) => name in values && Math.fround(now[name]) !== Math.fround(values[name]));
}

/** Which of some options the numbers are, or −1; of several that are the same, the one that was chosen `last`. */
function placeOfEqual(options, last, takes, now) {
  const equal = (option) => !differing(takes, now, option.values).length;
  return last && equal(last) ? options.indexOf(last) : options.findIndex(equal);
}

const labels = (quantities) => quantities.map(({ label }) => label).join(", ");
