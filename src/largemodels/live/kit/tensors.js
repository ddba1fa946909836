// Tensors of the model, read and written, and numbers in words.
//
// Python joins the parts of a view to one text (view.py), so these are plain functions without import and export.

/** Read a tensor of the model: {shape, data: bytes} becomes {shape, data: Float32Array}. */
function fromWire(wire) {
  const { buffer, byteOffset, byteLength } = wire.data;
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  if (wire.step === undefined) return { shape: wire.shape, data: new Float32Array(bytes) };
  return { shape: wire.shape, data: Float32Array.from(new Uint8Array(bytes), (n) => n * wire.step) };
}

/** Write a tensor for the model; values in row-major order. */
function toWire(shape, values) {
  return { shape: [...shape], data: new DataView(Float32Array.from(values).buffer) };
}

/** Hand new inputs to the function; inputs not named keep their value. */
function setInputs(model, changed) {
  model.set("inputs", { ...model.get("inputs"), ...changed });
  model.save_changes();
}

/** The largest magnitude: what a diverging scale spans on both sides of zero. */
function largest(values) {
  let most = 0;
  for (const v of values) if (Math.abs(v) > most) most = Math.abs(v);
  return most;
}

/** The smallest and the largest of some numbers. */
function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}

/** Write a number with fixed decimals, a true minus sign, and no "−0.00". */
function format(number, digits = 2) {
  const text = Math.abs(number).toFixed(digits);
  return (number < 0 && Number(text) !== 0 ? "−" : "") + text;
}
