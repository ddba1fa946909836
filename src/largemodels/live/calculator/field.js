// A number that the reader sets: a box that reads what people write, a slider, and what is wrong, in its place.

const PATIENCE = 800; // milliseconds in which a number may be half typed

/**
 * A field for a quantity. `onNumber(number)`: the reader gave another; `onDone()`: and is done with it, by Enter, by going
 * elsewhere, or by letting go; `onProblem()`: what is given is impossible, or no longer; `onPaste(text)`: true if a pasted
 * text was meant for the whole calculator.
 * The result has `.show(number)`; `.problem`, a sentence or ""; and `.settle(number)`, which forgets what was typed.
 */
function quantityField(quantity, { onNumber, onDone, onProblem, onPaste }) {
  const { label, unit } = quantity;
  const [id, note] = [uniqueId(), uniqueId()];
  const still = { autocomplete: "off", autocapitalize: "off", autocorrect: "off", spellcheck: "false" };
  const box = h("input", { id, type: "text", class: "lm-number cx-box", "aria-describedby": note, ...still });
  const range = h("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": `${label}, slider` });
  const wrong = h("p", { id: note, class: "cx-wrong" });
  const name = h("label", { for: id }, label, ...(unit ? [" ", h("span", { class: "cx-unit" }, `(${unit})`)] : []));
  const element = h("div", { class: "cx-field", "data-name": quantity.name }, name, box, range, wrong);
  let value; // the last that was possible
  let timer = 0;

  const mark = (problem) => {
    clearTimeout(timer);
    if (problem === element.problem) return;
    element.problem = problem;
    wrong.textContent = problem;
    if (problem) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
    onProblem();
  };
  const slide = () => {
    range.value = stepOf(value, quantity);
    range.setAttribute("aria-valuetext", inFull(value, quantity));
  };
  const take = (number) => {
    value = number;
    slide();
    onNumber(number);
    mark("");
  };
  const finish = () => {
    const { number, problem } = readQuantity(box.value, quantity, value);
    if (problem) return mark(problem);
    if (Math.fround(number) !== Math.fround(value)) take(number);
    mark("");
    box.value = inField(value, quantity);
    onDone();
  };

  element.problem = "";
  element.show = (number) => {
    value = shortest(number);
    slide();
    const given = readNumber(box.value, quantity).number;
    const typing = document.activeElement === box && given !== undefined && Math.fround(given) === Math.fround(number);
    if (!typing && !element.problem && document.activeElement !== box) box.value = inField(value, quantity);
  };
  element.settle = (number) => {
    value = shortest(number);
    mark("");
    slide();
    box.value = inField(value, quantity);
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    const { number, problem } = readQuantity(box.value, quantity, value);
    if (!problem) take(number);
    else timer = setTimeout(() => mark(problem), PATIENCE);
  });
  box.addEventListener("change", finish); // Enter, or the reader goes elsewhere
  box.addEventListener("paste", (event) => {
    if (onPaste(event.clipboardData.getData("text"))) event.preventDefault();
  });
  withKeys(box, {
    "↑ ↓": "a step up or down",
    "Page up, Page down": "ten steps",
    "Shift + arrow": "ten steps",
    Enter: "take the number",
    Escape: "back to the number before",
  });
  box.addEventListener("keydown", (event) => {
    const presses = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") finish(); // also where the browser sees no change
    else if (event.key === "Escape") element.settle(value);
    else if (presses) {
      take(pressed(value, presses * (event.shiftKey ? 10 : 1), quantity));
      box.value = inField(value, quantity);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // nor may the notebook leave its cell
  });
  box.addEventListener("keyup", (event) => event.key?.startsWith("Arrow") && !element.problem && onDone());
  range.addEventListener("input", () => {
    take(shortest(atStep(Number(range.value), quantity)));
    box.value = inField(value, quantity);
  });
  range.addEventListener("change", onDone);
  return element;
}
