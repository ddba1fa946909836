"""What a model answers does not depend on how it is asked, and asking leaves no trace."""

import pytest
import torch
import torch.nn.functional as F
from small import small_batches, small_model

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
    with pytest.raises(ValueError, match="23 images take as many labels; got 22"):
        evaluate(model, IMAGES, LABELS[1:])
    with pytest.raises(ValueError, match="batch must be at least 1"):
        predict(model, IMAGES, batch=0)
    with pytest.raises(ValueError, match="no examples to answer for"):
        predict(model, torch.zeros(0, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="5 examples take as many labels; got 3"):
        evaluate(model, torch.zeros(5, 7, dtype=torch.int64), torch.zeros(3, dtype=torch.int64))


def test_an_image_that_holds_nan_is_named():
    images = IMAGES.clone()
    images[19, 0, 0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="image 19 holds NaN"):
        evaluate(small_model(), images, LABELS)
