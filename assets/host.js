/*
 * Runs the live widgets of a page that has no kernel.
 *
 * A page embeds the state of its widgets and marks the places of their views, as every Jupyter page does. This script
 * gives each anywidget the interface that its front-end module expects (initialize, render; get, set, on, off,
 * save_changes, send). It then answers what a view changes:
 *   inputs   runs the widget's own ONNX model in the browser (answers.js and onnx.js, which are loaded before)
 *   wanted   fetches a file that lies beside the page, and sets `brought`
 *   asked    in a widget that trains: takes training steps, and sets `taken` (training.js)
 *   asks     loads the real model, if the book has it
 *
 * It is a classic script and imports modules as blobs, so pages work from file:// as well.
 */
(() => {
  "use strict";
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const { BESIDE, decode } = globalThis.liveOnnx; // onnx.js
  const { answerWith, bringTo, realFor, reason } = globalThis.liveAnswers; // answers.js

  /** The browser's half of an ipywidgets model: values by name, and listeners for changes. */
  class Model {
    constructor(values, find) {
      this.values = values;
      this.changed = new Set(); // what save_changes has to hand over
      this.listeners = new Map();
      this.widget_manager = { get_model: find };
    }

    get(name) {
      return this.values[name];
    }

    set(name, value) {
      if (typeof name === "object") return Object.entries(name).forEach(([key, v]) => this.set(key, v));
      if (this.values[name] === value) return;
      this.values[name] = value;
      this.changed.add(name);
      this.tell(`change:${name}`, this, value);
      this.tell("change", this);
    }

    on(names, callback) {
      for (const name of names.split(" ")) {
        if (!this.listeners.has(name)) this.listeners.set(name, new Set());
        this.listeners.get(name).add(callback);
      }
    }

    off(names, callback) {
      if (names === undefined || names === null) return this.listeners.clear();
      for (const name of names.split(" ")) {
        if (callback) this.listeners.get(name)?.delete(callback);
        else this.listeners.delete(name);
      }
    }

    tell(name, ...details) {
      for (const callback of [...(this.listeners.get(name) ?? [])]) callback(...details);
    }

    save_changes() {
      const changed = new Set(this.changed);
      this.changed.clear();
      if (changed.has("inputs")) this.answer?.();
      if (changed.has("wanted")) this.bring?.();
      if (changed.has("asked")) this.train?.();
      if (changed.has("asks")) this.askReal?.();
    }

    /** There is no kernel to hear a message. */
    send() {}
  }

  // ---- the page's state ----------------------------------------------------------------------

  /**
   * Collect the widgets of the page: id → {_esm, _css, …} with binary values as DataViews, and the model, and the step
   * that trains it: their ONNX as base64 text, or BESIDE and their name, or nothing.
   */
  function readStates() {
    const widgets = new Map();
    for (const script of document.querySelectorAll(STATE)) {
      for (const [id, widget] of Object.entries(JSON.parse(script.textContent).state ?? {})) {
        if (widget.model_module !== "anywidget") continue; // layouts, progress bars: nothing to draw here
        const values = Object.assign(widget.state, sharedTexts(widget.state._shared));
        for (const { path, data } of widget.buffers ?? []) setAt(values, path, data);
        const model = (text, beside) => (typeof text === "string" && text) || (beside && BESIDE + beside) || "";
        const step = model(values.step_onnx, values.step_beside);
        widgets.set(id, { values, onnx: model(values.onnx, values.beside), step });
        for (const { path } of widget.buffers ?? []) setAt(values, path, (text) => new DataView(decode(text).buffer));
      }
    }
    return widgets;
  }

  /** The script and style of a view that pages share (tools/book_views.py): its own, after what all views begin with. */
  function sharedTexts(name) {
    if (!name) return {};
    const { after, _esm, _css } = globalThis.liveViews?.[name] ?? {};
    const before = after ? sharedTexts(after) : { _esm: "", _css: "" };
    return { _esm: _esm === undefined ? _esm : before._esm + _esm, _css: before._css + _css };
  }

  /** Set the value at a path of keys, or change it by a function; a path whose parent is gone leads nowhere. */
  function setAt(values, path, value) {
    const parent = path.slice(0, -1).reduce((at, key) => at?.[key], values);
    if (parent === undefined || parent === null) return;
    const key = path.at(-1);
    parent[key] = typeof value === "function" ? value(parent[key]) : value;
  }

  // ---- drawing the views ---------------------------------------------------------------------

  const styles = new Set();
  const modules = new Map(); // text of a front-end module → a promise of its default export
  const cleanups = [];

  function importModule(text) {
    if (!modules.has(text)) {
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      const loading = import(url).then(async ({ default: front }) => (typeof front === "function" ? await front() : front));
      modules.set(text, loading.finally(() => URL.revokeObjectURL(url)));
    }
    return modules.get(text);
  }

  function addStyle(text) {
    if (!text || styles.has(text)) return;
    styles.add(text);
    document.head.append(Object.assign(document.createElement("style"), { textContent: text }));
  }

  /** Start a model once, however many views it has. */
  async function start(widget, find) {
    widget.model = new Model(widget.values, find);
    widget.places = [];
    const show = (state, message) => widget.places.forEach((place) => place.show(state, message));
    widget.model.page = { onnx: widget.onnx, show }; // own.js puts a reader's model in its place
    answerWith(widget.model, widget.onnx, show);
    bringTo(widget.model, widget.values.data_beside || widget.values.beside, show);
    globalThis.liveTraining.trainWith(widget.model, widget.step, show, reason);
    realFor(widget.model, show);
    if (!widget.values._esm) throw new Error("its script could not be fetched");
    const front = await importModule(widget.values._esm);
    cleanups.push(await front.initialize?.({ model: widget.model, experimental: {} }));
    return front;
  }

  /** Put an element for the widget where the page marks its view, with a line below for error messages. */
  function makePlace(script) {
    const el = document.createElement("div");
    const message = document.createElement("div");
    message.className = "live-message";
    message.setAttribute("role", "status");
    script.after(el, message);
    const show = (state, text = "") => {
      if (el.dataset.state !== state || state === "failed") el.dataset.state = state; // whoever waits hears of each failure
      if (message.textContent !== text) message.textContent = text;
    };
    return { el, show };
  }

  async function drawView(script, widgets, find) {
    const widget = widgets.get(JSON.parse(script.textContent).model_id);
    if (!widget) return; // a view of another kind of widget
    const place = makePlace(script);
    place.el.dataset.view = widget.values._anywidget_id ?? ""; // its kind: a view counts the others of it
    try {
      widget.starting ??= start(widget, find);
      const front = await widget.starting;
      addStyle(widget.values._css);
      cleanups.push(await front.render?.({ model: widget.model, el: place.el, experimental: {} }));
      widget.places.push(place);
      place.show("ready");
    } catch (problem) {
      console.warn(problem);
      place.show("failed", `This widget could not start: ${reason(problem)}.`);
    }
  }

  function drawPage() {
    const widgets = readStates();
    const find = async (id) => {
      const widget = widgets.get(String(id).replace("IPY_MODEL_", ""));
      if (!widget) throw new Error(`there is no widget ${id} on this page`);
      await (widget.starting ??= start(widget, find));
      return widget.model;
    };
    for (const script of document.querySelectorAll(VIEW)) drawView(script, widgets, find);
    addEventListener("pagehide", (event) => {
      if (!event.persisted) cleanups.splice(0).forEach((cleanup) => cleanup?.());
    });
  }

  // the scripts of the views may come after this one; by DOMContentLoaded all have run
  if (document.readyState === "complete") drawPage();
  else document.addEventListener("DOMContentLoaded", drawPage, { once: true });
})();
