// The map of a head that copies: where it looks, where it should look, and what it answers.

/** At each place of the texts the letter `distance` places back, or −1 where there is none. */
function copied(letters, length, distance) {
  return letters.map((_, i) => (i % length < distance ? -1 : letters[i - distance]));
}

/** The map with the text above and beside it, and the answers at its right; a cursor reads a cell aloud. */
function copyMap(length) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const goals = svg("svg", { viewBox: `0 0 ${length} ${length}`, "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface la-map" }, canvas, goals);
  const [across, down, said] = ["la-across", "la-down", "la-said"].map((name) => h("div", { class: name, "aria-hidden": "true" }));
  const readout = h("p", { class: "lm-quiet la-readout" });
  let now;
  const describe = (row, column) => {
    if (!now) return "";
    const { text, distance, weights } = now;
    if (column > row) return `${text[row]} at place ${row + 1} cannot look at place ${column + 1}: it comes later`;
    const back = row - column;
    const goal = back === distance ? ", which it should copy" : "";
    const place = back ? `${text[column]}, ${back} ${back === 1 ? "place" : "places"} back${goal}` : "itself";
    return `${text[row]} at place ${row + 1} looks at ${place}: weight ${format(weights[row * length + column])}. ${now.said(row)}`;
  };
  const label = "Attention map: a row for each place that looks, a column for each that is looked at";
  const show = () => (readout.textContent = describe(cursor.row, cursor.column));
  const cursor = gridCursor(surface, { label, rows: length, columns: length, describe, onMove: show, touch: "pan-y" });
  const element = h("div", { class: "la-frame" }, across, down, surface, said, readout);

  function draw({ text, alphabet, distance, weights, answers, scale }) {
    const spell = (letters) => letters.map((letter) => h("span", {}, letter));
    const best = text.map((_, i) => {
      const row = Array.from(answers.slice(i * alphabet.length, (i + 1) * alphabet.length));
      return alphabet[row.indexOf(Math.max(...row))];
    });
    const good = (i) => best[i] === text[i - distance];
    const first = !now;
    now = { text, distance, weights };
    now.said = (i) => (i < distance ? "Nothing is asked here." : `It answers ${best[i]}, ${good(i) ? "which is right" : `and ${text[i - distance]} is right`}.`);
    paint(canvas, weights.map((weight, i) => (i % length > Math.floor(i / length) ? NaN : weight)), length, length, scale);
    canvas.values = weights;
    goals.replaceChildren(
      ...text.slice(distance).map((_, i) => svg("rect", { x: i + 0.08, y: i + distance + 0.08, width: 0.84, height: 0.84 })),
    );
    across.replaceChildren(...spell(text));
    down.replaceChildren(...spell(text));
    said.replaceChildren(
      ...best.map((letter, i) => h("span", { class: i < distance ? "" : good(i) ? "la-right" : "la-wrong" }, i < distance ? "·" : `${letter}${good(i) ? "✓" : "✗"}`)),
    );
    if (first) cursor.place(length - 1, length - 1 - distance);
    else cursor.place(cursor.row, cursor.column);
    show();
  }
  return { element, draw };
}
