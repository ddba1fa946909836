// Numbers on the page: written, in colour, of any size.

/** Write a number into an element, and keep it there in full. */
function writeNumber(element, value, digits = 2) {
  element.textContent = format(value, digits);
  element.dataset.value = String(value);
}

/** Lay the colour of a number behind it. */
function tint(element, scale, value) {
  Object.assign(element.style, { background: scale.css(value), color: scale.ink(value) });
}

/** A whole number, small and lowered. */
function lowered(n) {
  return String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}

/** A power of ten's exponent, small and raised. */
function raised(power) {
  return String(power).replace(/[-\d]/g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]));
}

/** Write a positive number of any size with two digits, to be read (or spoken, without raised signs). */
function magnitude(value, raise = true) {
  if (value === 0 || (value >= 0.01 && value < 1000)) return format(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 3);
  const [digits, power] = value.toExponential(1).split("e");
  return raise ? `${digits} × 10${raised(Number(power))}` : `${digits} times ten to the ${Number(power)}`;
}
