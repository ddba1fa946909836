// What the reader sets: buttons, choices, sliders, numbers; and what a screen reader hears of it.

/** A push button. */
function button(label, onclick, properties = {}) {
  return h("button", { type: "button", class: "lm-button", onclick, ...properties }, label);
}

/**
 * One of several: radio buttons that look like chips. `names` are the texts (or nodes, with `labels` as spoken names).
 * `.select(index)` marks one without calling `onChoose`; −1 marks none.
 */
function choices(legend, names, selected, onChoose, labels = names) {
  const group = uniqueId();
  const radios = names.map((_, i) =>
    h("input", { type: "radio", name: group, "aria-label": labels[i], onchange: () => onChoose(i) }),
  );
  const element = h(
    "fieldset",
    { class: "lm-choices" },
    h("legend", {}, legend),
    ...names.map((name, i) => h("label", { class: "lm-chip" }, radios[i], h("span", {}, name))),
  );
  element.select = (index) => radios.forEach((radio, i) => (radio.checked = i === index));
  element.select(selected);
  return element;
}

/** A slider with its label and its value in words; `write(value)` words it. `.value` reads and sets. */
function slider(label, { min, max, step = 1, value, write = String }, onSlide) {
  const shown = h("output", {}, write(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-valuetext": write(value) });
  const show = () => {
    shown.textContent = write(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => {
    show();
    onSlide(Number(input.value));
  });
  const element = h("label", { class: "lm-slider" }, h("span", {}, label), input, shown);
  Object.defineProperty(element, "value", {
    get: () => Number(input.value),
    set: (number) => {
      input.value = number;
      show();
    },
  });
  return element;
}

/**
 * A field for one number, an input element with `.number`, and `.show(number)` to set it from outside.
 * What is not a number is never passed on, and is put back when the reader leaves; beyond min and max, the end counts.
 */
function numberField(label, { value, step = 0.1, digits = 3, min, max }, onChange) {
  const tidy = (number) => String(Number(number.toFixed(digits)));
  const input = h("input", { type: "number", class: "lm-number", step, min, max, value: 0, "aria-label": label });
  input.show = (number) => {
    const typing = document.activeElement === input && Math.fround(input.valueAsNumber) === Math.fround(number);
    input.number = number;
    if (!typing) input.value = tidy(number); // "1." stays as typed
  };
  input.show(value);
  input.addEventListener("input", () => {
    if (!Number.isFinite(input.valueAsNumber)) return;
    input.number = Math.max(min ?? -Infinity, Math.min(max ?? Infinity, input.valueAsNumber));
    onChange(input.number);
  });
  input.addEventListener("blur", () => (input.value = tidy(input.number)));
  return input;
}

/** Make a column of buttons one stop of the Tab key; arrow keys move inside it. */
function rove(group, buttons) {
  const focusable = (i) => buttons.forEach((one, j) => (one.tabIndex = i === j ? 0 : -1));
  focusable(0);
  withKeys(group, { "↑ ↓": "the one above or below", "Home End": "the first, the last", "Enter": "choose it" });
  buttons.forEach((one, i) => one.addEventListener("focus", () => focusable(i)));
  group.addEventListener("keydown", (event) => {
    const i = buttons.indexOf(document.activeElement ?? event.target);
    const from = i >= 0 ? i : buttons.indexOf(event.target);
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
  });
}

/** A polite announcement for screen readers: append `.element` once, then call `say(text)`; quick changes are merged. */
function announcer() {
  const element = h("p", { class: "lm-hidden", "aria-live": "polite" });
  let timer = 0;
  const say = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = text), 400);
  };
  say.element = element;
  return say;
}
