// Numbers as readers like to read them: 3.8 × 10²⁵ FLOP, 21.6 GWh, 30.8 million h, 43 %, $5.6 million.

const NAMES = ["", "", "million", "billion", "trillion"]; // by thousands
const BIG = ["", "k", "M", "G", "T", "P", "E"]; // prefixes, by thousands
const POWER_FROM = 15; // figures before the point, from which powers of ten read better

/** The shortest decimal number that is the same float32: 405.9e9 for what is stored as 405,899,984,896. */
function shortest(value) {
  for (let figures = 1; figures < 9; figures++) {
    const short = Number(value.toPrecision(figures));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

/** A number with its decimal point moved, without an error of its own. */
const movePoint = (value, places) => Number(`${value.toExponential().replace(/e.*/, "")}e${exponentOf(value) + places}`);
const exponentOf = (value) => (value === 0 ? 0 : Number(value.toExponential().split("e")[1]));

/** Thousands apart, a true minus, no more figures than the number has. */
function plainly(value) {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 9 }).replace("-", "−");
}

const raised = (power) => Array.from(String(power), (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");

/** The words that fit a number of a unit: {power, before, after}; the number is to be divided by 10^power. */
function wording(value, quantity) {
  const { unit } = quantity;
  if (isShare(quantity)) return { power: -2, before: "", after: " %" };
  const exponent = exponentOf(value);
  const thousands = Math.max(0, Math.floor(exponent / 3));
  const { prefix, base, scaled } = unitParts(unit);
  if (scaled && base === "g" && exponent >= 3 && prefix === "k") return wordingOfCounts(value, 3, " t");
  if (scaled && base !== "g" && base !== "FLOP") {
    const own = BIG.indexOf(prefix);
    const best = Math.min(BIG.length - 1, own + thousands);
    if (own >= 0 && exponent - 3 * (best - own) < 4) return { power: 3 * (best - own), before: "", after: ` ${BIG[best]}${base}` };
  }
  const name = UNIT_NAMES[unit]?.[value === 1 ? 1 : 0] ?? unit;
  return unit === "$" ? { ...wordingOfCounts(value, 0, ""), before: "$" } : wordingOfCounts(value, 0, name && ` ${name}`);
}

function wordingOfCounts(value, power, unit) {
  const exponent = exponentOf(value) - power;
  const thousands = Math.floor(exponent / 3);
  if (exponent >= POWER_FROM || exponent < -3) {
    return { power: exponent + power, before: "", after: ` × 10${raised(exponent)}${unit}` };
  }
  if (thousands < 2) return { power, before: "", after: unit };
  return { power: power + 3 * thousands, before: "", after: ` ${NAMES[thousands]}${unit}` };
}

/** An input with all its figures and its unit: "405.9 billion", "16,384", "989 TFLOP/s". */
function inFull(value, quantity) {
  const short = shortest(value);
  const { power, before, after } = isShare(quantity) ? wording(short, quantity) : wordingOfInputs(short, quantity);
  return `${before}${plainly(movePoint(short, -power))}${after}`;
}

/** An input keeps the unit that it is given in. */
function wordingOfInputs(value, { unit }) {
  const name = UNIT_NAMES[unit]?.[value === 1 ? 1 : 0] ?? unit;
  const wording = wordingOfCounts(value, 0, unit === "$" ? "" : name && ` ${name}`);
  return unit === "$" ? { ...wording, before: "$" } : wording;
}

/** The same without its unit, as it stands in the field: "405.9 billion", "43 %". */
const inField = (value, quantity) => inFull(value, isShare(quantity) ? quantity : { ...quantity, unit: "" });

/** A result, rounded to three figures: "3.8 × 10²⁵ FLOP"; of [low, high] "10.8 to 34.6 GWh". */
function inShort(values, quantity) {
  const [low, high] = values.length > 1 ? values : [values[0], values[0]];
  const rounded = [low, high].map((value) => Number(value.toPrecision(3)));
  const { power, before, after } = wording(rounded[1], quantity);
  const [from, to] = rounded.map((value) => `${before}${plainly(movePoint(value, -power))}`);
  return from === to ? `${to}${after}` : `${from} to ${to}${after}`;
}

/** How a screen reader should say a number. */
function aloud(text) {
  const figures = (power) => Array.from(power, (sign) => (sign === "⁻" ? "minus " : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(sign))).join("");
  return text.replace(/10([⁻⁰¹²³⁴-⁹]+)/g, (_, power) => `10 to the power of ${figures(power)}`).replaceAll("×", "times");
}

/** A value in an address: "405.9e9", "0.43", "16384". */
function inAddress(value) {
  const short = shortest(value);
  const exponent = exponentOf(short);
  if (exponent > -5 && exponent < 6) return String(short);
  const power = 3 * Math.floor(exponent / 3);
  return `${movePoint(short, -power)}e${power}`;
}
