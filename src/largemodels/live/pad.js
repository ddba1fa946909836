// Shared by the views that the reader draws in: the drawing pad, examples to pick from, and the bars of an answer.
// Python joins this file in between kit.js and the view's own, so these are plain functions without exports.

const UNDOS = 60;
const LINK = "#drawing=";
const UNREADABLE =
  "The drawing in this page's address cannot be read: the link has lost a part of it, or was changed. " +
  "Copy the whole link and open it again, or draw here.";

// ---- the drawing -----------------------------------------------------------------------------

/** A board of size × size pixels, each from 0 (paper) to 1 (ink). `onInk(ink)` after a change, once a frame at most. */
function drawingBoard(size, pen, say, onInk) {
  const canvas = h("canvas", { width: size, height: size });
  const field = h("div", { class: "dr-field", hidden: true });
  const cursor = h("div", { class: "lm-cursor dr-pen" });
  const hint = h("span", { class: "dr-hint", "aria-hidden": "true" }, "draw here");
  const surface = h(
    "div",
    {
      class: "lm-surface dr-board",
      role: "application",
      tabindex: 0,
      "aria-label":
        "Drawing. Arrow keys move the pen, space puts it down or lifts it, E changes to the eraser, " +
        "Shift with an arrow key moves the drawing, U undoes, C clears.",
    },
    canvas,
    field,
    cursor,
    hint,
  );
  let ink = new Float32Array(size * size);
  let past = [];
  let erasing = false;
  let untouched = true;
  let frame = 0;
  let source = "";
  const middle = Math.floor(size / 2) + 0.5;
  const tip = { x: middle, y: middle, down: false }; // of the pen that the keys move

  const undoButton = button("Undo", undo, { disabled: true });
  const tools = choices("Tool", ["Pen", "Eraser"], 0, (i) => (erasing = i === 1));
  const arrows = [["←", 0, -1, "left"], ["↑", -1, 0, "up"], ["↓", 1, 0, "down"], ["→", 0, 1, "right"]];
  const pad = h(
    "div",
    { class: "dr-pad", role: "group", "aria-label": "Move the drawing" },
    ...arrows.map(([sign, down, right, word]) =>
      button(sign, () => shift(down, right), { "aria-label": `one pixel ${word}`, title: `Move one pixel ${word}` }),
    ),
  );
  const link = button("Copy link", copyLink, { title: "A link to this page with your drawing in it" });
  const problem = h("p", { class: "lm-problem", role: "status" });
  const element = h(
    "div",
    { class: "dr-drawing" },
    surface,
    h("div", { class: "dr-tools" }, tools, undoButton, button("Clear", clear), pad, ...(onStaticPage() ? [link] : [])),
    problem,
  );

  /** Put ink (or take it) along a line: full inside the pen, fading over one pixel at its edge. */
  function stroke(from, to) {
    const radius = erasing ? pen + 1 : pen; // wide enough to take a stroke's soft edge along
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    for (let i = 0; i < ink.length; i++) {
      const [x, y] = [(i % size) + 0.5 - from.x, Math.floor(i / size) + 0.5 - from.y];
      const along = length ? Math.max(0, Math.min(1, (x * dx + y * dy) / length)) : 0;
      const distance = Math.hypot(x - along * dx, y - along * dy);
      const covered = Math.max(0, Math.min(1, radius + 0.5 - distance));
      ink[i] = erasing ? Math.min(ink[i], 1 - covered) : Math.max(ink[i], covered);
    }
    changed("drawn");
  }

  function changed(by) {
    source = by;
    hint.hidden = true;
    problem.textContent = "";
    undoButton.disabled = !past.length;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paintInk();
      onInk(ink, source);
    });
  }

  function remember() {
    past = [...past.slice(1 - UNDOS), ink.slice()];
  }

  /** Start a stroke; the first one on a drawing that the page came with has the paper to itself. */
  function begin() {
    remember();
    if (untouched && !erasing) ink = new Float32Array(size * size);
    untouched = false;
  }

  function replace(next, by) {
    remember();
    untouched = false;
    ink = Float32Array.from(next);
    changed(by);
  }

  function undo() {
    if (!past.length) return;
    ink = past.pop();
    changed("undone");
    say("Undone");
  }

  function clear() {
    replace(new Float32Array(size * size), "cleared");
    say("Cleared");
  }

  function shift(down, right) {
    const moved = new Float32Array(ink.length);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const [r, c] = [row - down, column - right];
        if (r >= 0 && r < size && c >= 0 && c < size) moved[row * size + column] = ink[r * size + c];
      }
    }
    replace(moved, "moved");
  }

  /** Put the drawing into the page's address, and that on the clipboard where the browser allows it. */
  async function copyLink() {
    history.replaceState(null, "", LINK + encodeInk(ink));
    let done = "Now in the address bar";
    try {
      await navigator.clipboard.writeText(location.href);
      done = "Copied";
    } catch {} // no permission, or no clipboard: the address bar holds it
    link.textContent = done;
    say(done);
    setTimeout(() => (link.textContent = "Copy link"), 2000);
  }

  function paintInk() {
    paint(canvas, ink, size, size, colourScale(surface, "drawing", 0, 1));
  }

  let last = null;
  let byPointer = false;
  surface.addEventListener("focus", () => surface.classList.toggle("dr-keys", !byPointer));
  onDrag(
    surface,
    (x, y, event) => {
      if (event.type === "pointerdown") {
        byPointer = true;
        surface.focus({ preventScroll: true });
        surface.classList.remove("dr-keys");
        begin();
        last = null;
      }
      const point = { x: x * size, y: y * size };
      const outside = x === 0 || x === 1 || y === 0 || y === 1;
      if (!outside) stroke(last ?? point, point);
      last = outside ? null : point;
    },
    {
      onEnd: () => {
        last = null;
        byPointer = false;
      },
    },
  );

  surface.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    const key = event.key.toLowerCase();
    const step = { arrowup: [-1, 0], arrowdown: [1, 0], arrowleft: [0, -1], arrowright: [0, 1] }[key];
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z") return;
      undo();
    } else if (step && event.shiftKey) shift(...step);
    else if (step) travel(...step);
    else if (key === " " || key === "enter") lower(!tip.down);
    else if (key === "c") clear();
    else if (key === "u") undo();
    else if (key === "e") {
      erasing = !erasing;
      tools.select(erasing ? 1 : 0);
      say(erasing ? "Eraser" : "Pen");
    } else return;
    event.preventDefault(); // the page must not scroll
    event.stopPropagation(); // nor the notebook take the key for a command
    surface.classList.add("dr-keys");
  });
  surface.addEventListener("blur", () => (tip.down = false));

  function travel(down, right) {
    const from = { ...tip };
    tip.x = Math.max(0.5, Math.min(size - 0.5, tip.x + right));
    tip.y = Math.max(0.5, Math.min(size - 0.5, tip.y + down));
    if (tip.down) stroke(from, tip);
    say(placePen());
  }

  function lower(down) {
    tip.down = down;
    if (down) {
      begin();
      stroke(tip, tip);
    }
    say(placePen());
  }

  function placePen() {
    const [row, column] = [Math.floor(tip.y), Math.floor(tip.x)];
    placeBox(cursor, { top: row, left: column, bottom: row, right: column }, size);
    cursor.classList.toggle("dr-down", tip.down);
    return `${tip.down ? "pen down" : "pen up"}, row ${row + 1}, column ${column + 1}`;
  }
  placePen();

  return {
    element,
    surface,
    replace,
    /** Show what the model was given, unless the reader is drawing on. */
    show(given) {
      if (!frame) ink = given;
      paintInk();
    },
    /** Outline a rectangle of pixels: what a unit sees. */
    outline(box) {
      field.hidden = !box;
      if (box) placeBox(field, box, size);
    },
    /** Take up the drawing that the page's address holds, now and when it is another; returns the cleanup. */
    followAddress() {
      if (!onStaticPage()) return () => {};
      const follow = () => {
        problem.textContent = "";
        const hash = location.hash.replace(/%3d/i, "="); // some programs write it so
        if (!hash.startsWith(LINK)) return;
        const drawing = decodeInk(hash.slice(LINK.length), size * size);
        if (drawing) replace(drawing, "linked");
        else setTimeout(() => (problem.textContent = UNREADABLE)); // spoken only if the empty status stood here before
        element.scrollIntoView({ block: "center" });
      };
      follow();
      addEventListener("hashchange", follow);
      return () => removeEventListener("hashchange", follow);
    },
  };
}

