// One head, large: the grid of its weights, its cursor, and the letters along it.

/** One head, large: `draw` paints it, `point` moves its cursor. `strip` makes what stands along it, for each `unit`. */
function headMap({ look, glance, unit = "character", strip = letterStrip }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const surface = h("div", { class: "lm-surface ax-map" }, canvas);
  const [across, down] = [strip("ax-top"), strip("ax-left", true)];
  let shown;
  const describe = (t, s) => {
    if (!shown) return "";
    const { answer, layer, head } = shown;
    if (s > t) return `${answer.named(t)} cannot look at ${answer.named(s)}: it comes later`;
    return `${answer.named(t)} looks at ${s === t ? "itself" : answer.named(s)}: weight ${format(answer.weights(layer, head, t)[s], 3)}`;
  };
  const label = `Weights: a row for each ${unit} that looks, a column for each that is looked at`;
  // a finger that goes along a row moves the cursor; up and down, the page
  const cursor = gridCursor(surface, { label, rows: 1, columns: 1, describe, onMove: look, touch: "pan-y" });
  const under = (event) => {
    const box = surface.getBoundingClientRect();
    if (!box.width) return []; // nothing of it is shown
    const count = shown.answer.text.length;
    const place = (x, size) => Math.max(0, Math.min(count - 1, Math.floor((x / size) * count)));
    return [place(event.clientY - box.top, box.height), place(event.clientX - box.left, box.width)];
  };
  surface.addEventListener("pointermove", (event) => event.pointerType === "mouse" && !event.buttons && glance(...under(event)));
  surface.addEventListener("pointerleave", () => glance());
  const title = h("p", { class: "ax-title" });
  const frame = h("div", { class: "ax-frame" }, across, down, surface);
  const legend = legendBar("colours of the weights");
  const element = h(
    "div",
    { class: "ax-detail lm-answer" },
    title,
    frame,
    legend,
    h("p", { class: "lm-quiet" }, `Each row is a ${unit} that looks, each column one it may look at; every row adds up to 1. What comes later is hidden: striped.`),
  );

  element.draw = (now) => {
    const { answer, layer, head, on, theme } = (shown = now);
    const t = answer.text.length;
    frame.style.setProperty("--count", t);
    const weights = answer.map(layer, head);
    paint(canvas, weights.map((weight, i) => (i % t > Math.floor(i / t) ? NaN : weight)), t, t, theme.weights);
    canvas.values = weights;
    legend.show(theme.weights);
    const off = on ? [] : [h("span", { class: "ax-flag" }, "switched off: its answer is replaced by zeros")];
    title.replaceChildren(h("b", {}, titled(layer, head, "L")), ...off);
    cursor.resize(t, t);
  };
  element.point = ({ t, s }) => cursor.place(t, s);
  return Object.assign(element, { surface, across, down });
}

/** A canvas for the characters of a text along a row of cells, or down a column; `.room` is its length on the screen. */
function letterStrip(name, down = false) {
  const canvas = h("canvas", { class: name, "aria-hidden": "true" });
  canvas.room = 0;
  /** Write them where cells are large enough, and the one at `place` larger. */
  canvas.write = (text, place, { family, ink, accent }) => {
    if (!canvas.room) return; // nothing of it is shown
    takeRoom(canvas, down ? [20, canvas.room] : [canvas.room, 20]);
    paintInTurn(canvas, () => paintLetters(text, place, family, ink, accent));
  };
  function paintLetters(text, place, family, ink, accent) {
    const { room } = canvas;
    const sharp = sharpen(canvas);
    const pen = penAside(canvas);
    pen.scale(sharp, sharp);
    const cell = room / text.length;
    const write = (character, i) => {
      const along = (i + 0.5) * cell;
      pen.fillText(character, down ? 10 : along, down ? along : 10);
    };
    const size = Math.min(13, cell * (down ? 1.15 : 1.5));
    Object.assign(pen, { textAlign: "center", textBaseline: "middle", fillStyle: ink, font: `${size}px ${family}` });
    text.forEach((character, i) => {
      const free = cell >= 5 && i !== place && Math.abs(i - place) * cell >= 9;
      if (free && character !== " ") write(show(character), i);
    });
    Object.assign(pen, { fillStyle: accent, font: `bold 15px ${family}` });
    write(glyph(text[place]), place);
    canvas.getContext("2d").drawImage(pen.canvas, 0, 0);
  }
  return canvas;
}

/** Give a canvas its size in the page at once, also where its picture waits (sight.js): the page must not be too wide. */
function takeRoom(canvas, [width, height]) {
  canvas.size = [width, height];
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
}

/** Empty a canvas and give it as many pixels as the screen has where it stands; how many for each of the page's. */
function sharpen(canvas) {
  const sharp = window.devicePixelRatio || 1;
  const [width, height] = canvas.size.map((length) => Math.round(length * sharp));
  Object.assign(canvas, { width, height });
  return sharp;
}

/** A pen on a canvas of the same size that is not in the page: to write with one that is, a browser lays the page out. */
function penAside({ width, height }) {
  return Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
}
