// Pictures in sight are painted first: a browser takes long to show many, and a reader waits only for those she sees.

const outOfSight = new WeakSet(); // canvases
const unpainted = new Map(); // canvas → how it is painted
const watched = new WeakSet();
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) outOfSight.add(target);
      else if (outOfSight.delete(target)) paintNow(target);
    }
  },
  { rootMargin: "100px" },
);

/** Paint a canvas now if it can be seen, else when the browser has shown the rest; of several times the last counts. */
function paintInTurn(canvas, work) {
  if (!watched.has(canvas)) {
    watched.add(canvas);
    sight.observe(canvas);
  }
  if (!outOfSight.has(canvas)) return work();
  if (!unpainted.size) whenIdle(paintAll);
  unpainted.set(canvas, work);
}

/** Paint what still waits: for paper, which shows all, or for a picture of the view. */
function paintAll() {
  for (const canvas of [...unpainted.keys()]) paintNow(canvas);
}

function paintNow(canvas) {
  const work = unpainted.get(canvas);
  unpainted.delete(canvas);
  work?.();
}

function whenIdle(work) {
  if (globalThis.requestIdleCallback) requestIdleCallback(work, { timeout: 100 });
  else setTimeout(work, 50);
}
