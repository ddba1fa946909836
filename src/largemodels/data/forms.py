"""Whose hand wrote a digit: the forms behind scikit-learn's digits, and splits that keep hands apart."""

import math
from functools import cache

import numpy as np

FOLDS = 5
FORM_LENGTH = 130
# Whole forms to test on. The first three are the ones with the fewest digits: 371, as near to 360 as forms allow.
FORM_FOLDS = ((1, 7, 12), (0, 2, 3), (4, 5, 6), (8, 9, 10), (11, 13))
IMPOSSIBLE = 2**29
SKIP, MISFIT = 2, 3  # costs in an alignment; to skip a place is cheaper than to take a label for another


def align(labels: np.ndarray, form: np.ndarray) -> np.ndarray:
    """Say where on a form, filled in again and again, each of a sequence of labels was written.

    Of all ways to lay the labels, in order, onto as many copies of the form as it takes, this is the cheapest: a place
    that is skipped costs ``SKIP``, a label that is not what the form asks for ``MISFIT``. Found by dynamic programming.

    Args:
        labels: ``(n,)``, in the order in which they were written.
        form: ``(p,)``, the labels of one complete form.

    Returns:
        ``(n,)`` places, rising: ``place // p`` is the number of the form and ``place % p`` the place on it.

    Raises:
        ValueError: no labels, or an empty form.
    """
    if len(labels) == 0 or len(form) == 0:
        raise ValueError(f"labels and a form are needed; got {len(labels)} labels and a form of {len(form)} places")
    printed = np.tile(form, 2 * math.ceil(len(labels) / len(form)))  # room for forms half of which are skipped
    skips = SKIP * np.arange(len(printed) + 1, dtype=np.int32)
    cost = [skips]  # cost[i][j]: the first i labels lie on the first j places
    for label in labels:
        taken = np.full_like(skips, IMPOSSIBLE)
        taken[1:] = cost[-1][:-1] + MISFIT * (printed != label)
        cost.append(np.minimum.accumulate(taken - skips) + skips)
    j = len(form) * int(cost[-1][:: len(form)].argmin())  # the last form is whole as well
    places = np.empty(len(labels), np.int64)
    for i in range(len(labels), 0, -1):
        while cost[i][j] == cost[i][j - 1] + SKIP:
            j -= 1
        j -= 1
        places[i - 1] = j
    return places


@cache
def _digit_places() -> np.ndarray:
    from sklearn.datasets import load_digits

    labels = load_digits().target
    places = align(labels, labels[:FORM_LENGTH])  # the first form is complete
    places.flags.writeable = False
    return places


def digit_forms() -> np.ndarray:
    """Return the number of the form, 0 to 13, that each of scikit-learn's 1,797 digits was written on, ``(1797,)``.

    The data do not name the forms. But the labels come in the order of a printed form of 130 digits, filled in 14
    times, and :func:`align` finds where each copy begins, from the labels alone.
    """
    return _digit_places() // FORM_LENGTH


def digit_split(held_out: str = "random", fold: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return which of scikit-learn's 1,797 digits to learn from and which to test on, as rows in its order.

    Both kinds of split have five folds, and each digit is tested on in exactly one of them.

    Args:
        held_out: "random" tests **known hands**: the classes are in proportion, and all 14 hands stand on both sides.
            "forms" tests **new hands**: whole forms are held out, three in folds 0 to 3 and two in fold 4.
        fold: 0 to 4.

    Raises:
        ValueError: another kind of split or another fold.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold, train_test_split

    if held_out not in ("random", "forms"):
        raise ValueError(f'held_out is "random" (known hands) or "forms" (new hands); got {held_out!r}')
    if isinstance(fold, bool) or fold not in range(FOLDS):
        raise ValueError(f"the digits have the folds 0 to {FOLDS - 1}; got {fold!r}")
    labels = load_digits().target
    rows = np.arange(len(labels))
    if held_out == "forms":
        tested = np.isin(digit_forms(), FORM_FOLDS[fold])
        return rows[~tested], rows[tested]
    train, test = train_test_split(rows, test_size=360, random_state=0, stratify=labels)
    if fold == 0:
        return train, test
    folds = StratifiedKFold(FOLDS - 1, shuffle=True, random_state=0).split(train, labels[train])
    test = np.sort(train[list(folds)[fold - 1][1]])
    return np.setdiff1d(rows, test), test
