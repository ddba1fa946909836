// Word pieces along a row of cells, or down a column.

const PIECE_ROOM = 58; // pixels that a strip is deep

/**
 * A canvas for the pieces of a text along a row of cells (upright), or down a column; `.room` is its length on the
 * screen. As many are written as there is room for, the one at `place` always.
 */
function pieceStrip(name, down = false) {
  const canvas = h("canvas", { class: name, "aria-hidden": "true" });
  const below = name === "ax-below"; // what it belongs to stands above
  canvas.room = 0;
  canvas.write = (text, place, { family, ink, accent }) => {
    if (!canvas.room) return; // nothing of it is shown
    takeRoom(canvas, down ? [PIECE_ROOM, canvas.room] : [canvas.room, PIECE_ROOM]);
    paintInTurn(canvas, () => paintPieces(text, place, family, ink, accent));
  };
  function paintPieces(text, place, family, ink, accent) {
    const { room } = canvas;
    const sharp = sharpen(canvas);
    const pen = penAside(canvas);
    const cell = room / text.length;
    const size = Math.max(9, Math.min(12, cell));
    const write = (i) => {
      const along = (i + 0.5) * cell;
      pen.setTransform(sharp, 0, 0, sharp, 0, 0);
      pen.translate(...(down ? [PIECE_ROOM - 3, along] : [along, below ? 3 : PIECE_ROOM - 3]));
      if (!down) pen.rotate(-Math.PI / 2);
      pen.fillText(fitting(pen, text[i], PIECE_ROOM - 5), 0, 0);
    };
    Object.assign(pen, { textAlign: down || below ? "right" : "left", textBaseline: "middle", fillStyle: ink, font: `${size}px ${family}` });
    let last = -Infinity; // where the one before was written
    text.forEach((_, i) => {
      if (i === place || (i - last) * cell < size || Math.abs(i - place) * cell < size + 1) return;
      write(i);
      last = i;
    });
    Object.assign(pen, { fillStyle: accent, font: `bold ${size + 1}px ${family}` });
    write(place);
    canvas.getContext("2d").drawImage(pen.canvas, 0, 0);
  }
  return canvas;
}

/** As much of a text as a pen writes in a width, with an ellipsis where it is cut. */
function fitting(pen, text, width) {
  let characters = Array.from(text);
  if (pen.measureText(text).width <= width) return text;
  while (characters.length > 1 && pen.measureText(`${characters.join("")}…`).width > width) characters = characters.slice(0, -1);
  return `${characters.join("")}…`;
}
