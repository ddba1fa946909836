"""The models of the book, in files short enough to read."""

from largemodels.models.by_hand import by_hand, gate_weights, set_weights
from largemodels.models.cnn import ConvNet, ConvNetConfig
from largemodels.models.file_types import FileTypeConfig, FileTypeNet, file_type_net
from largemodels.models.forecasts import Ridge, last_season, last_value, median_season, seasons_before, smoothed
from largemodels.models.gpt import GPT, GPTConfig
from largemodels.models.llama import Llama, LlamaConfig
from largemodels.models.ngram import NGram
from largemodels.models.receptive import ReceptiveField, receptive_field
from largemodels.models.recurrent import CharRNN, CharRNNConfig, RecurrentClassifier, RecurrentClassifierConfig
from largemodels.models.resnet import ResNet, ResNetConfig
from largemodels.models.sampling import next_probabilities
from largemodels.models.seq2seq import Seq2Seq, Seq2SeqConfig
from largemodels.models.tracing import KnowledgeTracing, practice_counts, updated
from largemodels.models.transformer import (
    AttentionClassifier,
    AttentionClassifierConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
)
from largemodels.models.vit import ViT, ViTConfig
from largemodels.models.writing import write_each

__all__ = [
    "GPT",
    "AttentionClassifier",
    "AttentionClassifierConfig",
    "CharRNN",
    "CharRNNConfig",
    "ConvNet",
    "ConvNetConfig",
    "FileTypeConfig",
    "FileTypeNet",
    "GPTConfig",
    "KnowledgeTracing",
    "Llama",
    "LlamaConfig",
    "NGram",
    "ReceptiveField",
    "RecurrentClassifier",
    "RecurrentClassifierConfig",
    "ResNet",
    "ResNetConfig",
    "Ridge",
    "Seq2Seq",
    "Seq2SeqConfig",
    "TransformerEncoder",
    "TransformerEncoderConfig",
    "ViT",
    "ViTConfig",
    "by_hand",
    "file_type_net",
    "gate_weights",
    "last_season",
    "last_value",
    "median_season",
    "next_probabilities",
    "practice_counts",
    "receptive_field",
    "seasons_before",
    "set_weights",
    "smoothed",
    "updated",
    "write_each",
]
