// Numbers of the inspector: terms of a sum, squares of numbers, and round ends of scales.

/** The next number with one or two digits: keeps a scale still while its numbers change a little. */
function tidyCeiling(number) {
  if (!(number > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(number));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return unit * steps.find((step) => step * unit >= number * (1 - 1e-9));
}

function both(most) {
  return [-most, most];
}

function sign(text) {
  return h("span", { class: "fx-sign" }, text);
}

function signed(number) {
  return (number >= 0 ? "+" : "") + format(number, 4);
}

/** A number of a sum, with what it is in small type below. */
function term(number, name, result = false) {
  const shown = h("span", { class: result ? "fx-term fx-result" : "fx-term" }, format(number, 4));
  if (name) shown.append(h("small", {}, name));
  return shown;
}

/** A square of numbers on their colours. */
function grid(name, numbers, side, scale, winner = -1) {
  const rows = Array.from({ length: side }, (_, p) =>
    h(
      "tr",
      {},
      ...Array.from({ length: side }, (_, q) => {
        const i = p * side + q;
        const text = side > 3 ? format(numbers[i], 2).replace("0.", ".") : format(numbers[i], 2); // where it is narrow
        const cell = h("td", { "data-value": numbers[i], class: i === winner ? "fx-winner" : null }, text);
        cell.style.background = scale.css(numbers[i]);
        cell.style.color = scale.ink(numbers[i]);
        return cell;
      }),
    ),
  );
  return h("table", { class: `fx-grid fx-side-${side}` }, h("caption", {}, name), h("tbody", {}, ...rows));
}
