"""What the book says of its recurrent networks."""

import pytest
import torch
import torch.nn.functional as F
from small_rnn import CELLS, SMALL, small, tokens
from torch import nn
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.models import CharRNN, RecurrentClassifier


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_program_of_the_source_has_106506_parameters_beside_its_embedding():
    model = RecurrentClassifier()
    assert count(model.embedding) == 1_000_000
    assert count(model.recurrent) == 4 * 64 * (100 + 64) + 2 * 256 == 42_496
    assert count(model.classifier) == 100 * 64 * 10 + 10 == 64_010
    assert count(model) - count(model.embedding) == 106_506


def test_the_character_model_has_98561_parameters():
    model = CharRNN()
    assert [count(part) for part in (model.embedding, model.recurrent, model.head)] == [3_104, 82_944, 12_513]
    assert count(model) == 98_561


@pytest.mark.parametrize(("cell", "blocks"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_cells_differ_in_how_many_times_their_weights_are_needed(cell, blocks):
    assert count(small(cell).recurrent) == blocks * (7 * (5 + 7) + 2 * 7)


def test_the_classifier_is_the_source_program_in_torch_s_own_layers():
    torch.manual_seed(0)
    model, x = RecurrentClassifier(SMALL), tokens(2, 11, 23)
    lstm = nn.LSTM(5, 7, batch_first=True)
    lstm.load_state_dict(model.recurrent.state_dict())
    assert_close(model.classifier(lstm(model.embedding(x))[0].flatten(1)), model(x), atol=1e-6, rtol=0)


def gradients(model, x):
    """Return the logits, and the gradients of a loss."""
    model.zero_grad()
    logits = model(x)
    F.cross_entropy(logits.flatten(0, -2), torch.arange(logits[..., 0].numel()) % 3).backward()
    return [logits.detach(), *(p.grad.clone() for p in model.parameters())]


def assert_watching_changes_nothing(model, x):
    alone = gradients(model, x)
    with capture(model, "recurrent"):
        watched = gradients(model, x)
    for a, b in zip(alone, watched, strict=True):
        assert_close(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_that_is_watched_computes_what_it_computes_alone(cell):
    assert_watching_changes_nothing(small(cell), tokens(3, 17))


def test_the_classifier_computes_the_same_when_it_is_watched():
    torch.manual_seed(0)
    assert_watching_changes_nothing(RecurrentClassifier(SMALL), tokens(2, 11, 23))


@pytest.mark.parametrize("cell", CELLS)
def test_nobody_watching_takes_the_fused_kernel_and_watching_the_formula(cell, monkeypatch):
    model, x, asked = small(cell), tokens(2, 3), []
    fused = model.recurrent.fused
    monkeypatch.setattr(model.recurrent, "fused", lambda *given: asked.append(1) or fused(*given))
    model(x)
    with capture(model, "hidden", "head"):
        model(x)  # these are outside the layer
    assert len(asked) == 2
    with capture(model, "recurrent*"):
        model(x)
    assert len(asked) == 2


def test_taps_show_gates_and_cells_from_which_the_hidden_state_follows():
    model, x = small(), tokens(2, 3)
    with capture(model, "embedding", "recurrent.*", "recurrent", "hidden", "head") as seen:
        logits = model(x)
    shapes = {name: tuple(value.shape) for name, value in seen.items() if name != "recurrent"}
    assert shapes == {
        "embedding": (2, 3, 5),
        "recurrent.gates": (2, 3, 4, 7),
        "recurrent.cell": (2, 3, 7),
        "hidden": (2, 3, 7),
        "head": (2, 3, 13),
    }
    output, (h, c) = seen["recurrent"]
    i, f, g, o = seen["recurrent.gates"].unbind(2)
    cell = seen["recurrent.cell"]
    assert_close(cell[:, 1:], f[:, 1:] * cell[:, :-1] + (i * g)[:, 1:], atol=1e-6, rtol=0)
    assert_close(o * cell.tanh(), seen["hidden"], atol=1e-6, rtol=0)
    assert torch.equal(output, seen["hidden"])
    assert torch.equal(h[0], output[:, -1])
    assert torch.equal(c[0], cell[:, -1])
    assert torch.equal(seen["head"], logits)


def test_gated_recurrent_units_show_three_gates_and_the_classifier_its_cells():
    with capture(model := small("GRU"), "recurrent.gates") as seen:
        model(tokens(2, 3))
    assert seen["recurrent.gates"].shape == (2, 3, 3, 7)
    with capture(classifier := RecurrentClassifier(SMALL), "recurrent.*", "flatten", "classifier") as seen:
        classifier(tokens(2, 11, 23))
    assert [tuple(value.shape) for value in seen.values()] == [(2, 11, 4, 7), (2, 11, 7), (2, 77), (2, 3)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("watching", [False, True])
def test_one_character_at_a_time_gives_the_logits_of_reading_all_at_once(cell, watching):
    model, x = small(cell), tokens(3, 19)
    hook = model.recurrent.register_forward_hook(lambda *_: None) if watching else None
    state, streamed = None, []
    for i in range(19):
        logits, state = model.advance(x[:, i : i + 1], state)
        streamed.append(logits)
    if hook:
        hook.remove()
    whole, end = model.advance(x)
    assert_close(torch.cat(streamed, 1), whole, atol=1e-6, rtol=0)
    for a, b in zip(state if cell == "LSTM" else (state,), end if cell == "LSTM" else (end,), strict=True):
        assert_close(a, b, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cut", [1, 7, 18])
def test_a_text_in_two_pieces_is_the_text(cut):
    model, x = small(), tokens(3, 19)
    first, state = model.advance(x[:, :cut])
    second, _ = model.advance(x[:, cut:], state)
    assert_close(torch.cat([first, second], 1), model(x), atol=1e-6, rtol=0)


def test_the_models_are_streamed_at_their_full_size_as_well():
    torch.manual_seed(0)
    model, x = CharRNN(), tokens(1, 61, 97)
    state, streamed = None, []
    with torch.no_grad():
        for i in range(61):
            logits, state = model.advance(x[:, i : i + 1], state)
            streamed.append(logits)
        assert_close(torch.cat(streamed, 1), model(x), atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
def test_a_character_model_cannot_see_the_future(cell):
    model, x = small(cell), tokens(2, 11)
    changed = x.clone()
    changed[:, 7:] = (x[:, 7:] + 1) % 13
    before, after = model(x), model(changed)
    assert torch.equal(before[:, :7], after[:, :7])
    assert not torch.equal(before[:, 7:], after[:, 7:])


@pytest.mark.parametrize("cell", CELLS)
def test_writing_without_chance_takes_the_likeliest_character_each_time(cell):
    model, prompt = small(cell), tokens(1, 3)
    written = model.generate(prompt, 17, temperature=0)
    assert written.shape == (1, 20)
    assert torch.equal(written[:, :3], prompt)
    assert torch.equal(model(written).argmax(-1)[:, 2:-1], written[:, 3:])
    assert torch.equal(model.generate(prompt, 17, temperature=1e-300), written)
    assert not written.requires_grad


def test_writing_depends_on_the_generator_alone():
    model, prompt = small(), tokens(2, 3)
    before = torch.random.get_rng_state()
    one, same, other = (model.generate(prompt, 31, generator=torch.Generator().manual_seed(seed)) for seed in (5, 5, 7))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.random.get_rng_state())
    assert one.shape == (2, 34)


def test_characters_are_drawn_with_the_probabilities_of_the_softmax():
    model, prompt = small(), tokens(1, 2)
    with torch.no_grad():
        model.head.weight.mul_(5)
    for temperature in (0.5, 1.0, 2.0):
        chances = (model(prompt)[0, -1] / temperature).softmax(0)
        drawn = model.generate(prompt.expand(20_011, 2), 1, temperature, torch.Generator().manual_seed(0))[:, 2]
        assert_close(drawn.bincount(minlength=13) / 20_011, chances.detach(), atol=0.015, rtol=0)
