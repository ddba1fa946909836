// Trains on the batches of settings; el.trainer is at hand for tests.

export default {
  render({ model, el }) {
    const say = announcer();
    const { batches, classes, step } = model.get("settings");
    const first = fromWire(model.get("inputs").weights).data;
    let at = 0;
    const panel = trainingPanel(model, say, {
      begin: () => {
        at = 0;
        return first.slice();
      },
      batch: () => {
        const one = batches[at++ % batches.length];
        return Object.fromEntries(Object.entries(one).map(([name, wire]) => [name, fromWire(wire)]));
      },
      rate: { min: -3, max: 1, value: -1.3 },
      chance: Math.log(classes),
    });
    el.append(panel.element, say.element);
    el.trainer = panel;

    /** Take so many steps from the first weights, at once, and return the weights. */
    el.take = async (count, dials) => {
      const taker = stepTaker(model);
      const some = Array.from({ length: count }, (_, i) => batches[i % batches.length]);
      const what = { weights: toWire([first.length], first), memory: toWire([step.memory], new Float32Array(step.memory)) };
      for (const [name, value] of Object.entries({ ...step.dials, ...dials })) what[name] = toWire([1], [value]);
      for (const name of ["x", "targets"]) what[name] = stacked(some.map((one) => fromWire(one[name]).data), some[0][name].shape);
      const taken = await taker.take(what);
      taker.stop();
      return { finite: taken.finite, loss: Array.from(taken.loss), weights: Array.from(taken.weights) };
    };
    const unwatch = panel.watch(el);
    const forget = keepDrawn(el, model, () => panel.tested(model.get("outputs")));
    return () => {
      unwatch();
      forget();
    };
  },
};
