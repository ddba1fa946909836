"""Per-sample gradients by loops, by vmap and by Opacus agree; where Opacus is silently wrong, it is noticed."""

import pytest
import torch
from opacus import GradSampleModule
from private_models import KINDS, case, named, readable
from torch import nn

from largemodels.models import (
    GPT,
    AttentionClassifier,
    AttentionClassifierConfig,
    CharRNN,
    CharRNNConfig,
    ConvNet,
    ConvNetConfig,
    GPTConfig,
    Llama,
    LlamaConfig,
    ResNet,
    ResNetConfig,
    Seq2Seq,
    Seq2SeqConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
    ViT,
    ViTConfig,
)
from largemodels.privacy import all_at_once, check_samples, mean_cross_entropy, one_by_one

pytestmark = pytest.mark.filterwarnings("ignore:Full backward hook")  # Opacus' hooks, where the inputs are tokens


def by_opacus(model, x, y):
    """Return Opacus' per-sample gradients of a plain model, by name."""
    wrapped = GradSampleModule(model)
    mean_cross_entropy(wrapped(x), y).backward()
    samples = {name: parameter.grad_sample for name, parameter in named(model).items()}
    wrapped.remove_hooks()
    return samples


@pytest.mark.parametrize("kind", KINDS)
def test_loops_vmap_and_opacus_agree(kind):
    model, x, y = case(kind)
    ours, fast, theirs = one_by_one(model, x, y), all_at_once(model, x, y), by_opacus(readable(model), x, y)
    assert ours.keys() == fast.keys() == theirs.keys() == dict(model.named_parameters()).keys()
    for name, sample in ours.items():
        torch.testing.assert_close(fast[name], sample, atol=1e-5, rtol=0)
        torch.testing.assert_close(theirs[name], sample, atol=1e-5, rtol=0)
    check_samples(model, ours, x, y)
    check_samples(model, theirs, x, y)


def test_in_float64_loops_and_vmap_agree_to_rounding():
    for kind in KINDS:
        model, x, y = case(kind)
        model, x = model.double(), x.double() if x.is_floating_point() else x
        fast = all_at_once(model, x, y)
        for name, sample in one_by_one(model, x, y).items():
            torch.testing.assert_close(fast[name], sample, atol=1e-14, rtol=1e-10)


def test_the_state_of_the_model_stays_as_it_was():
    model, x, y = case("GPT")
    mean_cross_entropy(model(x), y).backward()
    before = {name: p.grad.clone() for name, p in model.named_parameters()}
    check_samples(model, all_at_once(model, x, y), x, y)
    assert all(torch.equal(p.grad, before[name]) for name, p in model.named_parameters())