/** Tell whether no notebook is running here, whose address would be its own affair. */
function onStaticPage() {
  return document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]') !== null;
}

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

/** Lay an element over the pixels from top, left to bottom, right (both included) of a size × size picture. */
function placeBox(element, { top, left, bottom, right }, size) {
  const percent = (part) => `${(100 * part) / size}%`;
  Object.assign(element.style, {
    top: percent(top),
    left: percent(left),
    height: percent(bottom - top + 1),
    width: percent(right - left + 1),
  });
}

/** Real examples to pick from; those that the network gets wrong say what it takes them for. */
function exampleGallery({ examples, labels, answers, names }, onPick) {
  const { shape, data } = fromWire(examples);
  const [n, , height, width] = shape;
  const images = Array.from({ length: n }, (_, i) => data.subarray(i * height * width, (i + 1) * height * width));
  const thumbnails = images.map(() => h("canvas", { "aria-hidden": "true" }));
  const misread = (i) => labels && answers && labels[i] !== answers[i];
  const caption = (i) => (labels ? names[labels[i]] + (misread(i) ? ` → ${names[answers[i]]}` : "") : "");
  const spoken = images.map((_, i) => {
    if (!labels) return `example ${i + 1}`;
    return `a ${names[labels[i]]}` + (misread(i) ? `, which the network takes for ${names[answers[i]]}` : "");
  });
  const chips = thumbnails.map((canvas, i) => {
    const chip = new DocumentFragment();
    chip.append(canvas, h("small", { class: misread(i) ? "dr-misread" : null, title: spoken[i] }, caption(i)));
    return chip;
  });
  const element = choices("Pick one, or draw", chips, -1, (i) => onPick(images[i]), spoken);
  element.classList.add("dr-gallery");
  element.paint = () => {
    const scale = colourScale(element, "drawing", 0, 1);
    thumbnails.forEach((canvas, i) => paint(canvas, images[i], height, width, scale));
  };
  return element;
}

