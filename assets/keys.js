/*
 * A list of the keys that the widgets of a page know, in a dialog that a button or the key "?" opens.
 *
 * Each element that answers to keys says so itself, in its attribute data-keys, such as {"← →": "one step back or on"}:
 * see withKeys in the kit of the views. So the list shows what is on the page now.
 */
(() => {
  "use strict";
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const EVERYWHERE = {
    "Tab, Shift + Tab": "the next control, the previous one",
    Space: "press a button, tick a box",
    "← → or ↑ ↓": "move a slider, choose one of several",
    "Ctrl + K": "search the book",
    "?": "this list",
    Escape: "close this list",
  };

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const rows = (keys) =>
    Object.entries(keys).map(([key, does]) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)));

  /** The name of an element that answers to keys, without the part of its label that describes those keys. */
  function nameOf(part) {
    const own = part.ariaLabel ?? part.labels?.[0]?.textContent ?? part.closest("[aria-label]")?.ariaLabel ?? "";
    const name = own.split(/[:;.]/)[0].trim();
    return name.charAt(0).toUpperCase() + name.slice(1);
  }

  /** Collect the lists of keys, each once, with the names of what answers to them. */
  function collect() {
    const lists = new Map();
    for (const part of document.querySelectorAll("[data-state] [data-keys]")) {
      if (part.checkVisibility && !part.checkVisibility({ visibilityProperty: true })) continue;
      const { keys } = part.dataset;
      lists.set(keys, (lists.get(keys) ?? new Set()).add(nameOf(part)));
    }
    return lists;
  }

  function fill(dialog) {
    const lists = [...collect()].map(([keys, names]) => {
      const shown = [...names].filter(Boolean);
      const heading = shown.slice(0, 3).join("; ") + (shown.length > 3 ? "; and others like them" : "");
      return [element("h3", {}, heading || "In a widget"), element("dl", {}, ...rows(JSON.parse(keys)))];
    });
    const shut = element("button", { type: "button", className: "fold-switch", onclick: () => dialog.close() }, "Close");
    const heading = element("h2", { id: "keys-heading" }, "Keys on this page");
    const rest = [element("h3", {}, "Everywhere"), element("dl", {}, ...rows(EVERYWHERE))];
    dialog.replaceChildren(element("header", {}, heading, shut), ...lists.flat(), ...rest);
  }

  /** Whether the reader is writing, so that a "?" is a letter. */
  const writes = (target) =>
    target.isContentEditable ||
    target.matches?.("textarea, select, input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit])");

  addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector(VIEW)) return;
    const dialog = element("dialog", { className: "keys-help" });
    dialog.setAttribute("aria-labelledby", "keys-heading");
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
    const open = () => {
      if (dialog.open || document.querySelector("dialog[open]")) return;
      fill(dialog);
      dialog.showModal();
    };
    const button = element("button", { type: "button", className: "btn btn-sm keys-button", onclick: open }, "?");
    Object.assign(button, { ariaLabel: "Keys on this page", title: "Keys on this page (?)" });
    document.querySelector(".article-header-buttons")?.append(button);
    document.body.append(dialog);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || writes(event.target)) return;
      event.preventDefault();
      open();
    });
  });
})();
