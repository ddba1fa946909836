// What every view that trains has: the buttons of a run, its dials, its loss curve, and why it stopped.

/**
 * Buttons, dials and curve of a run. The view says:
 *
 * `begin(random)` returns the first weights, flat, made with a seeded generator that then also draws the batches; for seed
 * 1 they are those that the widget was bound with. `ready()`, if given, promises that the training data are there.
 * `batch()` returns the next batch. `rate`: {min, max, value} in powers of ten. `momentum`: its first value. `chance`,
 * `held` and `names` are for the curve. `dials`: further elements. `values()`: further inputs of the step, by name.
 * `reason(run)`: a sentence about what went wrong, or "".
 *
 * The result has `.element`, `.run`, `.seed`, `.tested(outputs)`, to be called at every draw, `.watch(el)`, which returns
 * the cleanup, and `.again()`, which begins anew and goes on if it was playing. For keepState and takeAway it has `.forms`
 * of its own dials, `.read()`, `.restore(values)`, which begins anew but paused, and `.tables()` of the dials and losses.
 */
function trainingPanel(model, say, options) {
  const { begin, ready, batch, rate, chance, held, names = [], dials = [], values = () => ({}), reason = () => "" } = options;
  const { step } = model.get("settings");
  const curve = lossCurve({ chance, held, names });
  const state = h("p", { class: "tr-state" });
  const trouble = h("p", { class: "lm-problem tr-trouble" });
  let seed = 1;
  let rule = 0;
  let spoken = false; // the reader has heard how the run is

  const play = button("▶ Train", () => (run.playing ? run.pause() : run.play()), { class: "lm-button tr-play" });
  const one = button("One step", () => run.one());
  const slow = h("input", { type: "checkbox", onchange: () => (run.slow = slow.checked) });
  const reset = button("Reset", () => run.reset(), { title: "Begin again with the same seed: the same run once more" });
  const other = button("Another seed", () => {
    seed += 1;
    run.reset();
    say(`Seed ${seed}`);
  });
  const rates = slider("Rate", { ...rate, step: 0.1, write: writeRate }, () => tell(run));
  const titles = { sgd: "SGD", momentum: "Momentum", adam: "Adam", adamw: "AdamW" };
  const rules = choices("Optimiser", step.optimizers.map((name) => titles[name]), 0, (i) => {
    rule = i;
    dress();
  });
  const share = { min: 0, max: 0.99, step: 0.01, value: options.momentum ?? step.dials.momentum ?? 0, write: (x) => x.toFixed(2) };
  const momentum = slider("Momentum", share, () => {});
  const dress = () => (momentum.hidden = step.optimizers[rule] !== "momentum");
  dress();

  const wires = () => ({
    ...step.dials,
    ...(step.optimizers.length > 1 ? { rule } : {}),
    ...("momentum" in step.dials ? { momentum: momentum.value } : {}),
    rate: 10 ** rates.value,
    ...values(),
  });

  const run = trainingRun(model, {
    begin: () => {
      curve.clear();
      return begin(seededRandom(seed));
    },
    ready,
    batch,
    dials: wires,
    tell,
    look: ({ weights, step }) => setInputs(model, { weights: toWire([weights.length], weights), step: toWire([1], [step]) }),
  });

  /** Why the run stopped, or makes no progress. */
  function why() {
    if (run.problem) return run.problem;
    if (reason(run)) return reason(run);
    const [first, now] = [run.losses[0], run.losses.at(-1)];
    if (run.bad !== undefined) {
      if (first === undefined) return "The first loss is not a number: the weights are too large to begin with.";
      return (
        `The run has diverged. The loss grew from ${writeLoss(first)} to ${writeLoss(Math.max(...run.losses.slice(-20)))} in ` +
        `${run.losses.length} steps, and the next loss is not a number: with a rate of ${writeRate(rates.value)} every step goes ` +
        "too far. Lower the rate, and reset."
      );
    }
    if (run.gradients.at(-1) === 0) return "The gradient is exactly 0, so further steps change nothing.";
    if (now > 2 * first && now > 2 * (chance ?? 0)) {
      return `The loss began at ${writeLoss(first)} and is now ${writeLoss(now)}: the rate is too high, or the first weights were too large.`;
    }
    return "";
  }

  function tell() {
    play.textContent = run.playing ? "❚❚ Pause" : "▶ Train";
    play.disabled = one.disabled = run.bad !== undefined;
    curve.show(names.length ? run.parts : run.losses);
    const lost = names.length && run.parts.length ? names.map((name, i) => `${name} ${writeLoss(run.parts.at(-1)[i])}`).join(", ") : "";
    const loss = run.losses.length ? `, loss ${lost || writeLoss(run.losses.at(-1))}` : "";
    state.textContent = `Seed ${seed}, step ${run.step}${loss}`;
    const words = why();
    if (trouble.textContent !== words) trouble.textContent = words;
    if (run.playing) spoken = false;
    else if (!spoken && run.step) {
      spoken = true;
      say(words || `Paused. ${curve.words()}`);
    }
  }

  const slowly = h("label", { class: "tr-slow" }, slow, "Slow motion");
  const several = step.optimizers.length > 1 ? [rules] : [];
  const element = h(
    "div",
    { class: "tr-panel" },
    h("div", { class: "tr-buttons", role: "group", "aria-label": "Training" }, play, one, reset, other, slowly),
    h("div", { class: "tr-dials" }, ...several, rates, ...("momentum" in step.dials ? [momentum] : []), ...dials),
    state,
    trouble,
    curve.element,
  );
  run.reset({ first: true });
  const panel = {
    element,
    run,
    tested(outputs) {
      const at = outputs.at && fromWire(outputs.at).data[0];
      if (outputs.test_loss && at > 0 && at <= run.step) curve.tested(at, fromWire(outputs.test_loss).data[0]);
      tell(); // what is wrong may be seen in the weights alone
    },
    forms: {
      seed: aWhole(1, 1e6),
      rate: aNumber(rate.min, rate.max),
      ...(several.length ? { rule: aWhole(0, step.optimizers.length - 1) } : {}),
      ...("momentum" in step.dials ? { momentum: aNumber(share.min, share.max) } : {}),
    },
    read: () => ({ seed, rate: rates.value, rule, momentum: momentum.value }),
    restore(values) {
      seed = values.seed;
      rates.value = values.rate;
      rules.select((rule = values.rule ?? rule));
      momentum.value = values.momentum ?? momentum.value;
      dress();
      run.reset();
    },
    tables() {
      const dialled = { seed, "steps taken": run.step, optimiser: titles[step.optimizers[rule]], rate: 10 ** rates.value };
      if (!momentum.hidden) dialled.momentum = momentum.value;
      const lost = names.length ? names.map((name) => `loss of the ${name}`) : ["loss of the batch"];
      const course = run.losses.map((loss, i) => [i + 1, ...(names.length ? run.parts[i] : [loss]), run.gradients[i]]);
      const tables = [[["step", ...lost, "norm of the gradient"], ...course], [["after step", `loss of ${held}`], ...curve.tests()]];
      return [[Object.keys(dialled), Object.values(dialled)], ...tables.filter((table) => table.length > 1)];
    },
    again() {
      const { playing } = run;
      run.reset();
      if (playing) run.play();
    },
    watch(el) {
      el.trainer = panel; // at hand in the browser's console
      return run.watch(el);
    },
  };
  return panel;
}

/** The rate 10^power with two digits that count. */
function writeRate(power) {
  return String(Number((10 ** power).toPrecision(2)));
}
