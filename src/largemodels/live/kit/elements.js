// Elements of the page, built from strings and listeners.

/**
 * Build an element: h("button", {class: "lm-button", onclick: f, "aria-label": "…"}, "text", child).
 * Strings become text, never HTML; `on…` functions become listeners; null, undefined and false leave a property out.
 */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** The same for drawings; every attribute is written as it is. */
function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Say once, where an element answers keys, which those are: withKeys(element, { "← →": "one step back or on" }) returns
 * the element. The page's help lists them, under the name of the element; assets/keys.js reads them.
 */
function withKeys(element, keys) {
  element.dataset.keys = JSON.stringify({ ...JSON.parse(element.dataset.keys ?? "{}"), ...keys });
  return element;
}

/** An identifier that no other widget of the page has: for labels and radio groups. */
function uniqueId(prefix = "lm") {
  return `${prefix}-${Math.random().toString(36).slice(2, 10)}`;
}
