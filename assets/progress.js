/*
 * Readers can mark each exercise as done, and see how many are: on the page, in the contents beside it, on the home page.
 *
 * Marks are kept under the labels of the exercises, so they survive a new build of the book. exercises.js, which
 * tools/book_exercises.py writes, lists the exercises of all pages; it is fetched only if there is a mark.
 */
(() => {
  "use strict";
  const EVERY = new URL("exercises.js", document.currentScript.src).href;
  const ROOT = new URL("../", document.currentScript.src).href;
  const marks = globalThis.bookKeep("exercises done"); // keep.js

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const countOf = (labels, done) => `${labels.filter((label) => done[label]).length} of ${labels.length}`;

  /** Put a box to tick into the title of an exercise. */
  function addBox(exercise) {
    const title = exercise.querySelector(".admonition-title");
    const box = element("input", { type: "checkbox", onchange: () => marks.set(exercise.id, box.checked || undefined) });
    box.setAttribute("aria-label", `${title.textContent.trim()}: done`);
    title.append(element("label", { className: "exercise-done" }, box, "done"));
    return () => (box.checked = Boolean(marks.get()[exercise.id]));
  }

  /**
   * A line that says how many of some exercises are done, with a button that clears all marks of the book or restores them.
   * `labels()`: which exercises. `always`: show the line even if there is no mark.
   */
  function addLine(after, labels, always) {
    const text = element("span", { role: "status" });
    const clear = element("button", { type: "button", className: "fold-switch", textContent: "Clear all marks" });
    let cleared;
    clear.addEventListener("click", () => {
      const before = cleared;
      cleared = before ? undefined : marks.get();
      marks.replace(before ? { ...before, ...marks.get() } : {});
    });
    after.after(element("p", { className: "exercises-done" }, text, " ", clear));
    return () => {
      const any = Object.keys(marks.get()).length > 0;
      if (any) cleared = undefined;
      text.textContent = `${countOf(labels(), marks.get())} exercises done.`;
      text.parentElement.hidden = !any && !cleared && !always;
      clear.hidden = !any && !cleared;
      clear.textContent = cleared ? "Restore the marks" : "Clear all marks";
    };
  }

  let loading;
  const load = () =>
    (loading ??= new Promise((resolve) => {
      document.head.append(element("script", { src: EVERY, onload: resolve, onerror: resolve })); // without it, no counts
    }));

  /** Write beside each link of the contents how many exercises of that page are done, if any is. */
  function countLinks(done) {
    for (const link of document.querySelectorAll(".bd-sidebar-primary .bd-links a[href], .toctree-wrapper a[href]")) {
      const page = link.href.split("#")[0].replace(ROOT, "").replace(/\.html$/, "");
      const labels = (!link.hash && globalThis.bookExercises?.[page]) || [];
      const shown = labels.some((label) => done[label]) ? countOf(labels, done) : "";
      const count = link.querySelector(".exercises-count");
      if (count) count.textContent = shown;
      else if (shown) link.append(element("span", { className: "exercises-count", title: "exercises done" }, shown));
    }
  }

  addEventListener("DOMContentLoaded", () => {
    const exercises = [...document.querySelectorAll(".bd-article .exercise[id]")];
    const labels = exercises.map(({ id }) => id);
    const shows = exercises.map(addBox);
    const heading = document.querySelector(".bd-article section#exercises > h2");
    const last = exercises.at(-1);
    if (last) shows.push(addLine(heading ?? last, () => labels, true));
    const map = document.querySelector(".bd-article section:has(> section > .station) > h2"); // the home page
    if (map) shows.push(addLine(map, () => Object.values(globalThis.bookExercises ?? {}).flat(), false));

    async function show() {
      const done = marks.get();
      if (Object.keys(done).length) await load();
      for (const each of shows) each();
      countLinks(marks.get());
    }
    marks.onChange(show);
    show();
  });
})();
