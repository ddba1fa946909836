"""A convolutional network that names the type of a file from 2,048 of its bytes.

It is that of Magika 1.0 (Google, Apache 2.0), read from the ONNX file of the package `magika` and written anew;
`tests/models/test_file_types.py` holds it to that file.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import LayerNorm

ENDINGS = {  # how the names of the eleven arrays end, with a slash before them
    "embedding.weight": "get_logits_/Const:0",
    "bias": "Dense_0/Reshape:0",
    "norm.weight": "LayerNorm_0/Reshape_2:0",
    "norm.bias": "LayerNorm_0/Reshape_3:0",
    "conv.weight": "Conv_0/transpose_3:0",
    "conv.bias": "const_fold_opt__209",
    "pooled_norm.weight": "LayerNorm_1/Reshape_2:0",
    "pooled_norm.bias": "LayerNorm_1/Reshape_3:0",
    "head.weight": "get_logits_/Const_24:0",
    "head.bias": "Dense_1/Reshape:0",
}


@dataclass(frozen=True)
class FileTypeConfig:
    """Sizes: of what is read, of a byte's vector, of the filters, and the number of types.

    Raises ``ValueError`` for bytes that cannot be put into groups, fewer groups than a filter spans, or sizes below 1.
    """

    length: int = 2048
    features: int = 64
    group: int = 4
    filters: int = 512
    kernel: int = 5
    types: int = 214

    def __post_init__(self):
        sizes = (self.length, self.features, self.group, self.filters, self.kernel, self.types)
        if min(sizes) < 1 or self.length % self.group or self.length // self.group < self.kernel:
            raise ValueError(
                f"{self.length} bytes must be whole groups of {self.group}, at least {self.kernel} of them, and all "
                f"sizes 1 or more; got {self}"
            )


class FileTypeNet(nn.Module):
    """Vectors of bytes, four side by side; a normalisation over the places; filters five groups long; their maxima.

    Taps: ``embedding``, ``norm``, ``conv``, ``pooled_norm``, ``head``.
    """

    PADDING = 256  # stands where the file has no byte

    def __init__(self, config: FileTypeConfig | None = None):
        super().__init__()
        self.config = c = config or FileTypeConfig()
        self.embedding = nn.Embedding(self.PADDING + 1, c.features)
        self.bias = nn.Parameter(torch.zeros(c.features))
        self.norm = LayerNorm(c.length // c.group, eps=1e-6)
        self.conv = nn.Conv1d(c.group * c.features, c.filters, c.kernel)
        self.pooled_norm = LayerNorm(c.filters, eps=1e-6)
        self.head = nn.Linear(c.filters, c.types)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map bytes and padding ``(b, length)``, whole numbers from 0 to 256, to logits ``(b, types)``."""
        return self.after(self.vectors(tokens))

    def vectors(self, tokens: Tensor) -> Tensor:
        """Return what stands for each byte: ``(b, length, features)``."""
        return F.gelu(self.embedding(tokens) + self.bias, approximate="tanh")

    def after(self, vectors: Tensor) -> Tensor:
        """Return the logits for vectors ``(b, length, features)``."""
        groups = vectors.unflatten(1, (-1, self.config.group)).flatten(2)  # (b, places, group × features)
        maps = F.gelu(self.conv(self.norm(groups.transpose(1, 2))), approximate="tanh")
        return self.head(self.pooled_norm(maps.amax(2)))


def file_type_net(arrays: Mapping[str, np.ndarray]) -> FileTypeNet:
    """Return the network with the weights of an ONNX file, given as name → array (``export.read_onnx_weights``).

    Raises ``ValueError`` when an array is missing, stands there twice, or is of another size.
    """
    state = {}
    for name, ending in ENDINGS.items():
        found = [key for key in arrays if key == ending or key.endswith(f"/{ending}") or key.endswith(f"_{ending}")]
        if len(found) != 1:
            raise ValueError(f"the network's {name} is the one array whose name ends in {ending}; found {found}")
        state[name] = torch.from_numpy(np.array(arrays[found[0]], dtype=np.float32))
    state["conv.weight"] = state["conv.weight"].flatten(2)
    state["head.weight"] = state["head.weight"].T.contiguous()
    if state["conv.weight"].ndim != 3 or state["embedding.weight"].ndim != 2:
        raise ValueError("these are the weights of another network")
    filters, width, kernel = state["conv.weight"].shape
    features = state["embedding.weight"].shape[1]
    group, places = width // features, state["norm.weight"].numel()
    model = FileTypeNet(FileTypeConfig(places * group, features, group, filters, kernel, len(state["head.weight"])))
    for name, parameter in model.named_parameters():
        if state[name].numel() != parameter.numel():
            raise ValueError(f"{name} has {tuple(state[name].shape)} numbers; it takes {tuple(parameter.shape)}")
        state[name] = state[name].reshape(parameter.shape)
    model.load_state_dict(state)
    return model.eval()
