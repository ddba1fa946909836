/*
 * Answers what a reader changes in a page without a kernel, for host.js, which is loaded after it; onnx.js and reading.js
 * are loaded before.
 *
 * A model here has more than with a kernel, where a view must do without:
 *   graph(name)    a promise of a graph that the view runs itself, its own or that of a file beside the page:
 *                  {inputs, outputs: names, run}, where `await run({name: {shape, data: typed array}})` has the same form;
 *                  what comes out may be put in again, as a cache is
 *   ahead(inputs)  where the view has `grows` (reading.js): a promise of the answer for what is new of a text, and nothing
 *                  is shown; `inputs` of that text are then answered without computing it again. Rejects as `show` says.
 */
(() => {
  "use strict";
  const Reading = globalThis.liveReading; // reading.js
  const REAL = ["parts", "weights", "llama", "reading", "serve"];
  const { BESIDE, compute, fetchBeside, fetchScript, isOpen, openSession, run, toWires } = globalThis.liveOnnx; // onnx.js

  /** Make `model` answer: the newest inputs win, and what a newer change has overtaken is never computed. */
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
    let busy = false;
    let again = false;
    let unanswered = false;
    model.answer = async () => {
      again = true;
      if (busy) return;
      busy = true;
      while (again) {
        again = false;
        try {
          const outputs = await answer(model.get("inputs"));
          show("ready");
          unanswered = false;
          model.set("outputs", outputs);
        } catch (problem) {
          unanswered = true;
          failed(problem);
        }
      }
      busy = false;
    };
    addEventListener("online", () => unanswered && model.answer());
  }

  /** Let `model` have what lies beside the page as `brought`, when it says that it is `wanted`. */
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

  /** Let `model` have the real model, where the book has it, when its view `asks`: real/serve.js, fetched then. */
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

  globalThis.liveAnswers = { answerWith, bringTo, realFor, reason };
})();
