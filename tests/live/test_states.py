"""A thousand states, drawn from a seed, are written into an address and read back the same; others are refused."""

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest

KIT = Path(__file__).resolve().parents[2] / "src/largemodels/live/kit"
FORMS = "{ one: aNumber(-1e6, 1e6), some: someNumbers([0, 9], -5, 5), whole: aWhole(-40, 40), text: someText(120) }"
LETTERS = "abcxyzABQXSN019 \n\t  .,-_=+@'\"<>{}()äé→😀\u200b\x00\ud800"


def in_node(script: str, given) -> object:
    """Run a script after the kit's addresses and states, with what is given as ``given``; return what it says."""
    node = shutil.which("node")
    if node is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no node: install Node.js, which npm comes with")
    kit = "\n".join((KIT / f"{part}.js").read_text(encoding="utf-8") for part in ("address", "state", "take"))
    text = f"{kit}\nconst given = {json.dumps(given)};\nconst forms = {FORMS};\n"
    text += f"console.log(JSON.stringify((() => {{{script}}})()));"
    done = subprocess.run([node, "-"], input=text, capture_output=True, encoding="utf-8", check=True)
    return json.loads(done.stdout)


def some_states(count: int) -> list[dict]:
    chance = random.Random(14)
    numbers = (0, 0.1, -0.25, 1e-7, 3e5, 1 / 3, -1e6)
    return [
        {
            "one": chance.choice(numbers) if chance.random() < 0.5 else chance.uniform(-1e6, 1e6),
            "some": [chance.uniform(-5, 5) for _ in range(chance.randrange(10))],
            "whole": chance.randint(-40, 40),
            "text": "".join(chance.choice(LETTERS) for _ in range(chance.randrange(121))),
        }
        for _ in range(count)
    ]


WRITTEN = """return given.map((values) => writeState("some2", 3, Object.fromEntries(
  Object.entries(forms).map(([name, form]) => [name, form.write(values[name])]))));"""
READ = """return given.map((text) => readStates(text).map(({ key, version, values, whole }) => [key, version, whole,
  Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, form.read(values[name] ?? "")]))]));"""


def test_a_thousand_states_are_read_back_the_same():
    states = some_states(1000)
    links = in_node(WRITTEN, states)
    assert all(re.fullmatch(r"[a-z]([A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*[a-z]", link) for link in links)
    assert not any("--" in link or ".." in link for link in links)
    for end in ("", ".", ")", ",", "%20"):
        assert in_node(READ, [f"#{link}{end}" for link in links]) == [[["some2", 3, True, state]] for state in states]


def test_what_no_form_has_written_is_refused():
    texts = ["", "QS", "QZ", "XzzzzzX", "a--b", "-a", "a-", "Qz", "QNa", "QS0X", "QS1X", "X2pX", "a.b", "a" * 121]
    assert in_node("return given.map((text) => forms.text.read(text) ?? null);", texts) == [None] * len(texts)
    texts = ["", "1e7", "NaN", "Infinity", "0x10", "1e400", "m", "-5", "1.", ".5", "1_0"]
    assert in_node("return given.map((text) => forms.one.read(text) ?? null);", texts) == [None] * len(texts)
    assert in_node("return given.map((text) => forms.whole.read(text) ?? null);", ["1.5", "41", "m41"]) == [None] * 3
    texts = ["1x", "x", "6", "1x" * 9 + "1"]
    assert in_node("return given.map((text) => forms.some.read(text) ?? null);", texts) == [None] * 4


def test_numbers_stay_numbers_and_formulas_become_text():
    rows = [["a", "b (m)"], [-0.5, "=1+1"], [1e-7, "+x"], [0.1, "-5"], [3, "@a"], [1e21, 'say "no",\nnow'], [2, "-"]]
    text = in_node("return csvOf([given, [['one'], [1]]]);", rows)
    assert text.startswith("\ufeffa,b (m)\r\n-0.5,'=1+1\r\n1e-7,'+x\r\n0.1,-5\r\n3,'@a\r\n")
    assert text.endswith('1e+21,"say ""no"",\nnow"\r\n2,\'-\r\n,\r\none,\r\n1,\r\n')
