// All maps of one layer: the pixels, the marks over them, and the keys that move between units.

/** All maps of one layer on one canvas, a pixel a unit and a pixel between two maps. */
function mapSheet(layer, onPoint, onChoose, onEnter) {
  const [count, height, width] = layer.shape;
  const canvas = h("canvas");
  const overlay = svg("svg", { class: "fx-marks", "aria-hidden": "true", preserveAspectRatio: "none" });
  const paths = ["fx-halo", "fx-rest", "fx-halo", "fx-main", "fx-halo", "fx-frame"].map((name) =>
    svg("path", { class: name }),
  );
  overlay.append(...paths);
  const surface = h(
    "div",
    {
      class: "lm-surface fx-maps",
      role: "slider",
      tabindex: 0,
      "aria-label":
        `${layer.title}: ${count} maps of ${height} × ${width}. Arrow keys move between maps, ` +
        `Shift with an arrow key between the units of a map, Enter looks into the map.`,
      "aria-valuemin": 1,
      "aria-valuemax": count,
      "aria-valuenow": 1,
    },
    canvas,
    overlay,
  );
  const legend = h("span", { class: "fx-scale" }, h("span"), h("span", { class: "fx-gradient" }), h("span"));
  const element = h(
    "section",
    { class: "fx-sheet", "data-tap": layer.tap },
    h(
      "p",
      { class: "fx-title" },
      h("strong", {}, layer.title),
      h("span", { class: "fx-quiet" }, `${count} maps of ${height} × ${width}`),
      legend,
    ),
    surface,
  );

  let across = 0;
  let current = { layer, channel: 0, row: Math.floor(height / 2), column: Math.floor(width / 2) };
  let values = null;

  function unitAt(event) {
    const box = surface.getBoundingClientRect();
    if (!box.width) return null; // nothing of it is shown
    const place = (part, whole, cells, units) => {
      const position = Math.max(0, Math.min(whole - 1e-6, part)) / whole * (cells * (units + 1) - 1);
      const cell = Math.floor(position / (units + 1));
      return [cell, Math.min(units - 1, Math.floor(position - cell * (units + 1)))];
    };
    const down = Math.ceil(count / across);
    const [i, column] = place(event.clientX - box.left, box.width, across, width);
    const [j, row] = place(event.clientY - box.top, box.height, down, height);
    const channel = j * across + i;
    return channel < count ? { layer, channel, row, column } : null;
  }

  surface.addEventListener("pointermove", (event) => {
    const unit = unitAt(event);
    if (unit && event.pointerType === "mouse") onPoint(unit);
  });
  surface.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && onPoint(null));
  surface.addEventListener("click", (event) => {
    const unit = unitAt(event);
    if (unit) onChoose(unit);
  });
  withKeys(surface, {
    "← → ↑ ↓": "the map that way",
    "Shift + arrow": "one unit that way, in the same map",
    "Home End": "the first map, the last",
    Enter: "see it large",
  });
  surface.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const { channel, row, column } = current;
    let unit = null;
    if (step && event.shiftKey) unit = { row: row + step[0], column: column + step[1] };
    else if (step) unit = { channel: channel + step[0] * across + step[1] };
    else if (event.key === "Home") unit = { channel: 0 };
    else if (event.key === "End") unit = { channel: count - 1 };
    else if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (unit) {
      unit = { ...current, ...unit };
      const inside = (n, limit) => n >= 0 && n < limit;
      if (inside(unit.channel, count) && inside(unit.row, height) && inside(unit.column, width)) onChoose(unit);
    } else {
      onChoose(current);
      onEnter();
    }
  });

  function speak() {
    const { channel, row, column } = current;
    surface.setAttribute("aria-valuenow", channel + 1);
    const value = values ? `: ${format(values[at(current)], 4)}` : "";
    surface.setAttribute("aria-valuetext", `map ${channel + 1}, row ${row + 1}, column ${column + 1}${value}`);
  }

  const rectangle = (channel, { top, left, bottom, right }) => {
    const x = (channel % across) * (width + 1) + left;
    const y = Math.floor(channel / across) * (height + 1) + top;
    return `M${x} ${y}h${right - left + 1}v${bottom - top + 1}h${left - right - 1}z`;
  };
  function paintMaps(scale) {
    const pixels = new ImageData(canvas.width, canvas.height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let channel = 0; channel < count; channel++) {
      const start = Math.floor(channel / across) * (height + 1) * canvas.width + (channel % across) * (width + 1);
      for (let i = 0; i < height * width; i++) {
        const row = Math.floor(i / width);
        words[start + row * canvas.width + (i - row * width)] = scale.rgba(values[channel * height * width + i]);
      }
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  const everything = { top: 0, left: 0, bottom: height - 1, right: width - 1 };

  return {
    element,
    /** Lay the maps out; tells whether that changed anything. */
    arrange(narrow) {
      const next = Math.min(count, narrow || width > 18 ? 8 : 16);
      if (next === across) return false;
      across = next;
      const down = Math.ceil(count / across);
      Object.assign(canvas, { width: across * (width + 1) - 1, height: down * (height + 1) - 1 });
      overlay.setAttribute("viewBox", `0 0 ${canvas.width} ${canvas.height}`);
      return true;
    },
    focus() {
      surface.focus({ preventScroll: true });
    },
    paint(now, scale) {
      values = surface.values = now;
      if (!across) this.arrange(false);
      paintInTurn(canvas, () => paintMaps(scale));
      const rectified = layer.kind === "max" && layer.rectify;
      legend.children[0].textContent = rectified ? "0" : tidy(scale.low);
      legend.children[2].textContent = tidy(scale.high);
      legend.children[1].style.background = scale.gradient;
      legend.children[1].classList.toggle("fx-half", rectified);
      speak();
    },
    /** Outline what a unit sees of these maps, or the `unit` itself when it is one of them; frame the map pointed out. */
    mark(box, unit) {
      if (unit) {
        current = unit;
        speak();
      }
      paths.forEach((path) => path.setAttribute("d", ""));
      if (!box) return;
      const whole = box.bottom - box.top + 1 === height && box.right - box.left + 1 === width;
      const others = [...Array(box.all && !whole ? count : 0).keys()].filter((channel) => channel !== box.channel);
      const lines = [others.map((channel) => rectangle(channel, box)).join("")];
      if (box.channel >= 0) lines.push(whole ? "" : rectangle(box.channel, box), rectangle(box.channel, everything));
      lines.forEach((line, i) => {
        paths[2 * i].setAttribute("d", line);
        paths[2 * i + 1].setAttribute("d", line);
      });
    },
  };
}

function tidy(number) {
  return String(Number(number.toPrecision(2))).replace("-", "−");
}
