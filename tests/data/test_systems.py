"""The systems of the history: every figure has a source that the book cites, and is what its working says."""

import json
import math
import re
from datetime import date
from pathlib import Path

import pytest

from largemodels.data import published_runs, systems
from largemodels.data.systems import DOMAINS, FILE, HOW, QUANTITIES

KEPT = json.loads(FILE.read_text(encoding="utf-8"))
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
FACTOR = re.compile(r"([\d.,]+)(?: (thousand|million|billion|trillion))?(?: [A-Za-z-]+)*$")


def figures():
    """Yield every figure with the name of its system."""
    for system in systems():
        for figure in (system.parameters, system.compute, system.data, *system.others):
            if figure:
                yield system.name, figure


def entry(**changes):
    """Return a system of the file, changed."""
    first = next(each for each in KEPT["systems"] if each["name"] == "LeNet-5")
    return json.loads(json.dumps(first)) | changes


def written(tmp_path, *entries):
    path = tmp_path / "systems.json"
    path.write_text(json.dumps({"sources": KEPT["sources"], "systems": entries}), encoding="utf-8")
    return path


def test_there_are_sixty_systems_of_every_domain_from_1957_to_2026():
    found = systems()
    assert 40 <= len(found) <= 60
    assert {system.domain for system in found} == set(DOMAINS)
    assert (found[0].name, found[0].date.year, found[-1].date.year) == ("Perceptron", 1957, 2026)
    assert [system.date for system in found] == sorted(system.date for system in found)
    assert all(
        set(system.missing) | {q for q in QUANTITIES if getattr(system, q)} == set(QUANTITIES) for system in found
    )


def test_every_source_is_in_the_references_with_the_same_address():
    bibliography = Path("references.bib").read_text(encoding="utf-8")
    for key, source in KEPT["sources"].items():
        found = re.search(rf"@\w+{{{key},.*?\n}}", bibliography, re.DOTALL)
        assert found, key
        fields = dict(re.findall(r"(\w+)\s*=\s*{(.*)},?\n", found[0]))
        address = f"https://doi.org/{fields['doi']}" if "url" not in fields else fields["url"]
        assert source["link"] == address, key
        assert re.search(r"\((\d{4})", source["text"])[1] == fields["year"], key


def test_every_kind_of_knowledge_occurs_and_what_others_worked_out_names_them():
    assert {figure.how for _, figure in figures()} == set(HOW)
    assert all(bool(figure.by) == (figure.how != "reported") for _, figure in figures())
    assert {figure.link.split(":")[0] for _, figure in figures()} == {"https"}


def product(working):
    """Return the product of factors such as ``6 × 384 million × 7.5 epochs``, or nothing for any other working."""
    factors = [FACTOR.match(part.split(" (")[0]) for part in working.split(" × ")]
    if len(factors) < 3 or not all(factors) or any(mark in working for mark in "+:√÷"):
        return None
    return math.prod(float(each[1].replace(",", "")) * SCALES.get(each[2], 1) for each in factors)


def test_the_factors_of_a_working_give_the_figure():
    checked = 0
    for name, figure in figures():
        if (found := product(figure.working)) is not None:
            assert found == pytest.approx(figure.value, rel=0.06), (name, figure.working)
            checked += 1
    assert checked >= 18


SHARED = {  # with the runs against which estimates are tested, which others have looked up
    "GPT-3": "GPT-3 175B",
    "T5-11B": "T5-11B",
    "Gopher": "Gopher 280B",
    "Chinchilla": "Chinchilla 70B",
    "PaLM": "PaLM 540B",
    "OPT-175B": "OPT-175B",
    "BLOOM": "BLOOM 176B",
    "LLaMA-65B": "LLaMA 65B",
    "Llama 2 70B": "Llama 2 70B",
    "Llama 3 70B": "Llama 3 70B",
    "Llama 3.1 405B": "Llama 3.1 405B",
    "DeepSeek-V3": "DeepSeek-V3",
    "Qwen2.5-72B": "Qwen2.5 72B",
}


@pytest.mark.parametrize("name", SHARED)
def test_what_the_published_runs_say_as_well_agrees(name):
    (system,) = [system for system in systems() if system.name == name]
    (run,) = [run for run in published_runs() if run.name == SHARED[name]]
    for figure, others in (
        (system.parameters, run.parameters),
        (system.data, run.tokens),
        (system.compute, run.compute),
    ):
        values = [other.value for other in others]
        assert not values or any(figure.value == pytest.approx(value, rel=0.02) for value in values)


def test_the_slips_that_the_notebook_tells_of_are_as_told():
    known = {system.name: system for system in systems()}
    digits = known["Zip-code network"]
    assert 7291 * 23 == 167_693  # so the passes are in the presentations already
    assert digits.others[0].value / digits.compute.value == pytest.approx(23, rel=0.01)
    words = known["ELMo"]
    assert words.compute.value / words.others[0].value == pytest.approx(1000)
    five = known["Sequence to sequence"]
    assert pytest.approx(11.1e18, rel=0.01) == (348e6 + 304e6) * 0.38e9 * 6 * 7.5  # where 7.3e18 is printed
    assert five.others[0].value == 7.3e18


def test_a_year_is_a_date_in_years():
    (system,) = [each for each in systems() if each.name == "Perceptron"]
    assert system.date == date(1957, 1, 1)
    assert system.year == 1957.0
    assert all(0 <= each.year - each.date.year < 1 for each in systems())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"domain": "smell"}, "LeNet-5: its domain must be one of vision, .*; got 'smell'"),
        ({"date": "November 1998"}, "LeNet-5: .*isoformat"),
        ({"paper": "nobody1998"}, "'nobody1998' is not among the sources"),
        ({"compute": " "}, "say why there is no figure for its compute"),
        ({"extra": 1}, "and perhaps others; got .*extra"),
        ({"parameters": {"value": 0}}, "LeNet-5: its parameters must be a number above 0; got 0"),
        ({"parameters": {"value": math.inf}}, "above 0; got inf"),
        ({"data": {"value": 5, "unit": "miles"}}, "the unit of its data must be one of words, .*; got 'miles'"),
    ],
)
def test_what_is_not_as_it_must_be_is_named_with_its_system(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        systems(written(tmp_path, entry(**changes)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"how": "guessed"}, "must be one of reported, computed, estimated; got 'guessed'"),
        ({"how": "reported"}, "only what others worked out has a by"),
        ({"by": ""}, "only what others worked out has a by"),
        ({"source": "nobody1998"}, "needs a source among the sources"),
        ({"place": ""}, "and a place in it"),
    ],
)
def test_a_figure_without_its_source_is_an_error(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        systems(written(tmp_path, entry(compute=entry()["compute"] | changes)))


def test_order_and_names_are_checked(tmp_path):
    with pytest.raises(ValueError, match="LeNet-0 stands after LeNet-5"):
        systems(written(tmp_path, entry(), entry(name="LeNet-0", date="1990-01-01")))
    with pytest.raises(ValueError, match="the same name"):
        systems(written(tmp_path, entry(), entry()))
