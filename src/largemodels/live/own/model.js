// Shows a reader's own model in the place of the book's: a file that a notebook has written, chosen or dropped here.
//
// Only in a page: in a notebook, readers bind their models themselves. assets/own.js, which reads the file, is fetched only
// once there is one.

/** Add buttons at the foot, and let files be dropped on the whole widget. Returns the cleanup. */
function ownModel({ el, model, say, foot }) {
  if (!onStaticPage()) return () => {};
  const said = h("p", { class: "lm-problem", role: "status" });
  const chosen = h("input", { type: "file", accept: ".onnx", hidden: true, tabindex: -1, "aria-label": "File of a model", onchange: () => chosen.files[0] && take(chosen.files[0]) });
  const open = button("Your model", () => chosen.click(), { class: "lm-take-one", title: "Show a model of your own: an .onnx file that a notebook of this book has written, chosen here or dropped on the widget" });
  const back = button("Back to the book’s model", () => give(), { class: "lm-take-one", hidden: true });
  foot.querySelector(".lm-take").prepend(open, back, chosen);
  el.append(said);
  let book = null; // what was here before

  const tell = (words, bad) => {
    said.classList.toggle("lm-problem", Boolean(bad));
    said.textContent = words;
  };
  async function take(file) {
    tell(`Reading ${file.name} …`);
    try {
      if (!globalThis.liveOwn) await globalThis.liveOnnx.fetchScript("own.js");
      const before = await globalThis.liveOwn.take(model, file);
      book ??= before;
      back.hidden = false;
      tell(`This is your model, ${file.name}; it stays in this page and is not sent anywhere.`);
      say(said.textContent);
    } catch (problem) {
      tell(`${file.name} is not shown: ${problem.message}. What you see is the model that was here.`, true);
    }
    chosen.value = ""; // the same file may be chosen again
  }
  function give() {
    if (book) globalThis.liveOwn.give(model, book);
    book = null;
    back.hidden = true;
    open.focus();
    tell("This is the book’s model again.");
    say(said.textContent);
  }
  const files = (event) => event.dataTransfer?.types?.includes("Files");
  const over = (event) => files(event) && event.preventDefault();
  const drop = (event) => {
    if (!files(event)) return;
    event.preventDefault(); // the browser would open it
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  };
  el.addEventListener("dragover", over);
  el.addEventListener("drop", drop);
  return () => {
    el.removeEventListener("dragover", over);
    el.removeEventListener("drop", drop);
  };
}
