"""A training step is a function: taken again and again it is ``fit``, in torch and in another engine."""

import numpy as np
import onnxruntime
import pytest
import torch
from small_networks import NETWORKS, batches_for
from torch import nn
from torch.testing import assert_close

from largemodels.export import to_onnx
from largemodels.train import AtWeights, Recipe, TrainingStep, fit, trace
from largemodels.train.loss import cross_entropy
from largemodels.train.training_step import flat, unflatten

STEPS = 50
RECIPES = {
    "sgd": (Recipe(learning_rate=0.05, optimizer="sgd"), 1e-4),
    "momentum": (Recipe(learning_rate=0.02, optimizer="sgd", momentum=0.9), 1e-4),
    "adam": (Recipe(learning_rate=0.003), 1e-3),
}


@pytest.fixture(scope="module", params=NETWORKS, name="case")
def a_network(request):
    """A network, its batches, and for each rule the weights to which ``fit`` brings it."""
    torch.manual_seed(0)
    model = NETWORKS[request.param]()
    batches = batches_for(request.param, STEPS)
    start, reached = flat(model), {}
    for rule, (recipe, _) in RECIPES.items():
        TrainingStep(model).load(start)
        for _ in fit(model, batches, recipe, progress=False):
            pass
        reached[rule] = flat(model)
        assert (reached[rule] - start).abs().max() > 0.01
    TrainingStep(model).load(start)
    return model, batches, reached


def run(step, once, batches, start):
    """Take all steps by ``once``, a function of the tensors that the step takes; return the weights."""
    given, losses = dict(start), []
    for x, y in batches:
        names = list(given)[-2:]
        answer = once({**given, names[0]: x, names[1]: y})
        given |= {name: answer[f"next_{name}"] for name in ("weights", "memory") if f"next_{name}" in answer}
        losses.append(float(answer["loss"]))
    assert losses[-1] < losses[0]
    return given["weights"]


@pytest.mark.parametrize("rule", RECIPES)
def test_the_step_is_that_of_fit(case, rule):
    model, batches, reached = case
    recipe, close = RECIPES[rule]
    step = TrainingStep(model, rule)
    start = step.start({"x": batches[0][0], "targets": batches[0][1]}, rate=recipe.learning_rate)
    weights = run(step, lambda given: step(*given.values()), batches, start)
    assert_close(weights, reached[rule], atol=close, rtol=0)


def test_other_engines_take_the_same_steps(case):
    model, batches, reached = case
    step = TrainingStep(model, tuple(RECIPES))
    start = step.start({"x": batches[0][0], "targets": batches[0][1]})
    example = {name: value.float() for name, value in start.items()}
    kinds = [value.dtype for value in start.values()]

    def typed(*inputs):
        return step(*(x.to(kind) for x, kind in zip(inputs, kinds, strict=True)))

    session = onnxruntime.InferenceSession(to_onnx(trace(typed, example), example))
    names = [output.name for output in session.get_outputs()]

    def once(given):
        values = session.run(None, {name: value.float().numpy() for name, value in given.items()})
        return dict(zip(names, map(torch.from_numpy, values), strict=True))

    for number, (rule, (recipe, close)) in enumerate(RECIPES.items()):
        given = {**start, "rule": torch.tensor([float(number)]), "rate": torch.tensor([recipe.learning_rate])}
        if rule == "momentum":
            given["momentum"] = torch.tensor([recipe.momentum])
        assert_close(run(step, once, batches, given), reached[rule], atol=close, rtol=0)


@pytest.mark.parametrize("name", ["convolution", "recurrence"])
def test_a_graph_takes_batches_of_any_length(name):
    model, batches = NETWORKS[name](), batches_for(name, 1)
    step = TrainingStep(model)
    example = step.start({"x": batches[0][0], "targets": batches[0][1]}, rate=0.1)
    axes = {"x": {0: "b"}, "targets": {0: "b"}}
    session = onnxruntime.InferenceSession(to_onnx(trace(step, example, axes), example, axes))
    short = {**example, "x": example["x"][:5], "targets": example["targets"][:5]}
    weights = session.run(["next_weights"], {name: value.numpy() for name, value in short.items()})[0]
    assert_close(torch.from_numpy(weights), step(*short.values())["next_weights"], atol=1e-5, rtol=0)


