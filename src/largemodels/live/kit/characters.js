// Characters and shares in words.

/** A character as it can be seen on its own. */
function show(character) {
  if (character === "\n") return "⏎";
  if (character === "\t") return "⇥";
  if (character === " ") return "\u00a0";
  if (/\p{M}/u.test(character)) return `◌${character}`;
  if (/[\p{C}\p{Z}]/u.test(character)) return "\ufffd"; // controls, and what has no glyph
  return character;
}

/** A character in words, where its glyph alone does not tell. */
function spell(character) {
  const words = { "\n": "end of line", " ": "space", "\t": "tab" };
  return words[character] ?? `“${show(character)}”`;
}

function percentage(share) {
  if (share > 0 && share < 0.001) return "< 0.1%";
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}%`;
}
