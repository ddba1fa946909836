/*
 * Draws a widget as a picture on its own: its boxes, its words where they stand, its canvases and drawings. The page
 * fetches this script only once a reader asks for a picture (kit/take.js).
 */
(() => {
  "use strict";
  /** A part of a drawing; every attribute is written as it is. */
  function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  let made = 0; // gradients and clips
  const uniqueId = (kind) => `${kind}-${++made}`;

  const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "opacity"];
  const KEPT_TEXT = ["font-family", "font-size", "font-weight", "font-style", "text-anchor", "dominant-baseline", "vector-effect"];
  const clear = (colour) => !colour || colour === "transparent" || /, 0\)$|\/ 0\)$/.test(colour);
  const tidy = (number) => String(Math.round(number * 100) / 100);

  /** The SVG of what stands in `el`, with lines of text `below`; an element, in CSS pixels, on the colour of the paper. */
  function pictureOf(el, below) {
    const frame = el.getBoundingClientRect();
    const [edge, line] = [12, 18];
    const menu = el.querySelector(":scope > .lm-take")?.offsetHeight ?? 0; // stands last, and is not drawn
    const [width, height] = [Math.ceil(frame.width) + 2 * edge, Math.ceil(frame.height - menu) + 2 * edge + line * below.length];
    const defs = svg("defs");
    const [paper, quiet] = ["--lm-paper", "--lm-quiet"].map((name) => getComputedStyle(el).getPropertyValue(name).trim());
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height }, defs);
    root.append(svg("rect", { width, height, fill: paper }));
    const ruler = document.createElement("canvas").getContext("2d");
    const at = ({ left, top, width: w, height: h_ }) => ({ x: tidy(left - frame.left + edge), y: tidy(top - frame.top + edge), width: tidy(w), height: tidy(h_) });

    /** Words in a place, at the width that they have on the page, whatever font is found where the drawing is opened. */
    function words(text, rect, style, into, length = rect.width) {
      ruler.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ruler.measureText(text);
      const { x, y, height: tall } = at(rect);
      const more = length ? { textLength: tidy(length), lengthAdjust: "spacingAndGlyphs" } : {};
      const font = { "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle };
      into.append(svg("text", { x, y: tidy(Number(y) + (tall * up) / (up + down)), fill: style.color, ...font, ...more, "xml:space": "preserve" }, text));
    }

    function texts(node, style, into) {
      const range = document.createRange();
      for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const rects = range.getClientRects();
        if (rects.length === 1) words(word, rects[0], style, into);
        else if (rects.length) // broken over lines
          Array.from(word).reduce((from, character) => {
            range.setStart(node, from);
            range.setEnd(node, from + character.length);
            words(character, range.getBoundingClientRect(), style, into);
            return from + character.length;
          }, index);
      }
    }

    /** The background of a box, its borders, and what is drawn around it. */
    function box(style, rect, into) {
      const place = at(rect);
      const round = style.borderRadius.endsWith("%") ? rect.width / 2 : parseFloat(style.borderRadius) || 0;
      const around = (colour, wide, out) =>
        wide && !clear(colour) &&
        into.append(svg("rect", { ...at({ left: rect.left - out, top: rect.top - out, width: rect.width + 2 * out, height: rect.height + 2 * out }), rx: round, fill: "none", stroke: colour, "stroke-width": wide }));
      let fill = style.backgroundColor;
      const stops = style.backgroundImage.startsWith("linear-gradient(to right") && style.backgroundImage.match(/rgba?\([^)]*\)/g);
      if (stops) {
        const id = uniqueId("gradient");
        defs.append(svg("linearGradient", { id }, ...stops.map((colour, i) => svg("stop", { offset: i / (stops.length - 1), "stop-color": colour }))));
        fill = `url(#${id})`;
      }
      if (!clear(fill)) into.append(svg("rect", { ...place, rx: round, fill }));
      const shadow = style.boxShadow.match(/^(rgba?\([^)]*\)) 0px 0px 0px ([\d.]+)px$/);
      if (shadow) around(shadow[1], Number(shadow[2]), Number(shadow[2]) / 2);
      if (style.outlineStyle === "solid") around(style.outlineColor, parseFloat(style.outlineWidth), parseFloat(style.outlineWidth) / 2);
      const sides = ["Top", "Right", "Bottom", "Left"].map((side) => [style[`border${side}Style`] === "none" ? 0 : parseFloat(style[`border${side}Width`]), style[`border${side}Color`]]);
      if (sides.every(([wide, colour]) => wide === sides[0][0] && colour === sides[0][1])) return around(sides[0][1], sides[0][0], -sides[0][0] / 2);
      const [x, y, w, h_] = ["x", "y", "width", "height"].map((name) => Number(place[name]));
      const ends = [[x, y, x + w, y], [x + w, y, x + w, y + h_], [x, y + h_, x + w, y + h_], [x, y, x, y + h_]];
      sides.forEach(([wide, stroke], i) => {
        const [x1, y1, x2, y2] = ends[i];
        if (wide && !clear(stroke)) into.append(svg("line", { x1, y1, x2, y2, stroke, "stroke-width": wide }));
      });
    }

    /** A drawing of the page, with what the style sheet says about it written into it. */
    function copied(drawing, rect) {
      const copy = drawing.cloneNode(true);
      const [from, to] = [drawing, copy].map((one) => [one, ...one.querySelectorAll("*")]);
      from.forEach((one, i) => {
        const style = getComputedStyle(one);
        if (style.display === "none" || style.visibility === "hidden") return to[i].setAttribute("display", "none");
        for (const name of one.matches("text, tspan") ? [...KEPT, ...KEPT_TEXT] : [...KEPT, "vector-effect"]) to[i].setAttribute(name, style.getPropertyValue(name));
      });
      for (const [name, value] of Object.entries(at(rect))) copy.setAttribute(name, value);
      return copy;
    }

    /** What stands in a field, or where a slider does. */
    function field(input, style, rect, into) {
      if (input.type === "range") {
        const part = (input.value - input.min) / (input.max - input.min || 1);
        const [x, y] = [rect.left + 6 + part * (rect.width - 12), rect.top + rect.height / 2];
        into.append(svg("rect", { ...at({ left: rect.left, top: y - 2, width: rect.width, height: 4 }), rx: 2, fill: quiet, opacity: 0.5 }));
        const { x: cx, y: cy } = at({ left: x, top: y, width: 0, height: 0 });
        return into.append(svg("circle", { cx, cy, r: 6, fill: style.accentColor === "auto" ? quiet : style.accentColor }));
      }
      const [side, top] = [parseFloat(style.paddingLeft) + 1, parseFloat(style.paddingTop) + 1];
      const tall = parseFloat(style.lineHeight) || 1.2 * parseFloat(style.fontSize);
      ruler.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
      const room = input.tagName === "TEXTAREA" ? rect.width - 2 * side : Infinity;
      const lines = input.value.split("\n").flatMap((text) =>
        (text.match(/\S*\s?/g) ?? []).reduce(([first, ...rest], word) => (first && ruler.measureText(first + word).width > room ? [word, first, ...rest] : [first + word, ...rest]), [""]).reverse(),
      );
      lines.slice(0, Math.max(1, Math.floor(rect.height / tall))).forEach((text, i) => {
        const length = ruler.measureText(text).width;
        const left = style.textAlign === "right" ? rect.right - side - length : style.textAlign === "center" ? rect.left + (rect.width - length) / 2 : rect.left + side;
        words(text, { left, top: rect.top + top + i * tall, width: length, height: tall }, style, into, 0);
      });
    }

    function walk(one, into) {
      if (one.nodeType === Node.TEXT_NODE) return texts(one, getComputedStyle(one.parentElement), into);
      if (one.nodeType !== Node.ELEMENT_NODE || one.matches(".lm-hidden, .lm-take, input[type=radio]")) return;
      const [style, rect] = [getComputedStyle(one), one.getBoundingClientRect()];
      if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0" || style.clipPath !== "none") return;
      let inside = into;
      if (style.opacity !== "1") into.append((inside = svg("g", { opacity: style.opacity })));
      if (one.tagName === "svg") return inside.append(copied(one, rect));
      if (style.display !== "contents") box(style, rect, inside);
      if (one.tagName === "CANVAS") {
        if (one.width && one.height) inside.append(svg("image", { ...at(rect), href: one.toDataURL(), preserveAspectRatio: "none", style: `image-rendering: ${style.imageRendering}` }));
      } else if (one.matches("input, textarea")) field(one, style, rect, inside);
      else {
        if (style.overflowX !== "visible" && one !== el) {
          const id = uniqueId("clip");
          defs.append(svg("clipPath", { id }, svg("rect", at(rect))));
          const group = svg("g", { "clip-path": `url(#${id})` });
          inside.append(group);
          inside = group;
        }
        for (const child of one.childNodes) walk(child, inside);
      }
    }
    for (const child of el.childNodes) walk(child, root);
    below.forEach((text, i) => root.append(svg("text", { x: edge, y: height - edge - line * (below.length - 1 - i), fill: quiet, "font-family": "sans-serif", "font-size": 12 }, text)));
    return root;
  }

  /** The text of a drawing, without the signs that no XML may hold. */
  function textOfDrawing(root) {
    return new XMLSerializer().serializeToString(root).replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
  }

  /** The same as PNG, three pixels for one on the screen: some 300 to the inch at the width of a page of paper. */
  async function pngOf(root) {
    const [width, height] = ["width", "height"].map((name) => Number(root.getAttribute(name)));
    const scale = Math.min(3, Math.sqrt(16e6 / (width * height))); // what telephones allow
    const image = Object.assign(new Image(), { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(textOfDrawing(root))}` });
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
  }

  globalThis.livePicture = { pictureOf, pngOf, textOfDrawing };
})();
