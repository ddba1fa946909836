// Units that follow a property of the text: which property, the unit that follows it most closely, and the next ones.

const CLOSEST = 5; // units named for a property

/**
 * `find(i)`: the reader chose a property, −1 for none; `look(unit)`: one of the closest. The result has `.lay(ranking)`,
 * of all properties; `.tell(ranked, memory)`, of the one chosen, or undefined; `.mark(unit)`; `.select(i)`; and
 * `.finding`, what it told.
 */
function unitFinder({ find, look }) {
  const finding = h("p", { class: "hx-finding" });
  const closest = h("div", { class: "hx-closest" });
  const element = h("div", { class: "hx-finder" });
  let properties; // choices
  let few = []; // the closest units
  let radios = null;

  element.lay = (ranking) => {
    element.hidden = !ranking.length;
    const names = [...ranking.map(({ name }) => name), "none"];
    const onChoose = (i) => find(i < ranking.length ? i : -1);
    properties = choices("Find a unit that follows", names, ranking.length, onChoose);
    element.replaceChildren(properties, finding, closest);
  };

  element.tell = (ranked, memory) => {
    finding.hidden = closest.hidden = !ranked;
    if (!ranked) return;
    const { name, units, correlations } = ranked;
    finding.replaceChildren(
      `The ${memory} of `, h("strong", {}, `unit ${units[0]}`), ` follows “${name}” most closely: correlation `,
      h("strong", { class: "hx-correlation", "data-value": correlations[0] }, format(correlations[0])),
      ", on text that neither the training nor this choice has seen.",
    );
    few = units.slice(0, CLOSEST);
    const labels = few.map((unit, n) => `${unit}: ${format(correlations[n])}`);
    const spoken = few.map((unit, n) => `unit ${unit}, correlation ${format(correlations[n])}`);
    radios = choices("Closest units", labels, 0, (n) => look(few[n]), spoken);
    closest.replaceChildren(radios);
  };

  element.mark = (unit) => radios?.select(few.indexOf(unit));
  element.select = (i) => properties.select(i);
  Object.defineProperty(element, "finding", { get: () => finding.textContent });
  return element;
}
