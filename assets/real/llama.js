/*
 * A Llama in the page: one graph for all blocks, each in a session of its own with its own weights, and one for the parts
 * of the head. Weights come in few bits (largemodels/export/page_llama.py) and are made float32 part by part, in one
 * buffer, so that the whole model never stands in memory twice. parts.js is loaded before.
 */
(() => {
  "use strict";
  const { compute, decode, loadRuntime } = globalThis.liveOnnx; // onnx.js
  const { Trouble, bring, free, tidy } = globalThis.liveReal;
  const BLOCK = 32;

  const product = (shape) => shape.reduce((a, b) => a * b, 1);
  const tensor = (data, ...shape) => ({ shape, data });

  /** float16 as float32, for each of its 65,536 patterns. */
  const halves = (() => {
    let table;
    return () => {
      if (table) return table;
      table = new Float32Array(65536);
      for (let bits = 0; bits < 65536; bits++) {
        const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
        const size = exponent === 31 ? NaN : exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24;
        table[bits] = bits >> 15 ? -size : size;
      }
      return table;
    };
  })();

  /** The parts of a tensor in `bytes` from `at`: scales, least numbers, whole numbers; and where it ends. */
  function taken(bytes, at, [kind, rows, columns]) {
    const cut = (length, Kind) => new Kind(bytes.buffer, bytes.byteOffset + at, length, (at += length * Kind.BYTES_PER_ELEMENT));
    if (kind === "F32") return { numbers: cut(rows * columns, Float32Array), end: at };
    const shared = (rows / BLOCK) * columns;
    const scales = cut(shared, Uint16Array);
    const least = kind === "Q4_1" ? cut(shared, Uint16Array) : null;
    const numbers = kind === "Q4_1" ? cut((rows * columns) / 2, Uint8Array) : cut(rows * columns, Int8Array);
    return { scales, least, numbers, end: at };
  }

  /** Write the float32 numbers of a tensor, (in, out), from place `to` on. */
  function fill(target, to, { scales, least, numbers }, [kind, rows, columns]) {
    if (kind === "F32") return target.set(numbers, to);
    const real = halves();
    const deep = kind === "Q4_1" ? BLOCK / 2 : BLOCK; // rows of bytes
    for (let block = 0; block < rows / BLOCK; block++) {
      const first = block * columns;
      for (let i = 0; i < deep; i++) {
        const from = (block * deep + i) * columns;
        const low = to + (block * BLOCK + i) * columns;
        if (kind === "Q8_0") {
          for (let o = 0; o < columns; o++) target[low + o] = real[scales[first + o]] * numbers[from + o];
          continue;
        }
        const high = low + deep * columns;
        for (let o = 0; o < columns; o++) {
          const [scale, from0, both] = [real[scales[first + o]], real[least[first + o]], numbers[from + o]];
          target[low + o] = scale * (both & 15) + from0;
          target[high + o] = scale * (both >> 4) + from0;
        }
      }
    }
  }

  /** Let the page draw and hear the reader, if it has not for a while. */
  let last = 0;
  async function breathe() {
    if (performance.now() - last < 12) return;
    await new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = resolve;
      port2.postMessage(0);
    });
    last = performance.now();
  }

  const PIECE = 16; // tokens that are read at once: more would take more memory, and the page could not draw meanwhile

  class PageLlama {
    /** Bring and open the model of an index; `tell(bytes, parts)` hears how far it is. */
    static async open(index, signal, tell) {
      const model = new PageLlama(index);
      try {
        await model.fill(signal, tell);
      } catch (problem) {
        await model.release();
        if (problem instanceof RangeError || /alloc|memory/i.test(problem?.message ?? problem)) {
          throw new Trouble("The browser has no memory left for the model, which takes some 0.9 GB: close other tabs");
        }
        throw problem;
      }
      return model;
    }

    constructor(index) {
      Object.assign(this, { index, blocks: [], heads: [], table: [] });
    }

    async fill(signal, tell) {
      const { index } = this;
      await tidy(index.parts.map(([name]) => name)).catch(() => {});
      const before = index.parts.map((_, i) => index.parts.slice(0, i).reduce((sum, [, size]) => sum + size, 0));
      const part = async (i) => {
        const bytes = await bring(index.parts[i], `Part ${i + 1} of ${index.parts.length}`, signal, (n) => tell(before[i] + n, i));
        signal.throwIfAborted();
        return bytes;
      };
      const first = JSON.parse(new TextDecoder().decode(await part(0)));
      const [block, head] = [decode(first.block), decode(first.head)];
      [this.cos, this.sin] = [first.cos, first.sin].map((text) => new Float32Array(decode(text).buffer));
      Object.assign(this, { vocabulary: first.vocabulary, encoder: first.encoder });
      const ort = await loadRuntime();
      const size = (layout) => layout.reduce((sum, [, rows, columns]) => sum + rows * columns, 0);
      const buffer = new Float32Array(Math.max(size(index.block), size(index.head)));
      const parts = index.vocabulary / index.tokens;
      for (let i = 0; i < parts + index.layers; i++) {
        const bytes = await part(1 + i);
        const layout = i < parts ? index.head : index.block;
        let [at, to] = [0, 0];
        for (const one of layout) {
          const packed = taken(bytes, at, one);
          fill(buffer, to, packed, one);
          if (i < parts && one === layout.at(-1)) this.table.push(packed); // which is the embedding, too
          [at, to] = [packed.end, to + one[1] * one[2]];
        }
        await breathe();
        const externalData = [{ path: "weights", data: new Uint8Array(buffer.buffer, 0, 4 * to) }];
        const session = await ort.InferenceSession.create(i < parts ? head : block, { externalData, enableCpuMemArena: false });
        (i < parts ? this.heads : this.blocks).push(session);
        if (i >= parts) free(bytes);
        ort.env.wasm.wasmBinary = undefined; // it runs by now
        await breathe();
      }
      free(buffer);
    }

    /** The vectors of tokens, (t, width). */
    embed(ids) {
      const { width, tokens, head } = this.index;
      const [kind] = head.at(-1);
      const x = new Float32Array(ids.length * width);
      const real = halves();
      ids.forEach((id, row) => {
        const { scales, least, numbers } = this.table[Math.floor(id / tokens)];
        const o = id % tokens;
        for (let i = 0; i < width; i++) {
          const at = Math.floor(i / BLOCK) * tokens + o;
          const deep = i % BLOCK;
          const both = kind === "Q4_1" ? numbers[(Math.floor(i / BLOCK) * (BLOCK / 2) + (deep % (BLOCK / 2))) * tokens + o] : 0;
          if (kind === "F32") x[row * width + i] = numbers[i * tokens + o];
          else if (kind === "Q8_0") x[row * width + i] = real[scales[at]] * numbers[i * tokens + o];
          else x[row * width + i] = real[scales[at]] * (deep < BLOCK / 2 ? both & 15 : both >> 4) + real[least[at]];
        }
      });
      return x;
    }

    /** What is read of a text: nothing yet. `on` has 1 for each head, layer by layer, that is on. */
    start(on = new Float32Array(this.index.layers * this.index.heads).fill(1)) {
      const { layers, kv_heads, depth } = this.index;
      const caches = Array.from({ length: layers }, () => tensor(new Float32Array(0), 2, kv_heads, 0, depth));
      return { on, ids: [], caches, weights: [], queries: [], logits: [] };
    }

    /** Forget all but the first `count` tokens. */
    cut(state, count) {
      if (count === state.ids.length) return;
      state.caches = state.caches.map(({ shape: [two, kv, s, d], data }) => {
        const kept = new Float32Array(two * kv * count * d);
        for (let i = 0; i < two * kv; i++) kept.set(data.subarray(i * s * d, (i * s + count) * d), i * count * d);
        free(data);
        return tensor(kept, two, kv, count, d);
      });
      state.logits.slice(count).forEach(free);
      for (const rows of [state.ids, state.weights, state.queries, state.logits]) rows.length = count;
    }

    /**
     * Read tokens on. Of each token the state then has: `weights` and `queries`, an array for each layer, (heads, tokens
     * up to it) and (heads, depth); and `logits` of what comes next. `stop()`: whether it is of no use any more.
     */
    async advance(state, ids, stop = () => false) {
      for (let i = 0; i < ids.length; i += PIECE) if (!(await this.step(state, ids.slice(i, i + PIECE), stop))) return false;
      return true;
    }

    async step(state, ids, stop) {
      const { width, heads, depth, room, layers } = this.index;
      const [t, s] = [ids.length, state.ids.length];
      if (s + t > room) throw new Trouble(`the page reads ${room} tokens at most; got ${s + t}`);
      const turns = [this.cos, this.sin].map((all) => tensor(all.slice((s * depth) / 2, ((s + t) * depth) / 2), t, depth / 2));
      const mask = tensor(new Float32Array(t * (s + t)), t, s + t);
      for (let i = 0; i < t; i++) mask.data.fill(-1e30, i * (s + t) + s + i + 1, (i + 1) * (s + t));
      let x = tensor(this.embed(ids), t, width);
      const caches = [];
      const rows = ids.map(() => ({ weights: [], query: [] }));
      for (let layer = 0; layer < layers; layer++) {
        const on = tensor(state.on.slice(layer * heads, (layer + 1) * heads), heads);
        const out = await compute(this.blocks[layer], { x, past: state.caches[layer], cos: turns[0], sin: turns[1], mask, heads: on });
        free(x.data);
        x = out.y;
        caches.push(out.cache);
        rows.forEach((row, i) => {
          const [weights, query] = [new Float32Array(heads * (s + i + 1)), new Float32Array(heads * depth)];
          for (let head = 0; head < heads; head++) {
            const start = (head * t + i) * (s + t);
            weights.set(out.weights.data.subarray(start, start + s + i + 1), head * (s + i + 1));
            query.set(out.query.data.subarray((head * t + i) * depth, (head * t + i + 1) * depth), head * depth);
          }
          row.weights.push(weights);
          row.query.push(query);
        });
        [out.weights, out.query].forEach(({ data }) => free(data));
        await breathe();
        if (stop()) return false;
      }
      const logits = ids.map(() => new Float32Array(this.index.vocabulary));
      for (const [k, head] of this.heads.entries()) {
        const { data } = (await compute(head, { x })).logits;
        const many = this.index.tokens;
        logits.forEach((row, i) => row.set(data.subarray(i * many, (i + 1) * many), k * many));
        free(data);
        await breathe();
      }
      free(x.data);
      if (!logits.every((row) => row.every(Number.isFinite))) {
        throw new Trouble("The model answers with something that is not a number: its weights are damaged");
      }
      for (const { data } of state.caches) free(data);
      state.caches = caches;
      state.ids.push(...ids);
      state.weights.push(...rows.map((row) => row.weights));
      state.queries.push(...rows.map((row) => row.query));
      state.logits.push(...logits);
      return true;
    }

    async release() {
      for (const session of [...this.blocks, ...this.heads]) await session.release().catch(() => {});
      Object.assign(this, { blocks: [], heads: [], table: [] });
    }
  }

  globalThis.liveReal.PageLlama = PageLlama;
})();
