"""The formulas of the book, written out in tensor operations and proved equal to torch's own layers."""

from largemodels.layers.attention import MultiHeadAttention, attention, attention_weights, causal_mask, fast_attention
from largemodels.layers.batch_norm import batch_norm2d
from largemodels.layers.cache import Cache, GivenCache
from largemodels.layers.convolution import conv2d
from largemodels.layers.experts import MixtureOfExperts, balance_loss, loads
from largemodels.layers.gated import GatedMLP
from largemodels.layers.grouped import GroupedQueryAttention
from largemodels.layers.known import values_known
from largemodels.layers.linear_attention import (
    decay_mask,
    feature_map,
    linear_attention,
    linear_attention_step,
    masked_linear_attention,
)
from largemodels.layers.low_rank import LowRankLinear, adapt, adapters, merge, unadapted
from largemodels.layers.norm import LayerNorm, RMSNorm, layer_norm, rms_norm
from largemodels.layers.pooling import max_pool2d
from largemodels.layers.positions import rotate, rotation, sinusoidal, turn
from largemodels.layers.quantised import QuantisedEmbedding, QuantisedLinear, quantise
from largemodels.layers.recurrent import GRU, LSTM, RNN
from largemodels.layers.sinks import SinkCache
from largemodels.layers.sound import cepstra, cosines, decibels, mel_filters, spectrogram
from largemodels.layers.stretching import RotaryScaling
from largemodels.layers.watched import watched

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cache",
    "GatedMLP",
    "GivenCache",
    "GroupedQueryAttention",
    "LayerNorm",
    "LowRankLinear",
    "MixtureOfExperts",
    "MultiHeadAttention",
    "QuantisedEmbedding",
    "QuantisedLinear",
    "RMSNorm",
    "RotaryScaling",
    "SinkCache",
    "adapt",
    "adapters",
    "attention",
    "attention_weights",
    "balance_loss",
    "batch_norm2d",
    "causal_mask",
    "cepstra",
    "conv2d",
    "cosines",
    "decay_mask",
    "decibels",
    "fast_attention",
    "feature_map",
    "layer_norm",
    "linear_attention",
    "linear_attention_step",
    "loads",
    "masked_linear_attention",
    "max_pool2d",
    "mel_filters",
    "merge",
    "quantise",
    "rms_norm",
    "rotate",
    "rotation",
    "sinusoidal",
    "spectrogram",
    "turn",
    "unadapted",
    "values_known",
    "watched",
]
