// Where the reader looks: at which head, from which place of the text, and to which.

/** The head and the [row, column] of its weights that are shown: the reader's choice, or what is under the mouse.
 * `answer` returns what there is to look at, if anything; `forget` is called before the reader looks elsewhere, and
 * `drawPlace` and `drawHead` after. */
function readersGaze({ answer, say, forget, drawPlace, drawHead }) {
  const gaze = { layer: 0, head: 0, row: -1, column: -1 };
  let peek = null; // [row, column] under the mouse
  const strongest = (row) => answer().strongest(gaze.layer, gaze.head, row);
  const told = (row) => answer().looksAt(gaze.layer, gaze.head, row);
  const inside = (row) => Math.max(0, Math.min(answer().text.length - 1, row));

  gaze.at = () => peek ?? [gaze.row, gaze.column];

  /** Look from `row` to `column`, or to where most of the weight is. */
  gaze.look = (row, column) => {
    if (!answer()) return;
    const to = inside(row);
    peek = null;
    column ??= strongest(to);
    if (to === gaze.row && column === gaze.column) return;
    if (to !== gaze.row) say(told(to));
    Object.assign(gaze, { row: to, column });
    forget();
    drawPlace();
  };

  /** Look somewhere for as long as the mouse is there; without a row, back to where the reader was. */
  gaze.glance = (row, column) => {
    const there = row === undefined ? null : [row, column ?? strongest(row)];
    if (String(there) === String(peek)) return;
    peek = there;
    drawPlace();
  };

  /** Look at another head, from the same row. */
  gaze.choose = (layer, head) => {
    Object.assign(gaze, { layer, head });
    gaze.column = strongest(gaze.row);
    forget();
    drawHead();
    say(`${titled(layer, head)}: ${told(gaze.row)}`);
  };

  /** Before an answer is drawn: go to `row`, if there is one, else stay, as far as the text allows. */
  gaze.settle = (row = null) => {
    peek = null;
    const { length } = answer().text;
    const to = inside(row ?? (gaze.row < 0 ? length - 1 : gaze.row));
    if (row === null && to === gaze.row && gaze.column < length) return;
    Object.assign(gaze, { row: to, column: strongest(to) });
    forget();
  };
  return gaze;
}
