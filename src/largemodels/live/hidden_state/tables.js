// What of the states is drawn, as tables.

/** The unit that is looked at, in all its quantities; what is expected next; and the quantity that is drawn, of all units. */
function statesTables({ text, names, units, unit, now, quantity, at, symbols, probabilities }) {
  const all = Array.from({ length: units }, (_, n) => n);
  const head = ["place", "character", ...names.map((name) => `${QUANTITIES[name].name}, unit ${unit}`)];
  const chances = probabilities.subarray(now * symbols.length);
  return [
    [head, ...text.map((character, t) => [t + 1, character, ...names.map((name) => at(name, t, unit))])],
    [[`next character after place ${now + 1}`, "probability (share)"], ...symbols.map((symbol, i) => [symbol, chances[i]])],
    [["place", "unit", QUANTITIES[quantity].name], ...text.flatMap((_, t) => all.map((n) => [t + 1, n, at(quantity, t, n)]))],
  ];
}
