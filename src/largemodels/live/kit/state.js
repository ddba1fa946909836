// What a reader has set, as values of known forms that an address can hold; and the way back.
//
// A form has `write(value)`, text of letters, digits, hyphens and full stops inside, never empty; and `read(text)`, the
// value again, or undefined for what no value of this form can be. A view names its forms, and gives read and restore.

const LONGEST_STATE = 2000; // characters; some programs cut a longer link off

/** A number with no more figures than it needs to be the same float32; one that is no float32 keeps all of them. */
function inFigures(value) {
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let figures = 1; figures < 9; figures++) {
    const short = Number(value.toPrecision(figures));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** A number as text, with m for a minus in front: two hyphens may become a dash. */
const numberText = (value) => String(inFigures(value) || 0).replace("+", "").replace(/^-/, "m");

/** A number of this form, or NaN. */
const numberIn = (text) => (/^m?\d+(\.\d+)?(e-?\d+)?$/.test(text) ? Number(text.replace("m", "-")) : NaN);

/** One number from low to high, the ends included. */
function aNumber(low = -Infinity, high = Infinity) {
  const fits = (number) => Number.isFinite(number) && number >= low && number <= high;
  return { write: numberText, read: (text) => [numberIn(text)].find(fits) };
}

/** One whole number from low to high. */
function aWhole(low, high) {
  const one = aNumber(low, high);
  return { ...one, read: (text) => [one.read(text)].find(Number.isInteger) };
}

/** So many numbers from low to high, or from 0 to `count` of them if it is a range [0, count]. */
function someNumbers(count, low, high, one = aNumber(low, high)) {
  const [least, most] = Array.isArray(count) ? count : [count, count];
  const read = (text) => {
    const numbers = text === "none" ? [] : text.split("x").map(one.read);
    return numbers.length >= least && numbers.length <= most && numbers.every((number) => number !== undefined) ? numbers : undefined;
  };
  return { write: (numbers) => Array.from(numbers, one.write).join("x") || "none", read };
}

const SIGNS = "\n\t !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"; // written as Q and a digit of base 36

/**
 * Text of up to `most` characters: letters and digits as they are, a space between two of them as a hyphen, other signs as
 * Q and one digit, a run of spaces as QS and its length, any other character as X, its number, X. Nothing is QN.
 */
function someText(most) {
  const one = (character) => {
    if (character === "Q" || character === "X") return `Q${character}`;
    if (/[A-Za-z0-9]/.test(character)) return character;
    const place = SIGNS.indexOf(character);
    return place >= 0 ? `Q${place.toString(36)}` : `X${character.codePointAt(0).toString(36)}X`;
  };
  const write = (text) =>
    text === ""
      ? "QN"
      : text
          .split(/( +)/)
          .map((part, i, parts) => {
            if (i % 2 === 0) return Array.from(part, one).join("");
            const inside = /[A-Za-z0-9]$/.test(parts[i - 1]) && /^[A-Za-z0-9]/.test(parts[i + 1]);
            return part === " " && inside ? "-" : part.length === 1 ? "Q2" : `QS${part.length.toString(36)}X`;
          })
          .join("");
  const read = (coded) => {
    const text = coded.replace(/QN|QS([0-9a-z]{1,4})X|Q([0-9a-zQX])|X([0-9a-z]{1,4})X|-/g, (_, run, sign, number) => {
      if (run) return " ".repeat(Math.min(most + 1, parseInt(run, 36)));
      if (number) return parseInt(number, 36) < 0x110000 ? String.fromCodePoint(parseInt(number, 36)) : "";
      return sign === "Q" || sign === "X" ? sign : sign ? (SIGNS[parseInt(sign, 36)] ?? "") : _ === "-" ? " " : "";
    });
    return Array.from(text).length <= most && write(text) === coded ? text : undefined;
  };
  return { write, read };
}

/** Where the caret stands in a text after so many of its characters, as a box counts. */
const caretAfter = (text, count) => Array.from(text).slice(0, count).join("").length;

/** Three letters or digits that another text hardly has: of a link in which a program has changed a letter. */
function checkOf(text) {
  let sum = 7;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) >>> 0;
  return (sum % 46656).toString(36).padStart(3, "0");
}

