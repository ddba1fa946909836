"""What the attention explorer shows is what the model's taps saw, in a kernel and in ONNX, whatever is switched off."""

import onnxruntime
import pytest
import torch
from torch import nn

from largemodels.export import to_onnx
from largemodels.interpret import Watched, capture
from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.live.attention_explorer import chances
from largemodels.live.binding import Binding, pack
from largemodels.models import GPT, GPTConfig
from largemodels.models import gpt as gpt_module
from largemodels.models.sampling import next_probabilities
from largemodels.text import UNKNOWN, Vocabulary

VOCABULARY = Vocabulary((UNKNOWN, *"\n abcdefg()"))
SIZES = {"vocabulary": 12, "context": 13, "layers": 2, "heads": 3, "width": 30}
TEXT = "a (b)\n"
TAPS = ("query", "key", "value", "weights")


def build(seed=0, **change):
    """A GPT whose numbers are far from those of an untrained one."""
    torch.manual_seed(seed)
    model = GPT(GPTConfig(**{**SIZES, **change})).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model


def explorer(model, text=TEXT, **options):
    return live(AttentionExplorer(VOCABULARY, **options), GPTExplained(model), {"ids": VOCABULARY.encode(text)[None]})


def on(n=1):
    return torch.ones(n, 2, 3)


def dials(temperature=1.0, top_k=12, top_p=1.0):
    return torch.tensor([temperature]), torch.tensor([top_k]), torch.tensor([top_p])


def points(text):
    return torch.tensor([[float(ord(c)) for c in text]])


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


@pytest.fixture(scope="module")
def exported():
    """An explorer of a model whose weights half precision holds."""
    return explorer(build().half().float())


@pytest.fixture
def kernel(monkeypatch):
    """For tests of what the kernel answers: spare them the export."""
    monkeypatch.setattr(Binding, "export", lambda self: b"")


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


@pytest.mark.parametrize("logits", [[5.0, 7, 7, 1], [2.0, 2, 2, 3], [4.0, 4, 4, 4]])
@pytest.mark.parametrize("top_k", [1, 2, 3, 4])
def test_exactly_top_k_remain_of_equals_too_in_torch_and_in_onnx(logits, top_k):
    logits = torch.tensor([logits])
    want = next_probabilities(logits, top_k=top_k).float()
    assert (want > 0).sum() == top_k
    torch.testing.assert_close(chances(logits, *dials(1.0, top_k)), want)

    class Chances(nn.Module):
        def forward(self, *given):
            return chances(*given)

    example = dict(zip(("logits", "temperature", "top_k", "top_p"), (logits, *dials(1.0, 2)), strict=True))
    session = onnxruntime.InferenceSession(to_onnx(Chances(), example))
    given = zip(example, (logits, *dials(1.0, top_k)), strict=True)
    (got,) = session.run(None, {name: x.numpy() for name, x in given})
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
        got = session.run([*want, "seen"], {name: value.float().numpy() for name, value in feeds.items()})
        for name, numbers in zip(want, got, strict=False):
            torch.testing.assert_close(torch.from_numpy(numbers), want[name], atol=1e-5, rtol=1e-5, msg=name)
        assert "".join(map(chr, got[-1][0].astype(int))) == text


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


# ---- the view -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("kernel")
def test_the_kernel_answers_to_any_text_and_gives_it_back_as_it_was():
    model = build()
    view = explorer(model)
    text = "(a\t🎉\ud800)"
    view.inputs = {**view.inputs, "text": pack("text", points(text))}
    assert view.error == ""
    assert "".join(chr(int(point)) for point in tensor(view.outputs["seen"])[0]) == text
    want = GPTExplained(model)(VOCABULARY.encode(text)[None], on(2), *dials())
    for name, numbers in want.items():
        torch.testing.assert_close(tensor(view.outputs[name]), numbers, msg=name)


