"""Every question has its answer, and an answer is judged as a reader would judge it."""

import pytest

from largemodels.data import OUTCOMES, Fact, facts, made_up
from largemodels.data.facts import WAYS


def find(question):
    return next(fact for fact in [*facts(), *made_up()] if fact.question == question)


def test_there_are_enough_and_none_is_asked_twice():
    questions = [*facts(), *made_up()]
    assert (len(facts()), len(made_up())) == (220, 60)
    assert len({fact.question for fact in questions}) == 280
    assert {fact.kind for fact in facts()} == set(WAYS)


def test_the_right_answer_is_right_and_no_answer_is_right_about_what_does_not_exist():
    for fact in facts():
        for answer in fact.accepted:
            assert fact.judge(answer) == "right", fact
            assert fact.judge(f"{fact.start} {answer}.") == "right", fact
    for fact in made_up():
        assert not fact.exists
        assert fact.judge(f"{fact.start} 1900 Berlin Au.") == "wrong"


def test_no_question_gives_its_answer_away():
    for fact in facts():
        assert fact.judge(fact.question) != "right", fact


def test_what_does_not_exist_is_asked_for_in_the_same_words():
    for fact in made_up():
        question, start = WAYS[fact.kind]
        before, after = question.split("{}")
        thing = fact.question.removeprefix(before).removesuffix(after)
        assert fact.start == start.format(thing)
        assert not any(thing in real.question for real in facts())


def test_python_itself_says_what_its_programs_are():
    assert find("In Python, what is the value of 17 % 5?").accepted == ("2",)
    assert find("In Python, what is the value of 'abc'.upper()?").accepted == ("ABC",)
    assert find("What is 8 × 9?").accepted == ("72",)


@pytest.mark.parametrize(
    ("question", "answer", "outcome"),
    [
        ("What is the capital of France?", "It is Paris, of course.", "right"),
        ("What is the capital of France?", "It is Parish.", "wrong"),
        ("What is the capital of Brazil?", "Brasilia", "right"),
        ("What is the capital of France?", "I am not sure.", "declined"),
        ("What is the capital of France?", "I'm sorry, but Paris it is.", "right"),
        ("What is the capital of Zarvonia?", "There is no such country, so I cannot say.", "declined"),
        ("What is the capital of Zarvonia?", "Zarvonia does not exist.", "declined"),
        ("What is the chemical symbol of the element gold?", "Gold (Au)", "right"),
        ("What is the chemical symbol of the element gold?", "AU, as everybody knows", "wrong"),
        ("What is 17 + 25?", "17 + 25 = 42", "right"),
        ("What is 17 + 25?", "17 + 25 = 32, or 42", "wrong"),
        ("What is 25 × 16?", "The product of 25 and 16 is 400.", "right"),
        ("In which year was Charles Darwin born?", "On 12 February 1809, in Shrewsbury", "right"),
        ("In which year was Charles Darwin born?", "In 1882, not 1809", "wrong"),
        ("In which year was Charles Darwin born?", "It is not known for certain, perhaps in 1810", "wrong"),
        ("In which year was Charles Darwin born?", "I do not know.", "declined"),
        ("In which year was Tolvar Queskin born?", "It is not known.", "declined"),
        ("In which year was Tolvar Queskin born?", "Tolvar is a name.", "no answer"),
        ("What is the capital of Denmark?", "Denmark is a country in the north.", "no answer"),
        ("What is the capital of Denmark?", "Denmark is a country. The capital of Denmark is Oslo.", "wrong"),
        ("What is the capital of Denmark?", "Oslo, I think.", "wrong"),
        ("What is 17 + 25?", "To add 17 and 25, we combine the numbers.", "no answer"),
        ("In Python, what is the value of 'a' + 'b'?", "10. If you do not know, you can simply say so.", "wrong"),
    ],
)
def test_answers_are_judged_as_a_reader_would(question, answer, outcome):
    assert outcome in OUTCOMES
    assert find(question).judge(answer) == outcome


def test_a_fact_says_whether_there_is_such_a_thing():
    assert Fact("capital", "?", "", ("a",)).exists
    assert not Fact("capital", "?", "", ()).exists
