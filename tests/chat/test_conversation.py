"""A conversation is what the model would be given whole, read once, and never more than fits."""

from contextlib import closing
from functools import partial

import pytest
import torch
from little_llama import model, write_gguf

from largemodels.chat import Conversation
from largemodels.models import Llama
from largemodels.text import Tokenizer

CONTEXT = 293


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Tokenizer.from_gguf(write_gguf(tmp_path_factory.mktemp("model") / "little.gguf"))


@pytest.fixture
def talk(tokenizer):
    """Begin a conversation that takes the likeliest token always."""

    def begin(**how):
        return Conversation(model(CONTEXT), tokenizer, **{"length": 7, "temperature": 0, **how})

    return begin


def said(conversation, text):
    dropped = conversation.ask(text)
    return "".join(conversation.answer()), dropped


def test_an_answer_is_what_the_model_writes_on_from_the_whole_conversation(talk, tokenizer):
    conversation = talk(system="Be brief.")
    messages = [{"role": "system", "content": "Be brief."}]
    for question in ("the moon?", "and then", "är den grön? 月"):
        messages.append({"role": "user", "content": question})
        prompt = tokenizer.encode(tokenizer.chat(messages), special=True)[None]
        expected = tokenizer.decode(conversation.model.generate(prompt, 7, temperature=0)[0, prompt.shape[1] :])
        answer, dropped = said(conversation, question)
        assert (answer, dropped) == (expected, 0)
        messages.append({"role": "assistant", "content": answer})
    assert conversation.messages == messages[1:]


def test_what_was_read_is_not_read_again(talk, tokenizer, reads):
    conversation = talk()
    said(conversation, "the moon?")
    first = sum(reads)
    reads.clear()
    said(conversation, "and then")
    new = "<|im_end|>\n<|im_start|>user\nand then<|im_end|>\n<|im_start|>assistant\n"
    assert reads[0] <= len(tokenizer.encode(new, special=True)) + 1 < first  # and the token that came last
    assert reads[1:] == [1] * 6


def test_after_a_reset_nothing_is_known_but_what_the_model_is_told_before(talk):
    conversation = talk(system="Be brief.")
    first, _ = said(conversation, "the moon?")
    said(conversation, "and then")
    conversation.reset()
    assert conversation.messages == []
    assert said(conversation, "the moon?") == (first, 0)


def test_the_oldest_messages_are_dropped_when_the_context_is_full_and_the_rest_takes_half_of_it(talk, tokenizer):
    conversation = talk(system="Be brief.")
    lost, rounds = 0, 0
    while not lost:
        before = conversation.messages
        answer, lost = said(conversation, f"number {rounds}")
        rounds += 1
    assert rounds > 3
    assert lost % 2 == 0
    assert conversation.messages[:-2] == before[lost:]

    def size(messages):
        return len(tokenizer.encode(tokenizer.chat([*conversation.system, *messages]), special=True)) + 7

    asked = conversation.messages[-2]
    assert size([*before, asked]) > CONTEXT
    assert size([*before[lost:], asked]) <= CONTEXT // 2 < size([*before[lost - 2 :], asked])
    fresh = talk(system="Be brief.")
    fresh.messages = before[lost:]
    assert said(fresh, asked["content"])[0] == answer


def test_a_text_that_never_fits_is_refused_and_changes_nothing(talk):
    conversation = talk()
    said(conversation, "the moon?")
    before = conversation.messages
    with pytest.raises(
        ValueError,
        match=r"too long: with .* up to 7 tokens of an answer it takes \d+ tokens, more than the context of 293",
    ):
        conversation.ask("x" * CONTEXT)
    assert conversation.messages == before
    alone = talk()
    said(alone, "the moon?")
    assert said(conversation, "and then") == said(alone, "and then")


def test_an_answer_that_is_left_off_stays_as_far_as_it_was_written(talk):
    whole, _ = said(talk(), "the moon?")
    conversation = talk()
    conversation.ask("the moon?")
    with closing(conversation.answer()) as pieces:
        start = next(pieces) + next(pieces)
    assert whole.startswith(start)
    assert conversation.messages[-1] == {"role": "assistant", "content": start}
    fresh = talk()
    fresh.messages = conversation.messages
    assert said(conversation, "and then") == said(fresh, "and then")


def test_an_interrupt_anywhere_leaves_a_conversation_that_goes_on(talk, monkeypatch):
    advance = Llama.advance
    for when in range(5):
        conversation, calls = talk(), iter(range(100))

        def interrupted(self, *arguments, calls=calls, when=when, **named):
            logits = advance(self, *arguments, **named)
            if next(calls) == when:
                raise KeyboardInterrupt
            return logits

        conversation.ask("the moon?")
        with monkeypatch.context() as patch:
            patch.setattr(Llama, "quickest", lambda self, room: partial(interrupted, self))
            with pytest.raises(KeyboardInterrupt):
                list(conversation.answer())
        fresh = talk()
        fresh.messages = conversation.messages
        assert len(fresh.messages[-1]["content"]) == when
        assert said(conversation, "and then") == said(fresh, "and then")


