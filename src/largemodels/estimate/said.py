"""Settings that are asked for one by one, so that none is overlooked."""

from collections.abc import Mapping

# what config.json says beside sizes: none of it changes how many numbers a model has, or how many products it computes
HARMLESS_NAMES = """
    model_type architectures auto_map transformers_version torch_dtype dtype _name_or_path name_or_path use_cache
    return_dict output_attentions output_hidden_states is_decoder is_encoder_decoder problem_type id2label label2id
    chunk_size_feed_forward initializer_range init_std gradient_checkpointing tokenizer_class prefix
    bos_token_id eos_token_id pad_token_id unk_token_id cache_dtype quantization_config transformers.js_config
    max_position_embeddings seq_length n_ctx original_max_position_embeddings model_max_length context_length
    hidden_act hidden_activation activation_function summary_type summary_use_proj summary_activation
    summary_proj_to_labels summary_first_dropout task_specific_params classifier_dropout
    resid_pdrop embd_pdrop attn_pdrop dropout attention_dropout hidden_dropout activation_dropout layerdrop
    layer_norm_epsilon layer_norm_eps rms_norm_eps scale_attn_weights scale_attn_by_inverse_layer_idx
    reorder_and_upcast_attn use_parallel_residual rotary_pct rotary_emb_base partial_rotary_factor
    rope_theta rope_scaling rope_parameters rope_interleave rope_local_base_freq use_rope
    sliding_window use_sliding_window max_window_layers layer_types sliding_window_pattern
    apply_residual_connection_post_layernorm pretraining_tp slow_but_exact attention_softmax_in_fp32
    bias_dropout_fusion masked_softmax_fusion offset_alibi skip_bias_add skip_bias_add_qkv
    clip_qkv norm_topk_prob output_router_logits router_aux_loss_coef router_jitter_noise
    query_pre_attn_scalar final_logit_softcapping attn_logit_softcapping use_bidirectional_attention
    aux_loss_alpha seq_aux ep_size n_group topk_group topk_method scoring_func routed_scaling_factor
    num_nextn_predict_layers num_mtp_layers head_dim _sliding_window_pattern
    """
HARMLESS = frozenset(HARMLESS_NAMES.split())


class Said:
    """A ``config.json`` as a dictionary; it knows what was asked of it.

    Names that are absent or ``null`` take the default. Raises ``ValueError`` for a setting that means nothing.
    """

    def __init__(self, settings: Mapping):
        self.settings, self.asked = settings, set()

    def get(self, name: str):
        """Return what it says of one name, or ``None``."""
        self.asked.add(name)
        return self.settings.get(name)

    def number(self, *names: str, default: int | None = None, null: int | None = None, least: int = 1) -> int:
        """Return the whole number that stands under the first of ``names`` that is there; ``null`` for a ``null``."""
        values = {name: value for name in names if (value := self.get(name)) is not None}
        if null is not None and not values and any(name in self.settings for name in names):
            return null
        if any(value != next(iter(values.values())) for value in values.values()):
            raise ValueError(f"these mean one thing and should not differ: {values}")
        if not values and default is None:
            raise ValueError(f"it does not say {' or '.join(map(repr, names))}")
        value = next(iter(values.values()), default)
        if type(value) is not int or value < least:
            raise ValueError(f"{next(iter(values), names[0])} is {value!r}; it must be a whole number from {least}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return a setting that is true or false."""
        value = self.get(name)
        if value is not None and type(value) is not bool:
            raise ValueError(f"{name} is {value!r}; it must be true or false")
        return default if value is None else value

    def list(self, name: str) -> tuple[int, ...]:
        """Return whole numbers that stand in a list; none where it is absent."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or any(type(one) is not int for one in value):
            raise ValueError(f"{name} is {value!r}; it must be a list of whole numbers")
        return tuple(value)

    def only(self, name: str, *values) -> None:
        """Raise unless a setting is absent or one of ``values``: with others a model has parts that are not counted."""
        value = self.get(name)
        if value is not None and value not in values:
            raise ValueError(f"{name} is {value!r}; only {' or '.join(map(repr, values))} can be counted")

    def close(self) -> None:
        """Raise for settings that nobody asked for, unless they are known to change no count."""
        unknown = sorted(str(name) for name in self.settings if name not in self.asked and name not in HARMLESS)
        if unknown:
            raise ValueError(f"it says {', '.join(unknown)}, which is not known and might change the count")
