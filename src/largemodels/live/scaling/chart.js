// The picture: the loss over the parameters, along three curves of equal computation, with the reader's point.

const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const CURVES = ["a tenth of it", "this computation", "ten times as much"];
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

/**
 * The plot. `onPlace(share)` when the reader goes to a share of the width, from 0 to 1. `.show({ law, at, curves, best, point, words })`
 * draws it: `at` are parameters, `curves` losses [3][m], `best` [parameters, loss] of each, `point` [parameters, loss].
 */
function lossChart(onPlace) {
  const grid = svg("g", { class: "sx-grid" });
  const known = svg("rect", { class: "sx-known", y: 0, height: 100 });
  const lines = CURVES.map((_, i) => svg("polyline", { class: `sx-line sx-line-${i}` }));
  const drawing = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, known, grid, ...lines);
  const bests = CURVES.map((name) => h("span", { class: "sx-best", "aria-hidden": "true" }, h("span", {}, name)));
  const dot = h("span", { class: "sx-dot", "aria-hidden": "true" });
  const range = { role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 100 };
  const surface = h("div", { class: "sx-surface", ...range, "aria-label": "Parameters, at the same computation" }, drawing, ...bests, dot);
  const ticks = h("div", { class: "sx-ticks", "aria-hidden": "true" });
  const sizes = h("div", { class: "sx-sizes", "aria-hidden": "true" });
  const under = h("div", { class: "sx-under", "aria-hidden": "true" }, "parameters");
  const element = h("div", { class: "sx-plot lm-answer" }, ticks, surface, sizes, under);
  let share = 0; // where the point is, of the width

  onDrag(
    surface,
    (x) => {
      surface.focus({ preventScroll: true });
      onPlace(x);
    },
    { touch: "pan-y" },
  );
  withKeys(surface, { "← → or ↑ ↓": "a hundredth of the width", "Shift + arrow": "a tenth", "Home End": "the ends" });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { Home: 0, End: 1 }[event.key] ?? share + (KEYS[event.key] * (event.shiftKey ? 10 : 1)) / 100;
    if (Number.isNaN(to)) return;
    event.preventDefault();
    event.stopPropagation();
    onPlace(Math.max(0, Math.min(1, to)));
  });

  /** The slider goes where it is moved at once; the loss there comes with the answer. */
  element.place = (to) => {
    share = to;
    dot.style.left = `${100 * share}%`;
    surface.setAttribute("aria-valuenow", Math.round(100 * share));
  };
  element.show = ({ law, at, curves, best, point, words }) => {
    const [low, high] = law.parameters.map(Math.log10);
    const left = (n) => (100 * (Math.log10(n) - low)) / (high - low);
    const bottom = law.constants[0];
    const top = (loss) => 96 - (96 * (loss - bottom)) / (law.top - bottom);
    const kept = (loss) => Math.max(-50, Math.min(150, top(loss)));

    curves.forEach((curve, i) => lines[i].setAttribute("points", Array.from(at, (n, j) => `${left(n)},${kept(curve[j])}`).join(" ")));
    bests.forEach((mark, i) => {
      const [x, y] = [left(best[i][0]), top(best[i][1])];
      Object.assign(mark.style, { left: `${x}%`, top: `${y}%` });
      mark.hidden = x < 0 || x > 100 || y < 0 || y > 100;
      mark.classList.toggle("sx-right", x > 65);
    });
    element.place(left(point[0]) / 100);
    dot.style.top = `${Math.max(1.5, Math.min(99, top(point[1])))}%`;
    dot.classList.toggle("sx-beyond", top(point[1]) < 0);
    const [from, to] = law.fitted[0].map(left);
    known.setAttribute("x", from);
    known.setAttribute("width", Math.max(0, to - from));

    const marks = lossTicks(bottom, law.top);
    grid.replaceChildren(...marks.map((loss) => svg("line", { x1: 0, x2: 100, y1: top(loss), y2: top(loss) })));
    ticks.replaceChildren(...marks.map((loss) => h("span", { style: `top: ${top(loss)}%` }, loss.toFixed(1))));
    sizes.replaceChildren();
    for (let power = Math.ceil(low); power <= high; power++) {
      const text = `10${Array.from(String(power), (digit) => POWERS[digit]).join("")}`;
      sizes.append(h("span", { style: `left: ${left(10 ** power)}%` }, text));
    }
    surface.setAttribute("aria-valuetext", words);
  };
  return element;
}

/** Losses at the lines of the grid: steps of 0.1, 0.2, 0.5 or 1, at most eight. */
function lossTicks(low, high) {
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((one) => (high - low) / one <= 8) ?? 10;
  const marks = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9; i++) marks.push(i * step);
  return marks;
}
