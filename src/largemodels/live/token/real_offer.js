// The offer of the real model, in a page that has no kernel but lies in a book with the model's weights.

const SMALL_SCREEN = "(max-width: 600px), (pointer: coarse)";
const LITTLE = 4; // GB of memory; on a smaller device the reader is warned first

/** Whether to ask the reader first: the device has little memory or a small screen, or is set to save data. */
function asksFirst() {
  const { deviceMemory = Infinity, connection } = navigator;
  return deviceMemory < LITTLE || connection?.saveData === true || matchMedia(SMALL_SCREEN).matches;
}

/**
 * A button that loads the model, then a bar that shows how much has arrived and a button that stops. It is hidden if there
 * is nothing to offer. `ask(what)` passes on "load" or "stop"; `.draw(real)` shows the state that assets/real/serve.js set.
 */
function realOffer({ ask, say }) {
  const mb = (x) => `${Math.round(x)} MB`;
  const words = h("p", {});
  const problem = h("p", { class: "at-trouble", role: "status" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "How much of the model has arrived" });
  let [real, asking] = [{}, false];
  const press = () => {
    if (!asking && asksFirst()) {
      asking = true;
      element.draw(real);
      return words.scrollIntoView?.({ block: "nearest" });
    }
    asking = false;
    ask("load");
  };
  const start = button("", press);
  const notNow = button("Not now", () => {
    asking = false;
    element.draw(real);
    start.focus();
  });
  const stop = button("Stop", () => ask("stop"));
  const element = h("div", { class: "at-offer", role: "group", "aria-label": "The real model in this page" }, words, problem, bar, h("div", { class: "ax-buttons" }, start, notNow, stop));

  element.draw = (now) => {
    const had = document.activeElement;
    const before = real.state;
    real = now ?? {};
    const { state, name, megabytes, done = 0 } = real;
    element.hidden = !["offered", "loading", "ready"].includes(state);
    if (element.hidden) return;
    const loading = state === "loading";
    start.hidden = state !== "offered";
    notNow.hidden = !asking || loading;
    stop.hidden = bar.hidden = !loading;
    bar.value = done / megabytes;
    start.textContent = asking ? "Load it anyway" : real.problem ? "Try again" : `Load the real model (${mb(megabytes)}, once)`;
    problem.textContent = (state === "offered" && real.problem) || "";
    words.textContent = {
      offered: asking
        ? `${name} takes ${mb(megabytes)} to download and about 0.9 GB of memory. On this device that may be slow, cost money, or make the browser close the page.`
        : `${name} itself can run in this page, on your device. It then reads what you type.`,
      loading: `Loading ${name}: ${mb(done)} of ${mb(megabytes)}. What has arrived is kept if you stop.`,
      ready: `${name} runs in this page: nothing that you type leaves your device.`,
    }[state];
    if (state !== before && state !== "offered") say(words.textContent);
    if (loading && had === start) stop.focus();
    if (!loading && had === stop) start.focus();
  };
  return element;
}
