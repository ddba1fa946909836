// From a number to the next, by arrow keys and by a slider: whole decades where a quantity spans them.

const STEPS = 400; // of a slider

/** Whether a quantity is so wide that equal factors, not equal differences, make equal steps. */
const spansDecades = (quantity) => !isShare(quantity) && quantity.low >= 0 && bottomOf(quantity) * 999 < quantity.high;

/** The least number above 0 that a slider of decades reaches; 0 itself, where it is allowed, is the step before. */
const bottomOf = ({ low, high, whole }) => (low > 0 ? low : whole ? 1 : high / 1e6);

/** The number at a place of the slider, rounded as a hand would set it. */
function atStep(step, quantity) {
  const { low, high, whole } = quantity;
  if (step <= 0) return low;
  if (step >= STEPS) return high;
  const part = step / STEPS;
  const bottom = bottomOf(quantity);
  const exact = spansDecades(quantity) ? bottom * (high / bottom) ** part : low + (high - low) * part;
  const rounded = Number(exact.toPrecision(spansDecades(quantity) ? 2 : 3));
  return Math.max(low, Math.min(high, whole ? Math.round(rounded) : rounded));
}

/** The place of a number on the slider. */
function stepOf(value, quantity) {
  const { low, high } = quantity;
  const bottom = bottomOf(quantity);
  const part = spansDecades(quantity)
    ? Math.log(Math.max(value, bottom) / bottom) / Math.log(high / bottom)
    : (value - low) / (high - low);
  return value <= low ? 0 : Math.max(0, Math.min(STEPS, Math.round(part * STEPS)));
}

/** The number after some presses of an arrow key: the second figure goes up or down, or a hundredth of a narrow range. */
function pressed(value, presses, quantity) {
  const { low, high, whole } = quantity;
  let now = shortest(value);
  const up = Math.sign(presses);
  for (let i = 0; i < Math.abs(presses); i++) {
    let power = spansDecades(quantity) ? exponentOf(now || bottomOf(quantity)) - 1 : exponentOf((high - low) / 50);
    if (spansDecades(quantity) && up < 0 && now === Number(`1e${power + 1}`)) power -= 1; // 1.0 is followed by 0.99
    if (whole) power = Math.max(0, power);
    const places = Math.round(movePoint(now, -power)) + up;
    now = Math.max(low, Math.min(high, Number(`${places}e${power}`)));
  }
  return now;
}
