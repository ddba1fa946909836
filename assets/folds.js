/*
 * Folds: a switch that opens all folds of a page; a link to something inside a fold opens that fold.
 *
 * A fold is a <details> and needs no script of its own. When the page is loaded again, the switch is as it was.
 */
(() => {
  "use strict";
  const { unfolded } = history.state ?? {}; // read at once: other scripts of the page set a state without it

  addEventListener("DOMContentLoaded", () => {
    const folds = [...document.querySelectorAll("details.hide, details.deeper")];
    if (!folds.length) return;

    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "fold-switch", textContent: "Unfold all" });
    document.querySelector(".bd-article h1").after(button);

    const isOpen = () => folds.every((fold) => fold.open);
    const openAll = (open) => folds.forEach((fold) => (fold.open = open));
    const show = () => button.setAttribute("aria-pressed", isOpen());
    const keep = () => history.replaceState({ ...history.state, unfolded: isOpen() }, "");

    function openAddress() {
      const target = document.querySelector(":target");
      const shut = folds.filter((fold) => fold.contains(target) && !fold.open);
      shut.forEach((fold) => (fold.open = true));
      if (shut.length) target.scrollIntoView();
    }

    button.addEventListener("click", () => {
      openAll(!isOpen());
      show();
      keep();
    });
    folds.forEach((fold) => fold.addEventListener("toggle", show));
    addEventListener("hashchange", () => {
      openAddress();
      keep(); // the new address has a state of its own
    });

    if (unfolded) openAll(true);
    openAddress();
    show();
    keep();
  });
})();
