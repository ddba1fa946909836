"""The formulas of the book, written out in tensor operations and proved equal to torch's own layers."""

from largemodels.layers.batch_norm import batch_norm2d
from largemodels.layers.convolution import conv2d
from largemodels.layers.pooling import max_pool2d

__all__ = ["batch_norm2d", "conv2d", "max_pool2d"]
