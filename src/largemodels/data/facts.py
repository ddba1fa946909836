"""Questions of fact with known answers, and the same questions about things that do not exist."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("facts.json")  # says what its answers were checked against
WAYS = {  # kind -> the question, and how an answer in one sentence begins
    "capital": ("What is the capital of {}?", "The capital of {} is"),
    "symbol": ("What is the chemical symbol of the element {}?", "The chemical symbol of the element {} is"),
    "atomic number": ("What is the atomic number of {}?", "The atomic number of {} is"),
    "birth": ("In which year was {} born?", "{} was born in the year"),
    "arithmetic": ("What is {}?", "{} ="),
    "Python": ("In Python, what is the value of {}?", "The value of {} is"),
}
# Ways to say that one does not know, or that there is no such thing; written down after reading a model's answers.
DECLINED = re.compile(
    r"not (sure|aware|familiar|certain|able|known|recogni[sz]ed|a (real|known|recogni[sz]ed|country|person))|\bunknown"
    r"|\bI (do not|don't) (know|have)|no (information|record|such (country|element|person|place|name))"
    r"|(does not|doesn't|not actually) exist|fiction|hypothetical|made[- ]up|imaginary|cannot|can't|could(n't| not)"
    r"|unable|sorry|apologi[sz]e",
    re.IGNORECASE,
)
ABOUT = re.compile(r" is an? ")  # says what the thing is, not what its capital is
CAPITAL = re.compile(r"capital[^.]* is \w|, the capital of|is the capital")
OUTCOMES = ("right", "wrong", "no answer", "declined")


@dataclass(frozen=True)
class Fact:
    """A question of fact.

    Attributes:
        kind: one of the keys of ``WAYS``.
        question: in a sentence.
        start: how an answer begins, up to where the fact itself comes.
        accepted: what counts as right; nothing, where the question is about a thing that does not exist.
    """

    kind: str
    question: str
    start: str
    accepted: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether there is such a thing."""
        return bool(self.accepted)

    def judge(self, answer: str) -> str:
        """Return one of ``OUTCOMES``.

        Where a number is asked for, the first one counts that the question does not hold (for a birth, the first of
        four digits); a text is right if it stands in the answer as a whole word, capitals and all. What is not right
        has "declined" if it says that it does not know or that there is no such thing, and gives no number; it is "no
        answer" if it gives no number, or talks about a country and not about its capital; otherwise it is "wrong".
        About a thing that does not exist, nothing is right.
        """
        numeric = self.kind == "birth" or any(text.isdigit() for text in self.accepted)
        numbers = re.findall(r"\d{4}" if self.kind == "birth" else r"\d+", answer.replace(",", ""))
        said = [number for number in numbers if number not in re.findall(r"\d+", self.question)]
        if numeric and said:
            return "right" if said[0] in self.accepted else "wrong"
        if not numeric and any(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", answer) for text in self.accepted):
            return "right"
        if DECLINED.search(answer):
            return "declined"
        evades = self.kind == "capital" and ABOUT.search(answer) and not CAPITAL.search(answer)
        return "no answer" if numeric or evades else "wrong"


def facts() -> list[Fact]:
    """Return the 220 questions whose answers are known, in the order of ``WAYS``."""
    lists = json.loads(FILE.read_text(encoding="utf-8"))
    found = []
    for kind, key in (
        ("capital", "capitals"),
        ("symbol", "symbols"),
        ("atomic number", "numbers"),
        ("birth", "births"),
    ):
        for thing, answer in lists[key].items():
            found.append(_ask(kind, thing, str(answer), *lists["also"].get(str(answer), ())))
    for kind, key in (("arithmetic", "arithmetic"), ("Python", "python")):
        # these programs are the book's own; Python itself says what is right
        found += [_ask(kind, program, str(eval(program))) for program in lists[key]]
    return found


def made_up() -> list[Fact]:
    """Return sixty questions about countries, elements and people that do not exist, in the same words as real ones."""
    lists = json.loads(FILE.read_text(encoding="utf-8"))
    kinds = {"capital": "no such country", "symbol": "no such element", "birth": "no such person"}
    return [_ask(kind, thing) for kind, key in kinds.items() for thing in lists[key]]


def _ask(kind: str, thing: str, *accepted: str) -> Fact:
    question, start = (text.format(thing.replace("*", "×") if kind == "arithmetic" else thing) for text in WAYS[kind])
    return Fact(kind, question, start, accepted)
