"""A training that cannot go on stops with a reason."""

from itertools import islice

import pytest
import torch
from small import small_batches, small_model
from torch import nn
from torch.testing import assert_close

from largemodels.train import Recipe, fit


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
        list(fit(small_model(), batches, Recipe(), progress=False))


def test_a_training_that_diverges_says_what_to_do():
    model = small_model()
    with torch.no_grad():
        model[6].weight.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match=r"its batch is finite, .*lower the learning rate \(now 0.001\)"):
        list(fit(model, small_batches(), Recipe(), progress=False))


def test_nothing_to_train_on_and_nothing_to_train_are_refused():
    with pytest.raises(ValueError, match="no batches"):
        next(fit(small_model(), []))
    with pytest.raises(ValueError, match="no parameters to train"):
        next(fit(nn.Flatten(), small_batches()))
