"""Real data as tensors ready for the device: offline first."""

from largemodels.data.batches import Batches, random_shift
from largemodels.data.cache import DataError
from largemodels.data.images import ImageData, Labelled, digits, mnist, photographs

__all__ = ["Batches", "DataError", "ImageData", "Labelled", "digits", "mnist", "photographs", "random_shift"]
