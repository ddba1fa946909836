"""Tell whether anyone watches a layer: then it computes what is there to see, else the fastest way to its answer."""

from torch import nn


def watched(module: nn.Module) -> bool:
    """Return whether ``module`` or a part of it has a forward hook, as ``capture`` sets on its taps."""
    # written out, and not over module.modules(): it is asked at every step of a text that is being written
    if module._forward_hooks or module._forward_pre_hooks:
        return True
    return any(watched(part) for part in module._modules.values() if part is not None)
