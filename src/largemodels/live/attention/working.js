// One weight, worked out in three steps: compare, share out, take.

const TAKEN = 4; // values that are written out in the sum of a head's answer

/**
 * How the weight of one character for another came about, and what the head answers. `look(s)`: the reader chose
 * another that is looked at; `strip` makes what stands along the chart. `draw` shows the entries that the reader walked to, and after `forget` the largest.
 */
function workedOut(look, strip = letterStrip) {
  let place; // what was drawn last
  let depth = 0;
  const entry = { product: -1, answer: -1 }; // that is written out; −1 for the largest
  const walk = (surface, label, name, describe) => {
    const onMove = (_, e) => {
      entry[name] = e;
      element.draw(place);
    };
    const words = (_, e) => (surface.values ? describe(e) : "");
    return gridCursor(surface, { label, rows: 1, columns: 1, describe: words, onMove, touch: "pan-y" });
  };
  const question = h("p", { class: "ax-question" });

  // 1: compare
  const pixels = () => ({ pixels: pixelStrip(), words: h("span", { class: "ax-stripname" }) });
  const [queryStrip, keyStrip] = [pixels(), pixels()];
  const products = chartOn("ax-products");
  const productWords = (e) => `entry ${e + 1}: ${format(place.query[e])} × ${format(place.key[e])} = ${format(place.query[e] * place.key[e])}`;
  const productCursor = walk(products, "The products of query and key, entry by entry", "product", productWords);
  const productNote = h("p", { class: "lm-quiet" });

  // 2: share out
  const part = (caption) => {
    const number = h("span", { class: "ax-number" });
    return Object.assign(h("span", { class: "ax-part" }, number, h("span", { class: "ax-caption" }, caption)), { number });
  };
  const sign = (mark) => h("span", { class: "ax-sign" }, mark);
  const sums = { dot: part("q · k"), score: part("score"), exp: part("e to the score"), total: part("the row's sum of these"), weight: part("weight") };
  const root = sign();
  const gate = h("span", { class: "ax-gate" });
  const shares = chartOn("ax-row");
  const across = strip("ax-below");
  const drag = (x) => look(Math.min(place.answer.text.length - 1, Math.floor(x * place.answer.text.length)));
  onDrag(shares, drag, { touch: "pan-y" });

  // 3: take
  const portion = (picture = pixelStrip()) => {
    const [name, sum] = [h("span", { class: "ax-from" }), h("span")];
    return { name, sum, picture, element: h("div", { class: "ax-taken" }, name, sum, picture) };
  };
  const taken = Array.from({ length: TAKEN + 1 }, () => portion());
  const others = portion();
  const sumStrip = pixelStrip();
  const whole = portion(h("div", { class: "lm-surface ax-answer" }, sumStrip));
  whole.name.append(h("b", {}, "sum"));
  whole.element.classList.add("ax-sum");
  const answerWords = (e) => `entry ${e + 1}: ${format(whole.picture.values[e], 3)}`;
  const answerCursor = walk(whole.picture, "The head's answer, entry by entry", "answer", answerWords);
  const answerNote = h("p", { class: "lm-quiet" });

  const step = (name, ...content) => h("div", { class: "ax-step" }, h("p", {}, h("b", {}, name)), ...content);
  const element = h(
    "div",
    { class: "ax-working lm-answer", role: "group", "aria-label": "How one weight came about, and what the head answers" },
    question,
    step(
      "1  Compare: query times key, entry by entry, added up",
      h("div", { class: "ax-strips" }, queryStrip.words, queryStrip.pixels, keyStrip.words, keyStrip.pixels, h("span", { class: "ax-stripname" }, "products"), products),
      productNote,
    ),
    step(
      "2  Scale, hide what comes later, and share out",
      h("div", { class: "ax-equation" }, h("span", { class: "ax-group" }, sums.dot, root, sums.score), gate, h("span", { class: "ax-group" }, sums.exp, sign("÷"), sums.total, sign("="), sums.weight)),
      shares,
      across,
      h("p", { class: "lm-quiet" }, "The scores of the whole row above, its weights below: the softmax makes shares of scores."),
    ),
    step(
      "3  Take: the values, times their weights, added up",
      h("div", { class: "ax-mix" }, ...[...taken, others, whole].map(({ element }) => element)),
      answerNote,
    ),
  );

  element.forget = () => Object.assign(entry, { product: -1, answer: -1 });
  element.draw = (now) => {
    const { answer, layer, head, t, s } = now;
    place = { ...now, query: answer.vector("query", layer, head, t), key: answer.vector("key", layer, head, s) };
    if (depth !== answer.depth) {
      depth = answer.depth;
      for (const cursor of [productCursor, answerCursor]) cursor.resize(1, depth);
    }
    question.replaceChildren("How much does ", h("b", {}, answer.named(t)), " take from ", h("b", {}, s === t ? "itself" : answer.named(s)), `, in ${titled(layer, head)}?`);
    compare(place);
    shareOut(place);
    take(place);
  };

  function compare({ answer, settings, t, s, query, key, theme }) {
    const both = theme.upTo(Math.max(largest(query), largest(key)) || 1);
    for (const [{ pixels, words }, values, name] of [[queryStrip, query, `query of ${answer.spelt(t)}`], [keyStrip, key, `key of ${answer.spelt(s)}`]]) {
      paint(pixels, values, 1, answer.depth, both);
      words.textContent = name;
    }
    products.values = query.map((value, e) => value * key[e]);
    chart(products.picture, answer.depth, [{ values: products.values, reach: largest(products.values) || 1, height: 48, both: true }]);
    const e = entry.product < 0 ? farthest(products.values) : entry.product;
    productCursor.place(0, e);
    const how = [settings.normed && "brought to one length", settings.rotary && "turned by their positions"].filter(Boolean).join(" and ");
    productNote.replaceChildren(
      `${entry.product < 0 ? "The largest product is e" : "E"}${productWords(e).slice(1)}; all ${answer.depth} add up to `,
      h("b", {}, format(dot(query, key))),
      how ? `. Query and key were ${how} before.` : ".",
    );
  }

  function shareOut({ answer, layer, head, t, s, query, key, theme }) {
    const scores = answer.text.map((_, i) => dot(answer.vector("key", layer, head, i), query) / Math.sqrt(answer.depth));
    const weights = answer.weights(layer, head, t);
    const hidden = s > t;
    root.textContent = `÷ √${answer.depth} =`;
    const exps = scores.map(Math.exp);
    const total = exps.slice(0, t + 1).reduce((a, b) => a + b);
    const write = ({ number }, value, words = format(value), { css, ink } = {}) => {
      number.textContent = words;
      number.dataset.value = String(value);
      Object.assign(number.style, { background: css?.(value) ?? "", color: ink?.(value) ?? "" });
    };
    write(sums.dot, dot(query, key));
    write(sums.score, scores[s]);
    gate.textContent = hidden ? "later: hidden, so −∞" : "not later: may be seen";
    gate.classList.toggle("ax-closed", hidden);
    write(sums.exp, hidden ? 0 : exps[s], hidden ? "0" : brief(exps[s]));
    write(sums.total, total, brief(total));
    write(sums.weight, weights[s], format(weights[s], 3), theme.weights);
    shares.style.setProperty("--count", answer.text.length);
    const common = { height: 40, until: t, now: s };
    chart(shares.picture, answer.text.length, [
      { values: scores, reach: largest(scores.slice(0, t + 1)) || 1, both: true, ...common },
      { values: weights, reach: Math.max(...weights) || 1, ...common },
    ]);
  }

  function take({ answer, layer, head, t, s, switches, theme }) {
    const weights = answer.weights(layer, head, t);
    const value = (i) => answer.vector("value", layer, head, i);
    const order = ranked(weights.subarray(0, t + 1));
    const shown = order.slice(0, TAKEN);
    if (s <= t && !shown.includes(s)) shown.push(s);
    const sum = new Float64Array(answer.depth);
    for (const i of order) value(i).forEach((v, e) => (sum[e] += weights[i] * v));
    const portions = shown.map((i) => value(i).map((v) => v * weights[i]));
    const rest = sum.map((total, e) => total - portions.reduce((a, values) => a + values[e], 0));
    const colour = theme.upTo(Math.max(largest(sum), ...portions.map(largest)) || 1);
    const e = entry.answer < 0 ? farthest(sum) : entry.answer;
    const write = ({ sum, picture }, values, words = "") => {
      sum.textContent = words + format(values[e]);
      sum.dataset.value = String(values[e]);
      paint(picture, values, 1, answer.depth, colour);
    };
    taken.forEach((line, i) => {
      const from = shown[i];
      line.element.hidden = from === undefined;
      if (line.element.hidden) return;
      line.element.classList.toggle("ax-here", from === s);
      line.name.textContent = `${answer.glyph(from)} (${from + 1})`;
      write(line, portions[i], `${format(weights[from])} × ${format(value(from)[e])} = `);
    });
    const missing = order.length - shown.length;
    others.element.hidden = missing === 0;
    others.name.textContent = `${missing} more`;
    write(others, rest);
    whole.picture.values = sum;
    write({ sum: whole.sum, picture: sumStrip }, sum);
    answerCursor.place(0, e);
    const off = switches[layer * answer.heads + head] ? "" : " This head is switched off: zeros go on in the place of its answer.";
    answerNote.textContent = `The numbers are those of entry ${e + 1} of ${answer.depth}. The answers of all ${answer.heads} heads go through a linear layer and are added to what the model knows at ${answer.named(t)}.${off}`;
  }

  return Object.assign(element, { surface: shares, across });
}

/** A number that may be very large or very small, in few digits. */
function brief(number) {
  if (number === 0 || (number >= 0.01 && number < 10000)) return format(number);
  const power = Math.floor(Math.log10(number));
  const raised = String(power).replace(/./g, (digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]));
  return `${format(number / 10 ** power, 1)}·10${raised}`;
}
