"""The formulas of the book, written out in tensor operations and proved equal to torch's own layers."""

from largemodels.layers.attention import MultiHeadAttention, attention, attention_weights, causal_mask, fast_attention
from largemodels.layers.batch_norm import batch_norm2d
from largemodels.layers.cache import Cache
from largemodels.layers.convolution import conv2d
from largemodels.layers.gated import GatedMLP
from largemodels.layers.grouped import GroupedQueryAttention
from largemodels.layers.known import values_known
from largemodels.layers.norm import LayerNorm, RMSNorm, layer_norm, rms_norm
from largemodels.layers.pooling import max_pool2d
from largemodels.layers.positions import rotate, rotation, sinusoidal, turn
from largemodels.layers.quantised import QuantisedEmbedding, QuantisedLinear, quantise
from largemodels.layers.recurrent import GRU, LSTM, RNN
from largemodels.layers.stretching import RotaryScaling
from largemodels.layers.watched import watched

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cache",
    "GatedMLP",
    "GroupedQueryAttention",
    "LayerNorm",
    "MultiHeadAttention",
    "QuantisedEmbedding",
    "QuantisedLinear",
    "RMSNorm",
    "RotaryScaling",
    "attention",
    "attention_weights",
    "batch_norm2d",
    "causal_mask",
    "conv2d",
    "fast_attention",
    "layer_norm",
    "max_pool2d",
    "quantise",
    "rms_norm",
    "rotate",
    "rotation",
    "sinusoidal",
    "turn",
    "values_known",
    "watched",
]
