"""Rules point where their names say, scores are mean weights, and a change lasts as long as its block."""

import pytest
import torch

from largemodels.interpret import by_offset, capture, changed, score, switched
from largemodels.models import GPT, GPTConfig
from largemodels.text import rules

SIZES = {"vocabulary": 19, "context": 13, "layers": 2, "heads": 3, "width": 30}


def build():
    torch.manual_seed(0)
    model = GPT(GPTConfig(**SIZES, quiet_start=False)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


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


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float64])
@pytest.mark.parametrize("means", [False, True])
def test_heads_are_switched_by_numbers_of_any_type(dtype, means):
    model, x = build(), torch.arange(7)[None]
    on, instead = torch.ones(1, 2, 3), torch.ones(2, 3, 1, 10) if means else None
    on[0, 1, 2] = 0
    with torch.no_grad():
        with switched(model, on, instead):
            expected = model(x)
        with switched(model, on.to(dtype), instead):
            assert torch.equal(model(x), expected)
    assert not torch.equal(model(x), expected)


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
