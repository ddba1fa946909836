// Draws a LookUpExplorer: keys and a query as arrows in the plane, and the look-up as a table.
//
// inputs: query [2], keys [n, 2], values [n]. outputs: scores, weights, parts [n]; answer [1]. settings: names.

const EDGE = 2.2; // of the plane, from the middle
const LONGEST = 10; // norm of a query on the slider
const HEAD = 0.13; // of an arrow

export default {
  render({ model, el }) {
    const read = (kind, name) => fromWire(model.get(kind)[name]).data;
    const names = model.get("settings").names;
    const say = announcer();
    let angle = 90; // in degrees; a query of norm 0 keeps the direction that it had

    const norm = () => Math.hypot(...read("inputs", "query"));
    const ask = (degrees, length) => {
      angle = degrees;
      const radians = (degrees * Math.PI) / 180;
      setInputs(model, { query: toWire([2], [length * Math.cos(radians), length * Math.sin(radians)]) });
    };

    // ---- the query ----
    const direction = slider(
      "Direction",
      { min: -180, max: 180, step: 1, value: 90, write: (degrees) => `${format(degrees, 0)}°` },
      (degrees) => ask(degrees, norm()),
    );
    const length = slider(
      "Norm",
      { min: 0, max: LONGEST, step: 0.05, value: 1, write: (value) => format(value) },
      (value) => ask(angle, value),
    );
    const chips = choices("Ask for", names, -1, (i) => {
      const [x, y] = read("inputs", "keys").subarray(2 * i, 2 * i + 2);
      ask(Math.round((Math.atan2(y, x) * 180) / Math.PI), Math.max(norm(), 1));
    });

    // ---- the plane ----
    const svg = (tag, properties = {}, ...children) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
      element.append(...children);
      return element;
    };
    const arrow = (name, kind) => {
      const [line, tip, label] = [svg("line"), svg("path"), svg("text", { "text-anchor": "middle" }, name)];
      const element = svg("g", { class: kind }, line, tip, label);
      element.point = (x, y) => {
        const size = Math.hypot(x, y);
        const shrink = Math.min(1, EDGE / Math.max(Math.abs(x), Math.abs(y), 1e-9)); // it ends at the edge
        const [u, v] = size ? [x / size, -y / size] : [0, 0]; // y points down on a screen
        const [endX, endY] = [x * shrink, -y * shrink];
        line.setAttribute("x2", endX);
        line.setAttribute("y2", endY);
        const [backX, backY] = [endX - HEAD * u, endY - HEAD * v];
        const side = HEAD / 2;
        const corners = [[endX, endY], [backX - side * v, backY + side * u], [backX + side * v, backY - side * u]];
        tip.setAttribute("d", `M${corners.map((corner) => corner.join()).join("L")}Z`);
        const [along, beside] = kind === "lu-query" ? [-0.1, 0.24] : [0.24, 0]; // a query may point at a key's name
        label.setAttribute("x", endX + along * u - beside * v + (size ? 0 : beside));
        label.setAttribute("y", endY + along * v + beside * u + 0.09);
      };
      return element;
    };
    const ofKeys = names.map((name) => arrow(name, "lu-key"));
    const ofQuery = arrow("q", "lu-query");
    const view = `${-EDGE - 0.4} ${-EDGE - 0.4} ${2 * EDGE + 0.8} ${2 * EDGE + 0.8}`;
    const plane = svg(
      "svg",
      { viewBox: view, role: "img" },
      svg("rect", { x: -EDGE, y: -EDGE, width: 2 * EDGE, height: 2 * EDGE }),
      svg("circle", { r: 1 }),
      ...ofKeys,
      ofQuery,
    );

    // ---- the table ----
    const rows = names.map((name) => {
      const [score, value, part, number] = [h("td"), h("td"), h("td"), h("span")];
      const bar = h("i");
      const weight = h("td", { class: "lu-weight" }, bar, number);
      return { score, value, part, number, bar, element: h("tr", {}, h("th", { scope: "row" }, name), score, weight, value, part) };
    });
    const answer = h("td", { class: "lu-answer" });
    const column = (title) => h("th", { scope: "col" }, title);
    const table = h(
      "table",
      { class: "lu-table lm-answer" },
      h("caption", { class: "lm-hidden" }, "The look-up, a row for each key"),
      h("thead", {}, h("tr", {}, ...["key", "score", "weight", "value", "weight × value"].map(column))),
      h("tbody", {}, ...rows.map(({ element }) => element)),
      h("tfoot", {}, h("tr", {}, h("th", { scope: "row", colspan: 4 }, "answer"), answer)),
    );

    // ---- drawing ----
    const number = (element, value, digits = 2) => {
      element.textContent = format(value, digits);
      element.dataset.value = String(value);
    };

    function draw() {
      const [x, y] = read("inputs", "query");
      const [keys, values] = [read("inputs", "keys"), read("inputs", "values")];
      const [scores, weights, parts] = ["scores", "weights", "parts"].map((name) => read("outputs", name));
      const [result] = read("outputs", "answer");
      const turned = (Math.atan2(y, x) * 180) / Math.PI;
      if (norm() > 1e-6 && Math.abs(turned - angle) % 360 > 0.6) angle = Math.round(turned);
      direction.value = angle;
      length.value = norm();

      ofKeys.forEach((element, i) => element.point(keys[2 * i], keys[2 * i + 1]));
      ofKeys.forEach((element, i) => element.style.setProperty("--weight", weights[i]));
      ofQuery.point(x, y);
      rows.forEach((row, i) => {
        number(row.score, scores[i]);
        number(row.number, weights[i]);
        row.bar.style.width = `${100 * weights[i]}%`;
        number(row.value, values[i], Number.isInteger(values[i]) ? 0 : 2);
        number(row.part, parts[i]);
      });
      number(answer, result, 3);
      const most = weights.indexOf(Math.max(...weights));
      chips.select(weights[most] > 0.5 ? most : -1);
      const words = `query: direction ${angle} degrees, norm ${format(norm())}; answer ${format(result, 3)}`;
      plane.setAttribute("aria-label", `Keys ${names.join(", ")} and the query as arrows. ${words}`);
      say(words);
    }

    el.append(
      h(
        "div",
        { class: "lu", "data-lm-suppress-shortcuts": "true" },
        h("figure", { class: "lu-plane" }, plane, h("figcaption", {}, "the keys and the query, q")),
        h("div", { class: "lu-right" }, chips, direction, length, table),
      ),
      say.element,
    );
    const state = keepAndTake({
      el, model, say, kind: "lookup", version: 1,
      forms: { query: someNumbers(2, -100, 100), angle: aWhole(-180, 180) },
      read: () => ({ query: read("inputs", "query"), angle }),
      restore({ query, angle: degrees }) {
        angle = degrees;
        setInputs(model, { query: toWire([2], query) });
      },
      numbers() {
        const [query, keys, values] = ["query", "keys", "values"].map((name) => read("inputs", name));
        const [scores, weights, parts] = ["scores", "weights", "parts"].map((name) => read("outputs", name));
        const head = ["key", "key, first number", "key, second number", "score", "weight (share)", "value", "weight × value"];
        const rows = names.map((name, i) => [name, ...keys.subarray(2 * i, 2 * i + 2), scores[i], weights[i], values[i], parts[i]]);
        return [[head, ...rows], [["query, first number", "query, second number", "answer"], [...query, ...read("outputs", "answer")]]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    state.begin();
    return () => {
      state.end();
      forget();
    };
  },
};
