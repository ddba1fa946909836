"""The attention explorer of tokens answers to the reader by the kernel, in messages that are small."""

import re

import pytest
import torch
from small_token_explorer import END, TEXT, build, explorer, numbers, tokenizer
from torch import nn

from largemodels.data import smollm2
from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.models import Llama
from largemodels.text import Tokenizer


@pytest.fixture
def view():
    return explorer(build())


def ask(view, **changed):
    view.inputs = {**view.inputs, "turn": view.inputs["turn"] + 1, **changed}
    assert view.outputs["turn"] == view.inputs["turn"] or view.error


def size(outputs) -> int:
    """Return the bytes of tensors in a message."""
    return sum(len(one["data"]) for one in outputs.values() if isinstance(one, dict))


def pieces(outputs):
    return [bytes(piece) for piece in outputs["pieces"]]


def test_the_kernel_cuts_any_text_into_tokens_and_answers_for_all_heads(view):
    text = f"the mat {END} 人\nthe mat"
    ask(view, text=text, place=[1, 4])
    assert view.error == ""
    ids = tokenizer().encode(text, special=True)
    assert pieces(view.outputs) == tokenizer().pieces(text, special=True)
    assert END.encode() in pieces(view.outputs)
    want = LlamaExplained(view._binding.function.model)(ids[None], torch.ones(1, 3, 6), torch.tensor([1, 4]))
    for name in ("probabilities", "actual", "moved", "scores", "query", "key", "value"):
        torch.testing.assert_close(numbers(view.outputs[name]), want[name], msg=name)
    torch.testing.assert_close(numbers(view.outputs["rows"]), want["weights"][1, 4])
    rows, columns = torch.tril_indices(len(ids), len(ids))
    packed = numbers(view.outputs["weights"])
    torch.testing.assert_close(packed, want["weights"][..., rows, columns], atol=0.5 / 255 + 1e-6, rtol=0)
    expected = [[tokenizer().pairs.tokens[i] for i in row] for row in want["likeliest"].tolist()]
    assert [[bytes(piece) for piece in row] for row in view.outputs["expected"]] == expected


def test_heads_that_are_off_are_compared_with_all_on(view):
    ask(view, off=[[0, 2], [2, 5]])
    heads = torch.ones(2, 3, 6)
    heads[1, 0, 2] = heads[1, 2, 5] = 0
    ids = tokenizer().encode(TEXT)[None]
    want = LlamaExplained(view._binding.function.model)(ids, heads, torch.tensor([0, 0]))
    torch.testing.assert_close(numbers(view.outputs["moved"]), want["moved"])
    torch.testing.assert_close(numbers(view.outputs["probabilities"]), want["probabilities"])


def test_the_model_writes_on_as_it_generates(view):
    ask(view, write=10, temperature=0.0)
    ids = tokenizer().encode(TEXT)
    with torch.no_grad():
        longer = view._binding.function.model.generate(ids[None], 13, (0,), temperature=0)[0, len(ids) :].tolist()
    text = view.outputs["text"]
    assert text in [TEXT + tokenizer().decode(longer[:count]) for count in (10, 11, 12, 13)]
    assert pieces(view.outputs) == tokenizer().pieces(text, special=True)[-24:]


def test_a_character_of_several_tokens_is_written_whole_or_not_at_all(view, monkeypatch):
    ids = tokenizer().encode("人").tolist()
    assert len(ids) == 3
    for drawn, written in ((ids * 2, "人"), (ids[:2], ""), ([5, *ids[:1]], tokenizer().decode([5]))):
        stream = [torch.tensor([[i]]) for i in drawn]
        monkeypatch.setattr(view._binding.function.model, "stream", lambda *args, stream=stream, **how: iter(stream))
        ask(view, write=1)
        assert (view.error, view.outputs["text"]) == ("", TEXT + written)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"text": ""}, "the text is empty: type at least one character"),
        ({"text": "\ud800"}, "surrogate"),
        ({"place": [3, 0]}, "3 layers of 6 heads; got layer 3, head 0"),
        ({"off": [[0, 6]]}, "got layer 0, head 6"),
        ({"write": 11}, "1 to 10 tokens are written at once; got 11"),
        ({"write": 1, "temperature": -1.0}, "temperature must be 0 .* or more; got -1"),
        ({"write": 1, "top_p": 0.0}, "top_p must be above 0"),
    ],
)
def test_what_cannot_be_answered_is_said_and_the_view_lives_on(view, changed, words):
    before = view.outputs
    ask(view, **changed)
    assert re.search(words, view.error)
    assert view.outputs == before
    view.inputs = {**view.inputs, "text": "the cat", "place": [0, 0], "off": [], "write": 0, "turn": 9}
    assert (view.error, view.outputs["text"]) == ("", "the cat")


