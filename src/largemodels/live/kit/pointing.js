// Mouse, finger and arrow keys: a drag, and a cursor on a grid.

/**
 * Follow a mouse, pen or finger that is pressed on `surface`: onPoint(x, y, event), both from 0 to 1; onEnd() when it is
 * lifted or taken away. Until then no other counts: a second finger neither moves nor draws anything.
 * Fast strokes report every point between two frames. `touch` is what fingers may do to the page here, a touch-action:
 * "none", or "pan-y" where a finger that goes up or down should scroll. Returns nothing; listeners live with the element.
 */
function onDrag(surface, onPoint, { onEnd = () => {}, touch = "none" } = {}) {
  let held = null; // the id of the pointer that drags
  const drags = () => held !== null && surface.hasPointerCapture(held); // it may have been lost with its element
  const report = (event) => {
    const box = surface.getBoundingClientRect();
    if (!box.width || !box.height) return; // nothing of it is shown: there is no place to point at
    const points = event.getCoalescedEvents?.() ?? [];
    for (const e of points.length ? points : [event]) {
      const x = (e.clientX - box.left) / box.width;
      const y = (e.clientY - box.top) / box.height;
      onPoint(Math.max(0, Math.min(1, x)), Math.max(0, Math.min(1, y)), event);
    }
  };
  const end = (event) => {
    if (event.pointerId !== held) return;
    held = null;
    onEnd();
  };
  surface.style.touchAction = touch;
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drags()) return;
    held = event.pointerId;
    surface.setPointerCapture(held);
    report(event);
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId === held && drags()) report(event);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "pointerleave"]) surface.addEventListener(name, end);
}

/**
 * A cursor on a grid that lies over `surface` (an .lm-surface around a canvas): dragged, tapped, or moved by arrow
 * keys (with Shift ten cells at a time; Home and End to the ends of the row).
 *
 * `size`: cells that the cursor covers, [rows, columns]; it stays inside the grid.
 * `onMove(row, column)`: top left cell, after the reader moved it or pressed where it is. `touch` as for onDrag.
 * `describe(row, column)`: the place in words.
 * The result has row, column, and place(row, column): move without calling onMove, e.g. to mirror another cursor;
 * resize(rows, columns) when the grid has changed.
 */
function gridCursor(surface, { label, rows, columns, size = [1, 1], describe, onMove, touch = "none" }) {
  const marker = h("div", { class: "lm-cursor", "aria-hidden": "true" });
  const words = describe ?? ((row, column) => `row ${row + 1}, column ${column + 1}`);
  const cursor = { row: 0, column: 0, place, resize };
  let last;

  function resize(...now) {
    [rows, columns] = now;
    last = [rows - size[0], columns - size[1]];
    surface.setAttribute("aria-valuemax", (last[0] + 1) * (last[1] + 1) - 1);
    place(cursor.row, cursor.column);
  }

  function place(row, column) {
    cursor.row = Math.max(0, Math.min(last[0], row));
    cursor.column = Math.max(0, Math.min(last[1], column));
    const percent = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(marker.style, {
      left: percent(cursor.column, columns),
      top: percent(cursor.row, rows),
      width: percent(size[1], columns),
      height: percent(size[0], rows),
    });
    surface.setAttribute("aria-valuenow", cursor.row * (last[1] + 1) + cursor.column);
    surface.setAttribute("aria-valuetext", words(cursor.row, cursor.column));
  }

  function move(row, column, pressed = false) {
    const before = [cursor.row, cursor.column];
    place(row, column);
    if (!pressed && before[0] === cursor.row && before[1] === cursor.column) return;
    onMove(cursor.row, cursor.column);
    surface.setAttribute("aria-valuetext", words(cursor.row, cursor.column)); // onMove may have changed the numbers
  }

  const attributes = { role: "slider", tabindex: 0, "aria-label": label, "aria-valuemin": 0 };
  for (const [name, value] of Object.entries(attributes)) surface.setAttribute(name, value);
  surface.append(marker);
  const drag = (x, y, { type }) => {
    surface.focus({ preventScroll: true });
    const [row, column] = [Math.floor(y * rows - (size[0] - 1) / 2), Math.floor(x * columns - (size[1] - 1) / 2)];
    move(row, column, type === "pointerdown");
  };
  onDrag(surface, drag, { touch });
  withKeys(surface, { "← → ↑ ↓": "one cell that way", "Shift + arrow": "ten cells", "Home End": "the ends of the row" });
  surface.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const { row, column } = cursor;
    const targets = {
      ArrowUp: [row - step, column],
      ArrowDown: [row + step, column],
      ArrowLeft: [row, column - step],
      ArrowRight: [row, column + step],
      Home: [row, 0],
      End: [row, last[1]],
    };
    if (!targets[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the page must not scroll as well
    event.stopPropagation(); // nor the notebook leave its cell
    move(...targets[event.key]);
  });
  resize(rows, columns);
  return cursor;
}
