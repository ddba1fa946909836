// Time from left to right: inputs that are drawn by hand, states, and the norms of gradients.

/**
 * A column for each step. `read(name)`: an input of the model; `halt()`: the reader has taken over; `goTo(step)`: the
 * reader looks at another; `writeInput(step, value, grain)`: the reader drew or nudged an input.
 * The result has `.labels`, for the rows; `.draw({norms, states}, scale, decades)`; `.look(step, words)`, which marks one; and
 * `.hint`, to be hidden when an input was drawn.
 */
function timeline(steps, { read, halt, goTo, writeInput }) {
  let now = 0; // the step that is looked at
  const columns = Array.from({ length: steps }, (_, t) => {
    const bar = h("i");
    const cells = Array.from({ length: UNITS }, () => h("span", { class: "rx-cell" }));
    const norm = h("i");
    const input = h("span", { class: "rx-input" }, bar);
    const gradient = h("span", { class: "rx-norm" }, norm);
    const number = h("span", { class: "rx-number" }, String(t + 1));
    const state = h("span", { class: "rx-pair" }, ...cells);
    return { bar, cells, norm, element: h("span", { class: "rx-step" }, input, state, gradient, number) };
  });
  const surface = h(
    "div",
    { class: "rx-time", role: "slider", tabindex: 0, "aria-valuemin": 1, "aria-valuemax": steps },
    ...columns.map((column) => column.element),
  );
  surface.setAttribute("aria-label", "Step. Left and right arrow keys move through time, up and down change the input");
  const axis = [h("span"), h("span"), h("span")]; // top, 1, bottom of the gradient norms
  const change = ["‖", h("i", {}, "∂h"), lowered(steps), "/", h("i", {}, "∂h"), h("sub", {}, "t"), "‖"];
  surface.append(
    h("span", { class: "rx-caption", "aria-hidden": "true" }, ...change, h("span", {}, ", what is left of a small change when the last state is reached")),
  );
  const labels = h(
    "div",
    { class: "rx-labels", "aria-hidden": "true" },
    h("span", { class: "rx-input" }, h("span", {}, "input ", h("i", {}, "x"), h("sub", {}, "t"))),
    h("span", { class: "rx-pair" }, ...[1, 2].map((unit) => h("span", { class: "rx-cell" }, `unit ${unit}`))),
    h("span", { class: "rx-norm" }, ...axis),
    h("span", { class: "rx-number" }, "step ", h("i", {}, "t")),
  );

  const hint = h("span", { class: "rx-hint", "aria-hidden": "true" }, "drag to draw the input");
  surface.append(hint);
  let drawing = false;
  const drag = (x, y, event) => {
    const place = Math.min(steps - 1, Math.floor(x * steps));
    const zone = columns[0].bar.parentElement.getBoundingClientRect();
    const height = surface.getBoundingClientRect().height;
    if (event.type === "pointerdown") {
      surface.focus({ preventScroll: true });
      drawing = event.clientY <= zone.bottom;
    }
    halt();
    if (drawing) writeInput(place, REACH * (1 - (2 * y * height) / zone.height), 0.1);
    if (place !== now) goTo(place);
  };
  onDrag(surface, drag, { touch: "pan-y" }); // a finger that draws is held by the inputs alone
  withKeys(surface, { "← →": "one step back or on", "↑ ↓": "a larger or smaller input there", "Home End": "the first step, the last" });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: steps - 1 }[event.key];
    const change = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (to === undefined && change === undefined) return;
    event.preventDefault(); // the page must not scroll as well
    event.stopPropagation(); // nor the notebook leave its cell
    halt();
    if (change) writeInput(now, read("x")[now] + change, 0.1);
    else goTo(to);
  });

  surface.look = (step, words) => {
    now = step;
    columns.forEach(({ element }, t) => element.classList.toggle("rx-now", t === now));
    surface.setAttribute("aria-valuenow", now + 1);
    surface.setAttribute("aria-valuetext", words);
  };

  surface.draw = ({ norms, states }, scale, decades) => {
    const x = read("x");
    const [bottom, top] = range(norms);
    const height = (norm) => (100 * (Math.max(bottom, Math.min(top, norm > 0 ? Math.log10(norm) : -Infinity)) - bottom)) / (top - bottom);
    columns.forEach(({ bar, cells, norm }, t) => {
      upright(bar, 50, 50 + (50 * Math.max(-REACH, Math.min(REACH, x[t]))) / REACH);
      bar.style.background = scale.css(Math.sign(x[t]) * 0.7);
      bar.parentElement.dataset.value = String(x[t]);
      cells.forEach((cell, unit) => {
        const state = states[t * UNITS + unit];
        writeNumber(cell, state, 1);
        tint(cell, scale, state);
      });
      upright(norm, height(1), height(norms[t]));
      const power = norms[t] > 0 ? Math.log10(norms[t]) : -3;
      norm.style.background = decades.css(Math.sign(power) * Math.max(0.8, Math.abs(power))); // a short bar is seen, too
      norm.parentElement.dataset.value = String(norms[t]);
      norm.parentElement.style.setProperty("--one", `${height(1)}%`);
    });
    [top, 0, bottom].forEach((power, i) => {
      const room = Math.abs(power) > (top - bottom) / 8; // or the label would cover the 1
      axis[i].textContent = power === 0 ? "1" : room ? `10${raised(power)}` : "";
      axis[i].style.bottom = `${height(10 ** power)}%`;
    });
  };
  return Object.assign(surface, { labels, hint });
}

/** Draw an upright bar between two heights, in percent. */
function upright(bar, from, to) {
  Object.assign(bar.style, { bottom: `${Math.min(from, to)}%`, height: `${Math.abs(to - from)}%` });
}

/** The decades that an axis of norms spans: few different ones, so that it holds still while a weight moves. */
function range(norms) {
  const [low, high] = extent(Array.from(norms, (norm) => (norm > 0 ? Math.log10(norm) : -Infinity)));
  const bottom = [-2, -4, -8].find((power) => low >= power) ?? -16;
  const top = [1, 2, 4, 8].find((power) => high <= power) ?? 16;
  return [bottom, top];
}
