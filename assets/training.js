/*
 * Takes the training steps that a page's widgets ask for, for host.js: when a view changes `asked`, the answer is `taken`.
 *
 * The page has only one thread, and a step of a small network occupies it for a few milliseconds. Before each step the
 * browser gets its turn, so a key or a touch never waits for more than one step. This works over http and file://.
 */
(() => {
  "use strict";
  const { compute, isOpen, openSession } = globalThis.liveOnnx;
  const CARRIED = ["weights", "memory"]; // `next_…` of one step goes into the next

  const turns = new MessageChannel();
  const waiting = [];
  turns.port1.onmessage = () => waiting.shift()?.();

  /** Let the browser handle waiting events and frames. Unlike a timer, this is not slowed down after some rounds. */
  function breathe() {
    return new Promise((resolve) => {
      waiting.push(resolve);
      turns.port2.postMessage(0);
    });
  }

  const finite = (values) => {
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
    return true;
  };
  const toWire = ({ shape, data }) => (data instanceof DataView ? { shape, data } : wire(data));
  const wire = (values) => ({ shape: [values.length], data: new DataView(Float32Array.from(values).buffer) });

  /** Take the steps that were asked for, until one is not finite; undefined if `stale()` says they are not wanted any more. */
  async function takeSteps(session, asked, batchNames, stale) {
    const feeds = {};
    const batches = {};
    for (const name of session.inputNames) {
      if (!asked[name]?.data) throw new Error(`the input ${name} is missing`);
      const { shape, data } = asked[name];
      if (batchNames.includes(name)) batches[name] = { shape: shape.slice(1), data, bytes: data.byteLength / shape[0], count: shape[0] };
      else feeds[name] = { shape, data };
    }
    const count = Math.min(...Object.values(batches).map((batch) => batch.count));
    const [loss, gradient, parts] = [[], [], []];
    let whole = true;
    for (let i = 0; i < count && whole; i++) {
      await breathe();
      if (stale()) return undefined;
      for (const [name, { shape, data, bytes }] of Object.entries(batches)) {
        feeds[name] = { shape, data: new DataView(data.buffer, data.byteOffset + i * bytes, bytes) };
      }
      const results = await compute(session, feeds);
      loss.push(results.loss.data[0]);
      gradient.push(results.gradient.data[0]);
      if (results.parts) parts.push(...results.parts.data);
      whole = Number.isFinite(loss.at(-1)) && CARRIED.every((name) => finite(results[`next_${name}`]?.data ?? []));
      if (whole) for (const name of CARRIED) if (feeds[name]) feeds[name] = results[`next_${name}`];
    }
    await breathe();
    if (stale()) return undefined;
    const taken = { number: asked.number, finite: whole, loss: wire(loss), gradient: wire(gradient) };
    if (parts.length) taken.parts = wire(parts);
    for (const name of CARRIED) if (feeds[name]) taken[name] = toWire(feeds[name]);
    return taken;
  }

  /** Make `model` train by the step `onnx`; only the newest request counts. An error reaches the view as `taken.failed`. */
  function trainWith(model, onnx, show, reason) {
    const fail = (number, words) => model.set("taken", { number, failed: words });
    let busy = false;
    model.train = async () => {
      if (busy) return;
      busy = true;
      for (let asked; asked !== model.get("asked"); ) {
        asked = model.get("asked");
        if (!onnx) {
          fail(asked.number, "This widget trains only in a running notebook.");
          continue;
        }
        try {
          if (!isOpen(onnx)) show("loading");
          const session = await openSession(onnx);
          show("ready");
          const batchNames = Object.keys(model.get("settings").step.batch);
          const taken = await takeSteps(session, asked, batchNames, () => asked !== model.get("asked"));
          if (taken) model.set("taken", taken);
        } catch (problem) {
          fail(asked.number, `This could not be computed: ${reason(problem)}.`);
        }
      }
      busy = false;
    };
  }

  globalThis.liveTraining = { trainWith };
})();
