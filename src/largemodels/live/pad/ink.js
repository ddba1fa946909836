// What a stroke, or a shift, does to the pixels of a drawing.

/** Put ink (or take it) along a line: full inside the pen, fading over one pixel at its edge. */
function layInk(ink, size, from, to, radius, erasing) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let i = 0; i < ink.length; i++) {
    const [x, y] = [(i % size) + 0.5 - from.x, Math.floor(i / size) + 0.5 - from.y];
    const along = length ? Math.max(0, Math.min(1, (x * dx + y * dy) / length)) : 0;
    const distance = Math.hypot(x - along * dx, y - along * dy);
    const covered = Math.max(0, Math.min(1, radius + 0.5 - distance));
    ink[i] = erasing ? Math.min(ink[i], 1 - covered) : Math.max(ink[i], covered);
  }
}

/** The drawing some pixels further down and to the right; what leaves the board is gone. */
function shifted(ink, size, down, right) {
  const moved = new Float32Array(ink.length);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [r, c] = [row - down, column - right];
      if (r >= 0 && r < size && c >= 0 && c < size) moved[row * size + column] = ink[r * size + c];
    }
  }
  return moved;
}
