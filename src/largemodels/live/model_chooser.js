// Draws a ModelChooser: a slider for each limit, the models in a chart and in a table, and the one to take.
//
// inputs: figures [n, m], limits [m]. outputs: over [n, m], fits, best, beaten [n]. settings: tasks, each with its name,
// its measures as [label, unit], and its models with name, figures, error and note.

const STEPS = 100; // of a slider

export default {
  render({ model, el }) {
    const { tasks } = model.get("settings");
    const say = announcer();
    let asked = false; // by the reader, who is told what comes of it

    const limits = () => fromWire(model.get("inputs").limits).data;
    const task = () => {
      const now = fromWire(model.get("inputs").figures).data;
      const same = ({ models }) => {
        const figures = models.flatMap((one) => one.figures);
        return figures.length === now.length && figures.every((value, i) => Math.fround(value) === now[i]);
      };
      return Math.max(0, tasks.findIndex(same));
    };
    const ask = (changes) => {
      asked = true;
      setInputs(model, changes);
    };
    const choose = (i) => {
      const { models, measures } = tasks[i];
      const most = measures.map((_, k) => Math.max(...models.map(({ figures }) => figures[k])));
      ask({
        figures: toWire([models.length, measures.length], models.flatMap(({ figures }) => figures)),
        limits: toWire([measures.length], most),
      });
    };
    const chips = choices("Task", tasks.map(({ name }) => name), 0, choose);

    // ---- limits ----
    const desk = h("div", { class: "mc-limits", role: "group", "aria-label": "Limits" });
    let laid = -1; // the task whose sliders and rows are there
    let sliders = [];
    function layLimits(i) {
      const { models, measures } = tasks[i];
      sliders = measures.map(([label, unit], k) => {
        const scale = logScale(models.map(({ figures }) => figures[k]));
        const write = (step) => (step === STEPS ? "no limit" : amount(scale.value(step), unit));
        const set = (step) => {
          const now = [...limits()];
          now[k] = scale.value(step);
          ask({ limits: toWire([now.length], now) });
        };
        const one = slider(`${label}, at most`, { min: 0, max: STEPS, value: STEPS, write }, set);
        return Object.assign(one, { scale });
      });
      desk.replaceChildren(...sliders);
    }

    // ---- the models ----
    const verdict = h("p", { class: "mc-verdict lm-answer" });
    const table = h("table", { class: "mc-table lm-answer" });
    const chart = h("figure", { class: "mc-chart lm-answer" });

    function row({ name, figures, note }, measures, over, state, winner) {
      const cells = figures.map((value, k) => {
        const [, unit] = measures[k];
        const text = `${amount(value, unit)}${k === 0 && state.error ? ` ± ${amount(state.error, "")}` : ""}`;
        return h("td", { class: over[k] > 1 ? "mc-over" : "" }, text, over[k] > 1 ? h("span", { class: "lm-hidden" }, ", over the limit") : "");
      });
      const remark = state.best ? "take this one" : winner ? beatenBy(winner, figures, measures) : note;
      return h(
        "tr",
        { class: `${state.best ? "mc-best" : ""} ${state.fits ? "" : "mc-out"}`, "data-name": name },
        h("th", { scope: "row" }, name),
        ...cells,
        h("td", { class: "lm-quiet" }, remark),
      );
    }

    function draw() {
      const i = task();
      const { models, measures } = tasks[i];
      if (laid !== i) layLimits((laid = i));
      chips.select(i);
      const outputs = model.get("outputs");
      const [over, fits, best, beaten] = ["over", "fits", "best", "beaten"].map((name) => fromWire(outputs[name]).data);
      if (fits.length !== models.length) return; // the answer to what was asked before
      sliders.forEach((one, k) => (one.value = one.scale.step(limits()[k])));

      const of = (n) => Array.from(over.subarray(n * measures.length, (n + 1) * measures.length));
      const order = models.map((_, n) => n).sort((a, b) => models[a].figures[0] - models[b].figures[0]);
      table.replaceChildren(
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "model"), ...measures.map(([label]) => h("th", { scope: "col" }, label)), h("th", { scope: "col" }, "remark"))),
        h("tbody", {}, ...order.map((n) => row(models[n], measures, of(n), { fits: fits[n], best: best[n], error: models[n].error }, beaten[n] ? models[beaten[n] - 1] : null))),
      );
      const winners = order.filter((n) => best[n]);
      verdict.textContent = winners.length ? take(models, winners, fits) : miss(models, measures, order, of);
      chart.replaceChildren(plot(tasks[i], fits, best, limits()), h("figcaption", {}, `Each dot is a model: ${measures[0][0]} against ${measures[1][0]}, with twice the standard error. Lines are your limits; hollow dots break one.`));
      if (asked) say(verdict.textContent);
    }

    el.append(h("div", { class: "mc", "data-lm-suppress-shortcuts": "true" }, ...(tasks.length > 1 ? [chips] : []), desk, verdict, chart, table), say.element);
    const state = keepAndTake({
      el, model, say, kind: "models", version: 1,
      forms: { task: aWhole(0, tasks.length - 1), limits: someNumbers([1, 99]) },
      read: () => ({ task: task(), limits: [...limits()] }),
      restore({ task: i, limits: kept }) {
        const { models, measures } = tasks[i];
        if (kept.length !== measures.length) return;
        const figures = models.flatMap((one) => one.figures);
        ask({ figures: toWire([models.length, measures.length], figures), limits: toWire([measures.length], kept) });
      },
      numbers() {
        const { models, measures } = tasks[task()];
        const [fits, best] = ["fits", "best"].map((name) => fromWire(model.get("outputs")[name]).data);
        const names = measures.map(([label, unit]) => (unit ? `${label} (${unit})` : label));
        const rows = models.map(({ name, figures, error }, n) => [name, ...figures, error, fits[n], best[n]]);
        const head = ["model", ...names, `standard error of ${measures[0][0]}`, "within the limits", "best of these"];
        return [[head, ...rows], [["limit", "at most"], ...names.map((name, k) => [name, limits()[k]])]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      forget();
    };
  },
};

/** What is said of a model that another beats: in everything, or in some measures while the others are equal. */
function beatenBy({ name, figures: less }, figures, measures) {
  const better = less.map((value, k) => Math.fround(value) < Math.fround(figures[k])); // in float32, as Choose compares
  const labels = (kind) => measures.filter((_, k) => better[k] === kind).map(([label]) => label).join(" and ");
  return better.every(Boolean) ? `${name} is better in everything` : `${name} is as good in ${labels(false)}, and better in ${labels(true)}`;
}

/** The sentence for those who found something. */
function take(models, winners, fits) {
  const count = fits.reduce((sum, one) => sum + one, 0);
  const names = winners.map((n) => models[n].name).join(" or ");
  return `Take ${names}: ${count === 1 ? "it alone keeps" : `the best of the ${count} that keep`} within your limits.`;
}

/** The sentence for those who did not: the model that misses by least, and in what. */
function miss(models, measures, order, of) {
  const worst = (n) => Math.max(...of(n));
  const nearest = order.reduce((best, n) => (worst(n) < worst(best) ? n : best));
  const k = of(nearest).indexOf(worst(nearest));
  return `No model keeps within all limits. ${models[nearest].name} comes closest: its ${measures[k][0]} is ${amount(worst(nearest), "")} times the limit.`;
}

/** A scale of STEPS + 1 steps over some numbers, by factors, from a little below the smallest to the largest. */
function logScale(values, below = 0.9, above = 1) {
  const [low, high] = [Math.min(...values) * below, Math.max(...values) * above];
  const span = Math.log(high / low) || 1;
  return {
    low,
    high,
    value: (step) => (step === STEPS ? high : low * Math.exp((span * step) / STEPS)),
    step: (value) => Math.round((STEPS * Math.log(value / low)) / span),
    /** Where a value lies, from 0 to 1. */
    at: (value) => Math.max(0, Math.min(1, Math.log(value / low) / span)),
  };
}

/** A number of three digits with its unit. */
function amount(value, unit) {
  const text = value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(value < 1 ? 2 : 3)));
  return unit ? `${text}${unit === "%" ? "" : " "}${unit}` : text;
}

