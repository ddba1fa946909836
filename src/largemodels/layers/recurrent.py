"""Recurrent layers: the formula of one step, taken again and again with the same weights."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers.known import values_known
from largemodels.layers.watched import watched

State = Tensor | tuple[Tensor, Tensor]


class Recurrence(nn.Module):
    """What :class:`RNN`, :class:`LSTM` and :class:`GRU` share: their parameters, and how they are called.

    Constructed and called as the classes of the same name in ``torch.nn`` with ``batch_first=True``, one layer in one
    direction. Parameters have torch's names, shapes and first values, so ``load_state_dict`` takes either's.

    ``layer(x, state=None, lengths=None)`` takes ``x`` ``(b, t, input_size)`` and returns the hidden state after each
    step, ``(b, t, hidden_size)``, and the final state in torch's form: ``(1, b, hidden_size)``, for the LSTM a pair
    of such. The state begins at zero unless it is given. With ``lengths`` ``(b,)`` an example ends where its length
    says: what follows is padding, its outputs there are zero, and its final state is the one at its end.

    Args:
        input_size: features of one step.
        hidden_size: units.

    Raises:
        ValueError: a size below 1; an input, a state or lengths that do not fit; no step at all.
    """

    blocks: int  # rows of weights for each unit: one for each of its gates and its candidate
    carried: tuple[str, ...]  # what goes from step to step
    kernel: Callable  # torch's own implementation

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        if min(input_size, hidden_size) < 1:
            raise ValueError(f"sizes must be at least 1; got input_size={input_size}, hidden_size={hidden_size}")
        self.input_size, self.hidden_size = input_size, hidden_size
        rows, bound = self.blocks * hidden_size, hidden_size**-0.5

        def uniform(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

        self.weight_ih_l0 = uniform(rows, input_size)
        self.weight_hh_l0 = uniform(rows, hidden_size)
        self.bias_ih_l0 = uniform(rows)
        self.bias_hh_l0 = uniform(rows)

    @property
    def bias(self) -> Tensor:
        """The bias that goes with the input's part; torch keeps it as two, of which only the sum counts."""
        return self.bias_ih_l0 + self.bias_hh_l0

    def step(self, u: Tensor, *state: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Take one step: from the input's part ``u`` and the state before to the state after, and the gates."""
        raise NotImplementedError

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Return the hidden state after each step, and the final state."""
        now = self._begin(x, state)
        inputs = F.linear(x.transpose(0, 1), self.weight_ih_l0, self.bias)  # (t, b, rows): all steps at once
        states, gates = [], []
        for u in inputs.unbind():
            now, inside = self.step(u, *now)
            states.append(now)
            gates.append(inside)
        series = [torch.stack(part, 1) for part in zip(*states, strict=True)]  # (b, t, hidden_size) each
        self._show(series, gates)
        if lengths is not None:
            now, series[0] = self._end(series, lengths)
        final = tuple(part.unsqueeze(0) for part in now)
        return series[0], final if len(final) > 1 else final[0]

    def fused(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the same through torch's own kernel: faster, and nothing can be watched."""
        begin = tuple(part.unsqueeze(0) for part in self._begin(x, state))
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        output, *final = self.kernel(
            x,
            begin if len(begin) > 1 else begin[0],
            weights,
            has_biases=True,
            num_layers=1,
            dropout=0.0,
            train=self.training,
            bidirectional=False,
            batch_first=True,
        )
        return output, tuple(final) if len(final) > 1 else final[0]

    def extra_repr(self) -> str:
        """Say the sizes."""
        return f"{self.input_size}, {self.hidden_size}"

    def _show(self, series: list[Tensor], gates: list[tuple[Tensor, ...]]) -> None:
        """Let taps see what the steps computed."""

    def _begin(self, x: Tensor, state: State | None) -> tuple[Tensor, ...]:
        """Return the first state, one tensor ``(b, hidden_size)`` for each that is carried."""
        if x.ndim != 3 or x.shape[2] != self.input_size or 0 in x.shape:
            raise ValueError(
                f"{type(self).__name__} takes (b, t, {self.input_size}) with at least one example and one step; "
                f"got shape {tuple(x.shape)}"
            )
        shape = (1, x.shape[0], self.hidden_size)
        if state is None:
            return tuple(x.new_zeros(shape[1:]) for _ in self.carried)
        given = state if isinstance(state, tuple | list) else (state,)
        if [tuple(part.shape) for part in given] != [shape] * len(self.carried):
            count = "one tensor" if len(given) == 1 else f"{len(given)} tensors"
            raise ValueError(
                f"the state of this {type(self).__name__} is {' and '.join(self.carried)}, each of shape {shape}; "
                f"got {count}: {' and '.join(str(tuple(part.shape)) for part in given)}"
            )
        return tuple(part[0] for part in given)

    def _end(self, series: list[Tensor], lengths: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the state at each example's end, and the output with zeros after it."""
        b, t, _ = series[0].shape
        lengths = torch.as_tensor(lengths, device=series[0].device)
        whole = not (lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool)
        fit = lengths.shape == (b,) and whole
        if not fit or (values_known() and not ((lengths >= 1) & (lengths <= t)).all()):
            raise ValueError(
                f"lengths are {b} whole numbers, one for each example, from 1 to the {t} steps there are; "
                f"got {lengths.tolist() if values_known() else tuple(lengths.shape)}"
            )
        each = torch.arange(b, device=lengths.device)
        over = torch.arange(t, device=lengths.device) >= lengths[:, None]  # (b, t)
        # no step sees a later one, so the padding has changed nothing before the end
        return tuple(part[each, lengths - 1] for part in series), series[0].masked_fill(over[..., None], 0.0)


class RNN(Recurrence):
    r"""The plain recurrence (Elman 1990): :math:`h_t = \tanh(W x_t + U h_{t-1} + b)`."""

    blocks, carried = 1, ("h",)
    kernel = staticmethod(torch.rnn_tanh)

    def step(self, u: Tensor, h: Tensor) -> tuple[tuple[Tensor], tuple]:
        """Return the next hidden state ``(b, n)``; ``u`` is :math:`W x_t + b`."""
        h = torch.addmm(u, h, self.weight_hh_l0.T).tanh()
        return (h,), ()


class LSTM(Recurrence):
    r"""Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000).

    A cell that is added to, and three gates that decide how much is forgotten, written and shown:
    :math:`c_t = f \odot c_{t-1} + i \odot g` and :math:`h_t = o \odot \tanh c_t`.

    Taps: ``gates`` ``(b, t, 4, n)``: input gate, forget gate, candidate, output gate, torch's order; ``cell``
    ``(b, t, n)``. Computed only while they are watched.
    """

    blocks, carried = 4, ("h", "c")
    kernel = staticmethod(torch.lstm)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gates, self.cell = nn.Identity(), nn.Identity()

    def step(self, u: Tensor, h: Tensor, c: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, ...]]:
        """Return the next hidden and cell state, ``(b, n)`` each, and the gates; ``u`` is :math:`W x_t + b`."""
        i, f, g, o = torch.addmm(u, h, self.weight_hh_l0.T).chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        return (h, c), (i, f, g, o)

    def _show(self, series: list[Tensor], gates: list[tuple[Tensor, ...]]) -> None:
        if watched(self):
            self.gates(torch.stack([torch.stack(inside, 1) for inside in gates], 1))
            self.cell(series[1])


class GRU(Recurrence):
    r"""The gated recurrent unit (Cho et al. 2014), as torch has it.

    The reset gate weighs what the candidate sees of the state, the update gate how much of the old state stays:
    :math:`h_t = (1 - z) \odot n + z \odot h_{t-1}`.

    Taps: ``gates`` ``(b, t, 3, n)``: reset gate, update gate, candidate. Computed only while they are watched.
    """

    blocks, carried = 3, ("h",)
    kernel = staticmethod(torch.gru)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.gates = nn.Identity()

    @property
    def bias(self) -> Tensor:
        """The bias that goes with the input's part; the other is added before the reset gate, so both count."""
        return self.bias_ih_l0

    def step(self, u: Tensor, h: Tensor) -> tuple[tuple[Tensor], tuple[Tensor, ...]]:
        """Return the next hidden state ``(b, n)``, and the gates; ``u`` is :math:`W x_t + b`."""
        from_input, from_state = u.chunk(3, 1), F.linear(h, self.weight_hh_l0, self.bias_hh_l0).chunk(3, 1)
        r = (from_input[0] + from_state[0]).sigmoid()
        z = (from_input[1] + from_state[1]).sigmoid()
        n = (from_input[2] + r * from_state[2]).tanh()
        h = (1 - z) * n + z * h
        return (h,), (r, z, n)

    def _show(self, series: list[Tensor], gates: list[tuple[Tensor, ...]]) -> None:
        if watched(self):
            self.gates(torch.stack([torch.stack(inside, 1) for inside in gates], 1))
