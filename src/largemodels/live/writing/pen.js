// The pen that the model holds: it writes at the end of the text, some characters at a time, for it takes the page longer to
// show a character than the model to write it.

const MOST = 24; // characters that are shown at once,
const LONGEST = 60; // or as many as take so many milliseconds, so that the text is seen to grow

/**
 * Lets the model write at the end of the text in `box`, and shows on the `desk` how far it has come. `next()` draws a
 * character with the probabilities after the last one, or returns null until the model has read the whole text; `goOn` is
 * then called again after each draw. `again()` hands the text over once more, because its answer may have failed.
 * `ahead(text)`, in a page only, promises a character drawn after another text, and shows nothing. `context()` is how many
 * characters the model can read; when they are full, the pen lets it forget the older half, as GPT.generate does.
 * The result has `.left`, how many characters are still to be written, `.written`, how many at the end of the text the model
 * wrote, and `.reads()`, how many at the end of the text are read.
 */
function modelsPen({ box, desk, next, again, ahead, context, say }) {
  const pen = { left: 0, written: 0 };
  let own = false; // whether the pen writes just now, and not the reader
  let running = null; // a mark of the characters that are being drawn; none when they are not wanted any more
  let last = { text: "", reads: 0 }; // what was written last, and how much of it is read
  let many = false; // whether some of what is to be written was shown
  pen.label = () => desk.label(pen.left, pen.written);
  pen.reads = () => (last.text && box.all().join("") === last.text ? last.reads : context());

  pen.write = (count) => {
    pen.stop();
    pen.left = count;
    many = false;
    if (!pen.goOn()) again();
    pen.label();
  };

  /** Go on when the answer to all that was written is there; false if it is not. */
  pen.goOn = () => {
    if (!pen.left || running) return true;
    const symbol = next();
    if (symbol === null) return false;
    if (ahead && many && pen.left > 1) several(symbol);
    else put([symbol]);
    return true;
  };

  /** Write some characters, of which all but the first are drawn ahead; then show them. */
  async function several(symbol) {
    const mine = (running = {});
    const all = box.all();
    const fresh = [symbol];
    await new Promise(requestAnimationFrame); // those before are seen; in a hidden page they wait for it
    const until = performance.now() + LONGEST;
    let reads = after(all, pen.reads());
    try {
      while (running === mine && fresh.length < Math.min(MOST, pen.left) && performance.now() < until) {
        const text = [...all, ...fresh];
        fresh.push(await ahead(text.slice(text.length - reads)));
        reads = after(text, reads);
        await turn(); // a press on Stop is answered at once
      }
    } catch {
      return running === mine && pen.stop(); // the page says why
    }
    if (running !== mine) return;
    running = null;
    put(fresh);
  }

  /** How many characters are read once a text is one longer, of which so many were read. */
  function after(text, reads) {
    const all = Math.min(reads, text.length) + 1;
    return all > context() ? Math.floor(context() / 2) + 1 : all;
  }

  /** Hand the text over, longer by some characters. */
  function put(symbols) {
    let [all, reads] = [box.all(), pen.reads()];
    for (const symbol of symbols) {
      reads = after(all, reads);
      all.push(symbol);
    }
    last = { text: all.join(""), reads };
    pen.written += symbols.length;
    own = many = true;
    box.write(last.text);
    own = false;
    pen.left -= symbols.length;
    pen.label();
    if (!pen.left) say(`written: ${box.all().slice(-pen.written).map(spell).join(" ")}`);
  }

  /** Write no more; with `takeBack`, take what was written away. */
  pen.stop = (takeBack = false) => {
    pen.left = 0;
    running = null;
    if (takeBack) {
      const all = box.all();
      box.write(all.slice(0, all.length - pen.written).join(""));
    }
    pen.label();
  };

  /** The text has changed: unless the pen did it, the model wrote nothing of it, and writes no more. */
  pen.typed = () => {
    if (own) return;
    pen.written = pen.left = 0;
    running = null;
    pen.label();
  };
  return pen;
}

/** Let the page do what else it has to do, and go on right after. */
const turn = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(port1.close());
    port2.postMessage(0);
  });

/** A text, character by character, as the model takes it. */
const toPoints = (text) => toWire([1, text.length], text.map((character) => character.codePointAt(0)));

/** Call back when the model cannot answer: the kernel complains, or the page. Returns the cleanup. */
function onFailure(el, model, callback) {
  const failed = new MutationObserver(() => el.dataset.state === "failed" && callback());
  const halt = () => callback();
  failed.observe(el, { attributeFilter: ["data-state"] });
  model.on("change:error", halt);
  return () => {
    failed.disconnect();
    model.off("change:error", halt);
  };
}

/** Draw a number of 0 to n − 1 with the chances that they have. */
function pick(chances) {
  let left = Math.random() * chances.reduce((a, b) => a + b, 0);
  let last = 0;
  for (let i = 0; i < chances.length; i++) {
    if (!(chances[i] > 0)) continue;
    last = i;
    left -= chances[i];
    if (left < 0) break;
  }
  return last;
}
