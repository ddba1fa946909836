"""What a model answers does not depend on how it is asked, and asking leaves no trace."""

import pytest
import torch
import torch.nn.functional as F
from small import small_batches, small_model
from torch import nn

from largemodels.train import Score, evaluate, predict

IMAGES, LABELS = small_batches(2, 23)[0]


@pytest.mark.parametrize("batch", [1, 5, 23, 1000])
def test_the_answer_does_not_depend_on_the_size_of_the_batch(batch):
    model = small_model()
    logits = model.eval()(IMAGES)
    torch.testing.assert_close(predict(model, IMAGES, batch), logits)
    score = evaluate(model, IMAGES, LABELS, batch)
    assert score.loss == pytest.approx(F.cross_entropy(logits, LABELS).item(), rel=1e-5)
    assert score.accuracy == pytest.approx((logits.argmax(1) == LABELS).float().mean().item())
    assert isinstance(score, Score)


def test_every_part_is_left_in_the_mode_in_which_it_was_found():
    model = small_model()
    model[1].eval()
    predict(model, IMAGES)
    assert model.training
    assert model[3].training
    assert not model[1].training
    with pytest.raises(RuntimeError):
        predict(model, IMAGES[:, :2])
    assert model.training


def test_the_answers_carry_no_gradient_and_can_be_used_in_further_ones():
    logits = predict(small_model(), IMAGES)
    assert not logits.requires_grad
    (logits * torch.ones(13, requires_grad=True)).sum().backward()


def test_wrong_questions_are_refused():
    model = small_model()
    with pytest.raises(ValueError, match="no images"):
        predict(model, IMAGES[:0])
    with pytest.raises(ValueError, match="no images"):
        evaluate(model, IMAGES[:0], LABELS[:0])
    with pytest.raises(ValueError, match="23 images need as many labels; got 22"):
        evaluate(model, IMAGES, LABELS[1:])
    with pytest.raises(ValueError, match="batch must be at least 1"):
        predict(model, IMAGES, batch=0)
    with pytest.raises(ValueError, match="no examples to answer for"):
        predict(model, torch.zeros(0, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="5 examples need as many labels; got 3"):
        evaluate(model, torch.zeros(5, 7, dtype=torch.int64), torch.zeros(3, dtype=torch.int64))


class Remembered(nn.Module):
    """Answer each number with a row of random logits, in a precision."""

    def __init__(self, rows, classes, dtype):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.logits = nn.Parameter(torch.randn(rows, classes, generator=generator).to(dtype), requires_grad=False)

    def forward(self, x):
        return self.logits[x]


@pytest.mark.parametrize("batch", [1000, 64, 8])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_the_loss_does_not_depend_on_the_precision_of_the_logits_nor_on_the_batch(dtype, batch):
    model = Remembered(997, 97, dtype)
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randint(997, (2000, 64), generator=generator), torch.randint(97, (2000, 64), generator=generator)
    exact = F.cross_entropy(model(x).double().flatten(0, 1), y.flatten())
    assert evaluate(model, x, y, batch).loss == pytest.approx(exact.item(), abs=1e-6)


@pytest.mark.parametrize("batch", [1, 3, 23])
def test_targets_of_minus_100_do_not_count(batch):
    model = Remembered(23, 13, torch.float32)
    x, y = torch.arange(23).view(23, 1).expand(23, 2), LABELS.view(23, 1).repeat(1, 2)
    x, y = x.clone(), torch.where(torch.arange(23)[:, None] < 11, -100, y)  # whole batches of them at first
    y[20, 0], y[21, 1] = -100, -100
    score, counts = evaluate(model, x, y, batch), y != -100
    assert score.loss == pytest.approx(F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item(), rel=1e-6)
    assert score.accuracy == pytest.approx((model(x).argmax(2) == y)[counts].float().mean().item())


def test_labels_of_which_none_counts_have_no_score():
    with pytest.raises(ValueError, match="each of the 23 labels is -100, which does not count"):
        evaluate(small_model(), IMAGES, torch.full_like(LABELS, -100))


def test_an_image_that_holds_nan_is_named():
    images = IMAGES.clone()
    images[19, 0, 0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="image 19 holds NaN"):
        evaluate(small_model(), images, LABELS)