OTHERS = {
    "CharRNN": lambda: CharRNN(CharRNNConfig(11, 5, 3, "LSTM")),
    "GRU": lambda: CharRNN(CharRNNConfig(11, 5, 3, "GRU")),
    "RNN": lambda: CharRNN(CharRNNConfig(11, 5, 3, "RNN")),
    "GPT-2": lambda: GPT(GPTConfig(11, 7, 2, 2, 6, "learned", norm_queries=False, quiet_start=False)),
    "Llama": lambda: Llama(LlamaConfig(11, 13, 2, 2, 1, 6, 5, 2)),
    "Seq2Seq": lambda: Seq2Seq(Seq2SeqConfig(11, 4, 3, 6, 2, 1)),
    "attention": lambda: AttentionClassifier(AttentionClassifierConfig(11, 7, 6, 2, 5)),
    "encoder": lambda: TransformerEncoder(TransformerEncoderConfig(11, 7, 6, 2, 1, 5)),
    "ViT": lambda: ViT(ViTConfig(8, 1, 4, 6, 2, 1, 5)),
    "ResNet": lambda: ResNet(ResNetConfig(8, 1, (2, 3), 1, 5, normalise=False)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_loops_and_vmap_agree_on_all_other_models_of_the_book(name):
    torch.manual_seed(0)
    model = OTHERS[name]()
    x = torch.randn(3, 1, 8, 8) if name in ("ViT", "ResNet") else torch.randint(11, (3, 7))
    logits = model(x)
    y = torch.randint(logits.shape[-1], logits.shape[:-1])
    fast, slow = all_at_once(model, x, y), one_by_one(model, x, y)
    for parameter, sample in slow.items():
        torch.testing.assert_close(fast[parameter], sample, atol=1e-5, rtol=0)
    check_samples(model, fast, x, y)


def test_a_residual_network_is_refused_for_its_batch_normalisation():
    x, y = torch.randn(3, 1, 8, 8), torch.randint(5, (3,))
    with pytest.raises(ValueError, match="BatchNorm2d, which takes mean and variance over the batch"):
        all_at_once(ResNet(ResNetConfig(8, 1, (2, 3), 1, 5)), x, y)


def test_frozen_parameters_have_no_gradients():
    model, x, y = case("LSTM")
    model.embedding.weight.requires_grad_(False)
    fast = all_at_once(model, x, y)
    assert "embedding.weight" not in fast
    assert fast.keys() == one_by_one(model, x, y).keys()


def test_a_head_that_is_the_embedding_is_misread_by_hooks_and_refused():
    model, x, y = case("GPT")
    samples = by_opacus(model, x, y)
    right = one_by_one(model, x, y)
    wrong = [name for name in right if not torch.allclose(samples[name], right[name], atol=1e-5)]
    assert wrong == ["embedding.weight"]  # and no error, no warning
    with pytest.raises(ValueError, match=r"off in embedding\.weight by \d+ %.* an embedding that is also the head"):
        check_samples(model, samples, x, y)


def test_channels_last_weights_are_misread_by_hooks_and_refused():
    model, x, y = case("ConvNet")
    model.to(memory_format=torch.channels_last)
    check_samples(model, all_at_once(model, x, y), x, y)
    with pytest.raises(
        ValueError, match=r"off in stages\.1\.conv\.weight by .*\. stages\.1\.conv\.weight is not contig"
    ):
        check_samples(model, by_opacus(model, x, y), x, y)
    model.to(memory_format=torch.contiguous_format)
    check_samples(model, by_opacus(model, x, y), x, y)


def test_learned_positions_are_misread_by_hooks_where_there_are_as_many_as_texts_and_refused():
    torch.manual_seed(0)
    model = GPT(GPTConfig(11, 7, 1, 2, 6, "learned", norm_queries=False, quiet_start=False))
    x, y = torch.randint(11, (7, 7)), torch.randint(11, (7, 7))
    samples = by_opacus(model, x, y)
    right = torch.autograd.grad(mean_cross_entropy(model(x), y), model.positions.weight)[0]
    torch.testing.assert_close(samples["positions.weight"].mean(0), right)  # the plain mean finds nothing
    with pytest.raises(ValueError, match=r"off in embedding\.weight by \d+ %, positions\.weight by \d+ %\. "):
        check_samples(model, samples, x, y)


class Scaled(nn.Module):
    """A layer of one's own with a second input."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3))

    def forward(self, x, scale=1.0):
        return x @ self.weight * scale


class Doubled(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), Scaled()

    def forward(self, x):
        return self.second(self.first(x), scale=2.0)


def test_a_layer_of_ones_own_with_a_second_input_is_misread_by_hooks_and_refused():
    torch.manual_seed(0)
    model, x, y = Doubled(), torch.randn(4, 3), torch.randint(3, (4,))
    samples = by_opacus(model, x, y)
    with pytest.raises(ValueError, match=r"off in second\.weight by 50 %.*and layers of one's own with a second input"):
        check_samples(model, samples, x, y)
    check_samples(model, all_at_once(model, x, y), x, y)


def test_gradients_in_the_wrong_order_have_the_right_mean_and_are_refused():
    model, x, y = case("ConvNet")
    samples = {name: sample.flip(0) for name, sample in one_by_one(model, x, y).items()}
    with pytest.raises(ValueError, match="these are not the model's per-sample gradients"):
        check_samples(model, samples, x, y)


def test_parameters_that_no_hook_saw_are_named():
    model, x, y = case("LSTM")
    samples = one_by_one(model, x, y)
    del samples["recurrent.bias_hh_l0"]
    samples["classifier.bias"] = None
    with pytest.raises(ValueError, match=r"\(5, …\) of recurrent\.bias_hh_l0, classifier\.bias: no hook saw them"):
        check_samples(model, samples, x, y)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d(3), nn.BatchNorm2d(3, track_running_stats=False)])
def test_batch_normalisation_is_refused_with_a_reason(norm):
    model = nn.Sequential(nn.Conv2d(1, 3, 3), norm, nn.Flatten(), nn.Linear(27, 2))
    x, y = torch.randn(4, 1, 5, 5), torch.randint(2, (4,))
    for way in (one_by_one, all_at_once):
        with pytest.raises(ValueError, match=r"1 is a BatchNorm2d.* no example has a gradient of its own"):
            way(model, x, y)
    model[1] = nn.GroupNorm(3, 3)
    all_at_once(model, x, y)


def test_batch_normalisation_with_fixed_statistics_mixes_nothing():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(27, 2)).eval()
    x, y = torch.randn(4, 1, 5, 5), torch.randint(2, (4,))
    fast = all_at_once(model, x, y)
    for name, sample in one_by_one(model, x, y).items():
        torch.testing.assert_close(fast[name], sample, atol=1e-6, rtol=0)


def test_instance_normalisation_that_keeps_statistics_is_refused():
    with pytest.raises(ValueError, match="the model is a InstanceNorm1d"):
        one_by_one(nn.InstanceNorm1d(3, track_running_stats=True), torch.randn(2, 3, 5), torch.zeros(2, 3))


def test_what_has_no_gradients_is_said():
    model, x, y = case("ConvNet")
    with pytest.raises(ValueError, match="at least one; got 0 and 0"):
        all_at_once(model, x[:0], y[:0])
    with pytest.raises(ValueError, match="got 5 and 4"):
        one_by_one(model, x, y[:4])
    with pytest.raises(ValueError, match="no parameter of this model learns"):
        one_by_one(ConvNet(ConvNetConfig(size=11, widths=(3, 5), classes=7)).requires_grad_(False), x, y)
