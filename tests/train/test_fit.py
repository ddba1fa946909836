"""The loop changes weights as plain PyTorch does, and stops with a reason."""

import sys
from copy import deepcopy
from itertools import islice

import pytest
import torch
import torch.nn.functional as F
from small import small_batches, small_model
from torch import nn

from largemodels.data import Batches, digits
from largemodels.models import CharRNN, ConvNet, ConvNetConfig, RecurrentClassifier, ResNet, ResNetConfig
from largemodels.train import Checkpoint, Recipe, Step, checks, evaluate, fit


def trained(recipe, model=None, batches=None):
    model = model or small_model(dropout=0.0, normalise=False)
    steps = list(fit(model, batches or small_batches(), recipe, progress=False))
    return dict(model.named_parameters()), steps


def assert_close(a, b, **tolerance):
    for name in a:
        torch.testing.assert_close(a[name], b[name], **tolerance)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_fit_is_adam_on_the_mean_cross_entropy(decay):
    ours, steps = trained(Recipe(learning_rate=0.01, weight_decay=decay))

    model = small_model(dropout=0.0, normalise=False)
    flat = [p for p in model.parameters() if p.ndim == 1]
    deep = [p for p in model.parameters() if p.ndim > 1]
    optimizer = torch.optim.AdamW([{"params": deep, "weight_decay": decay}, {"params": flat}], lr=0.01, weight_decay=0)
    losses = []
    for x, y in small_batches():
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert [s.loss for s in steps] == pytest.approx(losses, rel=1e-4)
    assert_close(ours, dict(model.named_parameters()), rtol=1e-3, atol=1e-5)


def test_a_step_says_what_happened():
    _, steps = trained(Recipe(learning_rate=0.1, schedule="cosine"))
    assert [step.index for step in steps] == [0, 1, 2, 3, 4, 5, 6]
    assert [step.learning_rate for step in steps] == [Recipe(0.1, schedule="cosine").rate(i, 7) for i in range(7)]
    assert all(step.samples_per_second > 0 for step in steps)
    assert isinstance(steps[0], Step)


@pytest.mark.parametrize("pieces", [2, 5, 17, 100])
def test_gradients_accumulated_over_pieces_are_those_of_the_large_batch(pieces):
    whole, steps = trained(Recipe(learning_rate=0.01))
    summed, same = trained(Recipe(learning_rate=0.01, accumulate=pieces))
    assert [s.loss for s in same] == pytest.approx([s.loss for s in steps], rel=1e-5)
    assert_close(summed, whole, rtol=1e-3, atol=1e-5)


