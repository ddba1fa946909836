"""What the hidden state explorer shows is what the model's taps saw, in a kernel and in ONNX, at any length."""

import numpy as np
import onnxruntime
import pytest
import torch
from before import nothing_before, read_in_parts
from torch import nn

from largemodels.interpret import capture, tracking
from largemodels.live import HiddenStateExplorer, HiddenStates, live
from largemodels.live.binding import pack
from largemodels.models import CharRNN, CharRNNConfig
from largemodels.text import UNKNOWN, Vocabulary

VOCABULARY = Vocabulary((UNKNOWN, "\n", *map(chr, range(32, 127))))
TEXT = 'f("é 中🎉")  # x\n'
HELDOUT = [f'x = ["{i}", f(\'{i}\')]  # note {i}\nif x:\n    y = "{2 * i}" + ({i})\n' for i in range(8, 13)]
GATES = {
    "LSTM": ["input_gate", "forget_gate", "candidate", "output_gate"],
    "GRU": ["reset_gate", "update_gate", "candidate"],
    "RNN": [],
}


def build(cell="LSTM", seed=0):
    torch.manual_seed(seed)
    return CharRNN(CharRNNConfig(vocabulary=97, features=7, hidden=13, cell=cell))


def points(text):
    return torch.tensor([[float(ord(c)) for c in text]])


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def explorer(model, text=TEXT, **settings):
    return live(
        HiddenStateExplorer(VOCABULARY, **settings), HiddenStates(model), {"ids": VOCABULARY.encode(text)[None]}
    )


def rounded():
    """An LSTM with weights that half precision holds."""
    return build().half().float()


@pytest.fixture(scope="module")
def exported():
    return explorer(rounded(), heldout=HELDOUT)


@pytest.mark.parametrize("cell", list(GATES))
def test_outputs_are_what_the_taps_saw(cell):
    model, ids = build(cell), torch.randint(97, (2, 19))
    answer = HiddenStates(model)(ids)
    assert set(answer) == {"probabilities", "hidden", *(["cell"] if cell == "LSTM" else []), *GATES[cell]}
    taps = [f"recurrent.{name}" for name, _ in model.recurrent.named_children()]
    with capture(model, "hidden", *taps) as seen:
        logits = model(ids)
    torch.testing.assert_close(answer["probabilities"], logits.softmax(-1))
    torch.testing.assert_close(answer["hidden"], seen["hidden"])
    for i, name in enumerate(GATES[cell]):
        torch.testing.assert_close(answer[name], seen["recurrent.gates"][:, :, i])
    if cell == "LSTM":
        torch.testing.assert_close(answer["cell"], seen["recurrent.cell"])


@pytest.mark.parametrize("cell", list(GATES))
def test_onnx_equals_torch_at_every_output_and_any_length(cell, exported):
    model = rounded() if cell == "LSTM" else build(cell)
    view = exported if cell == "LSTM" else explorer(model)
    session = onnxruntime.InferenceSession(view.onnx, providers=["CPUExecutionProvider"])
    for text in ("x", TEXT, 5 * TEXT, "é" * 399 + "("):
        want = HiddenStates(model)(VOCABULARY.encode(text)[None])
        got = session.run(list(want), {"text": points(text).numpy(), **nothing_before(view, {})})
        for name, numbers in zip(want, got, strict=True):
            torch.testing.assert_close(torch.from_numpy(numbers), want[name], atol=1e-5, rtol=0, msg=name)


@pytest.mark.parametrize("cell", list(GATES))
def test_a_text_that_is_read_in_parts_has_the_same_answer(cell, exported):
    model = rounded() if cell == "LSTM" else build(cell)
    view = exported if cell == "LSTM" else explorer(model)
    session = onnxruntime.InferenceSession(view.onnx, providers=["CPUExecutionProvider"])
    want = HiddenStates(model)(VOCABULARY.encode(5 * TEXT)[None])
    got = read_in_parts(view, session, {}, points(5 * TEXT), [1, 2, 7, 40])
    for name, numbers in want.items():
        torch.testing.assert_close(torch.from_numpy(np.concatenate(got[name], 1)), numbers, atol=1e-5, rtol=0, msg=name)
    before = [want[name][:, 6:7] for name in ("hidden", "cell") if name in want]
    rest = HiddenStates(model)(VOCABULARY.encode((5 * TEXT)[7:])[None], *before)  # in torch, too
    for name, numbers in rest.items():
        torch.testing.assert_close(numbers, want[name][:, 7:], msg=name)


def test_the_formulas_of_the_lstm_hold_in_what_is_shown():
    answer = HiddenStates(build())(torch.randint(97, (1, 17)))
    i, f, g, o = (answer[name] for name in GATES["LSTM"])
    before = torch.cat([torch.zeros(1, 1, 13), answer["cell"][:, :-1]], 1)
    torch.testing.assert_close(answer["cell"], f * before + i * g)
    torch.testing.assert_close(answer["hidden"], o * answer["cell"].tanh())


