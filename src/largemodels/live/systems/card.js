// What is known of one system, and how: figures with their sources.

const QUANTITIES = { compute: "Training compute", parameters: "Parameters", text: "Data" };

/** A link to a source, and the place in it. */
function sourceOf({ source, place, link }) {
  return [h("a", { href: link, target: "_blank", rel: "noopener" }, source), `, ${place}`];
}

/** How a figure is known: "computed by Epoch AI: 6 × …". */
function howKnown({ known, working }) {
  return working ? `${known}: ${working}` : known;
}

/** The card; `.show(system, state)` fills it, with `state` one of "counts", "out", "absent" for the axis that is drawn. */
function systemCard(onToggle) {
  const name = h("h4", {});
  const about = h("p", { class: "lm-quiet" });
  const toggle = button("Leave it out", onToggle);
  const list = h("dl", {});
  const others = h("ul", {});
  const more = h("div", { class: "sy-others" }, h("p", {}, "Other figures for its training compute:"), others);
  const element = h("section", { class: "sy-card", "aria-label": "The chosen system" }, h("div", { class: "sy-head" }, name, toggle), about, list, more);

  element.show = (system, state) => {
    name.textContent = system.name;
    about.textContent = `${system.when} · ${system.organisation} · ${system.domain}`;
    toggle.textContent = state === "out" ? "Count it again" : "Leave it out";
    toggle.disabled = state === "absent";
    list.replaceChildren(
      ...Object.entries(QUANTITIES).flatMap(([key, title]) => {
        const figure = system.figures[key];
        if (figure.missing) return [h("dt", {}, title), h("dd", {}, figure.missing)];
        return [
          h("dt", {}, title),
          h("dd", {}, h("strong", {}, figure.text), " ", h("span", { class: "lm-quiet" }, howKnown(figure), ". ", ...sourceOf(figure))),
        ];
      }),
    );
    more.hidden = system.others.length === 0;
    others.replaceChildren(
      ...system.others.map((figure) =>
        h("li", {}, h("strong", {}, figure.text), " ", h("span", { class: "lm-quiet" }, howKnown(figure), ". ", ...sourceOf(figure))),
      ),
    );
  };
  return element;
}
