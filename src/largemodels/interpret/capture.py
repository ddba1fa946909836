"""Watch what a model computes, without changing the model."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

SILENT = (
    "did the model run inside the with block? A model that torch.compile made fast skips hooks which are set after its "
    "first run: use it as it was before"
)
WRAPPERS = {"_orig_mod": "torch.compile", "module": "DataParallel"}  # the submodule that holds the model → by whom


@contextmanager
def capture(model: nn.Module, *patterns: str) -> Iterator[dict[str, Tensor]]:
    """Collect the outputs of a model's submodules while it runs.

    A *tap* is a submodule's dotted name (``stages.0.conv``); a pattern may hold ``*``
    (``stages.*.conv``). Inside the ``with`` block every forward pass fills the dictionary, in the order
    in which the taps ran; a tap that runs again keeps its last output. It is what the tap gave, also if a
    later layer writes over it, as ``nn.ReLU(inplace=True)`` does. The hooks are gone afterwards, whatever happened.

    Raises:
        LookupError: a pattern that names no submodule, or a tap that did not run inside the block.
        RuntimeError: the model's own code wrote over what a tap gave (``x += y``), so that it is lost.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    modules.pop("", None)
    taps = {pattern: _matching(modules, pattern) for pattern in patterns}
    missing = [pattern for pattern, names in taps.items() if not names]
    if missing or not patterns:
        raise LookupError(f"no tap named {', '.join(missing) or '(nothing)'}; {there_are(modules)}")

    seen: dict[str, Tensor] = {}
    versions: dict[str, list[int]] = {}
    writes = any(getattr(module, "inplace", False) for module in modules.values())

    def keep(name):
        def hook(module, args, output):
            seen.pop(name, None)  # a second pass moves it to the end: the order is that of the last pass
            seen[name] = _copy(output) if writes else output
            versions[name] = _versions(seen[name])
            return _copy(seen[name]) if writes else None  # the model goes on from what was seen: gradients reach it

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
        raise LookupError(f"tap {', '.join(silent)} stayed silent: {SILENT}")
    if lost := [name for name in wanted if _versions(seen[name]) != versions[name]]:
        raise RuntimeError(
            f"what tap {', '.join(lost)} gave is lost: the model wrote over it (as x += y does, or torch.relu_(x)); "
            f"write the result to a new tensor"
        )


def there_are(modules: Iterable[str]) -> str:
    """Name the taps that there are; where a model was wrapped, say that the prefix belongs to their names."""
    names = [name for name in modules if name]
    wrapped = next((prefix for prefix in WRAPPERS if names and names[0] == prefix), None)
    hint = f" (it was wrapped by {WRAPPERS[wrapped]}: watch the model inside, .{wrapped})" if wrapped else ""
    return f"this model has: {', '.join(names)}{hint}"


def _matching(modules: Mapping[str, nn.Module], pattern: str) -> list[str]:
    """Return the names that match; where a submodule stands in several places, the first of its names that do."""
    found = {}
    for name, module in modules.items():
        if fnmatchcase(name, pattern):
            found.setdefault(module, name)
    return list(found.values())


def _copy(output):
    """Copy the tensors in what a module returned: a tensor, or any nesting of tuples, lists and dictionaries."""
    return tree_map_only(Tensor, Tensor.clone, output)


def _versions(output) -> list[int]:
    """Return how often each tensor in what a module returned has been written to; of inference, torch does not know."""
    return [x._version for x in tree_leaves(output) if isinstance(x, Tensor) and not x.is_inference()]


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
