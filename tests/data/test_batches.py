"""A training run is a list of batches, each found by its number."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from largemodels.data import Batches, Repeats, TextBatches, random_shift


def numbered(n):
    return torch.arange(n).float().view(n, 1, 1, 1).expand(n, 1, 3, 5), torch.arange(n)


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 23), size=st.integers(1, 29), epochs=st.integers(1, 3), seed=st.integers(0, 2**31))
def test_every_epoch_visits_every_example_once(n, size, epochs, seed):
    images, labels = numbered(n)
    batches = Batches(images, labels, size, epochs, seed)
    assert len(batches) == epochs * -(-n // size)
    seen = [batches[i][1] for i in range(len(batches))]
    for epoch in range(epochs):
        part = torch.cat(seen[epoch * batches.per_epoch : (epoch + 1) * batches.per_epoch])
        assert torch.equal(part.sort().values, labels)


def test_a_batch_is_the_same_whenever_it_is_asked_for():
    images, labels = numbered(23)
    one, other = (Batches(images, labels, 5, 3, seed=7, augment=random_shift(1)) for _ in range(2))
    forwards = [one[i] for i in range(len(one))]
    backwards = [other[i] for i in reversed(range(len(other)))][::-1]
    for (x, y), (u, v) in zip(forwards, backwards, strict=True):
        assert torch.equal(x, u)
        assert torch.equal(y, v)


def test_epochs_and_seeds_differ_in_their_order():
    images, labels = numbered(23)
    batches = Batches(images, labels, 23, 2, seed=0)
    assert not torch.equal(batches[0][1], batches[1][1])
    assert not torch.equal(batches[0][1], Batches(images, labels, 23, 2, seed=1)[0][1])


@pytest.mark.parametrize("seed", [20260102030405, 2**64 - 1, -(2**63), -1])
def test_any_seed_that_torch_takes_is_taken(seed):
    images, labels = numbered(23)
    tokens = torch.arange(97)
    for make in (
        lambda seed: Batches(images, labels, 23, 3, seed, random_shift(1)),
        lambda seed: TextBatches(tokens, 7, 5, 3, seed),
        lambda seed: Repeats(11, 7, 5, 3, seed=seed),
    ):
        assert all(torch.equal(x, y) for x, y in zip(make(seed)[2], make(seed)[2], strict=True))
        # torch's generator on a CPU takes the lower 32 bits of a seed
        assert torch.equal(make(seed)[2][1], make(0)[2][1]) == (seed % 2**32 == 0)
        for wrong in (2**64, -(2**63) - 1):
            with pytest.raises(ValueError, match=rf"seed must be from -2\*\*63 to 2\*\*64 - 1, .*; got {wrong}"):
                make(wrong)


@pytest.mark.parametrize("seed", [0, 7, -3])
def test_the_order_that_a_small_seed_gives_stays_as_it_was(seed):
    images, labels = numbered(23)
    orders = [
        torch.randperm(23, generator=torch.Generator().manual_seed(seed * 1_000_003 + 2 * epoch)) for epoch in range(3)
    ]
    batches = Batches(images, labels, 23, 3, seed)
    assert [batches[i][1].tolist() for i in range(3)] == [order.tolist() for order in orders]


def test_a_batch_does_not_touch_the_global_generator():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    images, labels = numbered(7)
    Batches(images, labels, 3, 2, augment=random_shift(1))[1]
    assert torch.equal(before, torch.random.get_rng_state())


def test_images_stay_with_their_labels():
    images, labels = numbered(23)
    for x, y in Batches(images, labels, 5, 2):
        assert torch.equal(x[:, 0, 0, 0].long(), y)


def test_a_run_ends():
    images, labels = numbered(7)
    batches = Batches(images, labels, 3, 2)
    assert len(list(batches)) == 6
    for i in (6, -1):
        with pytest.raises(IndexError, match="of a run of 6"):
            batches[i]


def test_shift_moves_an_image_and_fills_with_zero():
    torch.manual_seed(0)
    images = torch.rand(101, 1, 5, 7) + 1
    moved = random_shift(2)(images, torch.Generator().manual_seed(0))
    offsets = set()
    for before, after in zip(images[:, 0], moved[:, 0], strict=True):
        found = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if torch.equal(after, shifted(before, down, right))
        ]
        assert len(found) == 1
        offsets.add(found[0])
    assert len(offsets) == 25


def shifted(image, down, right):
    h, w = image.shape
    padded = torch.nn.functional.pad(image, (2, 2, 2, 2))
    return padded[2 - down : 2 - down + h, 2 - right : 2 - right + w]


def test_an_image_with_nan_is_named():
    images = torch.rand(7, 1, 3, 5)
    images[3, 0, 1, 2] = torch.nan
    images[5, 0, 0, 0] = torch.inf
    with pytest.raises(ValueError, match="2 images hold NaN or infinity, the first is image 3"):
        Batches(images, torch.zeros(7).long())


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (7, 5, {}, "as many labels as images, and at least one; got 7 and 5"),
        (0, 0, {}, "at least one; got 0 and 0"),
        (7, 7, {"size": 0}, "size and epochs must be at least 1"),
        (7, 7, {"epochs": 0}, "size and epochs must be at least 1"),
    ],
)
def test_wrong_input_is_named(images, labels, options, message):
    with pytest.raises(ValueError, match=message):
        Batches(torch.zeros(images, 1, 3, 5), torch.zeros(labels).long(), **options)


def test_windows_of_tokens_are_batched_as_images_are():
    tokens = torch.arange(7 * 5).view(7, 5)
    for x, y in Batches(tokens, torch.arange(7), 3, 2):
        assert x.dtype == torch.int64
        assert torch.equal(x, tokens[y])
    with pytest.raises(ValueError, match="as many labels as examples, and at least one; got 7 and 5"):
        Batches(tokens, torch.arange(5))


def test_a_shift_by_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1 pixel"):
        random_shift(0)
