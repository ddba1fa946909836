/*
 * What a page with a Llama of its own answers to the attention explorer of tokens: the same as a kernel does
 * (token_attention_explorer.py). llama.js is loaded before.
 */
(() => {
  "use strict";
  const { Trouble } = globalThis.liveReal;
  const [LIKELIEST, MOST, REST, RULES] = [10, 10, 3, 4];
  const utf8 = new TextEncoder();

  const wire = (data, ...shape) => ({ shape, data: new DataView(data.buffer, data.byteOffset, data.byteLength) });

  /** Of logits, a function from a token to its probability at a temperature above 0. */
  function chances(logits, temperature = 1) {
    let most = -Infinity;
    for (const x of logits) if (x > most) most = x;
    let sum = 0;
    for (const x of logits) sum += Math.exp((x - most) / temperature);
    return (i) => Math.exp((logits[i] - most) / temperature) / sum;
  }

  /** The places of the largest numbers, the largest first, of equals the first; as many as there are of `count`. */
  function largest(numbers, count) {
    if (count > 100) return Array.from(numbers.keys()).sort((a, b) => numbers[b] - numbers[a] || a - b).slice(0, count);
    const best = [];
    for (let i = 0; i < numbers.length; i++) {
      if (best.length === count && numbers[i] <= numbers[best[count - 1]]) continue;
      let at = best.length;
      while (at > 0 && numbers[best[at - 1]] < numbers[i]) at -= 1;
      best.splice(at, 0, i);
      if (best.length > count) best.pop();
    }
    return best;
  }

  /** Draw a token, as largemodels.models.sampling does. */
  function draw(logits, { temperature, top_k, top_p }) {
    if (temperature === 0) return largest(logits, 1)[0];
    const p = chances(logits, temperature);
    if (top_k === null && top_p === 1) {
      let left = Math.random();
      const found = logits.findIndex((_, i) => (left -= p(i)) < 0);
      return found < 0 ? largest(logits, 1)[0] : found;
    }
    let drawn = largest(logits, top_k ?? logits.length);
    if (top_p < 1) {
      const all = drawn.reduce((sum, i) => sum + p(i), 0);
      let before = 0;
      drawn = drawn.filter((i) => {
        const enough = before >= top_p; // those before it had it all
        before += p(i) / all;
        return !enough;
      });
    }
    let left = Math.random() * drawn.reduce((sum, i) => sum + p(i), 0);
    return drawn.find((i) => (left -= p(i)) < 0) ?? drawn.at(-1);
  }

  function checkDials({ write, temperature, top_k, top_p }, vocabulary) {
    if (!(write >= 1 && write <= MOST)) throw new Trouble(`1 to ${MOST} tokens are written at once; got ${write}`);
    if (!(Number.isFinite(temperature) && temperature >= 0)) throw new Trouble(`temperature must be 0 or more; got ${temperature}`);
    if (!(top_k === null || (top_k >= 1 && top_k <= vocabulary))) throw new Trouble(`top_k must be from 1 to ${vocabulary}; got ${top_k}`);
    if (!(top_p > 0 && top_p <= 1)) throw new Trouble(`top_p must be above 0 and at most 1; got ${top_p}`);
  }

  class PageReading {
    /** `encode(text)` returns token ids; its `piece(id)` the bytes of one; `ends` are the ids that end an answer. */
    constructor(model, encode, ends, longest) {
      Object.assign(this, { model, encode, ends, longest, whole: model.start(), other: null, known: new WeakMap() });
    }

    /** Read ids, of which the first may have been read before; false if `stop()` said so. */
    async read(state, ids, stop) {
      let same = 0;
      while (same < Math.min(ids.length, state.ids.length) && ids[same] === state.ids[same]) same += 1;
      this.model.cut(state, same);
      return same === ids.length || this.model.advance(state, ids.slice(same), stop);
    }

    /** What is drawn of what is asked, or null if `stop()` has said that nobody waits for it. */
    async answer(asked, stop = () => false) {
      const { layers, heads } = this.model.index;
      let { text } = asked;
      const { place, off, turn } = asked;
      if (!text) throw new Trouble("the text is empty: type at least one character");
      for (const [layer, head] of [place, ...off]) {
        if (!(layer >= 0 && layer < layers && head >= 0 && head < heads)) {
          throw new Trouble(`there are ${layers} layers of ${heads} heads; got layer ${layer}, head ${head}`);
        }
      }
      let ids = this.encode(text);
      if (asked.write) {
        const written = await this.written(ids, asked, stop);
        if (!written) return null;
        text += written;
        ids = this.encode(text); // cut anew, as it stands there
      }
      const read = ids.slice(-this.longest);
      if (!(await this.read(this.whole, read, stop))) return null;
      const states = [this.whole];
      if (off.length) {
        const on = new Float32Array(layers * heads).fill(1);
        for (const [layer, head] of off) on[layer * heads + head] = 0;
        if (this.other?.on.join() !== on.join()) this.other = this.model.start(on);
        if (!(await this.read(this.other, read, stop))) return null;
        states.push(this.other);
      } else this.other = null;
      return {
        turn,
        text,
        pieces: read.map((id) => this.encode.piece(id)),
        dropped: ids.length - read.length,
        place,
        ...this.expected(states, read),
        ...this.looks(states.at(-1), read, place),
      };
    }

    /** What the model writes on: as many tokens as asked for, and those that end a character; null if stopped. */
    async written(ids, asked, stop) {
      checkDials(asked, this.model.index.vocabulary);
      if (!(await this.read(this.whole, ids.slice(-this.longest), stop))) return null;
      const [fresh, text] = [[], () => new TextDecoder().decode(new Uint8Array(fresh.flatMap((id) => this.encode.piece(id))))];
      while (fresh.length < asked.write + REST) {
        const next = draw(this.whole.logits.at(-1), asked);
        fresh.push(next);
        if (this.ends.includes(next) || (fresh.length >= asked.write && !text().endsWith("\uFFFD"))) break;
        if (!(await this.model.advance(this.whole, [next], stop))) return null;
      }
      while (text().endsWith("\uFFFD")) fresh.pop();
      return text();
    }

    /** Of logits, what does not change as the text grows: the probabilities, and the likeliest tokens. */
    told(logits, many) {
      if (!this.known.has(logits)) this.known.set(logits, { p: chances(logits), ids: largest(logits, many) });
      return this.known.get(logits);
    }

    /** Of the next tokens: those that are likeliest in the last of the states, and their probabilities in each. */
    expected(states, read) {
      const t = read.length;
      const many = Math.min(LIKELIEST, this.model.index.vocabulary);
      const probabilities = new Float32Array(states.length * t * many);
      const [actual, moved] = [new Float32Array(states.length * t), new Float32Array(states.length * t)];
      const expected = [];
      for (let i = 0; i < t; i++) {
        const rows = states.map((state) => this.told(state.logits[i], many));
        const [p, { ids }] = [rows.map((row) => row.p), rows.at(-1)];
        expected.push(ids.map((id) => this.encode.piece(id)));
        p.forEach((each, way) => {
          ids.forEach((id, k) => (probabilities[(way * t + i) * many + k] = each(id)));
          if (i + 1 < t) actual[way * t + i] = each(read[i + 1]);
          if (!way) return;
          for (let id = 0; id < this.model.index.vocabulary; id++) moved[way * t + i] += Math.abs(each(id) - p[0](id)) / 2;
        });
      }
      const n = states.length;
      return { expected, probabilities: wire(probabilities, n, t, many), actual: wire(actual, n, t), moved: wire(moved, n, t) };
    }

    /** Where the heads look: all of them in steps, the one at the place as it is, and how it does. */
    looks(state, read, [layer, head]) {
      const { layers, heads, kv_heads, depth } = this.model.index;
      const t = read.length;
      const each = (t * (t + 1)) / 2;
      const steps = new Uint8Array(layers * heads * each);
      const rows = new Float32Array(t * t);
      const query = new Float32Array(t * depth);
      const scores = new Float32Array(RULES * layers * heads);
      const rules = pointed(read);
      for (let i = 0; i < t; i++) {
        const weights = state.weights[i];
        for (let unit = 0; unit < layers * heads; unit++) {
          const [from, start] = [unit * (i + 1), unit * each + (i * (i + 1)) / 2];
          for (let s = 0; s <= i; s++) steps[start + s] = Math.round(weights[from + s] * 255);
          rules.forEach(({ places, count }, rule) => {
            for (const s of places[i]) scores[rule * layers * heads + unit] += weights[from + s] / count;
          });
        }
        const unit = layer * heads + head;
        rows.set(weights.subarray(unit * (i + 1), (unit + 1) * (i + 1)), i * t);
        query.set(state.queries[i].subarray(unit * depth, (unit + 1) * depth), i * depth);
      }
      const own = Math.floor(head / (heads / kv_heads));
      const cached = (which) => state.caches[layer].data.slice((which * kv_heads + own) * t * depth, (which * kv_heads + own + 1) * t * depth);
      return {
        weights: { ...wire(steps, layers, heads, each), step: 1 / 255 },
        rows: wire(rows, t, t),
        scores: wire(scores, RULES, layers, heads),
        query: wire(query, t, depth),
        key: wire(cached(0), t, depth),
        value: wire(cached(1), t, depth),
      };
    }
  }

  /** Where each of the rules points from each token, and from how many it does. */
  function pointed(ids) {
    const rules = [
      (i) => (i > 0 ? [0] : []),
      (i) => (i > 0 ? [i - 1] : []),
      (i) => (i > 0 ? [i] : []),
      (i) => [...ids.slice(0, i).keys()].filter((s) => ids[s] === ids[i]).map((s) => s + 1),
    ];
    return rules.map((rule) => {
      const places = ids.map((_, i) => rule(i));
      return { places, count: Math.max(1, places.filter((all) => all.length).length) };
    });
  }

  /** Encode as the tokenizer does where names of special tokens in a text become these. */
  function withNames(encoder, vocabulary) {
    const { names } = JSON.parse(vocabulary);
    const encode = encoder(vocabulary);
    const escaped = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const finder = escaped.length ? new RegExp(`(${escaped.sort((a, b) => b.length - a.length).join("|")})`, "u") : null;
    const all = (text) =>
      (finder ? text.split(finder) : [text]).flatMap((part) => {
        if (names.includes(part)) return [names.indexOf(part)];
        const { ids, lacking } = encode(part);
        if (lacking.length) throw new Trouble("the model has no token for some of the bytes of this text");
        return ids;
      });
    const bytes = names.map((name) => [...utf8.encode(name)]);
    all.piece = (id) => bytes[id] ?? encode.piece(id);
    return all;
  }

  Object.assign(globalThis.liveReal, { PageReading, withNames });
})();
