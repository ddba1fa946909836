// Random inputs to every widget of a page: clicks, keys, drags, numbers, text and nonsense, the same for the same seed.

async ({ seed, times }) => {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0; // mulberry32
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(random() * n);
  const one = (list) => list[below(list.length)];

  // a made-up pointer cannot be captured, and what would leave the page stays
  const made = new Set();
  const { setPointerCapture, releasePointerCapture, hasPointerCapture } = Element.prototype;
  Object.assign(Element.prototype, {
    setPointerCapture: (id) => made.add(id),
    releasePointerCapture: (id) => made.delete(id),
    hasPointerCapture: (id) => made.has(id),
  });
  const { click } = HTMLAnchorElement.prototype;
  HTMLAnchorElement.prototype.click = () => {};
  globalThis.hacked = 0;

  const NONSENSE = [
    "<img src=x onerror=hacked++>", "</script><script>hacked++</script>", "\"'><b>bold</b>", "NaN", "-1e999", "1e308", "∞", "−5", "0x10",
    "", " ", "\n\n\t", "٣٫٥", "1,000,000", "1.2.3", "__proto__", "constructor", "🧑‍🚀🏳️‍🌈", "e\u0301\u0302\u0303", "\u202eright to left", "\0\u0001\ud800",
    "a".repeat(500), "def f(x):\n    return x", "It was a dark", "3.5e12", "0", "%s%n${x}", "#training-1_parameters-x_end",
  ];
  const NUMBERS = ["", "0", "-0", "1", "-1", "0.1", "1e308", "-1e308", "1e-320", "7", "28", "1000000", "99999999999999999999", "abc"];
  const KEYS = [
    "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Enter", " ", "Escape", "Tab", "Delete", "Backspace",
    "c", "u", "e", "z", "C", "?", "a", "é", "Dead", "Process", "Unidentified", "F5",
  ];
  const event = (Kind, name, given = {}) => new Kind(name, { bubbles: true, cancelable: true, composed: true, ...given });
  const told = (el, ...names) => names.forEach((name) => el.dispatchEvent(event(Event, name)));

  function press(el) {
    const given = { key: one(KEYS), shiftKey: random() < 0.2, ctrlKey: random() < 0.1, altKey: random() < 0.05 };
    el.dispatchEvent(event(KeyboardEvent, "keydown", given));
    el.dispatchEvent(event(KeyboardEvent, "keyup", given));
  }

  function drag(el) {
    const box = el.getBoundingClientRect();
    const pointer = { pointerId: 1 + below(2), pointerType: one(["mouse", "touch", "pen"]), button: random() < 0.9 ? 0 : 2, isPrimary: true };
    const at = () => ({ clientX: box.left + (1.4 * random() - 0.2) * box.width, clientY: box.top + (1.4 * random() - 0.2) * box.height });
    el.dispatchEvent(event(PointerEvent, "pointerdown", { ...pointer, ...at() }));
    for (let i = below(4); i > 0; i--) el.dispatchEvent(event(PointerEvent, "pointermove", { ...pointer, ...at() }));
    el.dispatchEvent(event(PointerEvent, one(["pointerup", "pointercancel", "lostpointercapture", "pointerleave"]), { ...pointer, ...at() }));
    el.dispatchEvent(event(MouseEvent, "click", at()));
  }

  function put(el) {
    const { type } = el;
    if (el.tagName === "SELECT") el.selectedIndex = below(el.options.length);
    else if (type === "range") el.value = Number(el.min || 0) + random() * (Number(el.max || 100) - Number(el.min || 0));
    else if (type === "number") el.value = one(NUMBERS);
    else if (type === "file") return drop(el);
    else el.value = random() < 0.5 ? one(NONSENSE) : el.value.slice(below(5)) + one(["x", "(", "7", "\n", " ", "ß", "if "]);
    if (el.setSelectionRange && /text/.test(type)) el.setSelectionRange(below(9), 9);
    told(el, ...one([["input"], ["input", "change"], ["input", "keyup", "select"], ["input", "blur"], ["change", "blur"]]));
  }

  function drop(el) {
    const given = new DataTransfer();
    const bytes = Uint8Array.from({ length: below(300) }, () => below(256));
    given.items.add(new File([bytes], one(["x.onnx", "<b>.png", "a.txt"])));
    if (el.type === "file") {
      el.files = given.files;
      return told(el, "input", "change");
    }
    el.dispatchEvent(event(DragEvent, one(["dragover", "dragleave", "drop"]), { dataTransfer: given }));
  }

  function paste(el) {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", one(NONSENSE));
    el.dispatchEvent(event(ClipboardEvent, "paste", { clipboardData }));
  }

  const FIELDS = "textarea, select, input:not([type=radio], [type=checkbox], [type=button])";
  const PLACES = `button, label, summary, ${FIELDS}, input, [tabindex], [role], [data-keys], canvas, svg, .lm-surface`;
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const root = document.querySelector("[data-drawn]");
  let places = [];
  for (let i = 0; i < times; i++) {
    if (i % 20 === 0) places = [...root.querySelectorAll(PLACES)].filter((place) => place.checkVisibility());
    const el = one(places); // some are gone by now, or cannot be used: what comes late does no harm either
    if (el.disabled) continue;
    const way = random();
    if (el.matches(FIELDS) && way < 0.75) put(el);
    else if (way < 0.3) press(el);
    else if (way < 0.5) drag(el);
    else if (way < 0.55) (random() < 0.5 ? paste : drop)(el);
    else if (way < 0.6) el.focus();
    else if (el instanceof HTMLElement) el.click();
    if (i % 100 === 99) await frame(); // it may draw, and answer
  }
  Object.assign(Element.prototype, { setPointerCapture, releasePointerCapture, hasPointerCapture });
  HTMLAnchorElement.prototype.click = click;
  document.activeElement?.blur?.();
  return { hacked, strange: root.querySelectorAll("img[src=x], script, .lm-problem b").length, connected: root.isConnected };
}
