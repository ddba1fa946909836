// Draws a KernelExplorer: photograph, patch × kernel = products → sum, feature map.

const PRESETS = [
  ["Identity", [0, 0, 0, 0, 1, 0, 0, 0, 0]],
  ["Vertical edges", [-1, 0, 1, -2, 0, 2, -1, 0, 1]], // Sobel
  ["Horizontal edges", [-1, -2, -1, 0, 0, 0, 1, 2, 1]],
  ["All edges", [0, 1, 0, 1, -4, 1, 0, 1, 0]], // Laplacian
  ["Blur", Array(9).fill(1 / 9)],
  ["Sharpen", [0, -1, 0, -1, 5, -1, 0, -1, 0]],
  ["Emboss", [-2, -1, 0, -1, 1, 1, 0, 1, 2]],
];
const SIDE = 3;
const LIMIT = 99; // of a weight that is typed

export default {
  render({ model, el }) {
    const read = (name) => fromWire(model.get("inputs")[name]);
    const [height, width] = read("image").shape.slice(2);
    const [rows, columns] = [height - SIDE + 1, width - SIDE + 1]; // of the feature map
    const hasBias = "bias" in model.get("inputs");
    const examples = model.get("settings").examples ?? [];
    const say = announcer();
    const sum = h("output", { class: "ke-sum" }); // the number of the map at the cursor

    // ---- the two pictures, and a cursor on each that follows the other ----
    const picture = (area, caption, ...below) => {
      const canvas = h("canvas", { "aria-hidden": "true" });
      const surface = h("div", { class: "lm-surface" }, canvas);
      return { canvas, surface, figure: h("figure", { class: area }, surface, h("figcaption", {}, caption), ...below) };
    };
    const legend = legendBar("colours of the feature map");
    const photo = picture("ke-photo", "Photograph: drag the window");
    const map = picture("ke-map lm-answer", "Feature map: one number for each place", legend);
    const describe = (row, column) => `row ${row + 1}, column ${column + 1}: ${sum.dataset.value ?? ""}`;
    const window_ = gridCursor(photo.surface, {
      label: "Window on the photograph",
      rows: height,
      columns: width,
      size: [SIDE, SIDE],
      describe,
      onMove: moveTo,
    });
    const place = gridCursor(map.surface, { label: "Place on the feature map", rows, columns, describe, onMove: moveTo });

    // ---- one number of the map, written out ----
    const grid = (name, cells) => h("div", { class: `ke-grid ke-${name}` }, ...cells);
    const cells = () => Array.from({ length: SIDE * SIDE }, () => h("span"));
    const [patch, products] = [cells(), cells()];
    const field = (label) => numberField(label, { value: 0, min: -LIMIT, max: LIMIT }, writeKernel);
    const weights = patch.map((_, i) => field(`Weight in row ${Math.floor(i / SIDE) + 1}, column ${(i % SIDE) + 1}`));
    const bias = field("Bias");
    const part = (caption, content, ...below) =>
      h("div", { class: "ke-part" }, content, h("span", { class: "ke-caption" }, caption), ...below);
    const normalise = button("divide by sum", () => {
      const { data } = read("kernel");
      const total = data.reduce((a, b) => a + b, 0);
      setInputs(model, { kernel: toWire([1, 1, SIDE, SIDE], data.map((w) => w / total)) });
    });
    const sign = (text) => h("span", { class: "ke-sign" }, text);
    const tall = (content) => h("div", { class: "ke-tall" }, content);
    const biasPart = hasBias ? [sign("+"), part("bias", tall(bias))] : [];
    const arithmetic = h(
      "div",
      { class: "ke-arithmetic", role: "group", "aria-label": "The number at the place of the window" },
      part("under the window", grid("patch", patch)),
      sign("×"),
      part("kernel: edit it", grid("kernel", weights), normalise),
      sign("="),
      part("products", grid("products", products)),
      h("div", { class: "ke-total lm-answer" }, ...biasPart, sign("="), part("their sum", tall(sum))),
    );

    // ---- choices ----
    const presets = choices(
      "Kernel",
      PRESETS.map(([name]) => name),
      -1,
      (i) => {
        setInputs(model, { kernel: toWire([1, 1, SIDE, SIDE], PRESETS[i][1]) });
        say(`kernel: ${PRESETS[i][0]}`);
      },
    );
    const thumbnails = examples.map(({ image }) => {
      const canvas = h("canvas", { class: "lm-pixels", "aria-hidden": "true" });
      paint(canvas, fromWire(image).data, height, width, { rgba: greyPixel });
      return canvas;
    });
    const names = examples.map(({ name }) => name);
    const gallery = choices("Photograph", thumbnails, -1, (i) => choosePhoto(i), names);
    gallery.classList.add("ke-gallery");

    function choosePhoto(i) {
      const { shape, data } = fromWire(examples[i].image);
      setInputs(model, { image: toWire(shape, data) });
      say(`photograph: ${names[i]}`);
    }

    function writeKernel() {
      const changed = { kernel: toWire([1, 1, SIDE, SIDE], weights.map((field) => field.number)) };
      if (hasBias) changed.bias = toWire([1], [bias.number]);
      setInputs(model, changed);
    }

    function moveTo(row, column) {
      window_.place(row, column);
      place.place(row, column);
      drawPlace();
    }

    // ---- drawing ----
    function drawPlace() {
      const { row, column } = window_;
      const image = read("image").data;
      const kernel = read("kernel").data;
      patch.forEach((cell, i) => {
        const value = image[(row + Math.floor(i / SIDE)) * width + column + (i % SIDE)];
        const grey = Math.round(value * 255);
        cell.textContent = format(value);
        Object.assign(cell.style, { background: `rgb(${grey} ${grey} ${grey})`, color: value > 0.46 ? "#000" : "#fff" });
        products[i].textContent = format(value * kernel[i]);
        products[i].classList.toggle("ke-zero", value * kernel[i] === 0);
      });
      const value = fromWire(model.get("outputs").map).data[row * columns + column];
      sum.textContent = format(value);
      sum.dataset.value = String(value);
    }

    function draw() {
      const kernel = read("kernel").data;
      weights.forEach((field, i) => field.show(kernel[i]));
      if (hasBias) bias.show(read("bias").data[0]);
      const total = kernel.reduce((a, b) => a + b, 0);
      normalise.disabled = Math.abs(total) < 1e-6 || Math.abs(total - 1) < 1e-6;
      presets.select(PRESETS.findIndex(([, preset]) => preset.every((w, i) => Math.abs(w - kernel[i]) < 1e-6)));

      const image = read("image").data;
      gallery.select(examples.findIndex((example) => sameNumbers(fromWire(example.image).data, image)));
      paint(photo.canvas, image, height, width, { rgba: greyPixel });

      const values = fromWire(model.get("outputs").map).data;
      const [low, high] = extent(values);
      const most = Math.max(-low, high) || 1;
      const like = low >= 0 && high <= 1; // brightnesses, like the photograph: a blurred one should look like one
      const scale = like ? colourScale(el, "grey", 0, 1) : colourScale(el, "diverging", -most, most);
      paint(map.canvas, values, rows, columns, scale);
      legend.show(scale);
      drawPlace();
    }

    el.append(
      h(
        "div",
        { class: "ke" },
        ...(examples.length > 1 ? [gallery] : []),
        photo.figure,
        h("div", { class: "ke-middle" }, presets, arithmetic),
        map.figure,
      ),
      say.element,
    );
    window_.place(Math.floor(rows / 2), Math.floor(columns / 2));
    place.place(window_.row, window_.column);
    const state = keepAndTake({
      el, model, say, kind: "kernel", version: 1,
      forms: { photo: aWhole(-1, examples.length - 1), kernel: someNumbers(SIDE * SIDE), bias: aNumber(), place: someNumbers(2, 0, 9999) },
      read: () => {
        const image = read("image").data;
        const photo = examples.findIndex((example) => sameNumbers(fromWire(example.image).data, image));
        return { photo, kernel: [...read("kernel").data], bias: hasBias ? read("bias").data[0] : 0, place: [window_.row, window_.column] };
      },
      restore({ photo: number, kernel, bias: added, place: [row, column] }) {
        const { shape, data } = number < 0 ? read("image") : fromWire(examples[number].image);
        const changed = { image: toWire(shape, data), kernel: toWire([1, 1, SIDE, SIDE], kernel) };
        setInputs(model, hasBias ? { ...changed, bias: toWire([1], [added]) } : changed);
        moveTo(row, column);
      },
      numbers() {
        const count = (n) => Array.from({ length: n }, (_, i) => i + 1);
        const table = (names, values, r, c) => longTable(names, values, count(r), count(c));
        return [
          table(["row of the kernel", "column of the kernel", "weight"], read("kernel").data, SIDE, SIDE),
          table(["row of the map", "column of the map", "value"], fromWire(model.get("outputs").map).data, rows, columns),
          table(["row of the photograph", "column of the photograph", "brightness (0 to 1)"], read("image").data, height, width),
        ];
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

function greyPixel(value) {
  const grey = Math.round(value * 255);
  return (255 << 24) | (grey << 16) | (grey << 8) | grey;
}

function sameNumbers(a, b) {
  return a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-6);
}
