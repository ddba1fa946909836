"""Rules point where they say, and what a text repeats is found."""

import pytest
import torch

from largemodels.text import look_up, names_twice, rules


def pointed(text, name):
    """For each character of a text the places that a rule points to."""
    return [row.nonzero().flatten().tolist() for row in rules(text)[name]]


def only(text, name):
    """The same as one place for each character, None where the rule says nothing."""
    return [places[0] if places else None for places in pointed(text, name)]


# ---- rules --------------------------------------------------------------------------------------


def test_rules_of_place_point_at_places():
    assert only("abc", "itself") == [0, 1, 2]
    assert only("abc", "the one before") == [None, 0, 1]
    assert only("abc", "the first") == [0, 0, 0]


def test_the_last_line_ends_before_the_character_that_looks():
    assert only("a\nb\n\nc", "end of the last line") == [None, None, 1, 1, 3, 4]


def test_the_start_of_a_word_is_seen_from_within_it():
    assert only("x_1 + the2(a)", "start of the word") == [None, 0, 0, None, None, None, None, 6, 6, 6] + 3 * [None]


def test_the_open_bracket_is_the_innermost_and_a_closing_one_sees_its_own():
    assert only("f(a[i], b) c", "open bracket") == [None, None, 1, 1, 3, 3, 1, 1, 1, 1, None, None]
    assert only(")(]", "open bracket") == [None, None, 1]
    assert only("')' (x", "open bracket")[-1] == 4


def test_the_same_is_every_earlier_character_that_is():
    assert pointed("abcab", "the same") == [[], [], [], [0], [1]]
    assert pointed("aaa", "the same") == [[], [0], [0, 1]]


def test_after_the_same_is_what_came_next_the_last_time():
    assert pointed("abcab", "after the same") == [[], [], [], [1], [2]]
    assert pointed("abxab", "after the same two") == [[], [], [], [], [2]]
    assert pointed("xbcab", "after the same two") == [[]] * 5, "the character before is another"
    assert pointed("aaa", "after the same") == [[], [1], [1, 2]]


@pytest.mark.parametrize("text", ["a", "\n", "def f(a, b):\n    return {a: [b, (a)]}\n", "(((", "aaaa\naaaa"])
def test_no_rule_points_at_what_comes_later(text):
    found = rules(text)
    assert len(found) == 9
    for name, rule in found.items():
        assert rule.shape == (len(text), len(text)), name
        assert rule.dtype == torch.bool, name
        assert not rule.triu(1).any(), name


def test_the_rules_of_a_beginning_are_the_beginning_of_the_rules():
    text = "def f(a):\n    return g(a)[1] + f_2(a)\n"
    whole = rules(text)
    for end in range(1, len(text)):
        for name, rule in rules(text[:end]).items():
            assert torch.equal(rule, whole[name][:end, :end]), (name, end)


def test_a_rule_for_no_text_is_an_error():
    with pytest.raises(ValueError, match="empty"):
        rules("")


# ---- what a text repeats -------------------------------------------------------------------------


def test_what_stood_after_the_same_characters_is_looked_up():
    assert look_up("abcab", 1) == [(4, 1)]
    assert look_up("abcabc", 2) == [(5, 2)]
    assert look_up("abxabyabz", 2) == [(5, 2), (8, 5)], "the last time counts"
    assert look_up("aaaa", 2) == [(3, 2)], "what overlaps itself is there as well"
    assert look_up("a  b  c", 2) == [], "blanks are no text"
    assert look_up("ab", 1) == look_up("", 3) == []


def test_looking_up_one_character_is_the_rule_after_the_same():
    text = "x = f(x1, y)[x]"
    rule = rules(text)["after the same"]
    for i, j in look_up(text, 1):
        assert rule[i - 1, j]
        assert not rule[i - 1, j + 1 :].any()


def test_nothing_cannot_be_looked_up():
    with pytest.raises(ValueError, match="got n = 0"):
        look_up("aa", 0)


def test_names_that_stand_twice_are_found_and_the_first_replaced():
    text = "banana = others + banana + 1\nspoilt = 1 + others + spoilt + banana\nx_1\n" * 3
    found = names_twice(text, 29, 2)
    assert len(found) == 2
    for passage, other, n in found:
        name = passage[-n:]
        assert len(passage) == len(other) == 29
        assert passage in text
        assert passage.count(name) == 2
        at = passage.index(name)
        new = other[at : at + n]
        assert new in text
        assert new[0] != name[0]
        assert other == passage[:at] + new + passage[at + n :]
    assert names_twice(text, 29, 2) == found, "the same dice"


def test_a_name_that_stands_three_times_could_still_be_copied_and_is_left_out():
    text = "banana = others + banana + banana"
    with pytest.raises(ValueError, match=f"has 0 such passages of {len(text)} characters; got count = 1"):
        names_twice(text, len(text), 1)
    (case,) = names_twice("spoilt(banana, others + banana", 30, 1)
    assert case[0].endswith("others + banana")


def test_a_keyword_is_no_name():
    with pytest.raises(ValueError, match="has 0 such passages"):
        names_twice("import banana, others; import", 29, 1)
