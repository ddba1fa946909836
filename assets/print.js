/*
 * Printing. Paper is white, so a page is printed in the light palette, whatever the screen shows. All folds are opened,
 * except code that does not teach: if the reader has left it folded, only the line of the fold is printed.
 *
 * A style sheet could change the page's own colours, but not what widgets have drawn. They draw again when the theme
 * changes. A widget keeps the width for which it was laid out; if the paper is narrower, it is scaled down as a whole.
 */
(() => {
  "use strict";
  const PAPER = 560; // CSS pixels: A4 leaves 680 between the margins, and letters may be smaller in print
  const page = document.documentElement;
  let before; // how the screen was, while the page is printed

  function toPaper() {
    if (before) return;
    before = { theme: page.dataset.theme, folded: [...document.querySelectorAll("details:not([open], .hide)")] };
    before.folded.forEach((details) => (details.open = true));
    for (const widget of document.querySelectorAll("[data-state]")) {
      const width = widget.offsetWidth;
      Object.assign(widget.style, { width: `${width}px`, zoom: Math.min(1, PAPER / width) });
    }
    page.dataset.theme = "light";
  }

  function toScreen() {
    if (!before) return;
    page.dataset.theme = before.theme;
    before.folded.forEach((details) => (details.open = false));
    for (const widget of document.querySelectorAll("[data-state]")) Object.assign(widget.style, { width: "", zoom: "" });
    before = undefined;
  }

  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", toScreen);
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? toPaper() : toScreen()));
})();