/** Models as dots: the second measure to the right, by factors, the first upwards. */
function plot({ models, measures }, fits, best, limits) {
  const [width, height, left, bottom] = [460, 240, 54, 40];
  const ends = models.flatMap(({ figures: [most], error }) => [most + error, Math.max(most - error, most / 4)]);
  const [times, x, y] = [models.map(({ figures }) => figures[1]), logScale(models.map(({ figures }) => figures[1]), 0.7, 1.6), logScale(ends, 0.95, 1.05)];
  const across = (value) => left + (width - left - 12) * x.at(value);
  const up = (value) => 10 + (height - bottom - 10) * (1 - y.at(value));
  const line = (name, x1, y1, x2, y2) => svg("line", { class: name, x1, y1, x2, y2 });
  const text = (words, x, y, anchor) => Object.assign(svg("text", { x, y, "text-anchor": anchor }), { textContent: words });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${measures[0][0]} and ${measures[1][0]} of ${models.length} models, as in the table` });
  const floor = height - bottom;
  picture.append(line("mc-axis", left, floor, width - 6, floor), line("mc-axis", left, 6, left, floor));
  for (const value of [Math.min(...times), Math.max(...times)]) picture.append(text(amount(value, measures[1][1]), across(value), floor + 16, "middle"));
  for (const value of [Math.min(...ends), Math.max(...ends)]) picture.append(text(amount(value, measures[0][1]), left - 5, up(value) + 4, "end"));
  picture.append(text(`${measures[1][0]} →`, width - 8, height - 4, "end"), text(measures[0][0], 4, height - 4, "start"));
  const [stop, roof] = [across(limits[1]), up(limits[0])];
  picture.append(line("mc-limit", stop, 6, stop, floor), line("mc-limit", left, roof, width - 6, roof));
  models.forEach(({ name, figures, error }, n) => {
    const [cx, cy] = [across(figures[1]), up(figures[0])];
    if (error) picture.append(line("mc-error", cx, up(figures[0] + error), cx, up(Math.max(figures[0] - error, figures[0] / 4))));
    const dot = svg("circle", { class: best[n] ? "mc-dot mc-best" : fits[n] ? "mc-dot" : "mc-dot mc-out", cx, cy, r: best[n] ? 7 : 5 });
    const right = cx > width - 150;
    picture.append(dot, text(name, cx + (right ? -10 : 10), cy + 4, right ? "end" : "start"));
  });
  return picture;
}
