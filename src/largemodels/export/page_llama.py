"""A Llama as files that a page can bring, part by part: few bits a weight on the way, which the page makes float32 of.

A part has the weights of one block, or of the head for as many tokens as take about as much room. The first has what
else it takes: the graphs, the vocabulary, the turns of the positions. The numbers are those of the model's file:
nothing is rounded again.
"""

import base64
import gzip
import hashlib
import json
from pathlib import Path

import onnx
import torch
from onnx import TensorProto
from torch import Tensor, nn

from largemodels.export.onnx_export import to_onnx
from largemodels.files import Packed, parts
from largemodels.layers import rotation
from largemodels.models import LlamaConfig
from largemodels.models.llama_graph import BlockGraph, HeadGraph, block_shapes

PLACES = {
    "norm1": "norm1",
    "to_q": "attention.to_q",
    "to_k": "attention.to_k",
    "to_v": "attention.to_v",
    "out": "attention.out",
    "norm2": "norm2",
    "gate": "mlp.gate",
    "expand": "mlp.expand",
    "contract": "mlp.contract",
}
KINDS = ("F32", "Q8_0", "Q4_1")
SCRIPT = '(globalThis.liveModels ??= {})["%s"] =\n  "%s";\n'
INDEX = "globalThis.liveRealModel = %s;\n"
Layout = list[tuple[str, int, int]]  # kind, numbers in, numbers out, of each tensor of a part


def write_page_llama(
    folder: Path,
    name: str,
    config: LlamaConfig,
    weights: dict[str, Packed],
    vocabulary: bytes,
    encoder: str,
    room: int,
    ends: tuple[int, ...] = (),
) -> dict:
    """Write a model's parts into a folder, and ``index.js``, which tells of them; return what it tells.

    A part is there twice, gzipped: as bytes (``.bin``), and as a script in base64 (``.js``) for ``file://``, where a
    page cannot fetch. Its name is made of its content, so that a browser may keep it for good. Other files go.

    Args:
        folder: is made if it is not there.
        name: the model's, for readers.
        config: of a model whose head is its embedding.
        weights: as :func:`~largemodels.models.llama_files.packed_gguf` returns them; F32, Q8_0 or Q4_1.
        vocabulary: JSON, as :func:`~largemodels.live.page_vocabulary` writes it.
        encoder: a script with a function ``tokenEncoder(json)``.
        room: tokens that the page reads at most.
        ends: tokens that end an answer.

    Raises:
        ValueError: a model with a head of its own, or weights of another kind, or of several kinds in one place.
    """
    if not config.tied or "head.weight" in weights:
        raise ValueError(f"{name} has a head of its own; a page takes models whose head is their embedding")
    if wrong := [f"{key} is of kind {w.kind}" for key, w in weights.items() if w.kind not in KINDS]:
        raise ValueError(f"{name}: {wrong[0]}; a page takes {', '.join(KINDS)}")
    if (kind := weights["embedding.weight"].kind) != "Q8_0":
        raise ValueError(f"{name}: its embedding is of kind {kind}; a page takes Q8_0")
    tokens = tokens_of_a_part(config)
    blocks = [[weights[f"blocks.{i}.{place}.weight"] for place in PLACES.values()] for i in range(config.layers)]
    if any(layout(block) != layout(blocks[0]) for block in blocks):
        raise ValueError(f"{name}: the weights of its blocks are not all of the same kinds")
    table = weights["embedding.weight"]
    heads = [
        [weights["norm.weight"], Packed(table.kind, (tokens, config.width), table.packed[i : i + tokens])]
        for i in range(0, config.vocabulary, tokens)
    ]
    first = json.dumps(_beside(config, tokens, room) | {"vocabulary": vocabulary.decode(), "encoder": encoder})
    folder.mkdir(parents=True, exist_ok=True)
    contents = [first.encode(), *(b"".join(map(for_page, part)) for part in [*heads, *blocks])]
    index = {
        "name": name,
        "layers": config.layers,
        "heads": config.heads,
        "kv_heads": config.kv_heads,
        "vocabulary": config.vocabulary,
        "width": config.width,
        "depth": config.head_width,
        "room": room,
        "ends": list(ends),
        "tokens": tokens,
        "head": layout(heads[0]),
        "block": layout(blocks[0]),
        "parts": [_write(folder, content) for content in contents],
    }
    keep = {"index.js", *(f"{part[0]}.{kind}" for part in index["parts"] for kind in ("bin", "js"))}
    for path in folder.iterdir():
        if path.name not in keep:
            path.unlink()
    (folder / "index.js").write_text(INDEX % json.dumps(index, separators=(",", ":")), encoding="utf-8")
    return index


