/*
 * Gives a widget the real model that `make real` writes into the book. answers.js loads this file, and those before it,
 * when a view first asks for the model. From then on the page answers that view as a kernel would: it sets `opened` to the
 * view's `knock`.
 *
 * A view sets `asks` to {what: "look" | "load" | "stop", …}, and reads `real`, {state, …}:
 *   none       the book has no model, or another than the widget's
 *   offered    name, megabytes: it can be loaded; and after a failure `problem`, a sentence
 *   loading    name, megabytes, done (megabytes), part, parts
 *   ready      name, megabytes
 */
(() => {
  "use strict";
  const { Trouble, PageLlama, PageReading, readIndex, withNames } = globalThis.liveReal;
  const SAME = ["layers", "heads", "kv_heads", "vocabulary"];

  let opened; // a promise of the model: widgets of a page share it
  let abort;
  const tellers = new Set(); // of the widgets that wait, what hears how far it is

  async function importEncoder(source) {
    const url = URL.createObjectURL(new Blob([`${source}\nexport default tokenEncoder;`], { type: "text/javascript" }));
    return import(url).then((found) => found.default).finally(() => URL.revokeObjectURL(url));
  }

  function open(index, tell) {
    tellers.add(tell);
    if (opened) return opened;
    abort = new AbortController();
    const tellAll = (...how) => tellers.forEach((one) => one(...how));
    opened = PageLlama.open(index, abort.signal, tellAll).catch((problem) => {
      tellers.clear();
      opened = undefined;
      throw problem;
    });
    return opened;
  }

  /** Serve one widget. `show` says how it goes, as for every other widget. */
  async function serve(model, show) {
    const index = await readIndex().catch(() => null);
    const settings = model.get("settings");
    if (!index || SAME.some((name) => index[name] !== settings[name])) {
      model.askReal = () => {};
      return model.set("real", { state: "none" });
    }
    const megabytes = index.parts.reduce((sum, [, size]) => sum + size, 0) / 1e6;
    const about = { name: index.name, megabytes };
    const offer = (problem = "") => model.set("real", { state: "offered", ...about, problem });

    async function load() {
      const { state } = model.get("real") ?? {};
      if (state === "loading" || state === "ready") return;
      const tell = (bytes, part) => model.set("real", { state: "loading", ...about, done: bytes / 1e6, part, parts: index.parts.length });
      try {
        tell(0, 0);
        const llama = await open(index, tell);
        const encode = withNames(await importEncoder(llama.encoder), llama.vocabulary);
        const longest = settings.longest ?? 64;
        const reading = new PageReading(llama, encode, index.ends, longest);
        answerWith(model, reading, show);
        model.set("real", { state: "ready", ...about });
        model.set("opened", model.get("knock"));
      } catch (problem) {
        if (problem?.name === "AbortError") return offer();
        const kept = location.protocol === "file:" ? "" : " What has arrived is kept, if the browser allows it.";
        const text = problem instanceof Trouble ? problem.message : `The model could not be opened: ${problem?.message ?? problem}`;
        offer(`${text.replace(/\.$/, "")}.${kept} Try again.`);
      }
    }

    model.askReal = () => {
      const { what } = model.get("asks") ?? {};
      if (what === "load") load();
      if (what === "stop") abort?.abort();
    };
    offer();
    model.askReal();
  }

  /** Make the model in the page answer. An older question is given up for a newer one. */
  function answerWith(model, reading, show) {
    globalThis.liveAnswers.answerNewest(model, async (asked, stale) => {
      try {
        show("running");
        const outputs = await reading.answer(asked, stale);
        show("ready");
        if (outputs) model.set("outputs", outputs);
      } catch (problem) {
        show("ready");
        model.set("error", problem?.message ?? String(problem));
      }
    });
  }

  globalThis.liveReal.serve = serve;
})();