@pytest.mark.usefixtures("kernel")
def test_a_text_beyond_the_context_is_said_and_the_view_lives_on():
    view = explorer(build())
    before = view.outputs
    view.inputs = {**view.inputs, "text": pack("text", points(14 * "a"))}
    assert "room for 13 tokens; got 14" in view.error
    assert view.outputs == before
    view.inputs = {**view.inputs, "text": pack("text", points(13 * "a"))}
    assert view.error == ""


@pytest.mark.usefixtures("kernel")
def test_settings_tell_the_page_what_it_needs():
    view = explorer(build(), examples={"one": "(a)"}, head=(1, 2))
    assert view.settings == {
        "symbols": list(VOCABULARY.symbols),
        "examples": [{"name": "one", "text": "(a)"}],
        "head": [1, 2],
        "context": 13,
        "rotary": True,
        "normed": True,
    }
    assert {name: wire["shape"] for name, wire in view.inputs.items()} == {
        "text": [1, 6],
        "heads": [2, 2, 3],
        "temperature": [1],
        "top_k": [1],
        "top_p": [1],
    }
    assert repr(view) == "AttentionExplorer(text, heads, temperature, top_k, top_p)"


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books():
    view = explorer(build())
    own = build(seed=1, layers=1, heads=5, context=17, positions="learned")
    assert view.bind(GPTExplained(own), {"ids": VOCABULARY.encode("own")[None]}) is view
    assert (view.settings["context"], view.settings["rotary"]) == (17, False)
    assert view.outputs["weights"]["shape"] == [1, 5, 3, 3]


def test_a_model_beside_the_page_is_not_exported_into_it(monkeypatch):
    exports = []
    monkeypatch.setattr(Binding, "export", lambda self: exports.append(1) or b"exported")
    view = explorer(build(), beside="gpt")
    assert (view.onnx, view.beside, exports) == (b"", "gpt", [])
    view.bind(GPTExplained(build(seed=1)), {"ids": VOCABULARY.encode("own")[None]})
    assert (view.onnx, view.beside) == (b"exported", "")  # what lies beside the page is not the reader's


@pytest.mark.usefixtures("kernel")
def test_the_model_is_evaluated_and_left_as_it_was():
    model = build().train()
    explorer(model)
    assert model.training


@pytest.mark.usefixtures("kernel")
def test_the_same_binding_has_the_same_state_every_time():
    states = [explorer(build()).get_state() for _ in range(2)]
    for state in states:
        del state["layout"]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vocabulary": Vocabulary((UNKNOWN, "def"))}, "must be of characters; got 'def'"),
        ({"vocabulary": Vocabulary((UNKNOWN, "a"))}, "12 symbols, the vocabulary 2"),
        ({"options": {"examples": {"nothing": ""}}}, "the example 'nothing' is empty"),
        ({"options": {"beside": "../gpt"}}, "beside is a name .* got '../gpt'"),
        ({"options": {"head": (2, 0)}}, "2 layers of 3 heads; got layer 2, head 0"),
        ({"options": {"head": (0, -1)}}, "got layer 0, head -1"),
        ({"function": nn.Linear(2, 3)}, "bind the GPTExplained of a model; got Linear"),
        ({"example": {"text": torch.zeros(1, 3)}}, "one text, ids"),
        ({"example": {"ids": torch.zeros(2, 3).long()}}, r"got \{'ids': \(2, 3\)\}"),
        ({"example": {"ids": torch.zeros(1, 1).long()}}, "must have 2 to 13 characters; it has 1"),
        ({"example": {"ids": torch.zeros(1, 14).long()}}, "it has 14"),
        ({"example": {"ids": torch.full((1, 3), 12)}}, "from 0 to 11; got 12"),
    ],
)
def test_what_does_not_fit_is_an_error(change, words):
    with pytest.raises(ValueError, match=words):
        live(
            AttentionExplorer(change.get("vocabulary", VOCABULARY), **change.get("options", {})),
            change.get("function") or GPTExplained(build()),
            change.get("example", {"ids": torch.ones(1, 5).long()}),
        )


def test_a_model_that_is_no_gpt_is_refused():
    with pytest.raises(ValueError, match="bind a GPT; got Linear"):
        GPTExplained(nn.Linear(2, 3))
