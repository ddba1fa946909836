// What the model answered about tokens: the numbers of every head, and the tokens in words.

const utf8 = new TextEncoder();

/** A token as it can be seen: its characters, spaces and line ends with a sign; or its bytes where it is part of one. */
function pieceLabel(bytes) {
  const text = textOf(bytes);
  if (text === null) return hex(bytes);
  return Array.from(text, (character, i) => (i && /\p{M}/u.test(character) ? character : glyph(character))).join("");
}

/** The outputs, with a way to the numbers of every head and token, and to their names; see inWords. */
function openTokens(outputs, { layers, heads }) {
  const { pieces, place } = outputs;
  const text = pieces.map(pieceLabel);
  const t = text.length;
  const packed = fromWire(outputs.weights).data; // of all heads: row by row, without what comes later
  const each = (t * (t + 1)) / 2;
  const tensors = Object.fromEntries(["rows", "query", "key", "value", "scores", "actual", "moved", "probabilities"].map((name) => [name, fromWire(outputs[name])]));
  const depth = tensors.query.shape[1];
  const many = tensors.probabilities.shape[2];
  const maps = new Map(); // those that were asked for
  const closely = (layer, head) => layer === place[0] && head === place[1];

  function unpack(i) {
    const map = new Float32Array(t * t);
    for (let row = 0; row < t; row++) {
      const start = i * each + (row * (row + 1)) / 2;
      map.set(packed.subarray(start, start + row + 1), row * t);
    }
    return map;
  }

  const answer = {
    text,
    layers,
    heads,
    depth,
    ways: tensors.moved.shape[0], // to switch heads; the last is the reader's
    spelt: (i) => `“${text[i]}”`,
    glyph: (i) => text[i],
    /** Whether queries, keys and values are those of this head. */
    closely,
    map: (layer, head) => {
      const i = layer * heads + head;
      if (!maps.has(i)) maps.set(i, closely(layer, head) ? tensors.rows.data : unpack(i));
      return maps.get(i);
    },
    weights: (layer, head, i) => answer.map(layer, head).subarray(i * t, (i + 1) * t),
    /** "query", "key" or "value" at a token, of the head that is looked at closely. */
    vector: (name, layer, head, i) => tensors[name].data.subarray(i * depth, (i + 1) * depth),
    /** How much of its weight a head puts where a rule points. */
    score: (rule, layer, head) => tensors.scores.data[(rule * layers + layer) * heads + head],
    moved: (way) => tensors.moved.data.subarray(way * t, (way + 1) * t),
    /** What is expected after a token: {bytes, label, chances}, a chance for each of the ways. */
    expected: (i) =>
      outputs.expected[i].map((bytes, k) => ({
        bytes,
        label: pieceLabel(bytes),
        chances: Array.from({ length: answer.ways }, (_, way) => tensors.probabilities.data[(way * t + i) * many + k]),
      })),
    /** The same of the token that follows in the text. */
    following: (i) =>
      i + 1 < t ? { bytes: pieces[i + 1], label: text[i + 1], chances: Array.from({ length: answer.ways }, (_, way) => tensors.actual.data[way * t + i]) } : null,
    /** The token in which the byte before a place of the whole text ends. */
    at: (bytes) => {
      let left = bytes - answer.before();
      return Math.max(0, pieces.findIndex(({ length }) => (left -= length) <= 0));
    },
    /** How many bytes of the text stand before the first token that was read; and end with the token i. */
    before: () => utf8.encode(outputs.text).length - pieces.reduce((sum, { length }) => sum + length, 0),
    upTo: (i) => answer.before() + pieces.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0),
  };
  return inWords(answer, "token");
}

/** A text with a token inserted after so many of its bytes, or null where that would cut a character. */
function inserted(text, place, bytes) {
  const all = Array.from(utf8.encode(text));
  return textOf([...all.slice(0, place), ...bytes, ...all.slice(place)]);
}
