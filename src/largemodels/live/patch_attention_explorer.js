// The reader draws; from the patch under the cursor, where every head of every layer of a vision Transformer looks.
//
// settings: names, examples, labels, answers, pen; `taps` of the layers' weights in order, their `heads`, and `side`, the
// patches in a row. outputs: for every tap its weights [1, heads, n, n], where place 0 is the class token and the others
// are the patches, row by row; `probabilities`, and the image that was `seen`.

export default {
  render({ model, el }) {
    const say = announcer(); // of the drawing, and of what is pointed at
    const tell = announcer(); // of the answer: neither cuts the other short
    const name = Object.keys(model.get("inputs"))[0];
    const { shape } = model.get("inputs")[name];
    const size = shape.at(-1);

    const board = drawingBoard(size, model.get("settings").pen, say, (ink, source) => {
      if (source !== "example") gallery.select(-1);
      setInputs(model, { [name]: toWire(shape, ink) });
    });
    const stage = h("div", { class: "px", "data-lm-suppress-shortcuts": "true" }); // no notebook command on a key here
    el.append(stage, say.element, tell.element);

    let settings, outputs, tensors, gallery, verdict, gaze;
    let reading = "";
    function draw() {
      if (settings !== model.get("settings")) {
        settings = model.get("settings");
        verdict = classBars(settings.names);
        gaze = patchView(el, settings, size, say);
        gallery = exampleGallery(settings, (ink) => board.replace(ink, "example"));
        stage.replaceChildren(gallery, board.element, verdict.element, gaze.one, gaze.all);
      }
      if (outputs !== model.get("outputs")) {
        outputs = model.get("outputs");
        tensors = Object.fromEntries(Object.entries(outputs).map(([tap, wire]) => [tap, fromWire(wire).data]));
      }
      board.show(fromWire(model.get("inputs")[name]).data);
      board.surface.values = tensors.seen; // at hand in the browser's console, as are the weights of every head
      gallery.paint();
      const words = verdict.show(tensors.probabilities, largest(tensors.seen) === 0);
      if (reading && reading !== words) tell(words);
      reading = words;
      gaze.draw(tensors);
    }

    const state = keepAndTake({
      el, model, say, foot: board.foot, kind: "patches", version: 1,
      forms: { drawing: aDrawing(size ** 2), gaze: someNumbers(3, 0, 9999) },
      read: () => ({ drawing: board.ink(), gaze: gaze.now() }),
      restore({ drawing, gaze: place }) {
        gaze.go(place);
        board.replace(drawing, "linked");
      },
      numbers: () => [...drawingTables(settings.names, tensors.probabilities, tensors.seen, size), gaze.table()],
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
