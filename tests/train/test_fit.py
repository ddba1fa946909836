"""The loop changes weights as plain PyTorch does, and stops with a reason."""

from itertools import islice

import pytest
import torch
import torch.nn.functional as F
from small import small_batches, small_model
from torch import nn

from largemodels.data import Batches, digits
from largemodels.models import ConvNet
from largemodels.train import Recipe, Step, evaluate, fit


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


def test_a_batch_with_nan_stops_the_training_and_names_the_image():
    batches, model = small_batches(), small_model()
    batches[4][0][3, 1, 2, 2] = float("nan")
    steps = fit(model, batches, progress=False)
    list(islice(steps, 4))
    before = {name: p.clone() for name, p in model.named_parameters()}
    with pytest.raises(FloatingPointError, match=r"loss is nan at step 4: image 3 of the batch holds NaN; mend it"):
        next(steps)
    assert_close(dict(model.named_parameters()), before, rtol=0, atol=0)


def test_infinity_is_named_as_well():
    batches = small_batches()
    batches[0][0][[2, 5], 0, 0, 0] = float("inf")
    with pytest.raises(FloatingPointError, match=r"step 0: image 2 of the batch holds infinity, and 1 more are not"):
        trained(Recipe(), small_model(), batches)


def test_a_training_that_diverges_says_what_to_do():
    model = small_model()
    with torch.no_grad():
        model[6].weight.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match=r"its batch is finite, .*lower the learning rate \(now 0.001\)"):
        trained(Recipe(), model)


def test_nothing_to_train_on_and_nothing_to_train_are_refused():
    with pytest.raises(ValueError, match="no batches"):
        next(fit(small_model(), []))
    with pytest.raises(ValueError, match="no parameters to train"):
        next(fit(nn.Flatten(), small_batches()))


def test_no_bar_is_drawn_where_there_is_no_terminal(capsys):
    list(fit(small_model(), small_batches(), progress=True))
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_a_terminal(capsys, monkeypatch):
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    list(fit(small_model(), small_batches(), progress=True))
    seen = capsys.readouterr()
    assert "7/7" in seen.err
    assert seen.out == ""
    list(fit(small_model(), small_batches(), progress=False))
    assert capsys.readouterr() == ("", "")
