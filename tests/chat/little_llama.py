"""A language model of two small layers with random weights, as a file and as a folder: it writes lower-case letters."""

import json
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, TokenType
from safetensors.torch import save_file

from largemodels.models import Llama, LlamaConfig

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SIZES = {"layers": 2, "heads": 3, "kv_heads": 1, "width": 12, "hidden": 20, "head_width": 4, "base": 10_000.0}
PARTS = {  # GGUF, transformers
    "norm1": ("attn_norm", "input_layernorm"),
    "attention.to_q": ("attn_q", "self_attn.q_proj"),
    "attention.to_k": ("attn_k", "self_attn.k_proj"),
    "attention.to_v": ("attn_v", "self_attn.v_proj"),
    "attention.out": ("attn_output", "self_attn.o_proj"),
    "norm2": ("ffn_norm", "post_attention_layernorm"),
    "mlp.gate": ("ffn_gate", "mlp.gate_proj"),
    "mlp.expand": ("ffn_up", "mlp.up_proj"),
    "mlp.contract": ("ffn_down", "mlp.down_proj"),
    "embedding": ("token_embd", "model.embed_tokens"),
    "norm": ("output_norm", "model.norm"),
    "head": ("output", "lm_head"),
}


def byte_characters() -> list[str]:
    """Return the character that stands for each byte in byte-level vocabularies: itself, where it can be seen."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in seen else chr(next(hidden)) for byte in range(256)]


TOKENS = [*SPECIAL, *byte_characters(), "th", "the", *(f"unused {i}" for i in range(11))]  # a multiple of 16
MERGES = ["t h", "th e"]


def model(context: int = 97, more: int = 0, **sizes) -> Llama:
    """Return the model, with ``more`` tokens than the tokenizer has.

    Its head gives all but lower-case letters the logit 0, so that they are never the likeliest.
    """
    torch.manual_seed(0)
    model = Llama(LlamaConfig(vocabulary=len(TOKENS) + more, context=context, tied=False, **{**SIZES, **sizes}))
    letters = torch.tensor([len(token) == 1 and "a" <= token <= "z" for token in [*TOKENS, *[""] * more]])
    with torch.no_grad():
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
        model.head.weight *= letters[:, None]
    return model.eval()


def write_gguf(
    path: Path, context: int = 97, stop: str = "<|im_end|>", template: str | None = TEMPLATE, **sizes: int
) -> Path:
    """Write the model as GGUF; an answer ends with the token ``stop``, or with the one that ends a message."""
    c = (whole := model(context, **sizes)).config
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(c.width)
    writer.add_block_count(c.layers)
    writer.add_feed_forward_length(c.hidden)
    writer.add_head_count(c.heads)
    writer.add_head_count_kv(c.kv_heads)
    writer.add_key_length(c.head_width)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(c.base)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([TokenType.CONTROL] * len(SPECIAL) + [TokenType.NORMAL] * (len(TOKENS) - len(SPECIAL)))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(TOKENS.index("<|im_start|>"))
    writer.add_eos_token_id(TOKENS.index(stop))
    if template is not None:
        writer.add_chat_template(template)
    for name, weights in whole.state_dict().items():
        if name.endswith(("to_q.weight", "to_k.weight")):  # in pairs, as GGUF has them
            half = c.head_width // 2
            weights = weights.view(-1, 2, half, weights.shape[1]).transpose(1, 2).reshape(weights.shape)
        writer.add_tensor(_named(name, 0), np.ascontiguousarray(weights.numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_folder(folder: Path, context: int = 97) -> Path:
    """Write the model as the transformers library does: configuration, weights, tokenizer."""
    folder.mkdir(parents=True)
    config = {
        "model_type": "llama",
        "vocab_size": len(TOKENS),
        "max_position_embeddings": context,
        "num_hidden_layers": SIZES["layers"],
        "num_attention_heads": SIZES["heads"],
        "num_key_value_heads": SIZES["kv_heads"],
        "hidden_size": SIZES["width"],
        "intermediate_size": SIZES["hidden"],
        "head_dim": SIZES["head_width"],
        "rope_theta": SIZES["base"],
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": False,
    }
    special = {i: {"id": i, "content": token, "special": True} for i, token in enumerate(SPECIAL)}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [token | flags for token in special.values()],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level],
        },
        "post_processor": None,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": {token: i for i, token in enumerate(TOKENS)}, "merges": MERGES},
    }
    about = {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>", "chat_template": TEMPLATE}
    for name, content in (("config", config), ("tokenizer", tokenizer), ("tokenizer_config", about)):
        (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    save_file({_named(name, 1): w for name, w in model(context).state_dict().items()}, folder / "model.safetensors")
    return folder


def _named(ours: str, place: int) -> str:
    if ours.startswith("blocks."):
        _, layer, rest = ours.split(".", 2)
        return f"{('blk', 'model.layers')[place]}.{layer}.{PARTS[rest.removesuffix('.weight')][place]}.weight"
    return f"{PARTS[ours.removesuffix('.weight')][place]}.weight"
