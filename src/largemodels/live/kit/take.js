// What a reader can copy or save from a widget: a link to its settings, a picture of it, and the numbers in it.

/**
 * Tables as CSV (RFC 4180): each a list of rows, the first of which names the columns, with their units; numbers in full,
 * as float32 has them. All rows have as many cells. Text that a spreadsheet would take for a formula gets a ' in front.
 */
function csvOf(tables) {
  const widest = Math.max(...tables.flat().map((row) => row.length));
  const cell = (value) => {
    if (typeof value === "number") return Number.isFinite(value) ? String(inFigures(value)) : "";
    const text = String(value ?? "");
    const safe = /^[=+\-@\t\r＝＋－＠]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
    return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = (table) => table.map((row) => Array.from({ length: widest }, (_, i) => cell(row[i])).join(","));
  return `\ufeff${tables.map((table) => `${lines(table).join("\r\n")}\r\n`).join(`${",".repeat(widest - 1)}\r\n`)}`;
}

/** A table of a tensor [rows, columns], a line for each number: its row, its column, the number. */
function longTable([row, column, name], values, rows, columns) {
  return [[row, column, name], ...rows.flatMap((r, i) => columns.map((c, j) => [r, c, values[i * columns.length + j]]))];
}

/** Let the reader have a file. */
function saveFile(name, blob) {
  const href = URL.createObjectURL(blob);
  const link = h("a", { href, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/**
 * The menu "Copy link", "Picture" and "Numbers", to be appended at the foot. `link()` returns the link, or "" if it would
 * be too long; `key` goes into the names of files; `numbers()` returns tables, each a list of rows, of which the first names
 * the columns.
 */
function takeAway({ el, say, key, link, numbers }) {
  const shown = h("input", { type: "text", class: "lm-sent", readonly: true, hidden: true, "aria-label": "The link or the text to copy" });
  const said = h("span", { class: "lm-quiet" });
  const tell = (words) => say((said.textContent = words));
  const page = decodeURIComponent(location.pathname.split("/").at(-1)).replace(/\.\w+$/, "") || "page";
  const name = (kind) => `${page}-${key}.${kind}`.replace(/[^\w.-]+/g, "-");
  const where = () => (location.protocol.startsWith("http") ? location.origin + location.pathname : page); // no folder of the reader's
  const draw = async (make) => {
    if (!globalThis.livePicture) await globalThis.liveOnnx.fetchScript("picture.js");
    paintAll();
    return make(globalThis.livePicture, globalThis.livePicture.pictureOf(el, [document.title, where()]));
  };

  async function copy() {
    shown.value = link();
    shown.hidden = true;
    if (!shown.value) return tell(`What you have set is too long for a link, which can hold ${LONGEST_STATE.toLocaleString("en")} characters.`);
    try {
      await navigator.clipboard.writeText(shown.value);
      tell(onStaticPage() ? "Copied." : "Copied. You can paste it into any widget of the same kind.");
    } catch {
      shown.hidden = false; // no permission, or no clipboard
      shown.select();
      tell("Copy the text in the box.");
    }
  }
  async function save(kind, make) {
    try {
      saveFile(name(kind), await make());
      tell(`Saved as ${name(kind)}.`);
    } catch {
      tell("This browser does not let the page save this file.");
    }
  }
  const text = (content, type) => new Blob([content], { type: `${type};charset=utf-8` });
  const one = (words, title, onclick) => button(words, onclick, { class: "lm-take-one", title });
  const svgOf = ({ textOfDrawing }, drawing) => text(textOfDrawing(drawing), "image/svg+xml");
  const pictures = [
    one("Picture", "What you see here, as a picture: PNG", () => save("png", () => draw(({ pngOf }, drawing) => pngOf(drawing)))),
    one("SVG", "What you see here, as a drawing that can be edited: SVG", () => save("svg", () => draw(svgOf))),
  ];
  return h(
    "div",
    { class: "lm-take", role: "group", "aria-label": "Copy or save" },
    one(onStaticPage() ? "Copy link" : "Copy state", onStaticPage() ? "A link to this page, with what you have set" : "What you have set, as text", copy),
    ...(onStaticPage() ? pictures : []), // what draws them lies beside the pages
    one("Numbers", "The numbers behind it, for a spreadsheet: CSV", () => save("csv", () => text(csvOf(numbers()), "text/csv"))),
    shown,
    said,
  );
}

/** What most views need: it keeps the state, and adds the menu at the foot of `el`, or to `foot`. See keepState and takeAway. */
function keepAndTake({ el, model, say, numbers, foot = el, ...rest }) {
  const state = keepState({ el, model, ...rest });
  foot.append(takeAway({ el, say, key: state.key, link: state.link, numbers }));
  return state;
}
