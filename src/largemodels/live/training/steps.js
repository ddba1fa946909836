// Training steps, asked of whoever answers: a kernel, or the page.

/**
 * `.take(what)` asks for steps and promises what was `taken`: {finite, loss, gradient, weights, memory}, as Float32Arrays.
 * A later request replaces an earlier one, which is then never answered. It rejects with an Error that a reader can
 * understand. `.stop()` ends it.
 */
function stepTaker(model) {
  let number = Math.max(0, model.get("asked")?.number ?? 0, model.get("taken")?.number ?? 0);
  let waiting = null;

  const arrived = () => {
    const taken = model.get("taken");
    if (!waiting || taken?.number !== number) return;
    const { resolve, reject } = waiting;
    waiting = null;
    if (taken.failed) return reject(new Error(taken.failed));
    const read = {};
    for (const [name, value] of Object.entries(taken)) read[name] = value?.data ? fromWire(value).data : value;
    resolve(read);
  };
  model.on("change:taken", arrived);
  return {
    take: (what) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        number += 1;
        model.set("asked", { ...what, number });
        model.save_changes();
      }),
    drop: () => (waiting = null),
    stop() {
      waiting = null;
      model.off("change:taken", arrived);
    },
  };
}

/** Several batches as one wire: `parts` are arrays of equal length, `shape` that of one. */
function stacked(parts, shape) {
  const size = parts[0].length;
  const values = new Float32Array(parts.length * size);
  parts.forEach((part, i) => values.set(part, i * size));
  return { shape: [parts.length, ...shape], data: new DataView(values.buffer) };
}
