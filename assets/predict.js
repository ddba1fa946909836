/*
 * Questions that the page asks before it shows what was measured.
 *
 * The question is a <div class="predict">, whose data say which answer is right. The <div class="revealed"> after it holds
 * what was measured: see tools/book_predict.py. This script hides the second until the reader has answered or asks to see
 * it, and keeps the guess. On paper, and on a page without scripts, everything is shown.
 */
(() => {
  "use strict";
  const guesses = globalThis.bookKeep("guesses"); // keep.js
  document.documentElement.classList.add("asks"); // at once, so that nothing is shown and taken away

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  const tidy = (number) => String(Number(number.toPrecision(3)));

  /** Make radio buttons of a list of answers; the result can read and set the number of the one that is chosen. */
  function choose(ask) {
    const rows = [...ask.querySelectorAll("ul > li")];
    const radios = rows.map((row) => {
      const radio = element("input", { type: "radio", name: ask.id });
      row.replaceChildren(element("label", {}, radio, element("span", {}, ...row.childNodes)));
      return radio;
    });
    const list = rows[0].parentElement;
    const group = element("fieldset", { className: "guess" }, element("legend", {}, "Your guess"));
    list.before(group);
    group.append(list);
    return {
      group,
      read: () => (radios.some(({ checked }) => checked) ? radios.findIndex(({ checked }) => checked) : null),
      write: (guess) => radios.forEach((radio, i) => (radio.checked = i === guess)),
      judge: (guess) => (guess === Number(ask.dataset.answer) ? "That was your guess." : `You guessed: ${rows[guess]?.textContent.trim()}.`),
    };
  }

  /** A slider for a number. */
  function slide(ask) {
    const { low, high, step, unit, number } = ask.dataset;
    const middle = (Number(low) + Number(high)) / 2;
    const range = element("input", { type: "range", min: low, max: high, step, value: middle });
    const shown = element("output", {});
    const show = () => range.setAttribute("aria-valuetext", (shown.textContent = `${tidy(Number(range.value))}${unit}`));
    range.addEventListener("input", show);
    const group = element("fieldset", { className: "guess" }, element("legend", {}, "Your guess"));
    group.append(element("label", {}, element("span", { className: "visually-hidden" }, "Your guess"), range, shown));
    ask.append(group);
    show();
    return {
      group,
      read: () => Number(range.value),
      write: (guess) => {
        range.value = guess ?? middle;
        show();
      },
      judge(guess) {
        const apart = guess - Number(number);
        if (Math.abs(apart) < Number(step) / 2) return "That was your guess.";
        const size = `${tidy(Math.abs(apart))}${unit === "%" ? " points" : unit}`; // a per cent of a per cent is something else
        return `You guessed ${tidy(guess)}${unit}, which is ${size} too ${apart > 0 ? "high" : "low"}.`;
      },
    };
  }

  function start(ask) {
    const hidden = ask.nextElementSibling;
    const form = "number" in ask.dataset ? slide(ask) : choose(ask);
    const say = element("p", { className: "verdict", role: "status" });
    const shows = element("button", { type: "button", className: "fold-switch", textContent: "Show what was measured" });
    const skips = element("button", { type: "button", className: "fold-switch", textContent: "Just show me" });
    const again = element("button", { type: "button", className: "fold-switch", textContent: "Hide it again" });
    const buttons = element("div", { className: "guess-buttons" }, shows, skips, again);
    ask.append(buttons, say);

    function show() {
      const kept = guesses.get()[ask.id];
      const known = typeof kept === "number" && Number.isFinite(kept);
      const done = known || kept === "skipped";
      hidden.classList.toggle("shown", done);
      form.group.disabled = done;
      form.write(known ? kept : null);
      shows.hidden = skips.hidden = done;
      again.hidden = !done;
      say.textContent = known ? form.judge(kept) : "";
      dispatchEvent(new Event("resize")); // what stands in it has a size now
      // the theme lets the keyboard reach what scrolls sideways, but only a while later
      for (const code of hidden.querySelectorAll("pre")) if (done && code.scrollWidth > code.clientWidth) code.tabIndex = 0;
    }

    shows.addEventListener("click", () => {
      const guess = form.read();
      if (guess === null) return (say.textContent = "Choose one first, or press “Just show me”.");
      guesses.set(ask.id, guess);
      again.focus();
    });
    skips.addEventListener("click", () => {
      guesses.set(ask.id, "skipped");
      again.focus();
    });
    again.addEventListener("click", () => {
      guesses.set(ask.id, undefined);
      shows.focus();
    });
    guesses.onChange(() => {
      const kept = JSON.stringify(guesses.get()[ask.id]);
      if (kept !== last) show();
      last = kept;
    });
    let last = JSON.stringify(guesses.get()[ask.id]);
    show();

    const openAddress = () => {
      const target = document.querySelector(":target");
      if (!target || !hidden.contains(target) || again.hidden === false) return;
      guesses.set(ask.id, "skipped");
      target.scrollIntoView();
    };
    addEventListener("hashchange", openAddress);
    openAddress();
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll(".predict").forEach(start));
})();
