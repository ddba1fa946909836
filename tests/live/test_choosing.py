"""Choosing a model: what fits, what is best, what is beaten; and clear complaints."""

import pytest
import torch

from largemodels.live import Candidate, Choose, ModelChooser, Task, live

MEASURES = (("errors", "%"), ("time", "ms"), ("memory", "MB"))
FIGURES = torch.tensor([[2.0, 50.0, 1.3], [5.0, 1.0, 0.1], [5.0, 2.0, 0.1], [11.0, 0.5, 7.0]])


def test_the_best_is_the_one_with_fewest_errors_among_those_that_fit():
    found = Choose()(FIGURES, torch.tensor([12.0, 10.0, 1.0]))
    assert found["fits"].tolist() == [0, 1, 1, 0]
    assert found["best"].tolist() == [0, 1, 1, 0]  # as good in the first measure
    torch.testing.assert_close(found["over"][0], torch.tensor([2 / 12, 5.0, 1.3]))


def test_a_model_is_beaten_by_one_as_good_in_everything_and_better_in_something():
    assert Choose()(FIGURES, torch.ones(3))["beaten"].tolist() == [0, 0, 2, 0]


def test_two_equal_models_do_not_beat_each_other():
    assert Choose()(FIGURES[[0, 0]], torch.ones(3))["beaten"].tolist() == [0, 0]


def test_where_nothing_fits_nothing_is_best():
    assert not Choose()(FIGURES, torch.tensor([1.0, 100.0, 100.0]))["best"].any()


def test_a_limit_is_kept_by_what_equals_it():
    assert Choose()(FIGURES, FIGURES.amax(0))["fits"].all()


@pytest.mark.parametrize("limits", [torch.ones(2), torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, float("nan"), 1])])
def test_limits_that_make_no_sense_are_refused(limits):
    with pytest.raises(ValueError, match="limits"):
        Choose()(FIGURES, limits)


def tasks():
    models = tuple(Candidate(f"m{i}", tuple(row)) for i, row in enumerate(FIGURES.tolist()))
    return Task("digits", MEASURES, models), Task("text", MEASURES, models[:2])


def test_it_starts_with_limits_that_all_models_keep():
    view = ModelChooser(tasks())
    live(view, Choose(), view.start(), dynamic={"figures": {0: "n"}})
    assert view.outputs["fits"]["shape"] == [4]
    assert repr(view) == "ModelChooser(figures, limits)"


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([Candidate("a", (1, 1, 1))], "at least two models"),
        ([Candidate("a", (1, 1, 1)), Candidate("a", (1, 1, 2))], "a name of its own"),
        ([Candidate("a", (1, 1, 1)), Candidate("b", (1, 1))], "b needs 3 figures above 0"),
        ([Candidate("a", (1, 1, 1)), Candidate("b", (1, 0, 1))], "b needs 3 figures above 0"),
        ([Candidate("a", (1, 1, 1)), Candidate("b", (1, float("inf"), 1))], "b needs 3 figures above 0"),
    ],
)
def test_tasks_that_make_no_sense_are_refused(models, said):
    with pytest.raises(ValueError, match=said):
        Task("t", MEASURES, tuple(models))


def test_all_tasks_are_measured_in_as_many_ways():
    one, _ = tasks()
    other = Task("o", MEASURES[:2], (Candidate("a", (1, 1)), Candidate("b", (2, 1))))
    for some in ([], [one, other]):
        with pytest.raises(ValueError, match="equally many measures"):
            ModelChooser(some)


def test_tasks_that_a_page_could_not_draw_or_tell_apart_are_refused():
    one = (Candidate("a", (1.0,)), Candidate("b", (2.0,)))
    with pytest.raises(ValueError, match="at least two measures"):
        Task("t", (("errors", "%"),), one)
    measures = (("errors", "%"), ("time", "s"))
    for error in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"a has an error of .*; it must be 0 or more"):
            Task("t", measures, (Candidate("a", (1.0, 2.0), error), Candidate("b", (2.0, 1.0))))
    same = [Task(name, measures, (Candidate("a", (1.0, 2.0)), Candidate("b", (2.0, 1.0)))) for name in "tu"]
    with pytest.raises(ValueError, match="two tasks have the same figures"):
        ModelChooser(same)
