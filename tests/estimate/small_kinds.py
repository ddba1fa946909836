"""Small configurations of each kind of model, and what transformers builds from one."""

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

PLAIN = {"vocab_size": 97, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 41}
GROUPED = PLAIN | {"num_key_value_heads": 2}
MIXED = {"num_experts": 5, "num_experts_per_tok": 2}
LATENT = PLAIN | {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 7, "n_shared_experts": 2}
LATENT |= {"first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "num_key_value_heads": 4}
LATENT |= {"kv_lora_rank": 5, "qk_rope_head_dim": 4, "qk_nope_head_dim": 6, "v_head_dim": 3}
OPT = {
    "max_position_embeddings": 13,
    "vocab_size": 97,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_dim": 31,
}


def built(kind, said):
    """Return the parameters of the model that transformers builds, and its whole configuration."""
    config = CONFIG_MAPPING[kind](**said)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(p.numel() for p in model.parameters()), config.to_dict()
