/*
 * Keeps what a reader leaves on the pages, such as marks for exercises: values by name, stored in the browser and nowhere
 * else. If the browser stores nothing, they last as long as the visit to the page.
 *
 * bookKeep(box) has .get(), which returns an object of all values; .set(name, value), where undefined removes the name;
 * .replace(object); and .onChange(callback), called after every change in this tab or another, and when the reader
 * comes back.
 */
(() => {
  "use strict";
  const PREFIX = "inside-large-ai-models: ";

  globalThis.bookKeep = (box) => {
    const listeners = new Set();
    let here = {}; // where nothing can be stored

    function get() {
      try {
        const stored = JSON.parse(localStorage.getItem(PREFIX + box) ?? "{}");
        return stored && typeof stored === "object" && !Array.isArray(stored) ? { ...stored, ...here } : { ...here };
      } catch {
        return { ...here }; // forbidden, or not written by this book
      }
    }

    function replace(values) {
      try {
        localStorage.setItem(PREFIX + box, JSON.stringify(values));
        here = {};
      } catch {
        here = { ...values };
      }
      tell();
    }

    function set(name, value) {
      const values = get(); // read anew: another tab may have written
      if (value === undefined) delete values[name];
      else values[name] = value;
      replace(values);
    }

    const tell = () => listeners.forEach((listener) => listener());
    addEventListener("storage", ({ key }) => (key === null || key === PREFIX + box) && tell());
    addEventListener("pageshow", ({ persisted }) => persisted && tell());
    return { get, set, replace, onChange: (listener) => listeners.add(listener) };
  };
})();
