"""What the explorer of tokens shows is what the taps of the model saw, whatever is switched off."""

import pytest
import torch
from small_token_explorer import build
from torch import nn

from largemodels.interpret import capture
from largemodels.live import LlamaExplained
from largemodels.live.llama_explained import LIKELIEST, RULES

TOKENS = torch.tensor([[5, 17, 3, 5, 17, 8, 17]])


def on(n=1):
    return torch.ones(n, 3, 6)


def place(layer, head):
    return torch.tensor([layer, head])


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (2, 5), (1, 3)])
def test_outputs_are_what_the_taps_saw(layer, head):
    model = build()
    answer = LlamaExplained(model)(TOKENS, on(), place(layer, head))
    with capture(model, "blocks.*.attention.*") as seen:
        logits = model(TOKENS)
    for tap in ("query", "key", "value"):
        assert torch.equal(answer[tap], seen[f"blocks.{layer}.attention.{tap}"][0, head])
    for i in range(3):
        assert torch.equal(answer["weights"][i], seen[f"blocks.{i}.attention.weights"][0])
    p = logits[0].softmax(-1)
    best = p.sort(descending=True).values[:, :LIKELIEST]
    torch.testing.assert_close(answer["probabilities"][0], best)
    torch.testing.assert_close(p.gather(1, answer["likeliest"]), best)
    torch.testing.assert_close(answer["actual"][0, :-1], p[:-1].gather(1, TOKENS[0, 1:, None])[:, 0])
    assert answer["actual"][0, -1] == 0


def test_the_weights_of_the_head_follow_from_its_query_and_key():
    answer = LlamaExplained(build())(TOKENS, on(), place(1, 4))
    later = torch.ones(7, 7, dtype=torch.bool).triu(1)
    want = (answer["query"] @ answer["key"].mT / 10**0.5).masked_fill(later, float("-inf")).softmax(-1)
    torch.testing.assert_close(answer["weights"][1, 4], want)


def test_heads_of_a_group_ask_the_same_key_value_head_and_others_another():
    read = LlamaExplained(build())
    keys = [read(TOKENS, on(), place(0, head))["key"] for head in range(6)]
    assert all(torch.equal(keys[0], keys[head]) for head in (1, 2))
    assert all(torch.equal(keys[3], keys[head]) for head in (4, 5))
    assert not torch.allclose(keys[0], keys[3])


def test_a_head_switched_off_is_one_whose_answer_is_zeros():
    model, heads = build(), on(2)
    heads[1, 0, 2] = heads[1, 2, 3] = 0
    answer = LlamaExplained(model)(TOKENS, heads, place(0, 0))
    hooks = [
        model.blocks[layer].attention.mixed.register_forward_hook(
            lambda module, args, output, layer=layer: output * heads[1, layer, :, None, None]
        )
        for layer in range(3)
    ]
    without = model(TOKENS)[0].softmax(-1)
    for hook in hooks:
        hook.remove()
    whole = model(TOKENS)[0].softmax(-1)
    for n, p in enumerate((whole, without)):
        torch.testing.assert_close(answer["probabilities"][n], p.gather(1, answer["likeliest"]))
    torch.testing.assert_close(answer["moved"][1], (without - whole).clamp(min=0).sum(-1))
    assert answer["moved"][0].abs().max() == 0
    assert answer["moved"][1].min() > 0


def test_scores_are_mean_weights_where_the_rules_point():
    answer = LlamaExplained(build())(TOKENS, on(), place(0, 0))
    w, t = answer["weights"], 7
    after = [(3, 1), (4, 2), (6, 2), (6, 5)]  # of the same token before: (row, column)
    want = [
        sum(w[..., i, 0] for i in range(1, t)) / 6,
        sum(w[..., i, i - 1] for i in range(1, t)) / 6,
        sum(w[..., i, i] for i in range(1, t)) / 6,
        sum(w[..., i, j] for i, j in after) / 3,
    ]
    assert len(RULES) == len(want)
    torch.testing.assert_close(answer["scores"], torch.stack(want))


def test_a_single_token_has_no_scores_and_looks_at_itself():
    answer = LlamaExplained(build())(TOKENS[:, :1], on(), place(2, 1))
    assert not answer["scores"].any()
    assert answer["weights"].flatten().tolist() == [1.0] * 18


@pytest.mark.parametrize(
    ("heads", "where", "words"),
    [
        (torch.ones(1, 6, 3), (0, 0), r"shape \(n, 3, 6\); got \(1, 6, 3\)"),
        (torch.ones(3, 6), (0, 0), r"got \(3, 6\)"),
        (on(), (3, 0), "3 layers of 6 heads; got layer 3, head 0"),
        (on(), (0, -1), "got layer 0, head -1"),
    ],
)
def test_what_does_not_fit_is_an_error(heads, where, words):
    with pytest.raises(ValueError, match=words):
        LlamaExplained(build())(TOKENS, heads, place(*where))


def test_a_model_that_is_no_llama_is_refused():
    with pytest.raises(ValueError, match="bind a Llama; got Linear"):
        LlamaExplained(nn.Linear(2, 3))
