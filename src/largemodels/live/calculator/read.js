// Numbers as readers write them: "405.9B", "1.5e13", "15 trillion", "3.8 × 10²⁵", "40 %", "3,000", "0.7 kW".

const SCALES = { thousand: 3, million: 6, billion: 9, trillion: 12, quadrillion: 15, quintillion: 18 };
const LETTERS = { k: 3, m: 6, mn: 6, b: 9, bn: 9, g: 9, t: 12, tn: 12 }; // in either case
const PREFIXES = { m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const UNIT_NAMES = { h: ["hours", "hour"], d: ["days", "day"], s: ["seconds", "second"] };
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Whether a quantity is a share, which readers write in per cent. */
const isShare = ({ unit, low, high }) => unit === "" && low >= 0 && high <= 1;

/** A unit in parts: "kWh" is {prefix: "k", base: "Wh", scaled: true}; not `scaled` if it takes no prefixes. */
function unitParts(unit) {
  const parts = unit.match(/^([mkMGTPE])?((?:Wh|W|FLOP|g|B|bit|J|Hz)(?:\/.+)?)$/);
  return parts ? { prefix: parts[1] ?? "", base: parts[2], scaled: true } : { prefix: "", base: unit, scaled: false };
}

/** Read a number; {number} with what it stands for, or {problem}: why it is none, as the beginning of a sentence. */
function readNumber(given, quantity) {
  const lowered = (raised) => Array.from(raised, (sign) => (sign === "⁻" ? "-" : SUPERSCRIPTS.indexOf(sign))).join("");
  let text = given
    .replace(/[⁻⁰¹²³⁴-⁹]+/g, (raised) => `^${lowered(raised)}`)
    .normalize("NFKC")
    .replace(/[−–]/g, "-")
    .trim();
  if (!text) return { problem: "Nothing is given" };
  const shown = `“${given.trim().slice(0, 40)}${given.trim().length > 40 ? "…" : ""}”`;
  let power = 0; // of ten, by which the figures are multiplied

  [text, power] = withoutUnit(text, quantity);
  if (text.endsWith("%")) {
    if (quantity.unit !== "%" && !isShare(quantity)) return { problem: `${shown} is a percentage, but this quantity is not a share` };
    text = text.slice(0, -1).trim();
    power -= quantity.unit === "%" ? 0 : 2;
  }
  const times = text.match(/^(?:(.*?)\s*[×x*·]\s*)?10\s*\^\s*([+-]?\d+)$/i);
  if (times) [text, power] = [times[1] ?? "1", power + Number(times[2])];
  const scaled = text.match(/^(.*?[\d.])\s*([a-z]+)$/i);
  if (scaled) {
    const scale = SCALES[scaled[2].toLowerCase().replace(/s$/, "")] ?? LETTERS[scaled[2].toLowerCase()];
    if (scale === undefined) return { problem: `${shown} is not a number` };
    [text, power] = [scaled[1], power + scale];
  }
  const grouped = /^[+-]?\d{1,3}([ ,'’_]\d{3})+(?![\d,])/.test(text);
  const plain = grouped ? text.replace(/[ ,'’_]/g, "") : text;
  const figures = plain.match(/^([+-]?(?:\d+\.?\d*|\.\d+))(?:e([+-]?\d+))?$/i);
  if (!figures && /^[+-]?\d+,\d+$/.test(text)) {
    return { problem: `${shown} has a comma that does not separate thousands; write decimals with a full stop` };
  }
  if (!figures) return { problem: `${shown} is not a number` };
  const shift = (places) => Number(`${figures[1]}e${Number(figures[2] ?? 0) + power + places}`);
  const number = isShare(quantity) && !given.includes("%") && shift(0) > 1 ? shift(-2) : shift(0); // 40 is 40 %
  return Number.isFinite(number) ? { number } : { problem: `${shown} is too large for a computer to hold` };
}

/** Take the unit, or the quantity's name, from the end of a text; [the rest, the power of ten that a prefix makes]. */
function withoutUnit(text, { unit, label }) {
  if (unit === "$") return [text.replace(/^(-?)\s*\$\s*/, "$1").replace(/\s*\$$/, ""), 0];
  const { prefix, base, scaled } = unitParts(unit);
  const names = [base, ...(UNIT_NAMES[unit] ?? []), ...(unit ? [] : [label.toLowerCase()])];
  const name = names.find((one) => one && text.endsWith(one));
  if (!name || unit === "%") return [text, 0];
  const rest = text.slice(0, -name.length);
  const written = scaled ? (rest.match(/[mkMGTPE]$/)?.[0] ?? "") : "";
  return [rest.slice(0, rest.length - written.length).trim(), scaled ? PREFIXES[written] - PREFIXES[prefix] : 0];
}

/** What a text says about a quantity: {number}, or {problem} in whole sentences, with what is allowed. */
function readQuantity(given, quantity, instance) {
  const { low, high, whole } = quantity;
  const read = readNumber(given, quantity);
  const { number } = read;
  let { problem } = read;
  if (problem === undefined) {
    const shown = inFull(number, quantity);
    if (number < low) problem = number < 0 ? `${shown} is negative` : `${shown} is too small`;
    else if (number > high) problem = `${shown} is too large`;
    else if (whole && !Number.isInteger(number)) problem = `${shown} is not a whole number`;
    else return { number };
  }
  const limits = `${whole ? "a whole number " : ""}from ${inFull(low, quantity)} to ${inFull(high, quantity)}`;
  return { problem: `${problem}. Allowed: ${limits}, such as ${inFull(instance, quantity)}.` };
}
