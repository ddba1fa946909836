// A run of training: play, pause, one step, slow motion, reset; it rests while nobody can see it.

const LONGEST = 64; // steps that are asked for at once
const AIM = 80; // milliseconds that they may take, so that what is drawn follows
const SLOW = 500; // milliseconds a step in slow motion
const LOOKS = 300; // milliseconds between two looks at the weights
const CALM_LOOKS = 2000; // where the reader wants no motion
const STRETCH = 3000; // steps after which a run pauses by itself

/**
 * The caller gives these functions. `begin()` returns the first weights and restarts the batches, both from the seed alone.
 * `ready()` promises that the training data are there; `batch()` returns the next batch, name → {shape, data}; `dials()`
 * returns name → number. `look(run)` draws what the weights do now. `tell(run)` is called when step, losses, `playing` or
 * `problem` have changed.
 *
 * The result has the present state: `step`, `weights`, `memory`, `losses`, `gradients`, `parts` of the losses, `playing`,
 * `problem` (words, or ""), and `bad` (a loss that was not finite, or undefined). Its functions are `.play()`, `.pause()`,
 * `.one()`, `.reset()`, `.watch(el)` and `.stop()`; `slow` can be set.
 */
function trainingRun(model, { begin, ready = async () => {}, batch, dials, look, tell }) {
  const steps = stepTaker(model);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const run = { slow: false, playing: false };
  let at = 1; // how many steps are asked for at once
  let busy = -1; // the era whose loop is alive
  let wanted = false; // whether one step was asked for while others were on their way
  let era = 0; // counts resets: what was asked before one is forgotten
  let seen = true;
  let lookedAt = 0;
  let stretch = 0;
  const wakers = new Set();

  const wake = () => [...wakers].forEach((waker) => waker());
  const visible = () => seen && !document.hidden;
  const pause = (milliseconds) =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        wakers.delete(done);
        resolve();
      };
      const timer = milliseconds === Infinity ? 0 : setTimeout(done, milliseconds);
      wakers.add(done);
    });

  function note(now = false) {
    const wait = still.matches ? CALM_LOOKS : LOOKS;
    if (now || run.slow || performance.now() - lookedAt >= wait) {
      lookedAt = performance.now();
      look(run);
      tell(run);
    } else if (!still.matches) tell(run);
  }

  /** Take some steps; false when the run cannot go on. */
  async function advance(count) {
    const mine = era;
    try {
      await ready();
    } catch (problem) {
      run.problem = problem.message;
      return false;
    }
    if (mine !== era) return false;
    const batches = Array.from({ length: count }, batch);
    const what = { weights: toWire([run.weights.length], run.weights) };
    if (run.memory.length) what.memory = toWire([run.memory.length], run.memory);
    for (const [name, value] of Object.entries(dials())) what[name] = toWire([1], [value]);
    for (const name of Object.keys(batches[0])) {
      what[name] = stacked(batches.map((one) => one[name].data), batches[0][name].shape);
    }
    const start = performance.now();
    let taken;
    try {
      taken = await steps.take(what);
    } catch (problem) {
      if (mine !== era) return false;
      run.problem = problem.message;
      return false;
    }
    if (mine !== era) return false;
    const spent = performance.now() - start;
    at = Math.max(1, Math.min(LONGEST, 2 * count, Math.round((count * AIM) / Math.max(spent, 1))));
    run.step += taken.loss.length - (taken.finite ? 0 : 1);
    for (let i = 0; i < taken.loss.length; i++) {
      if (!taken.finite && i === taken.loss.length - 1) continue;
      run.losses.push(taken.loss[i]);
      run.gradients.push(taken.gradient[i]);
      if (taken.parts) run.parts.push(taken.parts.slice(...[i, i + 1].map((j) => (j * taken.parts.length) / taken.loss.length)));
    }
    run.weights = taken.weights;
    run.memory = taken.memory ?? run.memory;
    if (!taken.finite) run.bad = taken.loss.at(-1);
    return taken.finite;
  }

  async function loop() {
    if (busy === era) return;
    const mine = (busy = era);
    while (run.playing && mine === era) {
      if (!visible()) {
        await pause(Infinity);
        continue;
      }
      const count = run.slow ? 1 : at;
      const onward = await advance(count);
      if (mine !== era) return;
      stretch += count;
      if (!onward || stretch >= STRETCH) run.playing = false;
      await pause(0); // the page gets its turn before it draws, and before the next batches are made
      if (mine !== era) return;
      note(!run.playing);
      await pause(0);
      if (run.playing && run.slow) await pause(SLOW);
    }
    if (mine === era) rest();
  }

  /** Nothing is on its way any more. */
  function rest() {
    busy = -1;
    if (wanted) run.one();
  }

  Object.assign(run, {
    play() {
      if (run.bad !== undefined) return;
      Object.assign(run, { playing: true, problem: "" });
      wanted = false;
      stretch = 0;
      wake();
      tell(run);
      loop();
    },
    pause() {
      run.playing = false;
      wake();
      note(true);
    },
    async one() {
      if (run.playing) run.pause();
      wanted = busy === era;
      if (wanted || run.bad !== undefined) return;
      const mine = (busy = era);
      run.problem = "";
      await advance(1);
      if (mine !== era) return;
      note(true);
      rest();
      if (run.playing) loop();
    },
    /** Begin anew; at the very first, when the page shows what the notebook computed, nothing is asked for. */
    reset({ first = false } = {}) {
      era += 1;
      steps.drop();
      at = 1;
      Object.assign(run, { step: 0, losses: [], gradients: [], parts: [], bad: undefined, problem: "", playing: false });
      run.weights = begin();
      run.memory = new Float32Array(model.get("settings").step.memory);
      wake();
      if (first) tell(run);
      else note(true);
    },
    /** Rest while `el` is out of sight. Returns the cleanup. */
    watch(el) {
      const eye = new IntersectionObserver(([{ isIntersecting }]) => {
        seen = isIntersecting;
        wake();
      });
      eye.observe(el);
      document.addEventListener("visibilitychange", wake);
      return () => {
        eye.disconnect();
        document.removeEventListener("visibilitychange", wake);
        run.stop();
      };
    },
    stop() {
      era += 1;
      run.playing = false;
      wake();
      steps.stop();
    },
  });
  return run;
}
