// The picture: systems as points over their years, the line through those that count, and its interval.

const DECADE = Math.log2(10); // doublings in a power of ten
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Write a power of ten. */
function powerOfTen(power) {
  return `10${Array.from(String(power), (digit) => SUPERSCRIPTS[digit]).join("")}`;
}

/**
 * The plot of `systems`. `onChoose(i)` when the reader points at one or goes there by arrow keys; `onToggle(i)` when she
 * presses Space, Enter or Delete on it. `.show({ values, counts, hows, line, log, chosen, words })` draws it: `values`
 * are logarithms to base 2, or null where there is none; `line` has year, line, low and high.
 */
function systemsPlot(systems, first, last, onChoose, onToggle) {
  const left = (year) => (100 * (year - first)) / (last - first);
  const grid = svg("g", { class: "sy-grid" });
  const band = svg("polygon", { class: "sy-band" });
  const line = svg("polyline", { class: "sy-line" });
  const drawing = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, grid, band, line);
  const points = systems.map(({ domain }) => h("span", { class: `sy-point sy-${domain}`, "aria-hidden": "true" }));
  const label = h("span", { class: "sy-name", "aria-hidden": "true" });
  const surface = h(
    "div",
    { class: "sy-surface", role: "slider", tabindex: 0, "aria-label": "System", "aria-valuemin": 0 },
    drawing,
    ...points,
    label,
  );
  const ticks = h("div", { class: "sy-ticks", "aria-hidden": "true" });
  const years = h("div", { class: "sy-years", "aria-hidden": "true" });
  for (let year = Math.ceil(first / 10) * 10; year < last; year += 10) {
    years.append(h("span", { style: `left: ${left(year)}%` }, String(year)));
  }
  const element = h("div", { class: "sy-plot lm-answer" }, ticks, surface, years);
  let shown = []; // the systems that have a place now, by date
  let places = []; // of all systems: [x, y] in per cent
  let chosen = 0;

  function nearest(x, y) {
    const box = surface.getBoundingClientRect();
    const apart = (i) => Math.hypot(((places[i][0] / 100 - x) * box.width), (places[i][1] / 100 - y) * box.height);
    return shown.reduce((best, i) => (apart(i) < apart(best) ? i : best), shown[0]);
  }

  onDrag(
    surface,
    (x, y) => {
      surface.focus({ preventScroll: true });
      if (shown.length) onChoose(nearest(x, y));
    },
    { touch: "pan-y" },
  );
  withKeys(surface, {
    "← →": "the system before or after",
    "Shift + arrow": "five systems on",
    "Home End": "the first, the last",
    "Space or Enter": "take it out of the fit, or back",
  });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(0, shown.indexOf(chosen));
    const step = event.shiftKey ? 5 : 1;
    const to = { ArrowLeft: at - step, ArrowDown: at - step, ArrowRight: at + step, ArrowUp: at + step, Home: 0, End: shown.length - 1 };
    const toggles = [" ", "Enter", "Delete"].includes(event.key);
    if (!(event.key in to) && !toggles) return;
    event.preventDefault();
    event.stopPropagation();
    if (toggles) onToggle(chosen);
    else onChoose(shown[Math.max(0, Math.min(shown.length - 1, to[event.key]))]);
  });

  element.show = (state) => {
    chosen = state.chosen;
    const known = state.values.filter((value) => value !== null);
    const low = Math.floor(Math.min(...known) / DECADE) * DECADE;
    const high = Math.ceil(Math.max(...known) / DECADE) * DECADE;
    const most = Math.max(...known);
    const share = (value) => (state.log ? (value - low) / (high - low) : 2 ** (value - most) * 0.96);
    const top = (value) => 100 - 100 * Math.max(-0.2, Math.min(1.2, share(value)));

    shown = systems.map((_, i) => i).filter((i) => state.values[i] !== null);
    places = systems.map(({ year }, i) => [left(year), state.values[i] === null ? 0 : top(state.values[i])]);
    points.forEach((point, i) => {
      point.hidden = state.values[i] === null;
      Object.assign(point.style, { left: `${places[i][0]}%`, top: `${places[i][1]}%` });
      point.classList.toggle("sy-guess", state.hows[i] === "estimated");
      point.classList.toggle("sy-out", !state.counts[i]);
      point.classList.toggle("sy-chosen", i === chosen);
    });
    label.textContent = systems[chosen].name;
    label.hidden = state.values[chosen] === null;
    Object.assign(label.style, { left: `${places[chosen][0]}%`, top: `${places[chosen][1]}%` });
    label.classList.toggle("sy-end", places[chosen][0] > 60);
    label.classList.toggle("sy-below", places[chosen][1] < 12);
    surface.setAttribute("aria-valuemax", Math.max(0, shown.length - 1));
    surface.setAttribute("aria-valuenow", Math.max(0, shown.indexOf(chosen)));
    surface.setAttribute("aria-valuetext", state.words);

    const marks = state.log ? logTicks(low, high) : linearTicks(most);
    grid.replaceChildren(...marks.map(({ value }) => svg("line", { x1: 0, x2: 100, y1: top(value), y2: top(value) })));
    ticks.replaceChildren(...marks.map(({ value, text }) => h("span", { style: `top: ${top(value)}%` }, text)));
    const run = (name) => state.line.map((at) => `${left(at.year)},${top(at[name])}`);
    line.setAttribute("points", run("line").join(" "));
    band.setAttribute("points", [...run("high"), ...run("low").reverse()].join(" "));
  };
  return element;
}

/** Powers of ten, at most eight. */
function logTicks(low, high) {
  const [from, to] = [Math.round(low / DECADE), Math.round(high / DECADE)];
  const step = Math.ceil((to - from) / 7);
  const powers = [];
  for (let power = from; power <= to; power += step) powers.push(power);
  return powers.map((power) => ({ value: power * DECADE, text: powerOfTen(power) }));
}

/** The largest value and parts of it, for an axis that begins at zero. */
function linearTicks(most) {
  const power = Math.floor(most / DECADE + 1e-9);
  const unit = power * DECADE;
  const count = Math.floor(2 ** (most - unit) + 1e-9);
  const step = Math.ceil(count / 5);
  const marks = [{ value: -1e4, text: "0" }];
  for (let i = step; i <= count; i += step) marks.push({ value: unit + Math.log2(i), text: `${i} × ${powerOfTen(power)}` });
  return marks;
}
