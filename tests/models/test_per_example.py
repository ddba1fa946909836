"""The gradient of every example by itself, which torch.func takes of every model of the book at once."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

from largemodels.models import (
    GPT,
    AttentionClassifier,
    AttentionClassifierConfig,
    CharRNN,
    ConvNet,
    ConvNetConfig,
    GPTConfig,
    RecurrentClassifier,
    RecurrentClassifierConfig,
    Seq2Seq,
    Seq2SeqConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
    ViT,
    ViTConfig,
)

EXAMPLES = 3
TOKENS = torch.randint(1, 19, (EXAMPLES, 13), generator=torch.Generator().manual_seed(1))
IMAGES = torch.rand(EXAMPLES, 1, 28, 28, generator=torch.Generator().manual_seed(1))
MODELS = {
    "ConvNet": (lambda: ConvNet(ConvNetConfig(widths=(3, 5))), IMAGES),
    "ViT": (lambda: ViT(ViTConfig(width=20, layers=2)), IMAGES),
    "GPT": (lambda: GPT(GPTConfig(19, 13, 2, 2, 20, quiet_start=False)), TOKENS),
    "CharRNN": (CharRNN, TOKENS),
    "RecurrentClassifier": (lambda: RecurrentClassifier(RecurrentClassifierConfig(19, 7, 5, 13)), TOKENS),
    "AttentionClassifier": (lambda: AttentionClassifier(AttentionClassifierConfig(19, 13, 20, 2)), TOKENS),
    "TransformerEncoder": (lambda: TransformerEncoder(TransformerEncoderConfig(19, 13, 20, 2)), TOKENS),
    "Seq2Seq": (lambda: Seq2Seq(Seq2SeqConfig(19, 8, 5, 20, 2)), TOKENS),
}


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize(("build", "x"), MODELS.values(), ids=MODELS)
def test_gradients_of_examples_are_those_of_each_example_alone(build, x):
    torch.manual_seed(0)
    model = build().eval()
    parameters = dict(model.named_parameters())

    def loss(parameters, example):
        logits = functional_call(model, parameters, (example[None],))
        return F.cross_entropy(logits.flatten(0, -2), logits.new_zeros(logits.shape[:-1]).long().flatten())

    together = vmap(grad(loss), in_dims=(None, 0))(parameters, x)
    for i, example in enumerate(x):
        model.zero_grad()
        loss(parameters, example).backward()
        for name, parameter in parameters.items():
            torch.testing.assert_close(together[name][i], parameter.grad, atol=1e-5, rtol=1e-4, msg=name)
