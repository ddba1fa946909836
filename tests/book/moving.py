"""What moves in a page by itself, and what would."""

# what would move if it changed, and what moves now
MOVES = """() => {
  const long = (times) => times.split(",").some((time) => parseFloat(time) > 0);
  const would = (style) => !["none", ""].includes(style.animationName) // nothing is said of what is never drawn
    || (style.transitionProperty !== "none" && (long(style.transitionDuration) || long(style.transitionDelay)))
    || style.scrollBehavior === "smooth";
  const found = [];
  for (const el of document.querySelectorAll(":not(mjx-container *, pre *, svg *)")) {
    if (!["", "::before", "::after"].some((part) => would(getComputedStyle(el, part)))) continue;
    found.push(el.outerHTML.slice(0, 120));
  }
  const playing = [...document.querySelectorAll("[autoplay], marquee, animate, animateTransform, img[src$='.gif']")];
  return [...found, ...document.getAnimations(), ...playing].map(String);
}"""