@pytest.mark.usefixtures("kernel")
def test_the_kernel_answers_to_any_text_and_gives_it_back_as_it_was():
    model = build()
    view = explorer(model)
    text = "naïve\t\u200d\U0010ffff\ud800()"
    view.inputs = {"text": pack("text", points(text))}
    assert view.error == ""
    assert "".join(chr(int(point)) for point in tensor(view.outputs["seen"])[0]) == text
    want = HiddenStates(model)(VOCABULARY.encode(text)[None])
    for name, numbers in want.items():
        torch.testing.assert_close(tensor(view.outputs[name]), numbers, msg=name)


@pytest.mark.usefixtures("kernel")
def test_what_the_vocabulary_lacks_is_read_as_unknown():
    vocabulary = Vocabulary((UNKNOWN, "é", "a", "中"))
    model = CharRNN(CharRNNConfig(vocabulary=4, features=5, hidden=3))
    view = live(HiddenStateExplorer(vocabulary), HiddenStates(model), {"ids": torch.tensor([[1, 2]])})
    view.inputs = {"text": pack("text", points("a中b🎉é\0"))}
    want = HiddenStates(model)(torch.tensor([[2, 3, 0, 0, 1, 0]]))["hidden"]
    torch.testing.assert_close(tensor(view.outputs["hidden"]), want)


@pytest.mark.usefixtures("kernel")
def test_units_are_ranked_by_their_memory_on_the_heldout_texts():
    for cell, memory in (("LSTM", "cell"), ("GRU", "hidden")):
        model = build(cell)
        view = explorer(model, heldout=HELDOUT)
        states = [HiddenStates(model)(VOCABULARY.encode(text)[None])[memory][0].detach() for text in HELDOUT]
        want = tracking(states, HELDOUT)
        assert view.settings["memory"] == memory
        assert [entry["name"] for entry in view.settings["ranking"]] == list(want)
        for entry, following in zip(view.settings["ranking"], want.values(), strict=True):
            assert entry["correlations"] == pytest.approx(following.measured.tolist(), abs=1e-3)
            assert entry["units"] == following.units.tolist()


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books():
    view = explorer(build(), heldout=HELDOUT)
    before = view.settings["ranking"]
    own = build("GRU", seed=1)
    assert view.bind(HiddenStates(own), {"ids": VOCABULARY.encode("own")[None]}) is view
    assert view.settings["ranking"] != before
    assert view.settings["memory"] == "hidden"
    assert "cell" not in view.outputs
    assert repr(view) == "HiddenStateExplorer(text)"


@pytest.mark.usefixtures("kernel")
def test_the_model_is_evaluated_and_left_as_it_was():
    model = build().train()
    explorer(model, heldout=HELDOUT)
    assert model.training


def test_the_same_binding_has_the_same_state_every_time(exported):
    states = [exported.get_state(), explorer(rounded(), heldout=HELDOUT).get_state()]
    for state in states:
        del state["layout"]
    assert states[0] == states[1]


def test_a_model_rounded_to_half_precision_takes_half_the_page(exported):
    model = rounded()
    matrices = sum(parameter.numel() for parameter in model.parameters() if parameter.ndim == 2)
    assert len(exported.onnx) < 2.5 * matrices + 6_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vocabulary": Vocabulary((UNKNOWN, "def"))}, "must be of characters; got 'def'"),
        ({"examples": {"long": 401 * "x"}}, "the example 'long' must have 2 to 400 characters; it has 401"),
        ({"function": nn.Linear(2, 3)}, "bind the HiddenStates of a model; got Linear"),
        ({"example": {"text": torch.zeros(1, 3)}}, "one text, ids"),
        ({"example": {"ids": torch.zeros(2, 3).long()}}, r"got \{'ids': \(2, 3\)\}"),
        ({"example": {"ids": torch.zeros(1, 1).long()}}, "must have 2 to 400 characters; it has 1"),
        ({"example": {"ids": torch.zeros(1, 401).long()}}, "it has 401"),
        ({"example": {"ids": torch.full((1, 3), 97)}}, "from 0 to 96; got 97"),
        ({"vocabulary": Vocabulary((UNKNOWN, "a"))}, "97 symbols, the vocabulary 2"),
        ({"heldout": ["x = 1\n"]}, "two texts or more"),
        ({"heldout": ["x = 1\n"] * 2}, "never changes"),
    ],
)
def test_what_does_not_fit_is_an_error(change, words):
    with pytest.raises(ValueError, match=words):
        live(
            HiddenStateExplorer(
                change.get("vocabulary", VOCABULARY), change.get("examples"), change.get("heldout", ())
            ),
            change.get("function") or HiddenStates(build()),
            change.get("example", {"ids": torch.ones(1, 5).long()}),
        )


def test_a_model_without_our_recurrent_layer_is_refused():
    for model in (nn.Linear(2, 3), nn.Sequential()):
        with pytest.raises(ValueError, match="one of LSTM, GRU, RNN"):
            HiddenStates(model)
    model = build()
    model.recurrent = nn.LSTM(7, 13)
    with pytest.raises(ValueError, match="one of LSTM, GRU, RNN"):
        HiddenStates(model)
