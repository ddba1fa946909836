"""The forms behind the digits: found from the labels alone, confirmed by the images alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from largemodels.data import align, digit_forms, digit_split, digits, forms

FORM = load_digits().target[:130]


@pytest.fixture(scope="module")
def far():
    """Return the squared distance of each two digits of the same class, NaN for others and for a digit and itself."""
    x, y = load_digits(return_X_y=True)
    x = torch.from_numpy(x / 16)
    away = torch.cdist(x, x).square().fill_diagonal_(torch.nan).numpy()
    return np.where(y[:, None] == y, away, np.nan)


def test_fourteen_forms_explain_the_order_of_all_labels_but_one():
    labels, places = load_digits().target, align(load_digits().target, FORM)
    assert (np.diff(places) > 0).all()
    assert places[-1] == 14 * 130 - 1
    assert 14 * 130 - len(labels) == 23, "places skipped"
    assert np.flatnonzero(FORM[places % 130] != labels).tolist() == [385]
    assert np.bincount(digit_forms()).tolist() == [130, 126, 130, 130, 130, 130, 130, 123, 128, 130, 128, 130, 122, 130]


def test_any_complete_form_finds_the_same_forms():
    labels = load_digits().target
    for first in (0, 386, 516, 646, 776, 1157, 1415, 1667):
        assert np.array_equal(align(labels, labels[first : first + 130]) // 130, digit_forms())


@pytest.mark.parametrize("skip", [1, 2, 3, 5])
@pytest.mark.parametrize("misfit", [3, 5, 8])
def test_the_forms_do_not_hang_on_the_costs(skip, misfit, monkeypatch):
    monkeypatch.setattr(forms, "SKIP", skip)
    monkeypatch.setattr(forms, "MISFIT", misfit)
    assert np.array_equal(align(load_digits().target, FORM) // 130, digit_forms())


def test_a_row_put_on_another_form_would_cost_more():
    """Cut two forms apart up to three rows from their boundary: the two parts together cost more than cut there."""
    labels, starts = load_digits().target, [*np.unique(digit_forms(), return_index=True)[1], 1797]

    def cost(part):
        places = align(part, FORM)
        skipped = 130 * (places[-1] // 130 + 1) - len(part)
        return 2 * skipped + 3 * (FORM[places % 130] != part).sum()

    for before, boundary, after in zip(starts, starts[1:], starts[2:], strict=False):
        moved = range(boundary - 3, boundary + 4)
        costs = [cost(labels[before:row]) + cost(labels[row:after]) for row in moved]
        assert min(costs[:3] + costs[4:]) > costs[3]


@given(st.sets(st.integers(1, 5 * 7 - 2), max_size=6))
def test_what_was_skipped_is_found(skipped):
    """Seven different labels, fewer than seven of them skipped: only one way to lay them out costs no misfit."""
    places = np.array([place for place in range(5 * 7) if place not in skipped])
    form = np.array([3, 1, 4, 5, 9, 2, 6])
    assert np.array_equal(align(form[places % 7], form), places)


def test_a_misfit_is_cheaper_than_two_forms_nearly_all_skipped():
    form = np.arange(10)
    labels = np.tile(form, 3)
    labels[14] = 9
    assert np.array_equal(align(labels, form), np.arange(30))


@pytest.mark.parametrize(("labels", "form"), [([], [1, 2]), ([1, 2], [])])
def test_nothing_cannot_be_aligned(labels, form):
    with pytest.raises(ValueError, match=f"got {len(labels)} labels and a form of {len(form)} places"):
        align(np.array(labels, int), np.array(form, int))


def test_digits_of_one_form_are_alike_beyond_chance(far):
    """Among digits of the same class those of one form are nearer: nearer than in any of 99 random groupings."""
    labels, chance = load_digits().target, np.random.default_rng(0)

    def ratio(group):
        same = group[:, None] == group
        return np.nanmean(far[same]) / np.nanmean(far[~same])

    def shuffled():
        group = digit_forms().copy()
        for digit in range(10):
            rows = np.flatnonzero(labels == digit)
            group[rows] = chance.permutation(group[rows])
        return group

    assert ratio(digit_forms()) < 0.62
    assert min(ratio(shuffled()) for _ in range(99)) > 0.98


def test_a_form_is_one_hand_from_beginning_to_end(far):
    """The upper half of each form is nearest to its own lower half, among the lower halves of all 14."""
    labels, place = load_digits().target, align(load_digits().target, FORM)
    upper, lower = place % 130 < 65, place % 130 >= 65
    group = digit_forms()
    apart = np.zeros((14, 14))
    for a, b in np.ndindex(apart.shape):
        pairs = far[np.ix_(upper & (group == a), lower & (group == b))]
        digit = labels[upper & (group == a)]
        apart[a, b] = np.mean([np.nanmean(pairs[digit == d]) for d in range(10)])
    assert apart.argmin(1).tolist() == list(range(14))
    assert apart.argmin(0).tolist() == list(range(14))


@pytest.mark.parametrize("held_out", ["random", "forms"])
def test_each_digit_is_held_out_in_one_fold(held_out):
    tested = []
    for fold in range(5):
        train, test = digit_split(held_out, fold)
        assert sorted([*train, *test]) == list(range(1797))
        assert set(load_digits().target[test]) == set(range(10))
        tested += [*test]
    assert sorted(tested) == list(range(1797))


def test_no_form_stands_on_both_sides_of_a_split_by_forms():
    for fold, size in enumerate((371, 390, 390, 386, 260)):
        train, test = digit_split("forms", fold)
        assert len(test) == size
        assert not set(digit_forms()[train]) & set(digit_forms()[test])
    for fold in range(5):
        train, test = digit_split("random", fold)
        assert set(digit_forms()[train]) == set(digit_forms()[test]) == set(range(14))


def test_the_test_set_by_forms_is_as_near_to_360_as_whole_forms_allow():
    sizes = np.bincount(digit_forms())
    sums = {0}
    for size in sizes:
        sums |= {total + int(size) for total in sums}
    nearest = min(sums, key=lambda total: abs(total - 360))
    assert nearest == len(digit_split("forms")[1]) == 371


def test_digits_are_split_as_asked():
    x, y = load_digits(return_X_y=True)
    for held_out in ("random", "forms"):
        for fold in (0, 3):
            data = digits(8, held_out=held_out, fold=fold)
            for part, rows in zip((data.train, data.test), digit_split(held_out, fold), strict=True):
                assert torch.equal(part.labels, torch.from_numpy(y[rows]))
                assert torch.equal(part.images.flatten(1) * 16, torch.from_numpy(x[rows]).float())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"held_out": "hands"}, r'"random" \(known hands\) or "forms" \(new hands\); got \'hands\''),
        ({"held_out": "forms", "fold": 5}, "folds 0 to 4; got 5"),
        ({"fold": -1}, "folds 0 to 4; got -1"),
        ({"fold": True}, "folds 0 to 4; got True"),
        ({"held_out": "forms", "test": 100}, r'test=100 goes with held_out="random" and fold=0 alone; got .*"forms"'),
        ({"fold": 1, "test": 100}, "and fold=1"),
    ],
)
def test_a_split_that_there_is_not_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        digits(**options)


def test_no_two_forms_are_nearly_as_alike_as_the_halves_of_one(far):
    """The energy distance of two groups is 0 if they are of one kind: so no two forms look like one writer's."""
    labels, place = load_digits().target, align(load_digits().target, FORM)
    half = 2 * (place // 130) + (place % 130 >= 65)  # 28 halves

    def mean(a, b):
        parts = [far[np.ix_((half == a) & (labels == d), (half == b) & (labels == d))] for d in range(10)]
        return np.nanmean([np.nanmean(part) for part in parts if np.isfinite(part).any()])

    apart = np.array([[mean(a, b) for b in range(28)] for a in range(28)])
    energy = apart - (apart.diagonal()[:, None] + apart.diagonal()) / 2
    within = [energy[2 * form, 2 * form + 1] for form in range(14)]
    between = energy.reshape(14, 2, 14, 2).mean((1, 3))[~np.eye(14, dtype=bool)]
    assert between.min() > 3 * max(within) > 0
