"""Reads the parts of a page's Llama as the page does, and runs its graphs natively."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor

INDEX = "globalThis.liveRealModel = "


def read_index(folder: Path) -> dict:
    text = (folder / "index.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix(INDEX).removesuffix(";\n"))


def numbers(content: bytes, layout: list) -> list[np.ndarray]:
    """Return the tensors of a part, (in, out), float32."""
    place, found = 0, []

    def take(kind: str, *shape: int) -> np.ndarray:
        nonlocal place
        taken = np.frombuffer(content, kind, int(np.prod(shape)), place).reshape(shape)
        place += taken.nbytes
        return taken

    for kind, rows, columns in layout:
        if kind == "F32":
            found.append(take("<f4", rows, columns))
            continue
        scales = take("<f2", rows // 32, 1, columns).astype(np.float32)
        least = take("<f2", rows // 32, 1, columns).astype(np.float32) if kind == "Q4_1" else np.float32(0)
        both = take("u1", rows // 32, 16, columns) if kind == "Q4_1" else take("i1", rows // 32, 32, columns)
        whole = np.concatenate([both & 15, both >> 4], 1) if kind == "Q4_1" else both
        found.append((scales * whole.astype(np.float32) + least).reshape(rows, columns))
    assert place == len(content)
    return found


class PageLlama:
    """The model in a folder: ``read(ids, cache)`` returns logits and the cache of all blocks."""

    def __init__(self, folder: Path):
        self.index = index = read_index(folder)
        contents = [gzip.decompress((folder / f"{name}.bin").read_bytes()) for name, _, _ in index["parts"]]
        self.first = json.loads(contents[0])
        count = index["vocabulary"] // index["tokens"]
        heads = [numbers(content, index["head"]) for content in contents[1 : 1 + count]]
        self.table = np.concatenate([head[1].T for head in heads])
        self.heads = [self._open("head", head) for head in heads]
        self.blocks = [self._open("block", numbers(content, index["block"])) for content in contents[1 + count :]]
        turns = [np.frombuffer(base64.b64decode(self.first[name]), "<f4") for name in ("cos", "sin")]
        self.cos, self.sin = (turn.reshape(index["room"], -1) for turn in turns)

    def start(self) -> list[np.ndarray]:
        shape = (2, self.index["kv_heads"], 0, self.index["depth"])
        return [np.zeros(shape, np.float32) for _ in self.blocks]

    def read(self, ids: list[int], cache: list[np.ndarray], on: Tensor | None = None):
        """Return logits ``(t, vocabulary)``, the new cache, and all weights ``(layers, heads, t, s + t)``."""
        s, t = cache[0].shape[2], len(ids)
        mask = np.triu(np.full((t, s + t), -1e30, np.float32), s + 1)
        x, grown, weights = self.table[ids], [], []
        on = np.ones((len(self.blocks), self.index["heads"]), np.float32) if on is None else on.numpy()
        for block, past, heads in zip(self.blocks, cache, on, strict=True):
            told = {"cos": self.cos[s : s + t], "sin": self.sin[s : s + t], "mask": mask, "heads": heads}
            x, new, looks, _ = block.run(["y", "cache", "weights", "query"], {"x": x, "past": past, **told})
            grown.append(new)
            weights.append(looks)
        logits = np.concatenate([head.run(["logits"], {"x": x})[0] for head in self.heads], 1)
        return torch.from_numpy(logits), grown, torch.from_numpy(np.stack(weights))

    def _open(self, kind: str, weights: list[np.ndarray]) -> onnxruntime.InferenceSession:
        model = onnx.load_from_string(base64.b64decode(self.first[kind]))
        outside = [one for one in model.graph.initializer if one.data_location == onnx.TensorProto.EXTERNAL]
        places = sorted(outside, key=lambda one: int({e.key: e.value for e in one.external_data}["offset"]))
        for one, values in zip(places, weights, strict=True):
            one.CopyFrom(numpy_helper.from_array(values.reshape(tuple(one.dims)), one.name))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(model.SerializeToString(), options)
