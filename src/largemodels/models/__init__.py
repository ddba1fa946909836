"""The models of the book, one readable file each."""

from largemodels.models.cnn import ConvNet, ConvNetConfig
from largemodels.models.receptive import ReceptiveField, receptive_field
from largemodels.models.resnet import ResNet, ResNetConfig

__all__ = ["ConvNet", "ConvNetConfig", "ReceptiveField", "ResNet", "ResNetConfig", "receptive_field"]
