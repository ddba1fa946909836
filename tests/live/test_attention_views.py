"""What the attention explorer shows is what the model's taps saw, in a kernel and in ONNX, whatever is switched off."""

import onnxruntime
import pytest
import torch
from before import nothing_before, read_in_parts
from small_explorer import TAPS, VOCABULARY, build, dials, explorer, on, points
from torch import nn

from largemodels.export import to_onnx
from largemodels.interpret import Watched, capture
from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.live.attention_explorer import chances
from largemodels.models import gpt as gpt_module
from largemodels.models.sampling import next_probabilities

DRAWN_FROM = ("logits", "temperature", "top_k", "top_p")


@pytest.fixture(scope="module")
def exported():
    """An explorer of a model whose weights half precision holds."""
    return explorer(build().half().float())


# ---- the function -------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{}, {"positions": "learned", "norm_queries": False, "quiet_start": False}])
def test_outputs_are_what_the_taps_saw(change):
    model, tokens = build(**change), torch.randint(12, (1, 7))
    answer = GPTExplained(model)(tokens, on(), *dials())
    with capture(model, "blocks.*.attention.*") as seen:
        logits = model(tokens)
    torch.testing.assert_close(answer["logits"], logits[0])
    torch.testing.assert_close(answer["probabilities"], logits.softmax(-1))
    torch.testing.assert_close(answer["chances"], logits.softmax(-1))
    for tap in TAPS:
        for layer in range(2):
            torch.testing.assert_close(answer[tap][layer], seen[f"blocks.{layer}.attention.{tap}"][0], msg=tap)


def test_every_weight_is_the_softmax_of_scaled_products_that_are_not_later():
    answer = GPTExplained(build())(torch.randint(12, (1, 11)), on(), *dials())
    scores = answer["query"] @ answer["key"].mT / 10**0.5
    later = torch.ones(11, 11, dtype=torch.bool).triu(1)
    want = scores.masked_fill(later, float("-inf")).softmax(-1)
    torch.testing.assert_close(answer["weights"], want, atol=1e-6, rtol=1e-5)
    assert not answer["weights"][..., later].any()


def test_a_head_switched_off_is_one_whose_answer_is_zeros():
    model, tokens = build(), torch.randint(12, (1, 7))
    heads = on(5)
    heads[1, 0, 2] = heads[2, 1, 0] = heads[3, 1, 1] = heads[3, 0, 0] = 0
    heads[4] = 0
    answer = GPTExplained(model)(tokens, heads, *dials())
    for n in range(5):

        def silence(layer, n=n):
            return lambda module, args, output: output * heads[n, layer, :, None, None]

        hooks = [
            block.attention.mixed.register_forward_hook(silence(layer)) for layer, block in enumerate(model.blocks)
        ]
        logits = model(tokens)
        for hook in hooks:
            hook.remove()
        torch.testing.assert_close(answer["probabilities"][n : n + 1], logits.softmax(-1), msg=f"way {n}")
    torch.testing.assert_close(answer["logits"], logits[0])  # the last way is the one shown
    everything = (answer["probabilities"] - answer["probabilities"][0]).clamp(min=0).sum(-1)
    torch.testing.assert_close(answer["moved"], everything)
    assert answer["moved"][0].abs().max() == 0
    assert answer["moved"][4].min() > 0


def test_switching_a_head_of_the_last_layer_off_leaves_the_weights_as_they_were():
    model, tokens = build(), torch.randint(12, (1, 7))
    heads = on(2)
    heads[1, 1, 2] = 0
    whole, without = (GPTExplained(model)(tokens, ways, *dials()) for ways in (on(), heads))
    torch.testing.assert_close(without["weights"], whole["weights"])
    heads[1, 0, 1] = 0
    without = GPTExplained(model)(tokens, heads, *dials())
    torch.testing.assert_close(without["weights"][0], whole["weights"][0])
    assert not torch.allclose(without["weights"][1], whole["weights"][1], atol=1e-3)


