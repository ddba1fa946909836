"""Properties of Python text are what a reader of it would say, and units are ranked by how they follow them."""

import pytest
import torch

from largemodels.interpret import tracking
from largemodels.text import excerpts, properties


def marks(text, name):
    """The characters after which a property is not 0."""
    return "".join(c if value else "." for c, value in zip(text, properties(text)[name], strict=True))


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("a = 'b' + c", "....'b....."),
        ('f("x", "")', '.."x..."..'),
        (r"'a\'b' c", r"'a\'b..."),
        ("'open\nnext", "'open....."),
        ("'on\\\ntwo' x", "'on\\\ntwo..."),
        ('"""a "b"\nc""" d', '"."a "b"\nc""...'),
        ("# it's\nx", "........"),
        ("'#' # b", "'#....."),
    ],
)
def test_strings_open_and_close_as_in_python(text, inside):
    assert marks(text, "inside a string") == inside


def test_brackets_in_strings_and_comments_do_not_count():
    assert marks("f([1], ')') + 2", "inside brackets") == ".([1], ')'....."
    assert marks("') (' + x", "inside brackets") == "." * 9
    assert marks("# (\nx", "inside brackets") == "....."
    assert marks(")x(", "inside brackets") == "..("


def test_a_comment_ends_with_its_line():
    assert marks("a # b\nc", "inside a comment") == "..# b.."


def test_indentation_and_position_count_characters():
    found = properties("if a:\n  b c\n\nd")
    assert found["indentation"].tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 0, 0, 0]
    assert found["position in line"].tolist() == [1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 0, 1]


def test_properties_of_a_prefix_are_a_prefix_of_the_properties():
    text = 'def f(a):\n    """Doc (of [f])."""\n    return {"a": \'#\'}  # "done\n'
    whole = properties(text)
    for end in range(1, len(text)):
        for name, values in properties(text[:end]).items():
            assert torch.equal(values, whole[name][:end]), (name, end)


TEXTS = [f'x = ["{i}", f(\'{i}\')]  # note {i}\nif x:\n    y = "{2 * i}" + ({i})\n' for i in range(5)]


def test_a_unit_that_is_the_property_comes_first():
    torch.manual_seed(0)
    names = list(properties(TEXTS[0]))
    states = []
    for text in TEXTS:
        known = torch.stack(list(properties(text).values()), 1)  # (t, 5)
        states.append(torch.cat([torch.randn(len(text), 6), -3 * known + 7, torch.ones(len(text), 1)], 1))
    ranking = tracking(states, TEXTS)
    assert list(ranking) == names
    for i, following in enumerate(ranking.values()):
        assert following.units[0] == 6 + i
        assert following.chosen[0] == pytest.approx(-1, abs=1e-6)
        assert following.measured[0] == pytest.approx(-1, abs=1e-6)
        assert sorted(following.units.tolist()) == list(range(12))
        assert (following.chosen.abs().diff() <= 1e-6).all()
        assert following.chosen[following.units == 11] == 0  # never moves


def test_correlations_are_pearsons_and_each_half_has_its_own():
    torch.manual_seed(0)
    states = [torch.randn(len(text), 3) for text in TEXTS]
    ranking = tracking(states, TEXTS)["position in line"]
    for texts, correlations in ((slice(0, 3), ranking.chosen), (slice(3, 5), ranking.measured)):
        target = torch.cat([properties(text)["position in line"] for text in TEXTS[texts]])
        moves = torch.cat(states[texts])[:, ranking.units]
        want = torch.corrcoef(torch.cat([target[:, None], moves], 1).T)[0, 1:]
        torch.testing.assert_close(correlations, want, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("states", "texts", "words"),
    [
        ([], [], "two texts or more"),
        ([torch.zeros(3, 2)], ["abc"], "two texts or more"),
        ([torch.zeros(3, 2), torch.zeros(4, 2)], ["abc", "abc"], r"got shapes \[\(3, 2\), \(4, 2\)\]"),
        ([torch.zeros(3, 2), torch.zeros(3, 5)], ["abc", "abc"], "got shapes"),
        ([torch.full((3, 2), torch.nan), torch.zeros(3, 2)], ["abc", "abc"], "NaN"),
        ([torch.zeros(3, 2), torch.zeros(3, 2)], ["abc", "abc"], "'inside a string' never changes"),
    ],
)
def test_what_cannot_be_ranked_is_an_error(states, texts, words):
    with pytest.raises(ValueError, match=words):
        tracking(states, texts)


def test_excerpts_begin_where_nothing_is_open():
    text = "".join(f'def f{i}(a,\nb):\n    """Doc\nof it."""\n    return [\n0,\n]\n# note\n' for i in range(31))
    cut = excerpts(text, length=67, count=11)
    assert len(cut) == 11
    assert {len(one) for one in cut} == {67}
    assert all(one.startswith("def f") for one in cut)
    assert len(set(cut)) == 11
    with pytest.raises(ValueError, match="asked for 1000"):
        excerpts(text, length=67, count=1000)
    with pytest.raises(ValueError, match="asked for 0"):
        excerpts(text, count=0)
