/*
 * Brings the parts of the real model, which lie beside the page, for llama.js. Over http they come as bytes, which the
 * browser keeps for the next visit if the page's origin allows it; from file://, where nothing can be fetched, as scripts.
 */
(() => {
  "use strict";
  const FOLDER = new URL("../vendor/real/", document.currentScript.src).href;
  const STORE = "inside-large-ai-models: real model";
  const { addScript, decode } = globalThis.liveOnnx; // onnx.js

  /** What went wrong, in a sentence for the reader. */
  class Trouble extends Error {}

  /** Give memory back at once, if the browser can, instead of waiting for the garbage collector. */
  const free = (bytes) => bytes.buffer.transfer?.(0);

  /** Put together what a stream brings, of which the length is known; `count(bytes)` hears how much is there. */
  async function collect(stream, length, count) {
    const whole = new Uint8Array(length);
    const reader = stream.getReader();
    let place = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      if (place + value.length > length) throw new Error("it is too long");
      whole.set(value, place);
      place += value.length;
      free(value);
      count?.(place);
    }
    if (place !== length) throw new Error(`it has ${place} bytes of ${length}`);
    return whole;
  }

  /** Unpack a part. Its gzip has a checksum, so damage is noticed. */
  async function unpack(packed, length) {
    const gunzip = new DecompressionStream("gzip");
    const writer = gunzip.writable.getWriter();
    const written = writer.write(packed).then(() => writer.close());
    written.catch(() => {}); // told by what is read
    const bytes = await collect(gunzip.readable, length);
    await written;
    return bytes;
  }

  /** Where the browser keeps parts, or nothing: at file://, over http from another machine, or where the reader forbids it. */
  async function openStore() {
    try {
      return location.protocol === "file:" ? null : await globalThis.caches?.open(STORE);
    } catch {
      return null;
    }
  }

  /** Throw away what is kept of other models, or of this one before. */
  async function tidy(names) {
    const store = await openStore();
    const wanted = new Set(names.map((name) => `${FOLDER}${name}.bin`));
    for (const { url } of (await store?.keys()) ?? []) if (!wanted.has(url)) await store.delete(url);
  }

  async function download(url, size, signal, count) {
    const answer = await fetch(url, { signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return collect(answer.body, size, count);
  }

  /** Let only one tab at a time work on a part: what one tab has fetched, the others need not fetch. */
  const alone = (name, signal, what) => (navigator.locks ? navigator.locks.request(`${STORE}: ${name}`, { signal }, what) : what());

  /**
   * Promise the bytes of a part; `what` it is called in complaints, `count(bytes)` hears how many of it are here.
   * Rejects with a Trouble, or as the `signal` says.
   */
  async function bring([name, size, length], what, signal, count) {
    if (location.protocol === "file:") {
      await addScript(`${FOLDER}${name}.js`, what).catch(() => {
        throw new Trouble(`${what} is missing: is this copy of the book complete? \`make real\` writes it again`);
      });
      signal.throwIfAborted();
      const packed = decode(globalThis.liveModels?.[name] ?? "");
      delete globalThis.liveModels?.[name];
      count(size);
      const bytes = await unpack(packed, length).catch(() => {
        throw new Trouble(`${what} is damaged: \`make real\` writes it again`);
      });
      free(packed);
      return bytes;
    }
    return alone(name, signal, async () => {
      const url = `${FOLDER}${name}.bin`;
      const store = await openStore();
      const kept = await store?.match(url).catch(() => undefined);
      if (kept) {
        try {
          const packed = await collect(kept.body, size, count);
          const bytes = await unpack(packed, length);
          free(packed);
          return bytes;
        } catch {
          await store.delete(url).catch(() => {}); // damaged, or gone: fetched again
        }
      }
      const packed = await download(url, size, signal, count).catch((problem) => {
        signal.throwIfAborted();
        const why = navigator.onLine === false ? "there is no network" : `${problem.message}`.slice(0, 80);
        throw new Trouble(`${what} could not be fetched (${why})`);
      });
      const bytes = await unpack(packed, length).catch(() => {
        throw new Trouble(`${what} arrived damaged`);
      });
      await store?.put(url, new Response(packed)).catch(() => {}); // where there is no room it is fetched again next time
      free(packed);
      return bytes;
    });
  }

  /** Promise the book's description of its real model, or null if the book has none. */
  async function readIndex() {
    const url = `${FOLDER}index.js`;
    if (globalThis.liveRealModel === undefined) {
      // the browser may keep what was said before the model was made: let it ask whether that still holds
      if (location.protocol !== "file:") await fetch(url, { cache: "no-cache" }).catch(() => {});
      await addScript(url, "the description of the real model");
    }
    return globalThis.liveRealModel;
  }

  globalThis.liveReal = { Trouble, bring, free, readIndex, tidy };
})();
