/*
 * Reads the parts of the real model for llama.js: weights in few bits, as largemodels/export/page_llama.py writes them.
 * parts.js is loaded before.
 */
(() => {
  "use strict";
  const { free } = globalThis.liveReal;
  const BLOCK = 32;

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

  const rowSize = (width) => width + (2 * width) / BLOCK; // bytes of a token's vector: scales, then whole numbers

  /** The vectors of the tokens of a part one after the other, in a Blob: the browser keeps it outside the page's memory. */
  function asRows({ scales, numbers }, [, width, tokens]) {
    const rows = new Uint8Array(tokens * rowSize(width));
    const halfs = new Uint16Array(rows.buffer);
    for (let i = 0; i < width / BLOCK; i++) {
      for (let o = 0; o < tokens; o++) halfs[(o * rowSize(width)) / 2 + i] = scales[i * tokens + o];
    }
    const first = (2 * width) / BLOCK;
    for (let i = 0; i < width; i++) {
      for (let o = 0; o < tokens; o++) rows[o * rowSize(width) + first + i] = numbers[i * tokens + o];
    }
    const blob = new Blob([rows]);
    free(rows);
    return blob;
  }

  /** The vector of a token, of its row. */
  function ofRow(bytes, width) {
    const scales = new Uint16Array(bytes, 0, width / BLOCK);
    const numbers = new Int8Array(bytes, 2 * scales.length);
    const real = halves();
    return Float32Array.from(numbers, (number, i) => real[scales[Math.floor(i / BLOCK)]] * number);
  }

  Object.assign(globalThis.liveReal, { asRows, fill, ofRow, rowSize, taken });
})();
