/*
 * Reads on. When a text has grown, it computes the answer for the new part only, and joins it to the stored answer for
 * the beginning. host.js, which is loaded after this file, uses it; onnx.js, which is loaded before, runs the graph.
 *
 * A view says in its value `grows` how its function does that (largemodels.live.growing):
 *   text     the input that grows along its axis 1
 *   axes     for each output, the axis along which it grows with the text; two axes for a square
 *   past     further inputs of the graph. Each is made of an `output`, of all of it or of its `last` row. `shape` is its
 *            shape before there was a text, where [input, axis] stands for the length of an axis of an input.
 * If any other input has changed, the whole text is read again. Never more than one text is kept.
 */
(() => {
  "use strict";

  /** The values of a tensor, which may be bytes, as the numbers that they are. */
  const numbers = ({ data }) =>
    data instanceof DataView ? new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)) : data;
  const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

  /** Copy rows `from` to `until` along the growing axes of a tensor into another, where they begin at `to`. */
  function copy(source, target, axes, from, until, to) {
    const [axis, square] = axes;
    const product = (shape) => shape.reduce((a, b) => a * b, 1);
    const outer = product(source.shape.slice(0, axis));
    const rows = [source.shape[axis], target.shape[axis]];
    // of a square, a row holds as many columns as there are places; what it has not seen stays 0
    const columns = [product(source.shape.slice(axis + 1)), product(target.shape.slice(axis + 1))];
    const width = square === undefined ? columns[0] : Math.min(...columns);
    for (let o = 0; o < outer; o++) {
      if (width === columns[0] && width === columns[1]) {
        const start = (o * rows[0] + from) * width;
        target.data.set(source.data.subarray(start, start + (until - from) * width), (o * rows[1] + to) * width);
        continue;
      }
      for (let row = from; row < until; row++) {
        const start = (o * rows[0] + row) * columns[0];
        target.data.set(source.data.subarray(start, start + width), (o * rows[1] + to + row - from) * columns[1]);
      }
    }
  }

  /** Join blocks of rows to one tensor of the first `count` rows. */
  function join(blocks, axes, count) {
    if (blocks.length === 1 && blocks[0].shape[axes[0]] === count) return blocks[0];
    const shape = [...blocks[0].shape];
    for (const axis of axes) shape[axis] = count;
    const whole = { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    let done = 0;
    for (const block of blocks) {
      const rows = Math.min(block.shape[axes[0]], count - done);
      if (rows <= 0) break;
      copy(block, whole, axes, 0, rows, done);
      done += rows;
    }
    return whole;
  }

  /** What was read of one text: `run(feeds)` is the graph's, from tensors to tensors. */
  class Reading {
    constructor(grows) {
      this.grows = grows;
      this.forget();
    }

    /** Begin anew at the next text. */
    forget() {
      this.points = [];
      this.others = {};
      this.blocks = []; // answers for a part of the text each, one after the other
      this.kept = {}; // of the past, what the graph will be given
    }

    /** Read what is new of the text; return the answer for a part of it that ends where the text does. */
    async readOn(run, inputs) {
      const { text, past } = this.grows;
      const points = numbers(inputs[text]);
      const others = Object.fromEntries(Object.keys(inputs).filter((name) => name !== text).map((name) => [name, numbers(inputs[name])]));
      if (Object.keys(others).some((name) => !this.others[name] || !same(others[name], this.others[name]))) this.forget();
      let begin = 0;
      while (begin < points.length && points[begin] === this.points[begin]) begin++;
      if (begin < this.points.length) this.cut(begin);
      if (begin === points.length) return this.blocks.at(-1); // it was read before, as the beginning of another

      const rest = { shape: [1, points.length - begin], data: points.slice(begin) };
      const feeds = { ...inputs, [text]: rest };
      for (const name of Object.keys(past)) feeds[name] = this.kept[name] ?? this.nothing(past[name], inputs);
      const block = await run(feeds).catch((problem) => {
        this.forget();
        throw problem;
      });
      this.blocks.push(block);
      [this.points, this.others] = [points, others];
      for (const [name, { output, last }] of Object.entries(past)) {
        const axes = this.grows.axes[output];
        const before = last || !this.kept[name] ? [] : [this.kept[name]];
        this.kept[name] = last ? this.row(block[output], axes[0]) : join([...before, block[output]], axes, points.length);
      }
      return block;
    }

    /** Read on, and return the answer for the whole text. */
    async read(run, inputs) {
      await this.readOn(run, inputs);
      if (this.blocks.length > 1) this.blocks = [this.whole(this.points.length)];
      return this.blocks[0];
    }

    /** Keep the answer for the first `count` places only. */
    cut(count) {
      this.points = this.points.slice(0, count);
      if (!count) return this.forget();
      const whole = this.whole(count);
      this.blocks = [whole];
      for (const [name, { output, last }] of Object.entries(this.grows.past)) {
        this.kept[name] = last ? this.row(whole[output], this.grows.axes[output][0]) : whole[output];
      }
    }

    whole(count) {
      const { axes } = this.grows;
      const newest = this.blocks.at(-1);
      const joined = Object.keys(newest).map((name) => {
        const parts = this.blocks.map((block) => block[name]);
        return [name, axes[name] ? join(parts, axes[name], count) : newest[name]];
      });
      return Object.fromEntries(joined);
    }

    /** The last row along an axis. */
    row(tensor, axis) {
      const count = tensor.shape[axis];
      const shape = tensor.shape.map((n, i) => (i === axis ? 1 : n));
      const one = { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
      copy(tensor, one, [axis], count - 1, count, 0);
      return one;
    }

    /** The past before there was a text. */
    nothing({ shape }, inputs) {
      const sizes = shape.map((n) => (Array.isArray(n) ? inputs[n[0]].shape[n[1]] : n));
      return { shape: sizes, data: new Float32Array(sizes.reduce((a, b) => a * b, 1)) };
    }
  }

  globalThis.liveReading = Reading;
})();
