// What of attention is drawn, as tables.

/** The weights of the head that is looked at, and what is expected after the row: `expected`, rows of [what, …chances]. */
function attentionTables({ answer, gaze: { layer, head, row }, unit, ways, expected }) {
  const names = answer.text.map((_, i) => answer.glyph(i));
  const weights = names.flatMap((from, t) => [...answer.weights(layer, head, t)].slice(0, t + 1).map((weight, s) => [t + 1, from, s + 1, names[s], weight]));
  return [
    [["from place", `from ${unit}`, "to place", `to ${unit}`, `weight (share) in layer ${layer + 1}, head ${head + 1}`], ...weights],
    [[`next ${unit} after place ${row + 1}`, ...ways], ...expected],
  ];
}
