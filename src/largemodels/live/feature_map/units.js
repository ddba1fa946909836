// Units of the network: where they stand, what they see, and what they read it with.

/** Where a unit's number stands in its tensor. */
function at({ layer, channel, row, column }) {
  const [, height, width] = layer.shape;
  return (channel * height + row) * width + column;
}

/** The unit of a layer with the largest number. */
function strongest(layer, tensors) {
  const [, height, width] = layer.shape;
  const values = tensors[layer.tap];
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  const channel = Math.floor(best / (height * width));
  return { layer, channel, row: Math.floor(best / width) % height, column: best % width };
}

/**
 * What a unit sees of every layer before it: layer → rectangle of units, edges included, in one map or in `all`.
 * `channel` is the map to point out: the unit's own, or behind a sum the one whose share `part` is written out.
 */
function traceBack({ layer, channel, row, column }, part = -1) {
  const boxes = new Map();
  let box = { top: row, left: column, bottom: row, right: column, all: false, channel };
  boxes.set(layer, box);
  for (let above = layer; above.before; above = above.before) {
    const { kind, stride, padding, kernel, before } = above;
    const [, height, width] = before.shape;
    box = {
      top: Math.max(0, box.top * stride - padding),
      left: Math.max(0, box.left * stride - padding),
      bottom: Math.min(height - 1, box.bottom * stride - padding + kernel - 1),
      right: Math.min(width - 1, box.right * stride - padding + kernel - 1),
      all: box.all || kind === "sum",
      channel: kind === "max" ? box.channel : above === layer ? part : -1,
    };
    boxes.set(before, box);
  }
  return boxes;
}

/** The units that a window covers in one channel of a layer, row by row; 0 beyond the edge. */
function patchUnder({ layer, row, column }, channel, values) {
  const { kernel, stride, padding, before } = layer;
  const [, height, width] = before.shape;
  const patch = [];
  for (let p = 0; p < kernel; p++) {
    for (let q = 0; q < kernel; q++) {
      const [r, c] = [row * stride - padding + p, column * stride - padding + q];
      const inside = r >= 0 && r < height && c >= 0 && c < width;
      patch.push(inside ? values[(channel * height + r) * width + c] : 0);
    }
  }
  return patch;
}

/** The kernel with which a unit's layer reads one channel of the layer before. */
function kernelFor({ layer, channel }, from) {
  const area = layer.kernel ** 2;
  const start = (channel * layer.before.shape[0] + from) * area;
  return layer.weight.subarray(start, start + area);
}

/** A unit in words. */
function describe(unit, value) {
  const { layer, channel, row, column } = unit;
  if (layer.shape[1] === 1) return `${layer.title}: ${format(value, 4)}`;
  const seen = [...traceBack(unit).values()].at(-1);
  return (
    `${layer.title}, map ${channel + 1}, row ${row + 1}, column ${column + 1}: ${format(value, 4)}. ` +
    `It sees rows ${seen.top + 1} to ${seen.bottom + 1} and columns ${seen.left + 1} to ${seen.right + 1} of the drawing.`
  );
}

function sameUnit(a, b) {
  return a.layer === b.layer && a.channel === b.channel && a.row === b.row && a.column === b.column;
}
