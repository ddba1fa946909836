// The reader draws; the answer stands beside the drawing: the likeliest class in large, and a bar for each class.
//
// settings: names, examples, labels, answers, pen. outputs: `probabilities` of the classes, the `output` they are made
// of, and the image that was `seen`.

export default {
  render({ model, el }) {
    const say = announcer(); // of the drawing
    const tell = announcer(); // of the answer: neither cuts the other short
    const name = Object.keys(model.get("inputs"))[0];
    const { shape } = model.get("inputs")[name];

    const board = drawingBoard(shape.at(-1), model.get("settings").pen, say, (ink, source) => {
      if (source !== "example") gallery.select(-1);
      setInputs(model, { [name]: toWire(shape, ink) });
    });
    const stage = h("div", { class: "rd", "data-lm-suppress-shortcuts": "true" }); // no notebook command on a key here
    el.append(stage, say.element, tell.element);

    let settings, outputs, gallery, verdict, probabilities, seen;
    let reading = "";
    function draw() {
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        verdict = classBars(settings.names);
        gallery = exampleGallery(settings, (ink) => board.replace(ink, "example"));
        stage.replaceChildren(board.element, verdict.element, gallery);
      }
      if (outputs !== model.get("outputs")) {
        outputs = model.get("outputs");
        [probabilities, seen] = [outputs.probabilities, outputs.seen].map((wire) => fromWire(wire).data);
      }
      board.show(fromWire(model.get("inputs")[name]).data);
      board.surface.values = seen; // at hand in the browser's console
      gallery.paint();
      const words = verdict.show(probabilities, largest(seen) === 0);
      if (reading && reading !== words) tell(words);
      reading = words;
    }

    const state = keepAndTake({
      el, model, say, foot: board.foot, kind: "digit", version: 1,
      forms: { drawing: aDrawing(shape.at(-1) ** 2) },
      read: () => ({ drawing: board.ink() }),
      restore: ({ drawing }) => board.replace(drawing, "linked"),
      numbers: () => drawingTables(settings.names, probabilities, seen, shape.at(-1)),
    });
    const forget = keepDrawn(el, model, draw);
    const disown = ownModel({ el, model, say, foot: board.foot });
    const unfollow = board.followAddress();
    state.begin();
    return () => {
      state.end();
      disown();
      unfollow();
      forget();
    };
  },
};
