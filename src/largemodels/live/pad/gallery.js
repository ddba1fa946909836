// Examples to pick from.

/** Real examples to pick from; those that the network gets wrong say what it takes them for. */
function exampleGallery({ examples, labels, answers, names }, onPick) {
  const { shape, data } = fromWire(examples);
  const [n, , height, width] = shape;
  const images = Array.from({ length: n }, (_, i) => data.subarray(i * height * width, (i + 1) * height * width));
  const thumbnails = images.map(() => h("canvas", { "aria-hidden": "true" }));
  const misread = (i) => labels && answers && labels[i] !== answers[i];
  const caption = (i) => (labels ? names[labels[i]] + (misread(i) ? ` → ${names[answers[i]]}` : "") : "");
  const spoken = images.map((_, i) => {
    if (!labels) return `example ${i + 1}`;
    return `a ${names[labels[i]]}` + (misread(i) ? `, which the network takes for ${names[answers[i]]}` : "");
  });
  const chips = thumbnails.map((canvas, i) => {
    const chip = new DocumentFragment();
    chip.append(canvas, h("small", { class: misread(i) ? "dr-misread" : null, title: spoken[i] }, caption(i)));
    return chip;
  });
  const element = choices("Pick one, or draw", chips, -1, (i) => onPick(images[i]), spoken);
  element.classList.add("dr-gallery");
  element.paint = () => {
    const scale = colourScale(element, "drawing", 0, 1);
    thumbnails.forEach((canvas, i) => paint(canvas, images[i], height, width, scale));
  };
  return element;
}