def test_loss_and_gradient_are_those_of_autograd(case):
    model, batches, _ = case
    (x, y), step = batches[0], TrainingStep(model)
    answer = step(*step.start({"x": x, "targets": y}).values())
    loss = cross_entropy(model(x), y)
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    assert_close(answer["loss"][0], loss.detach())
    assert_close(answer["gradient"][0], torch.cat([g.flatten() for g in gradients]).norm(), atol=1e-5, rtol=1e-4)


def test_a_model_is_looked_at_with_any_weights(case):
    model, batches, reached = case
    x = batches[0][0]
    looked = AtWeights(model)(reached["sgd"], x)
    assert_close(looked, TrainingStep(model).load(reached["sgd"])(x), atol=1e-5, rtol=1e-5)
    shapes = TrainingStep(model).layout
    assert [name for name, _ in shapes] == list(unflatten(reached["sgd"], shapes))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TrainingStep(nn.Linear(2, 3), "sdg"), "choose one of sgd, momentum, adam, adamw"),
        (lambda: TrainingStep(nn.Linear(2, 3), ()), "choose one of"),
        (lambda: TrainingStep(nn.Linear(2, 3), ("sgd", "sgd")), "twice"),
        (lambda: TrainingStep(nn.ReLU()), "no parameters"),
        (lambda: TrainingStep(nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))), "1 is dropout"),
        (lambda: TrainingStep(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))), "1 is batch normalisation"),
        (lambda: TrainingStep(nn.Linear(2, 3)).start({"x": torch.ones(1, 2)}), "then the targets"),
        (
            lambda: TrainingStep(nn.Linear(2, 3)).start({"weights": torch.ones(2), "y": torch.ones(2)}),
            "under names other than",
        ),
        (lambda: TrainingStep(nn.Linear(2, 3)).start({"x": torch.ones(1, 2), "y": torch.ones(1)}, speed=1), "no dial"),
        (lambda: TrainingStep(nn.Linear(2, 3)).load(torch.ones(8)), "9 weights"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(make, words):
    with pytest.raises(ValueError, match=words):
        make()


class Noise(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(1, 3, 3, stride=2), "stride"),
        (nn.Conv2d(1, 3, 3, dilation=2), "dilation"),
        (nn.MaxPool2d(3, stride=1), "side by side"),
        (Noise(), "chance"),
    ],
)
def test_a_layer_whose_step_cannot_leave_torch_is_refused_in_words(layer, words):
    model = nn.Sequential(nn.Conv2d(1, 1, 3), layer, nn.Flatten(), nn.LazyLinear(3)).train()
    x, y = torch.rand(2, 1, 11, 11), torch.tensor([0, 2])
    model(x)
    step = TrainingStep(model)
    with pytest.raises(ValueError, match=words):
        trace(step, step.start({"x": x, "targets": y}))


def test_memory_is_kept_in_numbers_alone():
    step = TrainingStep(nn.Linear(2, 3), ("momentum", "adam"))
    assert (step.size, step.memory_size) == (9, 9 + 9 + 9 + 1)
    assert step.names == ("weights", "memory", "rule", "rate", "momentum", "beta1", "beta2", "eps", "weight_decay")
    assert TrainingStep(nn.Linear(2, 3)).names == ("weights", "rate")
    start = step.start({"x": torch.ones(1, 2), "targets": torch.tensor([1])}, rule=1, rate=0.5)
    assert np.count_nonzero(start["memory"]) == 0
    assert (start["rule"].item(), start["rate"].item(), start["momentum"].item()) == (1, 0.5, pytest.approx(0.9))


def test_one_tensor_may_stand_for_two_inputs_of_what_is_traced():
    x, axes = torch.ones(3), {"a": {0: "n"}, "b": {0: "n"}}
    for dynamic in (None, axes):
        graph = trace(lambda a, b: 2 * a - b, {"a": x, "b": x}, dynamic)
        assert_close(graph(x, 5 * x), -3 * x)