@pytest.mark.parametrize("temperature", [0.0, 0.05, 0.7, 1.0, 2.0])
@pytest.mark.parametrize(("top_k", "top_p"), [(12, 1.0), (5, 1.0), (12, 0.6), (7, 0.35), (1, 0.9), (12, 1e-6)])
def test_chances_are_those_that_generate_draws_by(monkeypatch, temperature, top_k, top_p):
    logits = 3 * torch.randn(7, 12, generator=torch.Generator().manual_seed(3))
    drawn = []

    def multinomial(weights, count, generator=None):
        drawn.append(weights / weights.sum(1, keepdim=True))
        return weights.argmax(1, keepdim=True)

    monkeypatch.setattr(gpt_module.torch, "multinomial", multinomial)
    best = gpt_module.draw(logits, temperature, top_k, None if top_p == 1 else top_p)
    want = drawn[0].float() if drawn else nn.functional.one_hot(best[:, 0], 12).float()
    got = chances(logits, *dials(temperature, top_k, top_p))
    torch.testing.assert_close(got, want, atol=1e-6, rtol=0)
    assert (got == 0).equal(want == 0)


@pytest.fixture(scope="module")
def chances_graph():
    """What is drawn of four logits, as ONNX."""

    class Chances(nn.Module):
        def forward(self, *given):
            return chances(*given)

    example = dict(zip(DRAWN_FROM, (torch.tensor([[3.0, 1, 4, 1.5]]), *dials(1.0, 2)), strict=True))
    return onnxruntime.InferenceSession(to_onnx(Chances(), example))


@pytest.mark.parametrize("logits", [[5.0, 7, 7, 1], [2.0, 2, 2, 3], [4.0, 4, 4, 4]])
@pytest.mark.parametrize("top_k", [1, 2, 3, 4])
def test_exactly_top_k_remain_of_equals_too_in_torch_and_in_onnx(chances_graph, logits, top_k):
    logits = torch.tensor([logits])
    want = next_probabilities(logits, top_k=top_k).float()
    assert (want > 0).sum() == top_k
    torch.testing.assert_close(chances(logits, *dials(1.0, top_k)), want)
    given = zip(DRAWN_FROM, (logits, *dials(1.0, top_k)), strict=True)
    (got,) = chances_graph.run(None, {name: x.numpy() for name, x in given})
    torch.testing.assert_close(torch.from_numpy(got), want)


def test_a_tie_at_temperature_0_goes_to_the_first_as_in_generate():
    logits = torch.tensor([[1.0, 5.0, 5.0, 2.0]])
    assert chances(logits, *dials(0.0, 4)).tolist() == [[0, 1, 0, 0]]
    assert gpt_module.draw(logits, 0).tolist() == [[1]]


def test_no_hook_stays_behind_even_after_an_error():
    model = build()
    for tokens in (torch.randint(12, (1, 7)), torch.full((1, 7), 12), torch.randint(12, (1, 14))):
        try:
            GPTExplained(model)(tokens, on(), *dials())
        except ValueError:
            continue
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(
    ("tokens", "heads", "dial", "words"),
    [
        (torch.zeros(1, 14).long(), on(), dials(), "room for 13 tokens; got 14"),
        (torch.zeros(1, 0).long(), on(), dials(), "length 0"),
        (torch.full((1, 3), 12), on(), dials(), "from 0 to 11; got 12"),
        (torch.zeros(1, 3).long(), torch.ones(1, 3, 2), dials(), r"\(n, 2, 3\); got \(1, 3, 2\)"),
        (torch.zeros(1, 3).long(), on(), dials(temperature=-0.5), "temperature must be 0 .* got -0.5"),
        (torch.zeros(1, 3).long(), on(), dials(top_k=0), "top_k must be from 1"),
        (torch.zeros(1, 3).long(), on(), dials(top_k=13), "top_k must be from 1 to the 12"),
        (torch.zeros(1, 3).long(), on(), dials(top_p=0.0), "top_p must be above 0"),
    ],
)
def test_what_the_model_cannot_read_or_draw_is_an_error(tokens, heads, dial, words):
    with pytest.raises(ValueError, match=words):
        GPTExplained(build())(tokens, heads, *dial)


# ---- in the page --------------------------------------------------------------------------------


