// The loss, step by step: of every batch, and of what is held out.

const BUCKETS = 160; // points of the line; each is the mean of the steps that it stands for

/**
 * A curve of the loss. If `chance`, the loss of guessing, is given, it is drawn as a line.
 * `.show(losses)` draws the losses of all steps; `.tested(step, loss)` adds a loss on held-out data, `.tests()` returns
 * these and `.clear()` forgets them; `.words()` says what the curve shows. If the loss has several parts with `names`, each
 * gets a line, and `.show` takes a list of parts for each step.
 */
function lossCurve({ chance, held = "held out", names = [] } = {}) {
  const [WIDTH, HEIGHT] = [600, 200];
  const trains = (names.length ? names : [""]).map((_, i) => svg("path", { class: `tr-train tr-train-${i}` }));
  const test = svg("path", { class: "tr-test" });
  const level = svg("path", { class: "tr-chance" });
  const plot = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const lines = svg("svg", plot, level, ...trains, test);
  const [top, end] = [h("span", { class: "tr-top" }), h("span", { class: "tr-end" })];
  const area = h("div", { class: "tr-plot", role: "img" }, lines, top, h("span", { class: "tr-zero" }, "0"), end);
  const key = h(
    "figcaption",
    {},
    ...(names.length
      ? names.map((name, i) => h("span", { class: `tr-key tr-key-train-${i}` }, `loss of the ${name}`))
      : [
          h("span", { class: "tr-key tr-key-train-0" }, "loss of the batches"),
          h("span", { class: "tr-key tr-key-test" }, `loss of ${held}`),
        ]),
    ...(chance ? [h("span", { class: "tr-key tr-key-chance" }, "guessing")] : []),
  );
  const element = h("figure", { class: "tr-curve" }, area, key);
  let tests = [];
  let last = [];

  const of = (loss, k) => (names.length ? loss[k] : loss);
  const clip = (value, high) => (Number.isFinite(value) ? Math.min(value, high) : high);

  function show(losses) {
    last = losses;
    const steps = Math.max(50, losses.length);
    const size = Math.max(1, Math.ceil(losses.length / BUCKETS));
    const means = trains.map(() => []);
    for (let i = 0; i < losses.length; i += size) {
      const part = losses.slice(i, i + size);
      means.forEach((line, k) => line.push([i + (part.length - 1) / 2, mean(part.map((loss) => of(loss, k)))]));
    }
    const most = Math.max(...means.flat().map(([, loss]) => clip(loss, Infinity)), ...tests.map(([, loss]) => loss), 0);
    const high = Math.min(Math.max(1.15 * (chance ?? 0), 1.05 * most, 1e-3), chance ? 6 * chance : Infinity);
    const place = ([step, loss]) =>
      `${((WIDTH * step) / steps).toFixed(1)} ${(HEIGHT * (1 - clip(loss, high) / high)).toFixed(1)}`;
    const path = (points) => (points.length ? `M${points.map(place).join("L")}` : "");
    trains.forEach((train, k) => train.setAttribute("d", path(means[k])));
    test.setAttribute("d", path(tests));
    level.setAttribute("d", chance ? path([[0, chance], [steps, chance]]) : "");
    top.textContent = high >= 100 ? high.toExponential(0) : format(high, high < 1 ? 2 : 1);
    end.textContent = `step ${losses.length}`;
    area.setAttribute("aria-label", words());
  }

  /** The mean of the first or the last few steps: single batches jump. */
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

  function words() {
    if (!last.length) return "Loss by step: nothing yet";
    const course = (k) => `from ${writeLoss(of(last[0], k))} to ${writeLoss(mean(last.slice(-20).map((loss) => of(loss, k))))}`;
    if (names.length) return `Loss by step, after ${last.length}: ${names.map((name, k) => `${name} ${course(k)}`).join(", ")}`;
    const now = tests.length ? `, of ${held} ${writeLoss(tests.at(-1)[1])}` : "";
    return `Loss by step: ${course(0)} after ${last.length}${now}`;
  }

  return {
    element,
    show,
    words,
    tests: () => tests,
    tested(step, loss) {
      if (tests.length && tests.at(-1)[0] >= step) tests = tests.filter(([at]) => at < step);
      tests.push([step, loss]);
      if (tests.length > 2 * BUCKETS) tests = tests.filter((_, i) => i % 2 === 0 || i === tests.length - 1);
    },
    clear() {
      tests = [];
    },
  };
}

/** A loss in words: two decimals, or as a power of ten where that says more. */
function writeLoss(loss) {
  if (!Number.isFinite(loss)) return "not a number";
  if (loss < 1e4) return format(loss, loss < 0.1 ? 3 : 2);
  const power = Math.floor(Math.log10(loss));
  const digits = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  const raised = [...String(power)].map((digit) => digits[digit]).join("");
  return `${(loss / 10 ** power).toFixed(1)}·10${raised}`;
}
