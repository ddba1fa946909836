// Inputs and weights to begin with, and what the weights do.

const pulse = (i) => (i === 0 ? 1 : 0);
const SEQUENCES = [
  ["One pulse", pulse],
  ["On, then off", (i) => (i === 1 ? 1 : i === 6 ? -1 : 0)],
  ["Always on", () => 0.5],
  ["To and fro", (i) => (i % 2 ? -0.5 : 0.5)],
  ["Silence", () => 0],
];
const turn = (size, degrees) => {
  const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [c, -s, s, c].map((value) => Number((size * value).toFixed(2)));
};
const PRESETS = [
  {
    name: "Forgets",
    note: "Every step keeps a part of the state before it. The pulse fades, and so does its gradient.",
    W: [1, 1], U: [0.6, 0, 0, 0.3], x: 0,
  },
  {
    name: "Remembers",
    note: "U is the identity: what comes in stays, and the gradient arrives whole as long as the states are small.",
    W: [0.2, -0.1], U: [1, 0, 0, 1], x: 0,
  },
  {
    name: "Latches",
    note: "U is so strong that the states stick near −1 and 1, until an input tips them over. A state held so firmly hardly responds to small changes: its gradient vanishes.",
    W: [2, -2], U: [2, 0, 0, 2], x: 1,
  },
  {
    name: "Oscillates",
    note: "U turns the state by 45 degrees a step. The two units take turns, one period in 8 steps.",
    W: [0.8, 0], U: turn(1.05, 45), x: 0,
  },
  {
    name: "Explodes",
    note: "Every step makes the state larger by more than half. A tiny pulse grows until it fills the range, and a small change in the first state becomes a large one in the last.",
    W: [0.01, 0.01], U: turn(1.6, 20), x: 0,
  },
];
