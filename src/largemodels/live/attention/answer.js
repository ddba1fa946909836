// What the model answered: the numbers of every head and character, and their names.

const FAINTEST = 0.02; // weights below it get no line

const characters = (points) => Array.from(points, (point) => String.fromCodePoint(point));
const titled = (layer, head, l = "l") => `${l}ayer ${layer + 1}, head ${head + 1}`;

/** The outputs, with a way to the numbers of every head and character, and to their names. */
function openAnswer(outputs) {
  const tensors = Object.fromEntries(Object.entries(outputs).map(([name, wire]) => [name, fromWire(wire).data]));
  const [layers, heads, t, depth] = outputs.query.shape;
  const text = characters(tensors.seen);
  const part = (name, i, size) => tensors[name].subarray(i * size, (i + 1) * size);
  const symbols = outputs.logits.shape[1];
  const answer = {
    text,
    spelt: (i) => spell(text[i]),
    glyph: (i) => glyph(text[i]),
    layers,
    heads,
    depth,
    ways: outputs.moved.shape[0], // to switch heads; the last is the reader's
    map: (layer, head) => part("weights", layer * heads + head, t * t),
    weights: (layer, head, i) => part("weights", (layer * heads + head) * t + i, t),
    /** "query", "key" or "value" of a head at a character. */
    vector: (name, layer, head, i) => part(name, (layer * heads + head) * t + i, depth),
    /** "probabilities" or "chances" of the character after another. */
    next: (name, way, i) => part(name, way * t + i, symbols),
    logits: (i) => part("logits", i, symbols),
    moved: (way) => part("moved", way, t),
  };
  return inWords(answer, "character");
}

/** Give an answer, which knows weights and how a place of the text is spelt, the words for its places. */
function inWords(answer, unit) {
  const named = (i) => `${answer.spelt(i)} (${i + 1})`;
  /** What a place looks at most. */
  const looksAt = (layer, head, i) => {
    const weights = answer.weights(layer, head, i);
    const most = ranked(weights.subarray(0, i + 1)).slice(0, 3).filter((s) => weights[s] >= FAINTEST);
    const words = most.map((s) => `${s === i ? "itself" : named(s)} ${percentage(weights[s])}`);
    return `${named(i)} looks at ${words.join(", ") || `no ${unit} above 2%`}`;
  };
  return Object.assign(answer, { named, looksAt, strongest: (layer, head, i) => strongest(answer.weights(layer, head, i)) });
}

/** Where the largest of some numbers stands; all places, those of the largest first; and of the largest magnitude. */
const strongest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
const ranked = (values) => Array.from(values.keys()).sort((a, b) => values[b] - values[a]);
const farthest = (values) => strongest(values.map(Math.abs));

/** A character as it can be seen beside others. */
const glyph = (character) => (character === " " ? "␣" : show(character));

const dot = (a, b) => a.reduce((sum, value, e) => sum + value * b[e], 0);