def tokens_of_a_part(config: LlamaConfig) -> int:
    """Return for how many tokens the head's weights are about as many as a block's; a divisor of the vocabulary."""
    block = sum(torch.Size(shape).numel() for shape in block_shapes(config).values())
    count = max(1, round(config.vocabulary * config.width / block))
    return config.vocabulary // next(n for n in range(count, config.vocabulary + 1) if config.vocabulary % n == 0)


def layout(part: list[Packed]) -> Layout:
    """Return the kinds and sizes of a part's tensors, in their order: a row of numbers is ``(numbers, 1)``."""
    return [(w.kind, w.shape[-1], w.shape[0] if len(w.shape) == 2 else 1) for w in part]


def for_page(w: Packed) -> bytes:
    """Return a tensor's bytes as a page reads them: matrices ``(in, out)``, and what is alike together.

    Of blocks first the scales ``(in / 32, out)``, then of Q4_1 the least numbers likewise, float16; then the whole
    numbers: of Q8_0 ``(in, out)``; of Q4_1 ``(in / 32, 16, out)``, the first 16 of a block in the lower halves.
    """
    if w.kind == "F32":
        return (w.unpack().mT if len(w.shape) == 2 else w.unpack()).contiguous().numpy().tobytes()
    scales, least, numbers = parts(w.packed, w.kind)  # (out, in / 32), likewise, (out, in / 32, 32)
    shared = [_half(scales)] + ([] if least is None else [_half(least)])
    numbers = numbers.permute(1, 2, 0).contiguous()
    if w.kind == "Q4_1":
        numbers = (numbers[:, :16] | numbers[:, 16:] << 4).contiguous()
    return b"".join([*shared, numbers.numpy().tobytes()])


def graphs(config: LlamaConfig, tokens: int) -> dict[str, bytes]:
    """Return the graphs of a block and of a part of the head, whose weights lie outside, in the file ``weights``."""
    t, s, c = 3, 5, config
    wide, half = torch.randn(t, c.width), torch.randn(t, c.head_width // 2)
    block = {"x": wide, "past": torch.randn(2, c.kv_heads, s, c.head_width)}
    block |= {"cos": half, "sin": half.clone()}  # one tensor twice would be one input
    block |= {"mask": torch.zeros(t, s + t), "heads": torch.ones(c.heads)}
    axes = {"x": {0: "t"}, "past": {2: "s"}, "cos": {0: "t"}, "sin": {0: "t"}, "mask": {0: "t", 1: "n"}}
    return {
        "block": _outside(BlockGraph(config), to_onnx(BlockGraph(config).eval(), block, axes)),
        "head": _outside(HeadGraph(c, tokens), to_onnx(HeadGraph(c, tokens).eval(), {"x": wide}, {"x": {0: "t"}})),
    }


def _beside(config: LlamaConfig, tokens: int, room: int) -> dict:
    """Return the graphs and the turns of the positions, as texts."""
    cos, sin = rotation(torch.arange(room), config.head_width, config.base, config.scaling)
    turns = {"cos": cos.contiguous().numpy().tobytes(), "sin": sin.contiguous().numpy().tobytes()}
    return {key: base64.b64encode(value).decode() for key, value in {**graphs(config, tokens), **turns}.items()}


def _outside(module: nn.Module, graph: bytes) -> bytes:
    """Take the module's weights out of its graph, which then has their places in a file of float32 numbers."""
    model, place = onnx.load_from_string(graph), 0
    known = {weight.name.rpartition(".")[2]: weight for weight in model.graph.initializer}
    for name, weights in module.named_parameters():
        one, size = known[name], 4 * weights.numel()
        one.CopyFrom(TensorProto(name=one.name, dims=one.dims, data_type=TensorProto.FLOAT))
        one.data_location = TensorProto.EXTERNAL
        for key, value in {"location": "weights", "offset": place, "length": size}.items():
            one.external_data.add(key=key, value=str(value))
        place += size
    return model.SerializeToString(deterministic=True)


def _half(x: Tensor) -> bytes:
    return x.T.contiguous().half().numpy().tobytes()


def _write(folder: Path, content: bytes) -> tuple[str, int, int]:
    """Write one part twice; return its name, and how many bytes it takes on the way, and unpacked."""
    packed = gzip.compress(content, 6, mtime=0)
    name = hashlib.sha256(packed).hexdigest()[:16]
    (folder / f"{name}.bin").write_bytes(packed)
    (folder / f"{name}.js").write_text(SCRIPT % (name, base64.b64encode(packed).decode()), encoding="utf-8")
    return name, len(packed), len(content)
