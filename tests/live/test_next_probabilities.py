"""What the view of the next character tells the browser, and what it refuses."""

import onnxruntime
import pytest
import torch
from torch import nn

from largemodels.live import HiddenStates, NextCharacter, live
from largemodels.live.binding import pack
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, next_probabilities
from largemodels.text import UNKNOWN, Vocabulary

SYMBOLS = Vocabulary((UNKNOWN, *"abcdef \n"))
WINDOW = 13


class Plain(nn.Module):
    """A GPT of one block as a page types it: a mask cut to the length of the text, positions by number."""

    def __init__(self, masked=True, size=9):
        super().__init__()
        self.embed, self.place = nn.Embedding(size, 8), nn.Embedding(WINDOW, 8)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, size)
        mask = torch.full((WINDOW, WINDOW), float("-inf")).triu(1)
        self.register_buffer("mask", mask if masked else 0 * mask.nan_to_num(neginf=0.0))

    def forward(self, tokens):
        b, t = tokens.shape
        x = self.embed(tokens) + self.place(torch.arange(t, device=tokens.device))
        q, k, v = self.qkv(x).view(b, t, 3, 2, 4).permute(2, 0, 3, 1, 4)
        weights = (q @ k.mT / 2 + self.mask[:t, :t]).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, 8))


def gpt():
    return GPT(GPTConfig(len(SYMBOLS), WINDOW, 2, 3, 18, quiet_start=False))


def rnn():
    return CharRNN(CharRNNConfig(vocabulary=len(SYMBOLS), features=5, hidden=7))


def lstm():
    return HiddenStates(rnn())


MODELS = {model.__name__: model for model in (Plain, gpt, lstm)}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    torch.manual_seed(0)
    return MODELS[request.param]().eval()


@pytest.fixture(scope="module")
def view(model):
    return live(NextCharacter(SYMBOLS, window=WINDOW), model, {"ids": SYMBOLS.encode("face a")[None]})


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def asked(text, temperature=1.0):
    """What the browser asks for a text."""
    points = [ord(character) for character in text]
    padded = torch.tensor([[*points, *[0] * (WINDOW - len(points))]])
    given = {"text": padded, "count": torch.tensor([len(text)]), "temperature": torch.tensor([temperature])}
    return {name: pack(name, value) for name, value in given.items()}


def by_torch(model, text):
    """The logits of the character after a text, ``(1, vocabulary)``."""
    with torch.no_grad():
        answer = model(SYMBOLS.encode(text)[None])
    return answer["probabilities"][:, -1].log() if isinstance(answer, dict) else answer[:, -1]


@pytest.mark.parametrize(("text", "temperature"), [("f", 1.0), ("face a", 0.5), ("bead\nx cabbed", 1.7)])
def test_kernel_and_graph_answer_for_the_end_of_the_text_alone(view, model, text, temperature):
    assert len("bead\nx cabbed") == WINDOW
    assert len(SYMBOLS) == 9
    view.inputs = asked(text, temperature)
    assert view.error == ""
    session = onnxruntime.InferenceSession(view.onnx, providers=["CPUExecutionProvider"])
    feeds = {name: tensor(wire).numpy() for name, wire in view.inputs.items()}
    graph = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds), strict=True))
    logits = by_torch(model, text)
    wanted = {
        "probabilities": logits.softmax(-1),
        "chances": next_probabilities(logits, temperature).float(),
        "read": torch.tensor([float(len(text))]),
        "seen": tensor(view.inputs["text"]),
    }
    assert set(graph) == set(view.outputs) == set(wanted)
    for name, value in wanted.items():
        torch.testing.assert_close(tensor(view.outputs[name]), value, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(torch.from_numpy(graph[name]), value, atol=1e-5, rtol=1e-4)


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books():
    start = {"ids": SYMBOLS.encode("a")[None]}
    view, own = live(NextCharacter(SYMBOLS, window=WINDOW), Plain(), start), Plain()
    assert view.bind(own, start) is view
    torch.testing.assert_close(tensor(view.outputs["probabilities"]), by_torch(own, "a").softmax(-1))


def test_a_model_in_training_is_left_in_training():
    model = gpt().train()
    live(NextCharacter(SYMBOLS, window=WINDOW), model, {"ids": SYMBOLS.encode("a")[None]})
    assert model.training


def test_a_temperature_of_0_is_an_error_that_the_reader_sees(view):
    view.inputs = asked("a", 0.0)
    assert view.error == "the temperature must be above 0; got 0"
    view.inputs = asked("a")
    assert view.error == ""


class Last(Plain):
    """Returns what follows the last place only."""

    def forward(self, tokens):
        return super().forward(tokens)[:, -1]


class Pair(Plain):
    def forward(self, tokens):
        return super().forward(tokens), None


@pytest.mark.parametrize(
    ("function", "text", "message"),
    [
        (Plain(masked=False), "ab", "must not look ahead"),
        (Plain(size=7), "ab", "the model has 7 symbols, the vocabulary 9"),
        (Last(), "ab", r"must return logits \(1, 13, vocabulary\) for as many ids; got \(1, 9\)"),
        (Pair(), "ab", r"must return logits \(1, 13, vocabulary\) for as many ids; got tuple"),
        (Plain(), "", "must have 1 to 13 characters; it has 0"),
        (Plain(), "a" * 14, "must have 1 to 13 characters; it has 14"),
    ],
)
def test_a_model_or_a_text_that_does_not_fit_is_refused(function, text, message):
    ids = SYMBOLS.encode(text)[None] if text else torch.zeros(1, 0, dtype=torch.int64)
    with pytest.raises(ValueError, match=message):
        live(NextCharacter(SYMBOLS, window=WINDOW), function, {"ids": ids})


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"text": torch.zeros(1, 3)}, r"one text, ids \(1, t\); got \{'text': \(1, 3\)\}"),
        ({"ids": torch.zeros(2, 3)}, r"one text, ids \(1, t\); got \{'ids': \(2, 3\)\}"),
    ],
)
def test_an_example_of_another_kind_is_refused(example, message):
    with pytest.raises(ValueError, match=message):
        live(NextCharacter(SYMBOLS, window=WINDOW), Plain(), example)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary": Vocabulary((UNKNOWN, "the", "a"))}, "must be of characters; got 'the'"),
        ({"vocabulary": SYMBOLS, "examples": {"none": ""}}, "the example 'none' is empty"),
        ({"vocabulary": SYMBOLS, "window": 0}, "at least 1 character; got 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        NextCharacter(**options)


def test_its_name_in_a_notebook_is_the_same_every_time(view):
    assert repr(view) == "NextCharacter(text, count, temperature)"
