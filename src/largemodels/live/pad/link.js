// A drawing as text in the page's address.

const LINK = "#drawing=";
const UNREADABLE =
  "The drawing in this page's address cannot be read: the link has lost a part of it, or was changed. " +
  "Copy the whole link and open it again, or draw here.";

/**
 * Write a drawing as text that an address can hold: a digit from 0 to v for each pixel and its 32 shades, and for a run
 * of paper its length between w and x. Letters and digits alone: chats take a full stop at the end for the sentence's.
 */
function encodeInk(ink) {
  const text = Array.from(ink, (v) => Math.round(v * 31).toString(32)).join("");
  return text.replace(/0{3,}/g, (run) => `w${run.length}x`);
}

/**
 * Read it back; null for anything that is not a drawing of `count` pixels. Punctuation behind it is a sentence's.
 * The links of the first edition had full stops in the place of w and x; they open without their last character, too.
 */
function decodeInk(text, count) {
  const old = text.includes(".") && !text.includes("w");
  const code = old ? withoutStops(text.replace(/[^0-9a-v.][^0-9a-z]*$/, "")) : text.replace(/[^0-9a-z]+$/, "");
  if (code.length > 3 * count || !/^([0-9a-v]|w\d{1,4}x)*$/.test(code)) return null;
  let pixels = code.replace(/w(\d+)x/g, (_, run) => "0".repeat(Math.min(count + 1, Number(run))));
  if (old && pixels.length === count - 1) pixels += "0";
  return pixels.length === count ? Float32Array.from(pixels, (digit) => parseInt(digit, 32) / 31) : null;
}

/** Write w and x for the full stops around the length of a run; one that has lost its partner gets it back, or goes. */
function withoutStops(code) {
  const paired = code.split(".").length % 2 === 1;
  const whole = paired ? code : code.endsWith(".") ? code.slice(0, -1) : `${code}.`;
  return whole.replace(/\.(\d{1,4})\./g, "w$1x");
}

/** The form of a drawing of so many pixels, for keepState. */
const aDrawing = (count) => ({
  write: encodeInk,
  read: (text) => [decodeInk(text, count)].find((ink) => ink && encodeInk(ink) === text),
});

/** The numbers of a drawing and its answer, as tables. */
function drawingTables(names, probabilities, seen, size) {
  const places = Array.from({ length: size }, (_, i) => i + 1);
  const classes = names.map((name, i) => [name, probabilities[i]]);
  return [[["class", "probability (share)"], ...classes], longTable(["row", "column", "ink (share)"], seen, places, places)];
}
