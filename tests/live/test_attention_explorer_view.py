"""The attention explorer answers to the reader by the kernel, and tells the page what it needs."""

import pytest
import torch
from small_explorer import VOCABULARY, build, dials, explorer, on, points, tensor
from torch import nn

from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.live.binding import Binding, pack
from largemodels.text import UNKNOWN, Vocabulary


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
