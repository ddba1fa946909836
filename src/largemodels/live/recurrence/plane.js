// The two states of every step as one point, and the path that it takes.

/** The result has `.draw(step, states)`: the past of the step darker, its future fainter. */
function statePlane(steps) {
  const [past, future] = [svg("polyline", { class: "rx-past" }), svg("polyline", { class: "rx-future" })];
  const dots = Array.from({ length: steps + 1 }, () => svg("circle", { r: 0.035 }));
  const here = svg("circle", { r: 0.075, class: "rx-here" });
  const text = (x, y, words, anchor) => svg("text", { x, y, "text-anchor": anchor }, words);
  const plane = svg(
    "svg",
    { viewBox: "-1.2 -1.2 2.4 2.4", role: "img", "aria-label": "The path of the state: unit 1 across, unit 2 upwards" },
    svg("rect", { x: -1, y: -1, width: 2, height: 2 }),
    svg("path", { d: "M-1 0H1M0-1V1" }),
    future,
    past,
    ...dots,
    here,
    text(1, 0.16, "unit 1", "end"),
    text(0.05, -0.86, "unit 2", "start"),
  );
  const element = h("figure", { class: "rx-plane lm-answer" }, plane, h("figcaption", {}, "the path of the state"));

  element.draw = (now, states) => {
    const points = [[0, 0], ...Array.from({ length: steps }, (_, t) => [states[2 * t], -states[2 * t + 1]])];
    const line = (some) => some.map((point) => point.join()).join(" ");
    past.setAttribute("points", line(points.slice(0, now + 2)));
    future.setAttribute("points", line(points.slice(now + 1)));
    dots.forEach((dot, i) => Object.entries({ cx: points[i][0], cy: points[i][1] }).forEach((pair) => dot.setAttribute(...pair)));
    here.setAttribute("cx", points[now + 1][0]);
    here.setAttribute("cy", points[now + 1][1]);
  };
  return element;
}
