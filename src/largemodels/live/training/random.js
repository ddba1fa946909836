// Random numbers from a seed: the same here and in Python (seeded.py), bit for bit.

/** The generator "mulberry32": `.whole()` from 0 to 2³² − 1; `.uniform()` in [0, 1); `.below(n)`; `.shuffled(n)`. */
function seededRandom(seed) {
  let state = seed >>> 0;
  const random = {
    whole() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return (t ^ (t >>> 14)) >>> 0;
    },
    uniform: () => random.whole() / 2 ** 32,
    below: (n) => Math.floor(random.uniform() * n),
    /** The numbers below n in random order (Fisher and Yates). */
    shuffled(n) {
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
  };
  return random;
}

/** Batches without end: every example once, in random order, then again in another. `.next(size)` are so many indices. */
function endlessOrder(random, count) {
  let left = [];
  return {
    next(size) {
      const batch = [];
      while (batch.length < size) {
        if (!left.length) left = random.shuffled(count);
        batch.push(left.pop());
      }
      return batch;
    },
  };
}

/**
 * First weights, flat: for each parameter, {shape, bound}, numbers that are uniform between −bound and bound; a bound of
 * 0 makes zeros. `parameters` is settings.step.weights, with the bounds that the view wants.
 */
function firstWeights(random, parameters) {
  const sizes = parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const weights = new Float32Array(sizes.reduce((a, b) => a + b, 0));
  let at = 0;
  parameters.forEach(({ bound }, p) => {
    for (let i = 0; i < sizes[p]; i++) weights[at++] = bound ? (2 * random.uniform() - 1) * bound : 0;
  });
  return weights;
}
