"""Small Llamas, ours and those of the transformers library, and their files, for tests."""

import gguf
import torch
import transformers

from largemodels.models import Llama, LlamaConfig
from largemodels.models.llama_files import ENDS, PARTS

SMALL = {
    "vocabulary": 47,
    "context": 29,
    "layers": 3,
    "heads": 6,
    "kv_heads": 2,
    "width": 24,
    "hidden": 34,
    "head_width": 10,
    "base": 997.0,
    "eps": 2**-13,
}


def small(seed=0, **changes):
    """Return a model whose every weight does something."""
    torch.manual_seed(seed)
    return lively(Llama(LlamaConfig(**{**SMALL, **changes})))


def theirs(seed=0, tied=True, **changes):
    """Return the same model in the transformers library, with weights of its own."""
    torch.manual_seed(seed)
    settings = {
        "vocab_size": 47,
        "max_position_embeddings": 29,
        "num_hidden_layers": 3,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "hidden_size": 24,
        "intermediate_size": 34,
        "head_dim": 10,
        "rms_norm_eps": 2**-13,
        "rope_parameters": {"rope_type": "default", "rope_theta": 997.0},
    }
    config = transformers.LlamaConfig(**settings | changes, tie_word_embeddings=tied)
    return lively(transformers.LlamaForCausalLM(config))


def lively(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def tokens(*shape, seed=1):
    return torch.randint(SMALL["vocabulary"], shape, generator=torch.Generator().manual_seed(seed))


def write_gguf(model, path, kind="F32", architecture="llama", leave_out=(), more=(), **said):
    """Write a model as a GGUF file, with the rows of queries and keys in its order; return the path.

    ``said`` are further settings, or other values of them, with ``__`` for the dots of their names.
    """
    c, writer = model.config, gguf.GGUFWriter(path, architecture)
    settings = {
        "context_length": c.context,
        "block_count": c.layers,
        "attention.head_count": c.heads,
        "attention.head_count_kv": c.kv_heads,
        "attention.key_length": c.head_width,
        "embedding_length": c.width,
        "feed_forward_length": c.hidden,
        "attention.layer_norm_rms_epsilon": c.eps,
        "rope.freq_base": c.base,
    }
    if c.scaling is not None:
        settings["rope.scaling.type"] = c.scaling.kind
        settings["rope.scaling.factor"] = c.scaling.factor
        settings["rope.scaling.original_context_length"] = c.scaling.trained
    add = {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string, list: writer.add_array}
    for name, value in (settings | {name.replace("__", "."): value for name, value in said.items()}).items():
        if name not in leave_out:
            add[type(value)](f"{architecture}.{name}", value)
    for name, w in [*model.named_parameters(), *more]:
        if name in leave_out:
            continue
        if name.endswith(("to_q.weight", "to_k.weight")):
            w = w.view(-1, 2, c.head_width // 2, w.shape[1]).transpose(1, 2).reshape(w.shape)
        packed = gguf.GGMLQuantizationType[kind if w.ndim == 2 else "F32"]
        writer.add_tensor(gguf_name(name), gguf.quantize(w.detach().numpy(), packed), raw_dtype=packed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def gguf_name(name):
    name = name.removesuffix(".weight")
    if name in ENDS:
        return f"{ENDS[name][0]}.weight"
    _, layer, part = name.split(".", 2)
    return f"blk.{layer}.{PARTS[part][0]}.weight" if part in PARTS else f"blk.{layer}.{part}"
