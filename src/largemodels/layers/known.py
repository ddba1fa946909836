"""Tell whether a layer may look at the numbers that it is given, or only at their shapes."""

import torch


def values_known() -> bool:
    """Return whether a tensor's values can be read now, as checks of them do.

    They cannot while a model is compiled or exported, where there are none yet, nor under ``vmap``, ``grad`` and the
    other transforms of ``torch.func``, which refuse to let a branch depend on them.
    """
    # torch has no public name for the second question
    return not torch.compiler.is_compiling() and not torch._C._are_functorch_transforms_active()
