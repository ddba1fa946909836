"""What the command line can train: a new model or data set is one more line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from largemodels.data import dates, digits, mnist, package_windows, shakespeare, source_code
from largemodels.models import (
    GPT,
    AttentionClassifier,
    AttentionClassifierConfig,
    CharRNN,
    CharRNNConfig,
    ConvNet,
    ConvNetConfig,
    GPTConfig,
    RecurrentClassifier,
    RecurrentClassifierConfig,
    ResNet,
    ResNetConfig,
    Seq2Seq,
    Seq2SeqConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
    ViT,
    ViTConfig,
)
from largemodels.train.recipe import Recipe
from largemodels.train.tasks import Characters, Images, Task, Translations, Windows


@dataclass(frozen=True)
class Entry:
    """A model, what it learns, and the recipe that suits it: the defaults of its flags."""

    model: Callable[[Any], nn.Module]
    config: Any
    task: Task
    recipe: Recipe


MODELS: dict[str, Entry] = {
    "cnn": Entry(ConvNet, ConvNetConfig(), Images(), Recipe()),
    "resnet": Entry(  # about as many multiply-adds an image as the cnn
        ResNet,
        ResNetConfig(widths=(8, 16, 32), blocks=1),
        Images(epochs=20, batch=128, shift=2),
        Recipe(learning_rate=1e-2, weight_decay=0.05, schedule="cosine", warmup=200),
    ),
    "vit": Entry(ViT, ViTConfig(width=32, heads=4, layers=3), Images(), Recipe()),  # costs about as much as the cnn
    "recurrent-classifier": Entry(RecurrentClassifier, RecurrentClassifierConfig(), Windows(), Recipe()),
    "attention-classifier": Entry(AttentionClassifier, AttentionClassifierConfig(), Windows(), Recipe()),
    "transformer-encoder": Entry(TransformerEncoder, TransformerEncoderConfig(), Windows(), Recipe()),
    "char-rnn": Entry(
        CharRNN,
        CharRNNConfig(),
        Characters(),
        Recipe(learning_rate=1e-2, schedule="cosine", warmup=150, clip=1.0),
    ),
    "gpt": Entry(
        GPT,
        GPTConfig(),
        Characters(),
        Recipe(learning_rate=4e-3, weight_decay=0.1, schedule="cosine", warmup=150, clip=1.0),
    ),
    "seq2seq": Entry(
        Seq2Seq, Seq2SeqConfig(), Translations(), Recipe(learning_rate=5e-3, schedule="cosine", warmup=50, clip=1.0)
    ),
}

DATA: dict[str, Callable[..., Any]] = {
    "dates": dates,
    "digits": digits,
    "mnist": mnist,
    "packages": package_windows,
    "shakespeare": shakespeare,
    "source_code": source_code,
}
