// Draws a SystemsExplorer: systems over their years, the line of those that count, and what is known of the chosen one.
//
// inputs: years, doublings, weights [n], at [m]; only doublings and weights change. outputs: count, rate, months, line, low,
// high, … settings: systems, axes (each with the logarithms of all systems, or null), domains, middle (the year 0).

export default {
  render({ model, el }) {
    const { systems, axes, domains, middle } = model.get("settings");
    const key = stateKey(el, model, "systems");
    const read = (name) => fromWire(model.get("inputs")[name]).data;
    const first = Math.floor(systems[0].year);
    const last = Math.floor(systems.at(-1).year);
    const say = announcer();
    let asked = false; // by the reader, who is told what comes of it
    let log = true;
    let chosen = 0;
    let axis = 0;
    let out = new Set(); // left out one by one

    // ---- what counts ----
    const values = () => axes[axis].values;
    const how = (system) => figureOf(system)?.how;
    const figureOf = (system) => system.figures[axes[axis].key === "images" ? "text" : axes[axis].key];
    const counting = (i) => values()[i] !== null && !out.has(i) && groups.counts(systems[i], how(systems[i]));
    const ask = () => {
      asked = true;
      const weights = systems.map((_, i) => (counting(i) ? 1 : 0));
      setInputs(model, {
        doublings: toWire([systems.length], values().map((value) => value ?? 0)),
        weights: toWire([systems.length], weights),
      });
      address.keep(state());
    };
    const groups = filters(domains, first, last, ask);
    const toggle = (i) => {
      if (values()[i] === null) return;
      if (counting(i)) out.add(i);
      else if (out.has(i)) out.delete(i);
      else return say(`${systems[i].name} belongs to a group that is left out`);
      ask();
    };
    const recall = () => {
      // another view of the same model may have left something out
      const [now, weights] = [read("doublings"), read("weights")];
      const same = ({ values: own }) => own.every((value, i) => Math.fround(value ?? 0) === now[i]);
      axis = Math.max(0, axes.findIndex(same));
      out = new Set(systems.map((_, i) => i).filter((i) => values()[i] !== null && weights[i] === 0));
    };
    recall();

    // ---- the address: what was chosen, so that it can be sent; of another list of systems it would mean nothing ----
    const state = () => ({
      axis: axes[axis].key,
      scale: log ? "log" : "linear",
      ...groups.state(),
      out: [...out].sort((a, b) => a - b).join(".") || "none",
      chosen,
    });
    function restore({ values: kept = {}, whole, version }, arrived) {
      const known = whole && version === systems.length;
      const place = (text) => (systems[Number(text)] ? Number(text) : 0);
      axis = Math.max(0, axes.findIndex((one) => known && one.key === kept.axis));
      log = !known || kept.scale !== "linear";
      groups.restore(known ? kept : {});
      out = new Set(known && kept.out !== "none" ? String(kept.out ?? "").split(".").map(Number).filter((i) => systems[i]) : []);
      chosen = known ? place(kept.chosen) : 0;
      lost.textContent = known ? "" : "The address of this page holds choices that cannot be read. What you see is the state at the start.";
      ask();
      if (arrived) el.scrollIntoView({ block: "nearest" });
    }
    const address = stateInAddress(key, systems.length, restore);
    const lost = h("p", { class: "lm-problem", role: "status" });

    // ---- controls ----
    const shows = choices("Show", axes.map(({ name }) => name), axis, (i) => {
      axis = i;
      ask();
    });
    const scale = choices("Scale", ["logarithmic", "linear"], 0, (i) => {
      log = i === 0;
      address.keep(state());
      draw();
    });
    const reset = button("Count all again", () => {
      out.clear();
      groups.restore({});
      ask();
    });
    const choose = (i) => {
      chosen = i;
      address.keep(state());
      draw();
    };
    const plot = systemsPlot(systems, first - 1, last + 2, choose, toggle);
    const card = systemCard(() => toggle(chosen));
    const verdict = h("p", { class: "sy-verdict" });
    const note = h("p", { class: "lm-quiet" });

    function draw() {
      const outputs = model.get("outputs");
      const answer = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
      const weights = read("weights");
      const counts = systems.map((_, i) => weights[i] === 1);
      if (values()[chosen] === null) chosen = values().findLastIndex((value) => value !== null);
      const inside = systems.filter((_, i) => counts[i]).map(({ year }) => year);
      const [from, to] = extent(inside);
      const fits = answer.count[0] >= 3;
      const line = Array.from(read("at"), (at, i) => ({ year: at + middle, line: answer.line[i], low: answer.low[i], high: answer.high[i] }))
        .filter(({ year }) => fits && year >= from - 0.5 && year <= to + 0.5);
      const known = figureOf(systems[chosen]);
      const standing = counts[chosen] ? "counts" : values()[chosen] === null ? "absent" : "out";
      const left = values().filter((value) => value !== null).length - answer.count[0];

      plot.show({
        values: values(), counts, hows: systems.map(how), line, log, chosen,
        words: `${systems[chosen].name}, ${systems[chosen].when}, ${known.text ?? known.missing}, ${standing === "counts" ? "counts" : "left out"}`,
      });
      card.show(systems[chosen], standing);
      shows.select(axis);
      scale.select(log ? 0 : 1);
      verdict.textContent = inWords(answer.months, answer.count[0]);
      Object.assign(verdict.dataset, { months: [...answer.months].join(), rate: [...answer.rate].join(), count: answer.count[0] });
      note.textContent =
        `${answer.count[0]} systems count, ${left} ${left === 1 ? "is" : "are"} left out; ${axes[axis].unit}. ` +
        "Filled: reported, or computed from what is reported. Hollow: estimated. The band is the line's 95 % interval.";
      if (asked) say(`${verdict.textContent} ${answer.count[0]} systems count.`);
    }

    function numbers() {
      const out = (name) => [...fromWire(model.get("outputs")[name]).data];
      const [line, low, high] = ["line", "low", "high"].map(out);
      const { name: shown, unit } = axes[axis];
      const rows = systems.map((system, i) => [system.name, system.year, values()[i] ?? "", how(system) ?? "", read("weights")[i]]);
      return [
        [["system", "year", `log2 of ${shown} (${unit})`, "how it is known", "counts"], ...rows],
        [["year", "line", "95 % interval, low", "95 % interval, high"], ...[...read("at")].map((at, i) => [at + middle, line[i], low[i], high[i]])],
        [["months of a doubling", "95 % interval, low", "95 % interval, high", "systems that count"], [...out("months"), ...out("count")]],
      ];
    }
    el.append(
      h(
        "div",
        { class: "sy", "data-lm-suppress-shortcuts": "true" },
        h("div", { class: "sy-top" }, shows, scale),
        h("div", { class: "sy-sheet" }, lost, verdict, plot, note),
        h("div", { class: "sy-desk" }, groups, h("div", {}, reset, takeAway({ el, say, key, link: () => address.link(state()), numbers }))),
        card,
      ),
      say.element,
    );
    const stop = keepDrawn(el, model, draw);
    address.begin();
    return () => {
      address.stop();
      stop();
    };
  },
};

/** A time in months, or years where it is long. */
function duration(months) {
  return months < 36 ? `${months.toFixed(1)} months` : `${(months / 12).toFixed(1)} years`;
}

/** What the line says: how long a doubling takes, and its interval; 0 months stand for never. */
function inWords([months, low, high], count) {
  if (count < 3) return "Fewer than three systems count: there is no line.";
  if (months === 0) return "No growth.";
  if (high === 0) return `Doubles every ${duration(months)} (95 % interval: ${duration(low)} to never).`;
  return `Doubles every ${duration(months)} (95 % interval: ${duration(low)} to ${duration(high)}).`;
}
