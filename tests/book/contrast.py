"""How well what is written on a page can be told from what it stands on, as WCAG measures it."""

# the words with less contrast than is given, of some elements or, where none are named, of every text; where it is
# printed, with backgrounds as they are and, where a browser leaves them out, without
PALE = """([which, least, printed]) => {
  const numbers = (colour) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const known = new Map();
  const rgba = (colour) => known.get(colour) ?? known.set(colour, numbers(colour)).get(colour);
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const grounds = { true: new Map(), false: new Map() };
  const ground = (el, all) => {
    if (!el) return [255, 255, 255, 1];
    if (grounds[all].has(el)) return grounds[all].get(el);
    const style = getComputedStyle(el);
    const below = ground(el.parentElement, all);
    const here = all || style.printColorAdjust === "exact" ? over(rgba(style.backgroundColor), below) : below;
    grounds[all].set(el, here);
    return here;
  };
  const opacity = (el) => (el ? Number(getComputedStyle(el).opacity) * opacity(el.parentElement) : 1);
  const pale = new Set();
  const look = (el, words) => {
    const style = getComputedStyle(el);
    const [r, g, b, a] = rgba(el.closest("svg") ? style.fill : style.color);
    for (const all of printed ? [true, false] : [true]) {
      const paper = ground(el, all);
      const found = contrast(over([r, g, b, a * opacity(el)], paper), paper);
      const name = el.getAttribute("class") || el.tagName;
      if (found < least) pale.add(`${found.toFixed(2)}: ${words.trim().slice(0, 40)} (${name})`);
    }
  };
  const seen = (el) => el.checkVisibility({ visibilityProperty: true });
  if (which) {
    for (const el of document.querySelectorAll(which)) if (seen(el)) look(el, el.textContent);
    return [...pale];
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const el = text.parentElement;
    const heard = ".lm-hidden, mjx-assistive-mml, .visually-hidden, .skip-link";
    if (!text.data.trim() || el.closest(`script, style, :disabled, ${heard}`)) continue;
    if (seen(el)) look(el, text.data);
  }
  return [...pale];
}"""
