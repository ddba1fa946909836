// Byte-pair encoding in the browser, as BytePairs does it in Python.

/**
 * Make of a vocabulary, JSON as page_vocabulary writes it, the function that encodes a text.
 * That returns {ids, pieces, lacking}: token ids, the bytes of each, and bytes of the text that no token has. Its `piece`
 * tells the bytes of a token by its id.
 */
function tokenEncoder(json) {
  const { names, bytes, left, right, patterns } = JSON.parse(json);
  const first = names.length + bytes.length; // the first token that was merged
  const size = first + left.length;
  const single = new Int32Array(256).fill(-1); // a byte → its token
  bytes.forEach((byte, i) => (single[byte] = names.length + i));
  const merges = new Map(left.map((id, i) => [id * size + right[i], i])); // a pair → its place in the order
  const order = (a, b) => merges.get(a * size + b) ?? Infinity;
  const cuts = patterns.map((pattern) => new RegExp(pattern, "gu"));
  const utf8 = new TextEncoder();
  const known = new Map(); // words come again and again
  const pieces = new Map();

  /** The bytes of a token. */
  function piece(id) {
    if (id < first) return [bytes[id - names.length]];
    if (!pieces.has(id)) pieces.set(id, [...piece(left[id - first]), ...piece(right[id - first])]);
    return pieces.get(id);
  }

  /** What the pattern matches in a text, and what lies between. */
  function cut(text, pattern) {
    const parts = [];
    let end = 0;
    for (const { 0: match, index } of text.matchAll(pattern)) {
      if (index > end) parts.push(text.slice(end, index));
      parts.push(match);
      end = index + match.length;
    }
    return end < text.length ? [...parts, text.slice(end)] : parts;
  }

  /** Merge the pair that comes first in the order, the leftmost of them, until no pair can be merged. */
  function merge(ids) {
    const orders = ids.slice(1).map((id, i) => order(ids[i], id));
    while (orders.length) {
      let at = 0;
      for (let i = 1; i < orders.length; i++) if (orders[i] < orders[at]) at = i;
      if (orders[at] === Infinity) break;
      ids.splice(at, 2, first + orders[at]);
      orders.splice(at, 1);
      if (at > 0) orders[at - 1] = order(ids[at - 1], ids[at]);
      if (at < orders.length) orders[at] = order(ids[at], ids[at + 1]);
    }
    return ids;
  }

  function encodeWord(word) {
    const all = [...utf8.encode(word)];
    const lacking = all.filter((byte) => single[byte] < 0);
    return { ids: merge(all.filter((byte) => single[byte] >= 0).map((byte) => single[byte])), lacking };
  }

  const encode = (text) => {
    const words = cuts.reduce((parts, pattern) => parts.flatMap((part) => cut(part, pattern)), text ? [text] : []);
    if (known.size > 20000) known.clear();
    const found = words.map((word) => {
      if (!known.has(word)) known.set(word, encodeWord(word));
      return known.get(word);
    });
    const ids = found.flatMap((word) => word.ids);
    return { ids, pieces: ids.map(piece), lacking: found.flatMap((word) => word.lacking) };
  };
  encode.piece = piece;
  return encode;
}
