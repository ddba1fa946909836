"""How the learning rate moves, and which recipes are refused."""

import pytest
import torch
from small import small_model

from largemodels.train import Recipe
from largemodels.train.recipe import make_optimizer


def test_a_constant_schedule_never_moves():
    assert {Recipe(learning_rate=0.3).rate(i, 11) for i in range(11)} == {0.3}


def test_a_cosine_schedule_falls_from_the_whole_rate_past_half_of_it_to_almost_nothing():
    rates = [Recipe(learning_rate=2.0, schedule="cosine").rate(i, 100) for i in range(100)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == 2.0
    assert rates[50] == pytest.approx(1.0)
    assert 0 < rates[99] < 0.001


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_warm_up_climbs_in_a_straight_line(schedule):
    rates = [Recipe(learning_rate=1.0, schedule=schedule, warmup=5).rate(i, 13) for i in range(13)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_cosine_is_the_schedule_of_torch():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.7)
    torchs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=17)
    for i in range(17):
        assert Recipe(learning_rate=0.7, schedule="cosine").rate(i, 17) == pytest.approx(torchs.get_last_lr()[0])
        optimizer.step()
        torchs.step()


def test_weight_decay_leaves_biases_and_norms_alone():
    model = small_model()
    decay = {
        p: g["weight_decay"] for g in make_optimizer(model, Recipe(weight_decay=0.1)).param_groups for p in g["params"]
    }
    assert {name for name, p in model.named_parameters() if decay[p]} == {"0.weight", "4.weight", "6.weight"}
    assert len(decay) == len(list(model.parameters()))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0; got 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0; got nan"),
        ({"weight_decay": -1.0}, "weight_decay must be a number of at least 0"),
        ({"schedule": "linear"}, "schedule is 'linear'; choose one of constant, cosine"),
        ({"warmup": -1}, "warmup must be at least 0 steps"),
        ({"accumulate": 0}, "accumulate must be at least 1"),
        ({"clip": 0.0}, "clip must be above 0"),
        ({"precision": "float8"}, "precision is 'float8'; choose one of float32, bfloat16"),
    ],
)
def test_a_wrong_recipe_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**wrong)
