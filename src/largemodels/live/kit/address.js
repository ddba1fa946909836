// The state of a widget in the page's address, so that what a reader sees can be sent:
//
//   #training-1_parameters-405.9e9_tokens-15.6e12_end
//
// is the widget "training", version 1 of its form, and its values. The states of several widgets follow one another, the
// one that was changed last first. All is letters, digits, hyphens and underscores, with full stops inside alone: chats
// and e-mail take other signs, and any at the end, for the sentence's. A link that was cut off has lost "end" as well,
// so that it is never read as another state. No heading has an anchor of this form.

/** Tell whether no notebook is running here, whose address would be its own affair. */
function onStaticPage() {
  return document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]') !== null;
}

/** Write a state. Keys are a-z and 0-9; names may have underscores as well; values are letters, digits, - and full stops. */
function writeState(key, version, values) {
  const pairs = Object.entries(values).map(([name, value]) => `${name.replaceAll("_", ".")}-${value}`);
  return [`${key}-${version}`, ...pairs, "end"].join("_");
}

/** Read all states of a fragment: {key, version, values, whole, text}; not `whole` if a part is missing or strange. */
function readStates(fragment) {
  let text = fragment.replace(/^#/, "");
  try {
    text = decodeURIComponent(text);
  } catch {} // a stray % is no escape
  const tokens = text.replace(/[^A-Za-z0-9]+$/, "").split("_");
  const states = [];
  while (tokens.length > 1) {
    const head = tokens[0].match(/^([a-z][a-z0-9]*)-(\d+)$/);
    if (!head) break;
    const end = tokens.indexOf("end");
    const own = tokens.splice(0, end < 0 ? tokens.length : end + 1);
    const pairs = own.slice(1, end < 0 ? undefined : -1).map((token) => token.match(/^([A-Za-z][A-Za-z0-9.]*)-([A-Za-z0-9.-]+)$/));
    const whole = end > 0 && pairs.every(Boolean);
    const values = Object.fromEntries(pairs.filter(Boolean).map(([, name, value]) => [name.replaceAll(".", "_"), value]));
    states.push({ key: head[1], version: Number(head[2]), values, whole, text: own.join("_") });
  }
  return states;
}

/** The state of one widget somewhere in a text, such as a link that was pasted; undefined if there is none. */
function findState(text, key) {
  const [found] = text.match(new RegExp(`(?<![a-z0-9.-])${key}-\\d+_[A-Za-z0-9._-]*`)) ?? [];
  return found && readStates(found)[0];
}

/**
 * Keep the state of a widget in the page's address, and follow the address when it changes.
 *
 * `onState(state, arrived)` is called when the address has a state for this widget, as `readStates` returns it; `arrived` is
 * true if the reader came by a link. The result has these functions:
 *   `.begin()`              to be called when the widget stands
 *   `.keep(values)`         replaces the values in the address, after a moment of quiet, so that typing leaves one entry in
 *                           the history; null for values that no address can hold
 *   `.turn(before, after)`  writes them at once, as an entry of its own, so that the reader can go back
 *   `.link(values)`         returns the link
 *   `.stop()`               ends it
 * In a notebook the address is not the widget's. There nothing is kept, and the link is the text of the state alone.
 */
function stateInAddress(key, version, onState) {
  const here = onStaticPage();
  const write = (values) => writeState(key, version, values);
  let waiting; // values, to be kept; null to keep none
  let timer = 0;

  const mark = (how, own, hash) => {
    try {
      history[how]({ ...history.state, live: { ...history.state?.live, [key]: own } }, "", hash);
    } catch {} // a frame may forbid it, and a browser changes it only so often: the widget works without
  };
  const enter = (how, own) => {
    const others = readStates(location.hash).filter((state) => state.whole && state.key !== key);
    const all = [...(own ? [own] : []), ...others.map(({ text }) => text)].join("_");
    mark(how, own, all ? `#${all}` : location.pathname + location.search);
  };
  const flush = () => {
    clearTimeout(timer);
    if (waiting !== undefined) enter("replaceState", waiting && write(waiting));
    waiting = undefined;
  };
  const follow = (arrived) => {
    const states = readStates(location.hash);
    const place = states.findIndex((state) => state.key === key);
    const marked = history.state?.live?.[key]; // of an entry whose address does not say it
    const state = place >= 0 ? states[place] : marked && readStates(marked)[0];
    if (state) onState(state, arrived && place === 0);
  };
  const fresh = () => !history.state?.live; // the reader came by a link, not by going back or loading again
  const moved = () => {
    clearTimeout(timer);
    waiting = undefined;
    follow(fresh());
  };

  if (here) for (const event of ["popstate", "hashchange"]) addEventListener(event, moved);
  return {
    begin: () => here && follow(fresh()),
    keep(values) {
      if (!here) return;
      waiting = values;
      clearTimeout(timer);
      timer = setTimeout(flush, 300);
    },
    turn(before, after) {
      if (!here) return;
      flush();
      if (history.state?.live?.[key] !== write(before)) mark("replaceState", write(before), location.href);
      enter("pushState", write(after));
    },
    link: (values) => (here ? `${location.href.replace(/#.*/s, "")}#${write(values)}` : write(values)),
    stop() {
      flush();
      for (const event of ["popstate", "hashchange"]) removeEventListener(event, moved);
    },
  };
}

/** Scroll to a widget, again when what stands above it has its size. */
function bringIntoView(el) {
  const bring = () => el.isConnected && el.scrollIntoView({ block: "start" });
  bring();
  if (document.readyState !== "complete") addEventListener("load", bring, { once: true });
}
