// What each channel adds to a number, step by step.

/** What each channel adds, one step each from the bias to the result; the reader picks a step. */
function waterfall(onPick) {
  const steps = svg("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
  const surface = h(
    "div",
    { class: "fx-waterfall", role: "slider", tabindex: 0, "aria-label": "Maps by what they add", "aria-valuemin": 1 },
    steps,
  );
  let order = [];
  let rank = 0;
  const pick = (i) => {
    const to = Math.max(0, Math.min(order.length - 1, i));
    if (to !== rank) onPick(order[to].from);
  };
  const drag = (x) => {
    surface.focus({ preventScroll: true });
    pick(Math.floor(x * order.length));
  };
  onDrag(surface, drag, { touch: "pan-y" });
  withKeys(surface, { "← → or ↑ ↓": "the part before or after", "Home End": "the first, the last" });
  surface.addEventListener("keydown", (event) => {
    const to = {
      ArrowLeft: rank - 1, ArrowUp: rank - 1, ArrowRight: rank + 1, ArrowDown: rank + 1, Home: 0, End: order.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    pick(to);
  });
  return {
    element: surface,
    show(every, bias, result, part) {
      order = every;
      rank = every.indexOf(part);
      const levels = [bias];
      for (const { sum } of every) levels.push(levels.at(-1) + sum);
      const [low, high] = extent([0, ...levels]);
      const y = (level) => 4 + (92 * (high - level)) / (high - low || 1);
      steps.setAttribute("viewBox", `0 0 ${every.length} 100`);
      const line = (level, name) => svg("path", { class: name, d: `M0 ${y(level)}H${every.length}` });
      steps.replaceChildren(
        line(0, "fx-zero"),
        ...every.map(({ sum, from }, i) =>
          svg("rect", {
            x: i + 0.08,
            width: 0.84,
            y: y(Math.max(levels[i], levels[i + 1])),
            height: Math.max(2, Math.abs(y(levels[i]) - y(levels[i + 1]))),
            class: (sum >= 0 ? "fx-up" : "fx-lower") + (from === part.from ? " fx-picked" : ""),
          }),
        ),
        line(result, "fx-level"),
      );
      surface.setAttribute("aria-valuemax", every.length);
      surface.setAttribute("aria-valuenow", rank + 1);
      surface.setAttribute("aria-valuetext", `map ${part.from + 1} adds ${signed(part.sum)}`);
    },
  };
}
