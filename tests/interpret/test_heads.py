"""Rules point where their names say, scores are mean weights, and a change lasts as long as its block."""

import pytest
import torch

from largemodels.interpret import by_offset, capture, changed, score, switched
from largemodels.models import GPT, GPTConfig
from largemodels.text import look_up, names_twice, rules

SIZES = {"vocabulary": 19, "context": 13, "layers": 2, "heads": 3, "width": 30}


def build():
    torch.manual_seed(0)
    model = GPT(GPTConfig(**SIZES, quiet_start=False)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


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


# ---- scores -------------------------------------------------------------------------------------


def test_a_score_is_the_mean_weight_where_the_rule_points():
    torch.manual_seed(0)
    weights, rule = torch.rand(2, 3, 5, 5), torch.rand(2, 5, 5) > 0.6
    rule[:, 2] = False  # it says nothing of this character
    taken = [[] for _ in range(3)]
    for text in range(2):
        for i in range(5):
            if rule[text, i].any():
                for head in range(3):
                    taken[head].append(weights[text, head, i][rule[text, i]].sum())
    want = torch.tensor([sum(each) / len(each) for each in taken])
    torch.testing.assert_close(score(weights, rule), want)


def test_a_head_that_does_what_the_rule_says_scores_1_and_one_that_looks_at_all_alike_its_share():
    text = "abcdefg"
    obeys = rules(text)["the one before"].float()
    obeys[0, 0] = 1  # the first has nobody before it
    alike = torch.ones(7, 7).tril() / torch.arange(1, 8)[:, None]
    rule = rules(text)["the one before"]
    found = score(torch.stack([obeys, alike])[None], rule)
    torch.testing.assert_close(found, torch.tensor([1.0, sum(1 / n for n in range(2, 8)) / 6]))


@pytest.mark.parametrize(
    ("weights", "rule", "words"),
    [
        (torch.ones(2, 3, 5, 5), torch.ones(2, 5, 7, dtype=torch.bool), r"\(2, 3, 5, 5\), and \(2, 5, 7\)"),
        (torch.ones(2, 3, 5, 5), torch.ones(3, 5, 5, dtype=torch.bool), r"and \(3, 5, 5\)"),
        (torch.ones(3, 5, 5), torch.ones(3, 5, 5, dtype=torch.bool), r"got \(3, 5, 5\)"),
        (torch.ones(2, 3, 5, 5), torch.ones(2, 5, 5), "of torch.float32"),
        (torch.ones(2, 3, 5, 5), torch.zeros(2, 5, 5, dtype=torch.bool), "says nothing"),
    ],
)
def test_a_score_of_what_does_not_fit_is_an_error(weights, rule, words):
    with pytest.raises(ValueError, match=words):
        score(weights, rule)


def test_an_offset_counts_from_the_character_that_looks():
    torch.manual_seed(0)
    weights = torch.rand(2, 3, 5, 5)
    found = by_offset(weights)
    assert found.shape == (3, 5)
    for offset in range(5):
        want = torch.stack([weights[:, :, i, i - offset] for i in range(offset, 5)]).mean((0, 1))
        torch.testing.assert_close(found[:, offset], want)


# ---- changes ------------------------------------------------------------------------------------


def test_what_a_tap_answers_is_changed_and_watched_as_changed():
    model, tokens = build(), torch.randint(19, (2, 11))
    name = "blocks.1.attention.weights"
    with torch.no_grad():
        whole = model(tokens)
        with changed(model, {name: lambda weights: weights.roll(1, 1)}), capture(model, name) as seen:
            other = model(tokens)
        with capture(model, name) as before:
            model(tokens)
    torch.testing.assert_close(seen[name], before[name].roll(1, 1))
    assert not torch.allclose(whole, other, atol=1e-3)
    torch.testing.assert_close(model(tokens), whole)


def test_a_change_ends_with_its_block_even_after_an_error():
    model = build()
    with pytest.raises(RuntimeError, match="mine"), changed(model, {"norm": lambda x: x + 1}):
        raise RuntimeError("mine")
    assert not any(module._forward_hooks for module in model.modules())


def test_a_tap_that_is_not_there_cannot_be_changed():
    with pytest.raises(LookupError, match=r"no tap named blocks.2.norm1; this model has: embedding, blocks,"):
        changed(build(), {"blocks.2.norm1": torch.relu}).__enter__()


def test_a_head_switched_off_is_missing_from_what_the_layer_adds():
    model, x = build(), torch.randn(2, 11, 30)
    attention, places = model.blocks[0].attention, torch.arange(11)
    on = torch.ones(1, 2, 3)
    on[0, 0, 1] = 0
    with torch.no_grad():
        with capture(attention, "mixed") as seen:
            whole = attention(x, places)
        with switched(model, on):
            without = attention(x, places)
    head = slice(10, 20)  # its share of the width
    answer = seen["mixed"][:, 1] @ attention.out.weight[:, head].T
    torch.testing.assert_close(whole - without, answer, atol=1e-5, rtol=1e-5)


def test_in_a_heads_place_stands_what_is_given_instead():
    model, tokens = build(), torch.randint(19, (2, 11))
    instead = torch.randn(2, 3, 1, 10)
    on = torch.ones(2, 2, 3)
    on[1, 0, 1] = on[1, 1, 2] = 0
    taps = "blocks.*.attention.mixed"
    with switched(model, on, instead), capture(model, taps) as seen:
        both = model(tokens)
    first, second = seen.values()
    torch.testing.assert_close(first[1, 1], instead[0, 1].expand(11, 10))
    torch.testing.assert_close(second[1, 2], instead[1, 2].expand(11, 10))
    torch.testing.assert_close(both[:1], model(tokens[:1]), msg="the other text has all its heads")
    with capture(model, taps) as before:
        model(tokens)
    kept = next(iter(before.values()))
    torch.testing.assert_close(first[:, [0, 2]], kept[:, [0, 2]])


def test_there_are_as_many_switches_as_layers():
    with pytest.raises(LookupError, match=r"blocks.2.attention.mixed"):
        switched(build(), torch.ones(1, 3, 3)).__enter__()


def test_a_compiled_model_in_which_nothing_is_switched_is_noticed():
    model, tokens = build(), torch.randint(19, (2, 11))
    compiled = torch.compile(model, backend="eager")
    compiled(tokens)
    with (
        pytest.raises(LookupError, match=r"nothing was changed, .*torch\.compile"),
        switched(model, torch.zeros(1, 2, 3)),
    ):
        compiled(tokens)
    torch.compiler.reset()
