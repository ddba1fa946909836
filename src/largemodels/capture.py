"""Watch what a model computes, without changing the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from torch import Tensor, nn


@contextmanager
def capture(model: nn.Module, *patterns: str) -> Iterator[dict[str, Tensor]]:
    """Collect the outputs of a model's submodules while it runs.

    A *tap* is a submodule's dotted name (``stages.0.conv``); a pattern may hold ``*``
    (``stages.*.conv``). Inside the ``with`` block every forward pass fills the dictionary, in the order
    in which the taps ran; a tap that runs again keeps its last output. The hooks are gone afterwards,
    whatever happened.

    Raises:
        LookupError: a pattern that names no submodule, or a tap that did not run inside the block.
    """
    modules = dict(model.named_modules())
    modules.pop("", None)
    taps = {pattern: [name for name in modules if fnmatchcase(name, pattern)] for pattern in patterns}
    missing = [pattern for pattern, names in taps.items() if not names]
    if missing or not patterns:
        raise LookupError(f"no tap named {', '.join(missing) or '(nothing)'}; this model has: {', '.join(modules)}")

    seen: dict[str, Tensor] = {}

    def keep(name):
        def hook(module, args, output):
            seen.pop(name, None)  # a second pass moves it to the end: the order is that of the last pass
            seen[name] = output

        return hook

    wanted = dict.fromkeys(name for names in taps.values() for name in names)
    hooks = [modules[name].register_forward_hook(keep(name)) for name in wanted]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
    silent = [name for name in wanted if name not in seen]
    if silent:
        raise LookupError(f"tap {', '.join(silent)} stayed silent: did the model run inside the with block?")


class Watched(nn.Module):
    """A model that returns what its taps saw beside its output: the form in which a widget runs and exports it.

    ``Watched(model, "stages.*.conv")(x)`` is a dictionary: ``output``, then every tap by name.
    Raises ``LookupError`` as :func:`capture` does.
    """

    def __init__(self, model: nn.Module, *patterns: str):
        super().__init__()
        self.model, self.patterns = model, patterns

    def forward(self, *args: Tensor) -> dict[str, Tensor]:
        """Run the model; shapes are the model's own."""
        with capture(self.model, *self.patterns) as seen:
            output = self.model(*args)
        return {"output": output, **seen}
