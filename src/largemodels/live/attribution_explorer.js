// The reader draws; the answer stands beside the drawing, and five maps say what in the drawing it rests on.
//
// settings: names, examples, labels, answers, pen, and `maps`: [output, title, what it shows] each. inputs: the drawing
// and `towards`, a class or −1 for the likeliest. outputs: the maps, `of` which class they are, `probabilities`, `seen`.

export default {
  render({ model, el }) {
    const say = announcer(); // of the drawing, and of what is chosen
    const tell = announcer(); // of the answer: neither cuts the other short
    const name = Object.keys(model.get("inputs")).find((input) => input !== "towards");
    const { shape } = model.get("inputs")[name];
    const size = shape.at(-1);

    const board = drawingBoard(size, model.get("settings").pen, say, (ink, source) => {
      if (source !== "example") gallery.select(-1);
      setInputs(model, { [name]: toWire(shape, ink) });
    });
    const stage = h("div", { class: "ap", "data-lm-suppress-shortcuts": "true" }); // no notebook command on a key here
    el.append(stage, say.element, tell.element);

    const asked = () => fromWire(model.get("inputs").towards).data[0];
    const ask = (i) => setInputs(model, { towards: toWire([1], [i]) });

    let settings, outputs, gallery, verdict, panels, back, about, values;
    let reading = "";
    function draw() {
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        verdict = classBars(settings.names, { point: () => {}, choose: (i) => ask(i === asked() ? -1 : i) });
        back = button("Explain the answer", () => ask(-1));
        about = h("p", { class: "ap-about" });
        panels = settings.maps.map(([, title, words]) => attributionMap(title, words, size));
        gallery = exampleGallery(settings, (ink) => board.replace(ink, "example"));
        const maps = h("div", { class: "ap-maps lm-answer" }, ...panels.map((panel) => panel.element));
        const side = h("div", { class: "ap-side" }, h("div", { class: "ap-head" }, about, back), maps);
        stage.replaceChildren(gallery, board.element, verdict.element, side);
      }
      if (outputs !== model.get("outputs")) {
        outputs = model.get("outputs");
        values = Object.fromEntries(Object.entries(outputs).map(([key, wire]) => [key, fromWire(wire).data]));
      }
      board.show(fromWire(model.get("inputs")[name]).data);
      board.surface.values = values.seen; // at hand in the browser's console, as are the values of every map
      gallery.paint();
      const of = settings.names[values.of[0]];
      about.textContent = `What speaks for ${of} (orange), and what against (blue)`;
      panels.forEach((panel, i) => panel.show(values[settings.maps[i][0]], values.seen, of));
      verdict.mark(asked());
      back.disabled = asked() < 0;
      const words = verdict.show(values.probabilities, largest(values.seen) === 0);
      const heard = `${words}. Maps for ${of}`;
      if (reading && reading !== heard) tell(heard);
      reading = heard;
    }

    const state = keepAndTake({
      el, model, say, foot: board.foot, kind: "attribution", version: 1,
      forms: { drawing: aDrawing(size ** 2), towards: aWhole(-1, model.get("settings").names.length - 1) },
      read: () => ({ drawing: board.ink(), towards: asked() }),
      restore({ drawing, towards }) {
        ask(towards);
        board.replace(drawing, "linked");
      },
      numbers() {
        const places = Array.from({ length: size }, (_, i) => i + 1);
        const maps = settings.maps.flatMap(([output, title]) => longTable(["", "", ""], values[output], places, places).slice(1).map((row) => [title, ...row]));
        const head = ["map", "row of the map", "column of the map", `relevance for ${settings.names[values.of[0]]}`];
        return [...drawingTables(settings.names, values.probabilities, values.seen, size), [head, ...maps]];
      },
    });
    const forget = keepDrawn(el, model, draw);
    const unfollow = board.followAddress();
    state.begin();
    return () => {
      state.end();
      unfollow();
      forget();
    };
  },
};
