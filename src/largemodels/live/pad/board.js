// The board that the reader draws on: pen and eraser, by pointer or keys; undo, shift.

const UNDOS = 60;

// A board of size × size pixels, each from 0 (paper) to 1 (ink). `onInk(ink)` after a change, once a frame at most.
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
  const row = h("div", { class: "dr-tools" }, tools, undoButton, button("Clear", clear), pad);
  const problem = h("p", { class: "lm-problem", role: "status" });
  const element = h(
    "div",
    { class: "dr-drawing" },
    surface,
    row,
    problem,
  );

  function stroke(from, to) {
    const radius = erasing ? pen + 1 : pen; // wide enough to take a stroke's soft edge along
    layInk(ink, size, from, to, radius, erasing);
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
    replace(shifted(ink, size, down, right), "moved");
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

  withKeys(surface, {
    "← → ↑ ↓": "move the pen",
    "Space or Enter": "lower the pen, or lift it",
    "Shift + arrow": "move the whole drawing",
    E: "pen or eraser",
    "U or Ctrl + Z": "undo",
    C: "clear",
  });
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
    foot: row, // has room for more
    ink: () => ink,
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
    /** Take up the drawing that a link of an earlier edition holds, now and when it is another; returns the cleanup. */
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
