"""Learning to see: what lies beside the page is what the notebook binds, and its network learns as the book says."""

import numpy as np
import onnxruntime
import pytest
import torch
from tests.live.test_binding import unpack
from tools.page_training import MODELS, NAME
from torch import nn
from torch.testing import assert_close

from largemodels.data import digits
from largemodels.live import LearningToSee, SmallNetwork, live
from largemodels.live.binding import pack
from largemodels.live.learning_to_see import Sight, bounds, centred, seen
from largemodels.live.seeded import EndlessOrder, Seeded, first_weights
from largemodels.train import TrainingStep


@pytest.fixture(scope="module")
def step():
    return TrainingStep(SmallNetwork(), ("momentum", "adam"))


@pytest.fixture(scope="module")
def view(step):
    data = digits(20)
    view = LearningToSee(data.train, data.test, beside=NAME)
    return live(view, step, view.batch(), view.DYNAMIC)


def asked(view, step, count, size, number=1, **dials):
    """Return a wish for steps on the first digits, from the weights that the page shows."""
    images, labels = view._train_digits
    given = step.start(view.batch(size), **dials)
    wires = {name: pack(name, value) for name, value in given.items() if name not in ("x", "activation", "targets")}
    pixels = seen(images[: count * size]).view(count, size, 1, 14, 14)
    wires |= {"x": pack("x", pixels), "activation": pack("activation", torch.zeros(count, 1))}
    return {**wires, "targets": pack("targets", labels[: count * size].view(count, size).float()), "number": number}


@pytest.mark.usefixtures("kernel")
def test_steps_that_are_asked_for_are_taken_one_after_the_other(view, step):
    view.asked = asked(view, step, 3, 5, rate=0.1, momentum=0.5)
    taken = view.taken
    assert (taken["number"], taken["finite"]) == (1, True)
    images, labels = view._train_digits
    given = {**step.start(view.batch(5), rate=0.1, momentum=0.5)}
    for i in range(3):
        some = slice(5 * i, 5 * i + 5)
        answer = step(*{**given, "x": seen(images[some]), "targets": labels[some]}.values())
        assert_close(unpack(taken["loss"])[i], answer["loss"][0].detach())
        given |= {"weights": answer["next_weights"], "memory": answer["next_memory"]}
    assert_close(unpack(taken["weights"]), given["weights"].detach())


@pytest.mark.usefixtures("kernel")
def test_a_step_that_is_not_finite_is_the_last_and_changes_nothing(view, step):
    view.asked = asked(view, step, 4, 7, number=2, rate=1e38)
    taken = view.taken
    assert not taken["finite"]
    assert len(unpack(taken["loss"])) < 4
    assert unpack(taken["weights"]).isfinite().all()


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("name", ["weights", "x", "rate"])
def test_a_wish_that_does_not_fit_is_answered_in_words(view, step, name):
    wish = asked(view, step, 2, 3, number=3)
    view.asked = {**wish, name: {"shape": [5], "data": b"\0" * 20}}
    assert name in view.taken["failed"] or "batch" in view.taken["failed"] or "needed" in view.taken["failed"]
    del wish[name]
    view.asked = wish | {"number": 4}
    assert "the step takes" in view.taken["failed"]


def test_what_lies_beside_the_page_takes_the_same_steps(view, step):
    session = onnxruntime.InferenceSession(MODELS / f"{NAME}-step.onnx")
    names = [output.name for output in session.get_outputs()]
    for size in (3, 32):
        given = step.start(view.batch(size), rate=0.1, momentum=0.9)
        values = session.run(None, {name: value.float().numpy() for name, value in given.items()})
        for name, value in step(*given.values()).items():
            got = torch.from_numpy(values[names.index(name)])
            assert_close(got, value.detach(), atol=1e-5, rtol=1e-4)


def test_what_lies_beside_the_page_looks_as_torch_does(view, step):
    session = onnxruntime.InferenceSession(MODELS / f"{NAME}.onnx")
    names = [output.name for output in session.get_outputs()]
    given = {name: unpack(wire).numpy() for name, wire in view.inputs.items()}
    for name, value in zip(names, session.run(None, given), strict=True):
        assert_close(torch.from_numpy(value), unpack(view.outputs[name]), atol=1e-5, rtol=1e-4)
    images, labels = view._test_digits
    with torch.no_grad():
        logits = step.model(seen(images), torch.zeros(1))
    assert unpack(view.outputs["test_accuracy"]).item() == pytest.approx(
        (logits.argmax(1) == labels).float().mean().item()
    )
    loss = nn.functional.cross_entropy(logits, labels)
    assert_close(unpack(view.outputs["test_loss"])[0], loss, atol=1e-5, rtol=1e-5)


def test_what_lies_beside_the_page_are_the_digits(view):
    content = (MODELS / f"{NAME}-data.bytes").read_bytes()
    assert content == view.data()
    images, labels = view._train_digits
    n = len(labels)
    assert np.array_equal(np.frombuffer(content, np.uint8, n), labels.numpy())
    assert_close(
        torch.from_numpy(np.frombuffer(content, np.uint8, offset=n).copy()).view(n, 1, 14, 14) / 256, seen(images)
    )


def test_the_generator_is_the_published_one():
    random = Seeded(1)
    assert [random.whole() for _ in range(3)] == [2693262067, 11749833, 2265367787]
    assert sorted(Seeded(5).shuffled(13)) == list(range(13))
    order = EndlessOrder(Seeded(5), 7)
    assert sorted(order.next(3) + order.next(4)) == list(range(7))


def test_first_weights_are_uniform_within_their_bounds(step):
    shapes = [shape for _, shape in step.layout]
    weights = first_weights(Seeded(3), shapes, bounds(shapes))
    first, bias = weights[:200], weights[200:208]
    assert 0.9 * (6 / 25) ** 0.5 < first.abs().max() <= (6 / 25) ** 0.5
    assert (bias == 0).all()
    assert len(weights) == step.size == 2826


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda view: live(view, TrainingStep(nn.Linear(2, 3)), {"x": torch.ones(1, 2), "y": torch.tensor([1])}),
            "filters",
        ),
        (lambda view: live(view, SmallNetwork(), view.batch()), "takes the TrainingStep"),
        (lambda view: centred(torch.zeros(2, 1, 30, 30)), "up to 28"),
        (lambda view: centred(torch.full((2, 1, 20, 20), 2.0)), r"in \[0, 1\]"),
        (lambda view: LearningToSee(digits(20).train, digits(20).test, beside="../up"), "letters"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(view, make, words):
    with pytest.raises(ValueError, match=words):
        make(view)


def test_sight_tells_which_filters_are_awake(view):
    images, labels = view._test_digits
    model = SmallNetwork()
    with torch.no_grad():
        model.second.bias.fill_(-100.0)
    sight = Sight(model, seen(images[:20]), labels[:20])
    weights = torch.cat([p.detach().flatten() for p in model.parameters()])
    awake = sight(weights, images[:1], torch.zeros(1))["awake"]
    assert awake[0] > 0
    assert awake[1] == 0
