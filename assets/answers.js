/*
 * Computes the answer when a reader changes something in a page without a kernel. host.js, which is loaded after this
 * file, uses it; onnx.js and reading.js are loaded before.
 *
 * In a page, a widget's model has two functions that it does not have in a notebook, so a view must also work without:
 *   graph(name)    promises a graph for the view to run itself: its own, or that of a file beside the page. The graph is
 *                  {inputs, outputs: names, run}. `await run({name: {shape, data: typed array}})` returns the same form,
 *                  and what it returns can be put in again, as a cache is.
 *   ahead(inputs)  only if the view has `grows` (reading.js): computes the new part of a text and promises the answer, but
 *                  shows nothing. If the view later asks for the same text, nothing is computed twice. It rejects with
 *                  the problem that the page shows.
 */
(() => {
  "use strict";
  const Reading = globalThis.liveReading; // reading.js
  const REAL = ["parts", "weights", "llama", "reading", "serve"];
  const { BESIDE, compute, fetchBeside, fetchScript, isOpen, openSession, run, toWires } = globalThis.liveOnnx; // onnx.js

  /**
   * Call `answer(inputs, stale)` after each change of `model`, one call at a time. Only the newest inputs count: a change
   * that a newer one has overtaken is never computed. `stale()` says whether there is a newer one. `answer` must not reject.
   */
  function answerNewest(model, answer) {
    let [busy, again] = [false, false];
    model.answer = async () => {
      again = true;
      if (busy) return;
      busy = true;
      while (again) {
        again = false;
        await answer(model.get("inputs"), () => again);
      }
      busy = false;
    };
  }

  /** Make `model` answer with its own ONNX. */
  function answerWith(model, onnx, show) {
    const open = async (name = onnx) => {
      if (!isOpen(name)) show("loading");
      return openSession(name);
    };
    const failed = (problem) => {
      show("failed", `This could not be computed: ${reason(problem)}. What you see is the last result.`);
    };
    model.graph = async (name) => {
      const session = await open(name && BESIDE + name);
      show("ready");
      return { inputs: session.inputNames, outputs: session.outputNames, run: (tensors) => compute(session, tensors) };
    };
    if (!onnx) {
      model.answer = () => show("failed", "This widget computes only in a running notebook: what you see is its last result.");
      return;
    }
    let answer = async (inputs) => {
      const session = await open();
      show("running");
      return run(session, inputs);
    };
    if (model.get("grows")?.text) {
      const reading = new Reading(model.get("grows"));
      let reads = Promise.resolve(); // one text at a time
      const read = (how, inputs) =>
        (reads = reads.catch(() => {}).then(async () => {
          const first = !isOpen(onnx);
          const session = await open();
          if (how === "read" || first) show("running");
          return reading[how]((tensors) => compute(session, tensors), inputs);
        }));
      answer = async (inputs) => toWires(await read("read", inputs));
      model.ahead = (inputs) =>
        read("readOn", inputs).catch((problem) => {
          failed(problem);
          throw problem;
        });
    }
    let unanswered = false;
    answerNewest(model, async (inputs) => {
      try {
        const outputs = await answer(inputs);
        show("ready");
        unanswered = false;
        model.set("outputs", outputs);
      } catch (problem) {
        unanswered = true;
        failed(problem);
      }
    });
    addEventListener("online", () => unanswered && model.answer());
  }

  /** When `model` raises `wanted`, fetch its file beside the page and hand it over as `brought`. */
  function bringTo(model, name, show) {
    if (!name) {
      model.bring = () => show("failed", "This widget computes only in a running notebook: what you see is its last result.");
      return;
    }
    model.bring = async () => {
      try {
        show("loading");
        const bytes = await fetchBeside(name);
        show("ready");
        if (!model.get("brought")?.byteLength) model.set("brought", new DataView(bytes.buffer));
      } catch (problem) {
        show("failed", `This could not be computed: ${reason(problem)}. What you see is the last result.`);
      }
    };
  }

  let real; // a promise of what serves the real model, for all widgets of the page

  /** When the view of `model` `asks` for the real model, fetch real/serve.js, which hands it over if the book has it. */
  function realFor(model, show) {
    model.askReal = () => {
      model.askReal = () => {}; // while that is on its way
      real ??= REAL.reduce((before, name) => before.then(() => fetchScript(`real/${name}.js`)), Promise.resolve());
      real
        .then(() => globalThis.liveReal.serve(model, show))
        .catch(() => {
          real = undefined; // the next view that asks tries again
          realFor(model, show);
        });
    };
  }

  function reason(problem) {
    const text = String(problem?.message ?? problem).trim();
    return (text.length > 200 ? `${text.slice(0, 200)}…` : text).replace(/\.$/, "");
  }

  globalThis.liveAnswers = { answerNewest, answerWith, bringTo, realFor, reason };
})();