def test_onnx_equals_torch_at_every_output_any_length_and_all_ways_to_switch(exported):
    function = GPTExplained(build().half().float())
    session = onnxruntime.InferenceSession(exported.onnx, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(0)
    for text, n, dial in (
        ("a", 1, dials()),
        ("(é中🎉)\0", 2, dials(0.7, 5, 0.8)),
        ("a b c d e f g"[:13], 8, dials(0.0)),
        ("((a)(b)(c)(d)", 3, dials(1.9, 11, 0.95)),
    ):
        heads = (torch.rand(n, 2, 3, generator=generator) > 0.4).float()
        want = function(VOCABULARY.encode(text)[None], heads, *dial)
        names = ["text", "heads", "temperature", "top_k", "top_p"]
        feeds = dict(zip(names, [points(text), heads, *dial], strict=True))
        given = {name: value.float().numpy() for name, value in feeds.items()}
        got = session.run([*want, "seen"], {**given, **nothing_before(exported, feeds)})
        for name, numbers in zip(want, got, strict=False):
            torch.testing.assert_close(torch.from_numpy(numbers), want[name], atol=1e-5, rtol=1e-5, msg=name)
        assert "".join(map(chr, got[-1][0].astype(int))) == text


@pytest.mark.parametrize("cuts", [[1], [12], [1, 2, 3, 7, 8]])
def test_a_text_that_is_read_in_parts_has_the_same_answer(exported, cuts):
    text = "((a)(b)(c)(d)"
    heads = torch.stack([torch.ones(2, 3), torch.tensor([[1.0, 0, 1], [1, 1, 0]])])
    want = GPTExplained(build().half().float())(VOCABULARY.encode(text)[None], heads, *dials(0.7, 5, 0.8))
    feeds = dict(zip(["heads", "temperature", "top_k", "top_p"], [heads, *dials(0.7, 5, 0.8)], strict=True))
    session = onnxruntime.InferenceSession(exported.onnx, providers=["CPUExecutionProvider"])
    got = read_in_parts(exported, session, feeds, points(text), cuts)
    for name, numbers in want.items():
        axis, *square = exported.grows["axes"][name]
        parts = [torch.from_numpy(part) for part in got[name]]
        if square:  # what a row has not seen is 0
            parts = [nn.functional.pad(part, (0, len(text) - part.shape[-1])) for part in parts]
        torch.testing.assert_close(torch.cat(parts, axis), numbers, atol=1e-5, rtol=1e-5, msg=name)


def test_torch_reads_on_from_a_cache_too():
    model, tokens, heads = build(), torch.randint(12, (1, 11)), on(2)
    whole = GPTExplained(model)(tokens, heads, *dials())
    first = GPTExplained(model)(tokens[:, :4], heads, *dials(), torch.zeros(2, 2, 2, 3, 0, 10))
    rest = GPTExplained(model)(tokens[:, 4:], heads, *dials(), first["cache"])
    torch.testing.assert_close(rest["probabilities"], whole["probabilities"][:, 4:])
    torch.testing.assert_close(rest["weights"], whole["weights"][:, :, 4:])
    torch.testing.assert_close(rest["key"], whole["key"][:, :, 4:])
    assert "cache" not in whole
    with pytest.raises(ValueError, match="room for 13 tokens; got 15"):
        GPTExplained(model)(tokens, heads, *dials(), first["cache"])


def test_onnx_equals_torch_at_every_tap_of_gpt_2s_form():
    model = build(positions="learned", norm_queries=False, quiet_start=False)
    taps = ("embedding", "blocks.*", "norm", "head")
    watched = Watched(model, *taps)
    example = {"tokens": torch.randint(12, (1, 5))}
    session = onnxruntime.InferenceSession(to_onnx(watched, example, {"tokens": {1: "t"}}))
    for t in (1, 7, 13):
        tokens = torch.randint(12, (1, t))
        with torch.no_grad():
            want = watched(tokens)
        assert len(want) > 2 * 12
        for name, numbers in zip(want, session.run(list(want), {"tokens": tokens.numpy()}), strict=True):
            torch.testing.assert_close(torch.from_numpy(numbers), want[name], atol=1e-5, rtol=1e-5, msg=name)


def test_a_model_rounded_to_half_precision_takes_half_the_file(exported):
    matrices = sum(p.numel() for p in build().parameters() if p.numel() >= 256)
    assert len(exported.onnx) < 2 * matrices + 65_000  # the graph itself takes about 60 KB


def test_a_text_that_fills_the_context_is_exported_as_well():
    full = torch.zeros(1, 13, dtype=torch.long)
    view = live(AttentionExplorer(VOCABULARY), GPTExplained(build()), {"ids": full})
    assert len(view.onnx) > 1000
    assert view.inputs["text"]["shape"] == [1, 13]