def test_of_a_long_text_the_last_tokens_are_read_and_the_others_counted(view):
    ask(view, text="sat" * 30)
    count = len(tokenizer().encode("sat" * 30))
    assert view.settings["longest"] == 37 - 13 == len(view.outputs["pieces"])
    assert view.outputs["dropped"] == count - 24 > 0


def test_nothing_but_special_tokens_is_a_text_as_any_other(view):
    ask(view, text=END + END)
    assert pieces(view.outputs) == [END.encode()] * 2


def test_a_message_holds_what_is_drawn_and_no_vocabulary(view):
    t = len(view.outputs["pieces"])
    n = 3 * 6 * t * (t + 1) // 2  # weights, a byte each
    n += 4 * (t * t + 3 * t * 10 + 2 * t + t * 10 + 4 * 3 * 6)  # rows; q, k, v; actual, moved; probabilities; scores
    assert size(view.outputs) == n


def test_settings_tell_the_browser_what_it_needs():
    view = explorer(build(), examples={"one": "the"}, head=(2, 3))
    assert isinstance(view, AttentionExplorer)
    assert view.settings["examples"] == [{"name": "one", "text": "the"}]
    assert [view.settings[name] for name in ("layers", "heads", "kv_heads", "vocabulary")] == [3, 6, 2, 269]
    assert (view.inputs["place"], view.outputs["place"], view.inputs["text"]) == ([2, 3], [2, 3], TEXT)
    assert view.onnx == b""


def test_a_browser_that_knocks_is_let_in(view):
    assert view.opened == ""
    view.knock = "one"
    assert view.opened == "one"


def test_a_readers_own_model_takes_the_place_of_the_books(view):
    own = build(seed=1, layers=1, heads=4, kv_heads=4)
    assert view.bind(LlamaExplained(own), {"ids": tokenizer().encode("own")[None]}) is view
    assert (view.settings["layers"], view.settings["kv_heads"], view.outputs["text"]) == (1, 4, "own")


def test_the_model_is_evaluated_and_left_as_it_was():
    model = build().train()
    explorer(model)
    assert model.training


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"examples": {"nothing": ""}}}, "the example 'nothing' is empty"),
        ({"options": {"head": (3, 0)}}, "3 layers of 6 heads; got layer 3, head 0"),
        ({"function": nn.Linear(2, 3)}, "bind the LlamaExplained of a model; got Linear"),
        ({"function": LlamaExplained(build(vocabulary=300))}, "the model has 300 tokens, the tokenizer 269"),
        ({"example": {"text": torch.zeros(1, 3)}}, "one text, ids"),
        ({"example": {"ids": torch.zeros(2, 3).long()}}, r"got \{'ids': \(2, 3\)\}"),
        ({"example": {"ids": torch.zeros(1, 0).long()}}, "must have 1 to 24 tokens; it has 0"),
        ({"example": {"ids": torch.zeros(1, 25).long()}}, "it has 25"),
        ({"example": {"ids": tokenizer().encode("人")[None, :1]}}, "cuts the text of these ids in another way"),
    ],
)
def test_what_does_not_fit_is_an_error(change, words):
    with pytest.raises(ValueError, match=words):
        live(
            AttentionExplorer(tokenizer(), **change.get("options", {})),
            change.get("function") or LlamaExplained(build()),
            change.get("example", {"ids": torch.zeros(1, 5).long()}),
        )


def test_the_real_model_is_shown_and_a_notebook_stays_small():
    model, real = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    text = "When Mary and John went to the store, John gave a drink to"
    view = live(AttentionExplorer(real, head=(4, 2)), LlamaExplained(model), {"ids": real.encode(text)[None]})
    assert bytes(view.outputs["expected"][-1][0]) == b" Mary"
    assert numbers(view.outputs["scores"]).shape == (4, 30, 9)
    assert size(view.outputs) < 120_000
