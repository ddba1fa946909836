/*
 * Shows a reader's own model in a widget. The model is an ONNX file, into which View.save_for_page has written which
 * widget it is for. The page fetches this script only once a file has been chosen. The file stays in the page.
 */
(() => {
  "use strict";
  const { liveOnnx, liveReading } = globalThis; // onnx.js and reading.js
  const { openSession, run } = liveOnnx;
  const VERSION = "1";
  const MOST = 100; // megabytes
  const NAMES = ["kind", "version", "settings", "inputs", "grows"];

  /** The fields of a protobuf message: calls back with the number and the bytes of each that has a length. */
  function readFields(bytes, each) {
    let at = 0;
    const varint = () => {
      let [value, factor] = [0, 1];
      for (;;) {
        if (at >= bytes.length || factor > 2 ** 49) throw new Error("it is not an ONNX model, or it is damaged");
        const byte = bytes[at++];
        value += (byte & 127) * factor;
        factor *= 128;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      const [field, kind] = [Math.floor(tag / 8), tag % 8];
      if (kind === 0) varint();
      else if (kind === 1) at += 8;
      else if (kind === 5) at += 4;
      else if (kind === 2) {
        const length = varint();
        if (at + length > bytes.length) throw new Error("it is not an ONNX model, or it is damaged");
        each(field, bytes.subarray(at, at + length));
        at += length;
      } else throw new Error("it is not an ONNX model, or it is damaged");
    }
  }

  /** The entries stored with the graph of a model: metadata_props, field 14, each with a key and a value. */
  function readMetadata(bytes) {
    const found = {};
    const words = (part) => new TextDecoder().decode(part);
    readFields(bytes, (field, entry) => {
      if (field !== 14) return;
      const pair = {};
      readFields(entry, (part, text) => (pair[part] = words(text)));
      found[pair[1]] = pair[2];
    });
    return Object.fromEntries(NAMES.map((name) => [name, found[`largemodels.${name}`]]));
  }

  /** Values as View.save_for_page writes them: bytes are {"bytes": base64}. */
  function readValues(text) {
    return JSON.parse(text, (_, value) => (typeof value?.bytes === "string" ? new DataView(liveOnnx.decode(value.bytes).buffer) : value));
  }

  const shapeOf = ({ shape }) => (shape.length ? shape.join(" × ") : "one number");
  const kindOf = (model) => model.get("_anywidget_id").split(".").at(-1);

  /** The first inputs for the model: the drawing that is there now, or the text that came with the file. */
  function fitInputs(now, own) {
    const [there, here] = [own, now].map((inputs) => Object.keys(inputs).sort()); // a notebook stores them sorted
    if (there.join() !== here.join()) throw new Error(`it takes ${there.join(", ") || "nothing"}, where ${here.join(", ")} is expected`);
    const fit = ([name, wire]) => {
      const image = wire.shape.length === 4;
      if (image && wire.shape.join() !== now[name].shape.join()) throw new Error(`it takes images of ${shapeOf(wire)}, where ${shapeOf(now[name])} is expected`);
      return [name, image ? now[name] : wire];
    };
    return Object.fromEntries(Object.entries(own).map(fit));
  }

  /** Replace the model by that of a file; returns the old one, for `give`. If that fails, it rejects with a sentence and changes nothing. */
  async function take(model, file) {
    const kind = kindOf(model);
    if (file.size > MOST * 1e6) throw new Error(`it has ${Math.round(file.size / 1e6)} MB, and a page takes at most ${MOST} MB`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (!bytes.length) throw new Error("it is empty");
    const found = readMetadata(bytes);
    if (!found.kind) throw new Error(`it does not say which widget it is for; write it with view.save_for_page("mine.onnx"), where view is a ${kind}`);
    if (found.kind !== kind) throw new Error(`it is for a ${found.kind}, and this is a ${kind}`);
    if (found.version !== VERSION) throw new Error(`it has version ${found.version} of the format, and this page reads version ${VERSION}`);
    let own, given, grows;
    try {
      [own, given, grows] = [found.settings, found.inputs, found.grows].map(readValues);
    } catch {
      throw new Error("the data stored with the model cannot be read");
    }
    const inputs = fitInputs(model.get("inputs"), given);
    const settings = model.get("settings");
    if (own.names && own.names.length !== settings.names.length) {
      throw new Error(`it has ${own.names.length} classes, where ${settings.names.length} are expected`);
    }
    const session = await openSession(bytes);
    const compute = (tensors) => liveOnnx.compute(session, tensors);
    const outputs = grows?.text ? liveOnnx.toWires(await new liveReading(grows).read(compute, inputs)) : await run(session, inputs);
    const lacking = Object.keys(model.get("outputs")).filter((name) => !(name in outputs));
    if (lacking.length && !own.layers) throw new Error(`it does not return ${lacking.join(", ")}`);
    const before = { settings, inputs: model.get("inputs"), outputs: model.get("outputs"), grows: model.get("grows"), onnx: model.page.onnx };
    const shown = "answers" in settings ? { ...settings, answers: null } : settings; // of the examples: the book's model's
    give(model, { settings: { ...shown, ...own }, inputs, outputs, grows, onnx: bytes });
    return before;
  }

  /** Let a model answer from now on. */
  function give(model, { settings, inputs, outputs, grows, onnx }) {
    for (const [name, value] of Object.entries({ settings, grows, inputs })) if (value !== undefined) model.set(name, value);
    model.changed.clear(); // nothing of that is to be answered: this is the answer
    globalThis.liveAnswers.answerWith(model, onnx, model.page.show);
    model.set("outputs", outputs);
    model.changed.clear();
    model.page.show("ready");
  }

  globalThis.liveOwn = { give, take };
})();
