/*
 * A Llama in the page. All blocks use one graph, each in a session of its own with its own weights; a second graph serves
 * the parts of the head. The weights become float32 one part at a time, in one buffer, so the model is never in memory
 * twice. parts.js and weights.js are loaded before.
 */
(() => {
  "use strict";
  const { compute, decode, loadRuntime } = globalThis.liveOnnx; // onnx.js
  const { Trouble, asRows, bring, fill, free, ofRow, rowSize, taken, tidy } = globalThis.liveReal;

  const tensor = (data, ...shape) => ({ shape, data });

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
        signal.throwIfAborted(); // what fails after that is of no interest
        if (problem instanceof RangeError || /alloc|memory/i.test(problem?.message ?? problem)) {
          throw new Trouble("The browser does not have enough memory left for the model, which takes about 0.9 GB: close other tabs");
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
      const ort = await loadRuntime(signal);
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
          if (i < parts && one === layout.at(-1)) this.table.push(asRows(packed, one)); // which is the embedding, too
          [at, to] = [packed.end, to + one[1] * one[2]];
        }
        await breathe();
        const externalData = [{ path: "weights", data: new Uint8Array(buffer.buffer, 0, 4 * to) }];
        const session = await ort.InferenceSession.create(i < parts ? head : block, { externalData, enableCpuMemArena: false });
        (i < parts ? this.heads : this.blocks).push(session);
        free(bytes);
        ort.env.wasm.wasmBinary = undefined; // it runs by now
        await breathe();
      }
      free(buffer);
    }

    /** The vectors of tokens, (t, width). */
    async embed(ids) {
      const { width, tokens } = this.index;
      const x = new Float32Array(ids.length * width);
      const size = rowSize(width);
      const rows = ids.map((id) => this.table[Math.floor(id / tokens)].slice((id % tokens) * size, ((id % tokens) + 1) * size));
      for (const [row, blob] of rows.entries()) x.set(ofRow(await blob.arrayBuffer(), width), row * width);
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
      for (const rows of [state.weights, state.queries, state.logits]) rows.slice(count).forEach(free);
      for (const rows of [state.ids, state.weights, state.queries, state.logits]) rows.length = count;
    }

    /**
     * Read tokens on. Of each token the state then has: `weights` (layers, heads, tokens up to it); `queries` (layers,
     * heads, depth); and `logits` of what comes next. `stop()`: whether it is of no use any more.
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
      let x = tensor(await this.embed(ids), t, width);
      const caches = [];
      const weights = ids.map((_, i) => new Float32Array(layers * heads * (s + i + 1)));
      const queries = ids.map(() => new Float32Array(layers * heads * depth));
      for (let layer = 0; layer < layers; layer++) {
        const on = tensor(state.on.slice(layer * heads, (layer + 1) * heads), heads);
        const out = await compute(this.blocks[layer], { x, past: state.caches[layer], cos: turns[0], sin: turns[1], mask, heads: on });
        free(x.data);
        x = out.y;
        caches.push(out.cache);
        ids.forEach((_, i) => {
          for (let head = 0; head < heads; head++) {
            const [start, unit] = [(head * t + i) * (s + t), layer * heads + head];
            weights[i].set(out.weights.data.subarray(start, start + s + i + 1), unit * (s + i + 1));
            queries[i].set(out.query.data.subarray((head * t + i) * depth, (head * t + i + 1) * depth), unit * depth);
          }
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
        throw new Trouble("The model’s answer is not a number: its weights are damaged");
      }
      for (const { data } of state.caches) free(data);
      state.caches = caches;
      state.ids.push(...ids);
      state.weights.push(...weights);
      state.queries.push(...queries);
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