def with_ignored_targets():
    """Batches of which half the targets are -100; the first pieces hold no other."""
    batches = small_batches()
    return [(x, torch.where(torch.arange(len(y)) < len(y) // 2, -100, y)) for x, y in batches]


@pytest.mark.parametrize("pieces", [1, 2, 4, 17])
def test_targets_of_minus_100_do_not_count_however_the_batch_is_cut(pieces):
    whole, steps = trained(
        Recipe(learning_rate=0.01), batches=[(x[y != -100], y[y != -100]) for x, y in with_ignored_targets()]
    )
    cut, same = trained(Recipe(learning_rate=0.01, accumulate=pieces), batches=with_ignored_targets())
    assert [s.loss for s in same] == pytest.approx([s.loss for s in steps], rel=1e-5)
    assert_close(cut, whole, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_batch_that_teaches_nothing_is_named_and_changes_nothing(pieces):
    ignored, empty = small_batches(), small_batches()
    ignored[2] = (ignored[2][0], torch.full_like(ignored[2][1], -100))
    empty[2] = (empty[2][0][:0], empty[2][1][:0])
    for batches, message in ((ignored, "the batch has 17 targets of -100, which do not count"), (empty, "is empty")):
        model = small_model()
        steps = fit(model, batches, Recipe(accumulate=pieces), progress=False)
        list(islice(steps, 2))
        before = {name: p.clone() for name, p in model.named_parameters()}
        with pytest.raises(ValueError, match=f"^step 2: .*{message}.*leave it out"):
            next(steps)
        assert_close(dict(model.named_parameters()), before, rtol=0, atol=0)


def shrinking():
    """A residual network that leaves one place of an image of 8 × 8."""
    torch.manual_seed(0)
    return ResNet(ResNetConfig(size=8, widths=(3, 5, 7, 11), blocks=1))


def few_images(n, size=8):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n, 1, size, size, generator=generator), torch.arange(n) % 10


@pytest.mark.parametrize(
    ("images", "batch", "recipe", "message"),
    [
        (17, 8, Recipe(), r"the last batch is a single example, .*Choose another batch size than 8$"),
        (16, 1, Recipe(), r"the first batch is a single example, .*batch size than 1$"),
        (
            15,
            5,
            Recipe(accumulate=5),
            r"batch has 5 examples, computed in 5 pieces.* than 5 or a smaller accumulate$",
        ),
        (
            19,
            8,
            Recipe(accumulate=2),
            r"the last batch has 3 examples, .*2 pieces of which one is a single example",
        ),
    ],
)
def test_an_image_alone_that_batch_normalisation_cannot_take_is_an_error_before_the_first_step(
    images, batch, recipe, message
):
    model = shrinking()
    before, random = {name: x.clone() for name, x in model.state_dict().items()}, torch.get_rng_state()
    with pytest.raises(ValueError, match=message):
        next(fit(model, Batches(*few_images(images), batch), recipe, progress=False))
    assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), random)
    assert model.training


def test_an_image_alone_is_learned_from_where_that_is_possible():
    torch.manual_seed(0)
    shallow = ResNet(ResNetConfig(size=8, widths=(3, 5), blocks=1))
    for model in (shallow, ConvNet(ConvNetConfig(size=8, widths=(3,)))):
        steps = list(fit(model, Batches(*few_images(17), 8, epochs=2), progress=False))
        assert len(steps) == 2 * 3
        buffers = dict(model.named_buffers())
        assert buffers.get("stem.0.norm.num_batches_tracked", 6) == 6
    assert len(list(fit(shrinking(), Batches(*few_images(18), 8, epochs=1), progress=False))) == 3
    features = nn.Sequential(nn.Linear(7, 5), nn.BatchNorm1d(5))
    with pytest.raises(ValueError, match="the last batch is a single example"):
        next(fit(features, Batches(torch.rand(5, 7), torch.arange(5), 2), progress=False))


@pytest.mark.parametrize(
    "model", [CharRNN, RecurrentClassifier, lambda: nn.Sequential(nn.Embedding(10, 5), TorchsLSTM())]
)
def test_an_lstm_learns_in_float32_where_the_processor_has_no_bfloat16_and_says_so(monkeypatch, tmp_path, model):
    torch.manual_seed(0)
    model, recipe = model(), Recipe(precision="bfloat16")
    tokens = torch.randint(10, (3, 100))
    batches = [(tokens, tokens[:, 0] if isinstance(model, RecurrentClassifier) else tokens)] * 2
    exact = [step.loss for step in fit(deepcopy(model), batches, Recipe(), progress=False)]

    monkeypatch.setattr(checks, "lstm_takes_bfloat16", lambda device: False)
    checkpoint = Checkpoint(tmp_path / "run", every=1)
    with pytest.warns(UserWarning, match="no instructions for bfloat16.*is trained in float32") as said:
        losses = [step.loss for step in fit(deepcopy(model), batches, recipe, checkpoint, progress=False)]
    assert losses == exact
    assert [warning.filename for warning in said] == [__file__]
    assert checks.runnable(recipe, model)[0] == Recipe(precision="float32")
    assert checks.runnable(recipe, small_model()) == (recipe, "")  # the rest of torch computes it, if slowly

    monkeypatch.setattr(checks, "lstm_takes_bfloat16", lambda device: True)
    assert checks.runnable(recipe, model) == (recipe, "")
    with pytest.raises(ValueError, match="precision is float32 there and bfloat16 here"):
        next(fit(model, batches, recipe, checkpoint, progress=False))


class TorchsLSTM(nn.LSTM):
    """Torch's own, with an output only."""

    def __init__(self):
        super().__init__(5, 10, batch_first=True)

    def forward(self, x):
        return super().forward(x)[0]


def test_a_clipped_gradient_is_no_longer_than_allowed():
    model = small_model()
    for _ in fit(model, small_batches(), Recipe(clip=0.01), progress=False):
        assert torch.cat([p.grad.flatten() for p in model.parameters()]).norm() <= 0.01001


def test_sequences_are_learned_as_images_are():
    model = nn.Embedding(7, 7)  # logits (b, t, 7) of the next token
    tokens = torch.arange(11 * 5).view(11, 5) % 7
    steps = list(fit(model, [(tokens, (tokens + 1) % 7)] * 150, Recipe(learning_rate=0.1), progress=False))
    assert steps[0].loss > 1
    assert steps[-1].loss < 0.05
    assert evaluate(model, tokens, (tokens + 1) % 7).accuracy == 1


def test_bfloat16_keeps_the_weights_in_float32_and_learns_nearly_the_same():
    ours, steps = trained(Recipe(learning_rate=0.01))
    half, coarse = trained(Recipe(learning_rate=0.01, precision="bfloat16"))
    assert {p.dtype for p in half.values()} == {torch.float32}
    assert [s.loss for s in coarse] == pytest.approx([s.loss for s in steps], rel=0.02)
    assert any(not torch.equal(half[name], ours[name]) for name in ours)


def test_frozen_parameters_stay():
    model = small_model()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    trained(Recipe(learning_rate=0.1), model)
    assert torch.equal(model[0].weight, before)


def test_the_reader_may_put_the_model_into_evaluation_mode_between_two_steps():
    model = small_model()
    for _ in fit(model, small_batches(), progress=False):
        model.eval()
    assert model[1].num_batches_tracked == 7


def test_the_network_of_the_book_learns_the_digits():
    data = digits()
    torch.manual_seed(0)
    model = ConvNet()
    untaught = evaluate(model, data.test.images, data.test.labels)
    batches = Batches(data.train.images, data.train.labels, epochs=3)
    for _ in fit(model, batches, Recipe(learning_rate=3e-3), progress=False):
        pass
    taught = evaluate(model, data.test.images, data.test.labels)
    assert untaught.accuracy < 0.3
    assert taught.accuracy > 0.9
    assert taught.loss < untaught.loss / 3


def test_no_bar_is_drawn_where_there_is_no_terminal(capsys):
    list(fit(small_model(), small_batches(), progress=True))
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    list(fit(small_model(), small_batches(), progress=True))
    seen = capsys.readouterr()
    assert "7/7" in seen.err
    assert seen.out == ""
    list(fit(small_model(), small_batches(), progress=False))
    assert capsys.readouterr() == ("", "")