// ---- the answer ------------------------------------------------------------------------------

/**
 * The probability of every class as a bar. With `pick`, the reader points at one, pick.point(index), or −1 for none any
 * more, and chooses one, pick.choose(index).
 */
function classBars(names, pick) {
  const rows = names.map((name, i) => {
    const fill = h("span", { class: "dr-fill" });
    const number = h("span", { class: "dr-percent" });
    const point = (event, to) => event.pointerType === "mouse" && pick.point(to);
    const picked = pick && {
      type: "button",
      "aria-pressed": "false",
      onpointerenter: (event) => point(event, i),
      onpointerleave: (event) => point(event, -1),
      onclick: () => pick.choose(i),
    };
    const row = h(
      pick ? "button" : "div",
      { class: "dr-class", ...picked },
      h("span", { class: "dr-name" }, name),
      h("span", { class: "dr-track" }, fill),
      number,
    );
    return { row, fill, number };
  });
  const answer = h("strong", { class: "dr-answer" });
  const words = h("span", { class: "dr-words" });
  const group = h(
    "div",
    { class: "dr-bars", role: "group", "aria-label": "Probability of each class" },
    ...rows.map(({ row }) => row),
  );
  if (pick) rove(group, rows.map(({ row }) => row));
  const element = h("div", { class: "dr-verdict lm-answer" }, h("p", { class: "dr-guess" }, answer, words), group);
  return {
    element,
    show(probabilities, blank) {
      rows.forEach(({ row, fill, number }, i) => {
        fill.style.width = `${100 * probabilities[i]}%`;
        number.textContent = percent(probabilities[i]);
        row.dataset.value = probabilities[i];
      });
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
      const [first, second] = order;
      rows.forEach(({ row }, i) => row.classList.toggle("dr-first", i === first && !blank));
      answer.textContent = blank ? "?" : names[first];
      const rival = probabilities[second] > 0.1 ? `, or ${names[second]}: ${percent(probabilities[second])}` : "";
      words.textContent = blank
        ? `Nothing is drawn. The network must answer all the same: ${names[first]}, ${percent(probabilities[first])}.`
        : `${percent(probabilities[first])}${rival}`;
      return blank ? words.textContent : `The network reads ${names[first]}: ${words.textContent}`;
    },
    mark(chosen) {
      rows.forEach(({ row }, i) => row.setAttribute("aria-pressed", String(i === chosen)));
    },
  };
}

/** Make a column of buttons one stop of the Tab key; arrow keys move inside it. */
function rove(group, buttons) {
  const focusable = (i) => buttons.forEach((one, j) => (one.tabIndex = i === j ? 0 : -1));
  focusable(0);
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

function percent(probability) {
  return `${(100 * probability).toFixed(1)} %`;
}

// ---- the view itself -------------------------------------------------------------------------

