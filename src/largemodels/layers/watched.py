"""Tell whether anyone watches a layer: then it computes what is there to see, else the fastest way to its answer."""

from torch import nn


def watched(module: nn.Module) -> bool:
    """Return whether ``module`` or a part of it has a forward hook, as ``capture`` sets on its taps."""
    return any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
