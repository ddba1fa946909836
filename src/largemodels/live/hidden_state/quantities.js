// What a recurrent layer computes for each unit: names, signs, and the ends of their colours.

const QUANTITIES = {
  cell: { name: "cell", sign: "c", ends: [-3, 3] }, // beyond, its tanh hardly changes
  hidden: { name: "hidden state", sign: "h", ends: [-1, 1] },
  input_gate: { name: "input gate", sign: "i", ends: [0, 1] },
  forget_gate: { name: "forget gate", sign: "f", ends: [0, 1] },
  output_gate: { name: "output gate", sign: "o", ends: [0, 1] },
  reset_gate: { name: "reset gate", sign: "r", ends: [0, 1] },
  update_gate: { name: "update gate", sign: "z", ends: [0, 1] },
  candidate: { name: "candidate", sign: "g", ends: [-1, 1] },
};