def test_an_answer_ends_with_the_token_that_ends_it_which_is_not_shown(tmp_path, talk):
    whole, _ = said(talk(length=31), "the moon?")
    letter = whole[5]
    tokenizer = Tokenizer.from_gguf(write_gguf(tmp_path / "little.gguf", stop=letter))
    conversation = Conversation(model(CONTEXT), tokenizer, length=31, temperature=0)
    assert said(conversation, "the moon?")[0] == whole[: whole.index(letter)]
    assert not conversation.cut


def test_an_answer_that_its_length_ends_is_marked(talk):
    conversation = talk()
    said(conversation, "the moon?")
    assert conversation.cut
    conversation.reset()
    assert not conversation.cut


def test_the_same_seed_gives_the_same_answers_and_another_others(talk):
    def answers(seed):
        generator = torch.Generator().manual_seed(seed)
        conversation = talk(temperature=1.0, generator=generator)
        return [said(conversation, "the moon?")[0] for _ in range(3)]

    assert answers(3) == answers(3)
    assert answers(3) != answers(5)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"length": 0}, "got 0 and 293"),
        ({"length": 293}, "an answer must be shorter than the context that it stands in.* 293 tokens; got 293 and 293"),
        ({"context": 294}, "at most the model's, 293 tokens; got 7 and 294"),
        (
            {"system": "x" * 293},
            r"told before and an answer of 7 tokens take 3\d\d tokens, more than the context of 293",
        ),
        ({"temperature": -1.0}, "temperature must be 0"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_k": 10_000}, "top_k must be from 1 to the 272 tokens"),
    ],
)
def test_wrong_input_is_named_at_once(talk, how, message):
    with pytest.raises(ValueError, match=message):
        talk(**how)


def test_a_token_of_the_model_that_the_tokenizer_has_not_is_never_drawn(tokenizer):
    padded = model(CONTEXT, more=48)
    with torch.no_grad():
        padded.head.weight[len(tokenizer) :] = 9 * padded.head.weight[tokenizer.encode("e")]
    for temperature in (0, 2.0):
        assert said(Conversation(padded, tokenizer, length=31, temperature=temperature), "the moon?")[0]


def test_with_lookup_whatever_can_be_asked_can_be_answered(talk, tokenizer):
    free = CONTEXT - 7 - len(tokenizer.prompt([{"role": "user", "content": ""}]))
    for length in (free - 35, free - 12, free):
        assert said(talk(lookup=30), ("abc" * free)[:length]) == said(talk(), ("abc" * free)[:length])


def test_without_a_question_there_is_no_answer_and_each_has_one(talk):
    conversation = talk()
    for step in (lambda: None, lambda: said(conversation, "the moon?"), conversation.reset):
        step()
        before = conversation.messages
        with pytest.raises(ValueError, match="nothing was asked that has no answer yet: ask first"):
            list(conversation.answer())
        assert conversation.messages == before
    assert said(conversation, "the moon?") == said(talk(), "the moon?")


def test_an_answer_that_was_overtaken_changes_nothing(talk):
    conversation = talk()
    conversation.ask("the moon?")
    late = conversation.answer()
    next(late)
    conversation.reset()
    said(conversation, "and then")
    assert list(late) == []
    fresh = talk()
    said(fresh, "and then")
    assert conversation.messages == fresh.messages
    assert said(conversation, "the moon?") == said(fresh, "the moon?")


def test_questions_without_answers_are_dropped_with_what_follows_them(talk):
    conversation = talk()
    conversation.ask("x" * 60)
    with pytest.raises(ValueError, match="the text is too long"):
        conversation.ask("w" * CONTEXT)
    assert conversation.ask("w" * 200) == 1
    assert [message["content"][0] for message in conversation.messages] == ["w"]
    conversation = talk()
    conversation.ask("x" * 180)
    said(conversation, "y")
    assert conversation.ask("z" * 60) == 1
    assert [message["role"] for message in conversation.messages] == ["user", "assistant", "user"]


def test_a_special_token_that_the_user_types_stays_text(talk, tokenizer):
    conversation, name = talk(), next(iter(tokenizer.ids))
    conversation.ask(f"well {name}")
    specials = set(tokenizer.ids.values())
    asked = [token for token in conversation._prompt if token in specials]
    assert asked == [
        token for token in tokenizer.prompt([{"role": "user", "content": "well"}]).tolist() if token in specials
    ]
