"""Tell whether anyone watches a layer: then it computes what is there to see, else the fastest way to its answer."""

from torch import nn


def watched(module: nn.Module) -> bool:
    """Return whether ``module`` or a part of it has a forward hook, as ``capture`` sets on its taps."""
    # written out, and not over module.modules(): it is asked at every step of a text that is being written
    if module._forward_hooks or module._forward_pre_hooks:
        return True
    for part in module._modules.values():  # noqa: SIM110 (a generator would take twice as long)
        if part is not None and watched(part):
            return True
    return False
