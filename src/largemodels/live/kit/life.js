// The life of a view: when it is drawn, in which theme, and when it ends.

/**
 * Draw now and whenever the numbers, the theme or the screen's pixels change, and show what the kernel has to complain
 * about.
 * Call it last in render and return what it returns: the cleanup.
 *
 * `problem` is where the complaint goes, if not to the end; an element with the class lm-problem and the role status.
 *
 * Nothing is drawn while `el` is out of the document, where it has no colours: notebooks render before they attach,
 * and take cells away that are scrolled out of sight. After every draw of new outputs, el.dataset.drawn counts one up.
 */
function keepDrawn(el, model, draw, problem = el.appendChild(h("p", { class: "lm-problem", role: "status" }))) {
  let count = 0;
  let frame = 0;
  let fresh = true; // there are outputs that were not drawn
  let waiting = false; // for the document, with something to draw
  const attached = new ResizeObserver(() => waiting && el.isConnected && now());
  const now = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    waiting = !el.isConnected;
    if (waiting) {
      attached.unobserve(el); // begin anew: out and back between two frames is no change of size
      attached.observe(el);
      return;
    }
    draw();
    if (fresh) el.dataset.drawn = String(++count);
    fresh = false;
  };
  const soon = () => (frame ||= requestAnimationFrame(now));
  const answered = () => {
    fresh = true;
    now();
  };
  const complain = () => (problem.textContent = model.get("error") ?? "");

  el.classList.add("lm");
  const forgetTheme = onTheme((dark) => {
    el.classList.toggle("lm-dark", dark);
    if (count) now(); // at once: paper does not wait for a frame
    paintAll();
  });
  const forgetPixels = onPixelRatio(soon);
  const toPaper = () => paintAll();
  addEventListener("beforeprint", toPaper);
  model.on("change:outputs", answered);
  model.on("change:inputs", soon);
  model.on("change:error", complain);
  complain();
  now();
  return () => {
    forgetTheme();
    forgetPixels();
    removeEventListener("beforeprint", toPaper);
    attached.disconnect();
    cancelAnimationFrame(frame);
    model.off("change:outputs", answered);
    model.off("change:inputs", soon);
    model.off("change:error", complain);
  };
}

/** Call back with true for a dark page, now and at every change: the book's theme, JupyterLab's, VS Code's, the system's. */
function onTheme(callback) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const { documentElement: html, body } = document;
  const isDark = () => {
    if (html.dataset.theme) return html.dataset.theme === "dark";
    if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
    if (body.dataset.vscodeThemeKind) return body.dataset.vscodeThemeKind.includes("dark");
    return system.matches;
  };
  const tell = () => callback(isDark());
  const observer = new MutationObserver(tell);
  observer.observe(html, { attributeFilter: ["data-theme"] });
  observer.observe(body, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  system.addEventListener("change", tell);
  tell();
  return () => {
    observer.disconnect();
    system.removeEventListener("change", tell);
  };
}

/** Call back when a pixel of the page has become more or fewer of the screen's: on another screen, or after a zoom. */
function onPixelRatio(callback) {
  let query;
  const listen = () => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`); // true now, so it changes when the ratio does
    query.addEventListener("change", changed, { once: true });
  };
  const changed = () => {
    listen();
    callback();
  };
  listen();
  return () => query.removeEventListener("change", changed);
}
