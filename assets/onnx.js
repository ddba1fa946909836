/*
 * Runs the ONNX models of a page's widgets, for host.js, which is loaded after it.
 *
 * The runtime is fetched from the folder of this script, and only once a reader changes something. The same holds for a
 * model that is too large for the page. A model is identified by a text: its ONNX file as base64, or BESIDE and its name.
 */
(() => {
  "use strict";
  const VENDOR = new URL("vendor/", document.currentScript.src).href;
  const HERE = document.currentScript.src;
  const BESIDE = "beside the page: "; // no base64

  let runtime; // a promise of onnxruntime
  let giveUp; // what gives it up while it is on its way
  let turn = Promise.resolve(); // one run at a time: the runtime has one thread
  const sessions = new Map(); // a widget's model → a promise of its session
  const fetched = new Map(); // the name of what lies beside the page → a promise of its bytes

  const lost = (what) => new Error(`${what} could not be fetched${navigator.onLine ? "" : ": there is no network"}`);

  /** Add a script to the page; if that fails, the error names it as `what`. */
  function addScript(src, what) {
    return new Promise((resolve, reject) => {
      const onerror = () => reject(lost(what));
      document.head.append(Object.assign(document.createElement("script"), { src, onload: resolve, onerror }));
    });
  }

  /** Fetch the runtime once; after a failure, or when the `signal` of any that waits gives it up, the next change tries again. */
  function loadRuntime(signal) {
    runtime ??= fetchRuntime("the runtime for models").catch((problem) => {
      runtime = undefined;
      throw problem;
    });
    signal?.addEventListener("abort", giveUp);
    return runtime;
  }

  function fetchRuntime(what) {
    const halt = new AbortController();
    const given = new Promise((_, reject) => {
      giveUp = () => {
        halt.abort();
        reject(lost(what));
      };
    });
    const brought = addScript(`${VENDOR}onnxruntime.js`, what).then(() =>
      globalThis.loadOnnxRuntime((name) => readBeside(name, what, VENDOR, halt.signal)),
    );
    return Promise.race([brought, given]);
  }

  function decode(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /**
   * The bytes of a gzipped file beside the page. They are fetched or, at file://, where a page cannot fetch, read from a
   * script that has them in base64, which is a third longer. The browser asks the server whether its own copy is still
   * current. If it fails, the error names the file as `what`.
   */
  async function readBeside(name, what, folder = `${VENDOR}models/`, signal = undefined) {
    const address = `${folder}${encodeURIComponent(name)}`;
    const scripted = location.protocol === "file:";
    const packed = await (scripted ? readScript(`${address}.js`, name, what) : fetch(`${address}.bin`, { cache: "no-cache", signal }).catch(() => null));
    if (!packed?.ok) throw lost(what);
    try {
      return new Uint8Array(await new Response(packed.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
    } catch {
      throw new Error(`${what} could not be fetched: it arrived incomplete or damaged`);
    }
  }

  /** What a script beside the page has in base64, as if it had been fetched. */
  async function readScript(src, name, what) {
    await addScript(src, what);
    const text = globalThis.liveModels?.[name] ?? "";
    delete globalThis.liveModels?.[name];
    try {
      return new Response(decode(text));
    } catch {
      return new Response(""); // no base64
    }
  }

  const readModel = async (onnx) => // bytes are a reader's own, told by being the same
    onnx instanceof Uint8Array ? onnx : onnx.startsWith(BESIDE) ? readBeside(onnx.slice(BESIDE.length), "the model") : decode(onnx);

  /** The same for a file that is not a model. Widgets share it; after a failure, the next one that asks tries again. */
  function fetchBeside(name) {
    if (!fetched.has(name)) {
      const fetching = readBeside(name, "a file that belongs to this page");
      fetched.set(name, fetching);
      fetching.catch(() => fetched.delete(name));
    }
    return fetched.get(name);
  }

  /** Say in plain words that memory has run out, or that the runtime cannot open a model. */
  function explain(problem) {
    const text = String(problem?.message ?? problem);
    if (/bad_alloc|out of memory|allocat/i.test(text)) {
      throw new Error("there is not enough memory left on this device for the model; closing other tabs may help");
    }
    throw /create a session/i.test(text) ? new Error(`the model is damaged, or of a kind that cannot run here (${text})`) : problem;
  }

  /** Widgets with the same model share one session; after a failure the next change tries again. */
  function openSession(onnx) {
    if (!sessions.has(onnx)) {
      const parts = Promise.all([loadRuntime(), readModel(onnx)]);
      const opening = parts.then(([ort, bytes]) => ort.InferenceSession.create(bytes)).catch(explain);
      sessions.set(onnx, opening);
      opening.catch(() => sessions.delete(onnx));
    }
    return sessions.get(onnx);
  }

  /** Whether there are numbers only; what is no number stays in a sum, which is quicker than to ask each. */
  function finite(values) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += 0 * values[i];
    return sum === 0;
  }

  const KINDS = { Float32Array: "float32", BigInt64Array: "int64", Int32Array: "int32", Uint8Array: "uint8", Int8Array: "int8" };

  /** A tensor for the runtime, of {shape, data}, where data are bytes of float32, or numbers in a typed array. */
  function toRuntime(ort, name, { shape, data }) {
    if (!(data instanceof DataView)) return new ort.Tensor(KINDS[data.constructor.name] ?? "float16", data, shape);
    const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    if (!finite(values)) throw new Error(`${name} holds something that is not a number`);
    return new ort.Tensor("float32", values, shape);
  }

  /**
   * Run a graph on tensors that stay in the page: what comes out, {shape, data: typed array}, can be put in again, as a
   * cache is. Tensors of the widget, with bytes, may be among them.
   */
  async function compute(session, tensors) {
    const ort = await runtime;
    const feeds = {};
    for (const name of session.inputNames) {
      if (!tensors[name]?.data) throw new Error(`the input ${name} is missing`);
      feeds[name] = toRuntime(ort, name, tensors[name]);
    }
    const results = await (turn = turn.catch(() => {}).then(() => session.run(feeds)).catch(explain));
    return Object.fromEntries(Object.entries(results).map(([name, { dims, data }]) => [name, { shape: [...dims], data }]));
  }

  /** Numbers as bytes, as a widget holds them; what is no number is no answer. */
  function toWires(tensors) {
    const wire = ([name, { shape, data }]) => {
      if (data instanceof Float32Array && !finite(data)) throw new Error(`the model's answer, ${name}, is not a number`);
      return [name, { shape, data: new DataView(data.buffer, data.byteOffset, data.byteLength) }];
    };
    return Object.fromEntries(Object.entries(tensors).map(wire));
  }

  /** Turn inputs into outputs, both as name → {shape, data: DataView of float32}. */
  const run = async (session, inputs) => toWires(await compute(session, inputs));

  /** Add another script of the folder of this one to the page: what is seldom wanted. */
  const fetchScript = (name) => addScript(new URL(name, HERE).href, "a script of this page");
  const isOpen = (onnx) => sessions.has(onnx);
  globalThis.liveOnnx = { BESIDE, addScript, compute, decode, fetchBeside, fetchScript, isOpen, loadRuntime, openSession, run, toWires };
})();
