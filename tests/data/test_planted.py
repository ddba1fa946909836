"""The planted mark: it alone tells its class, and nothing about it depends on the digit."""

import pytest
import torch

from largemodels.data import MARKS, Labelled, digits, mark_shapes, planted_marks


@pytest.fixture(scope="module")
def source():
    return digits().train


def drawn(source, seed=0, count=300, **parts):
    return planted_marks(source, count, torch.Generator().manual_seed(seed), **parts)


def test_four_different_marks_have_as_many_inked_pixels_each():
    shapes = mark_shapes()
    assert shapes.shape == (len(MARKS), 5, 5)
    assert shapes.sum((1, 2)).tolist() == [9] * 4
    assert len({tuple(shape.flatten().tolist()) for shape in shapes}) == 4


def test_the_square_shows_the_mark_and_the_paper_around_it_is_blank(source):
    found = drawn(source)
    shapes = mark_shapes()
    for image, mark, where in zip(found.images, found.marks, found.where, strict=True):
        square = image[where].view(5, 5)
        assert torch.equal(square > 0, shapes[mark] > 0)
        assert 0.6 <= square.max() <= 1
        around = torch.nn.functional.max_pool2d(where[None].float(), 3, 1, 1)[0].bool()
        assert around.sum() == 49  # never cut off by the edge
        assert (image[around & ~where] == 0).all()


def test_without_a_part_all_else_is_the_same(source):
    whole, no_digit, no_mark = drawn(source), drawn(source, digit=False), drawn(source, mark=False)
    for other in (no_digit, no_mark):
        assert torch.equal(other.marks, whole.marks)
        assert torch.equal(other.where, whole.where)
    assert (no_digit.images[~whole.where] == 0).all()
    assert torch.equal(no_digit.images[whole.where], whole.images[whole.where])
    assert (no_mark.images[whole.where] == 0).all()
    assert torch.equal(no_mark.images[~whole.where], whole.images[~whole.where])


def test_digit_and_place_say_nothing_about_the_mark(source):
    found = drawn(source, count=4000)
    share = torch.nn.functional.one_hot(found.marks).double().mean(0)
    assert (share - 0.25).abs().max() < 0.03
    for digit in range(10):
        of_digit = torch.nn.functional.one_hot(found.marks[found.digits == digit], 4).double().mean(0)
        assert (of_digit - 0.25).abs().max() < 0.1
    top = found.where.flatten(1).double().argmax(1) // 28
    means = torch.stack([top[found.marks == mark].double().mean() for mark in range(4)])
    assert means.max() - means.min() < 1.5


def test_a_seed_gives_the_same_images_and_impossible_counts_are_refused(source):
    assert torch.equal(drawn(source).images, drawn(source).images)
    assert not torch.equal(drawn(source).images, drawn(source, seed=1).images)
    with pytest.raises(ValueError, match="one image or more"):
        drawn(source, count=0)
    with pytest.raises(ValueError, match="7 × 7 pixels or more; got 3, of 6 × 6"):
        planted_marks(Labelled(torch.zeros(2, 1, 6, 6), torch.tensor([0, 1])), 3, torch.Generator())
