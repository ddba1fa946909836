// The answer: the probability of every class.

/**
 * The probability of every class as a bar. With `pick`, the reader points at one, pick.point(index), or −1 for none any
 * more, and chooses one, pick.choose(index).
 */
function classBars(names, pick) {
  const rows = names.map((name, i) => {
    const fill = h("span", { class: "dr-fill" });
    const number = h("span", { class: "dr-percent" });
    const point = (event, to) => event.pointerType === "mouse" && pick.point(to);
    const picked = pick && {
      type: "button",
      "aria-pressed": "false",
      onpointerenter: (event) => point(event, i),
      onpointerleave: (event) => point(event, -1),
      onclick: () => pick.choose(i),
    };
    const row = h(
      pick ? "button" : "div",
      { class: "dr-class", ...picked },
      h("span", { class: "dr-name" }, name),
      h("span", { class: "dr-track" }, fill),
      number,
    );
    return { row, fill, number };
  });
  const answer = h("strong", { class: "dr-answer" });
  const words = h("span", { class: "dr-words" });
  const group = h(
    "div",
    { class: "dr-bars", role: "group", "aria-label": "Probability of each class" },
    ...rows.map(({ row }) => row),
  );
  if (pick) rove(group, rows.map(({ row }) => row));
  const element = h("div", { class: "dr-verdict lm-answer" }, h("p", { class: "dr-guess" }, answer, words), group);
  return {
    element,
    show(probabilities, blank) {
      rows.forEach(({ row, fill, number }, i) => {
        fill.style.width = `${100 * probabilities[i]}%`;
        number.textContent = percent(probabilities[i]);
        row.dataset.value = probabilities[i];
      });
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
      const [first, second] = order;
      rows.forEach(({ row }, i) => row.classList.toggle("dr-first", i === first && !blank));
      answer.textContent = blank ? "?" : names[first];
      const rival = probabilities[second] > 0.1 ? `, or ${names[second]}: ${percent(probabilities[second])}` : "";
      words.textContent = blank
        ? `Nothing is drawn. The network must answer all the same: ${names[first]}, ${percent(probabilities[first])}.`
        : `${percent(probabilities[first])}${rival}`;
      return blank ? words.textContent : `The network reads ${names[first]}: ${words.textContent}`;
    },
    mark(chosen) {
      rows.forEach(({ row }, i) => row.setAttribute("aria-pressed", String(i === chosen)));
    },
  };
}

function percent(probability) {
  return `${(100 * probability).toFixed(1)} %`;
}