/** The name of a view's state in the address: its kind, and for a second and third of the kind on a page its number. */
function stateKey(el, model, kind) {
  const own = model.get("settings").key;
  if (own) return own;
  const places = onStaticPage() ? [...document.querySelectorAll("[data-view]")] : [];
  const number = places.filter((one) => one.dataset.view === el.dataset.view).indexOf(el);
  return number > 0 ? `${kind}${number + 1}` : kind;
}

/**
 * Keep what the reader has set in the address of the page; in a notebook it can be copied and pasted alone.
 *
 * `forms`: the form of each value, by a name in small letters; `read()` returns the present values, by name;
 * `restore(values)` sets them all; `version` changes when the forms or their meaning change; `stop()` is needed if anything
 * runs by itself. The result has `.begin()`, to be called last in render; `.link()`, which returns the link, or "" if it
 * would be too long; `.key`; and `.end()`.
 */
function keepState({ el, model, kind, version, forms, read, restore }) {
  const key = stateKey(el, model, kind);
  const lost = h("p", { class: "lm-problem lm-lost", role: "status" });
  let start = null;
  let last = ""; // as it was kept, or restored
  let timer = 0;

  const texts = (values = read()) => {
    const written = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, form.write(values[name])]));
    return { ...written, sum: checkOf(`${version} ${Object.values(written).join(" ")}`) };
  };
  const fits = (written) => writeState(key, version, written).length <= LONGEST_STATE;
  const tell = (words) => setTimeout(() => (lost.textContent = words)); // spoken only if the empty status stood here before

  function open({ values, whole, version: of }, where) {
    lost.textContent = "";
    let problem = of === version ? "" : `it was written by ${of > version ? "a later" : "an earlier"} edition of this page`;
    const found = {};
    if (!problem) {
      for (const [name, form] of Object.entries(forms)) found[name] = form.read(values[name] ?? "");
      const good = whole && Object.values(found).every((value) => value !== undefined);
      if (!good || texts(found).sum !== values.sum) problem = "a part is missing, or was changed";
    }
    const now = problem ? start : found;
    if (JSON.stringify(texts(now)) !== JSON.stringify(texts())) restore(now);
    last = JSON.stringify(texts());
    if (problem) tell(`${where} holds a state that cannot be read: ${problem}. What you see is the state at the start.`);
    return !problem;
  }

  const address = stateInAddress(key, version, (state, arrived) => {
    open(state, "The address of this page");
    if (arrived) bringIntoView(el);
  });
  function look() {
    clearTimeout(timer);
    timer = 0;
    const written = texts();
    if (JSON.stringify(written) === last) return;
    last = JSON.stringify(written);
    lost.textContent = "";
    address.keep(fits(written) ? written : null);
  }
  /** In a notebook a view may be drawn, and can be read, only when it is attached: at the latest when it is touched. */
  const ready = () => (start ??= structuredClone(read()));
  const touched = () => {
    if (ready() && onStaticPage()) timer ||= setTimeout(look, 100);
  };
  const pasted = (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    const state = findState(text, `(?:${key}|${kind}\\d*)`);
    if (!state || !ready()) return;
    event.preventDefault();
    event.stopPropagation();
    if (open(state, "The text that was pasted")) address.keep(texts());
  };
  const events = ["input", "change", "click", "keyup", "pointerup"];
  const changes = ["change:inputs", "change:outputs"];
  return {
    key,
    begin() {
      el.prepend(lost);
      for (const event of events) el.addEventListener(event, touched, true);
      el.addEventListener("paste", pasted, true);
      if (!onStaticPage()) return;
      ready();
      last = JSON.stringify(texts());
      for (const change of changes) model.on(change, touched);
      address.begin();
    },
    link: () => (fits(texts()) ? address.link(texts()) : ""),
    end() {
      if (timer) look();
      for (const event of events) el.removeEventListener(event, touched, true);
      for (const change of changes) model.off(change, touched);
      el.removeEventListener("paste", pasted, true);
      address.stop();
    },
  };
}
