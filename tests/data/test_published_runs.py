"""Published training runs: every figure has a source that exists, and a place; where sources disagree, both stand."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from largemodels.data import PublishedFigure, PublishedRun, published_runs, published_sources
from largemodels.data import published_runs as read
from largemodels.data.published_runs import COMPUTED, FILE, MEASURED, SECOND, UNITS

RUNS = {run.key: run for run in published_runs()}
FIGURES = [
    (run, kind, figure) for run in RUNS.values() for kind, figures in run.figures().items() for figure in figures
]
ROOT = Path(__file__).parents[2]
KEYS = set(re.findall(r"^@\w+{([^,\s]+),", (ROOT / "references.bib").read_text(encoding="utf-8"), re.M))


def test_there_are_more_than_forty_runs_with_a_field_for_each_kind_of_figure():
    assert len(RUNS) == len(published_runs()) > 40
    assert {field.name for field in dataclasses.fields(PublishedRun)} >= set(UNITS)
    assert all(re.fullmatch(r"20[12]\d-[01]\d", run.date) and run.organisation for run in RUNS.values())
    assert len({run.name for run in RUNS.values()}) == len(RUNS)


def test_every_source_is_in_the_bibliography_and_every_figure_has_a_place():
    assert {figure.source for *_, figure in FIGURES} <= KEYS
    assert {figure.via for *_, figure in FIGURES if figure.via} <= KEYS | {SECOND}
    assert all(figure.place for *_, figure in FIGURES)
    assert all(figure.unit == UNITS[kind] for _, kind, figure in FIGURES)


def test_sources_have_the_address_and_the_year_of_the_bibliography():
    bibliography = (ROOT / "references.bib").read_text(encoding="utf-8")
    used = {key for *_, figure in FIGURES for key in (figure.source, figure.via) if key} - {SECOND}
    assert set(published_sources()) == used
    for key, (text, link) in published_sources().items():
        entry = re.search(rf"@\w+{{{key},.*?\n}}", bibliography, re.S)[0]
        fields = dict(re.findall(r"(\w+)\s*=\s*{(.*)},?\n", entry))
        assert link in (fields.get("url"), f"https://doi.org/{fields.get('doi')}"), key
        assert text.endswith(f"({fields['year']})"), key
        assert text.split()[0].strip(",")[:4] in fields["author"].replace("{", "").replace("\\'", ""), key


def test_most_figures_were_read_at_their_source_or_where_a_named_one_quotes_it():
    unnamed = [figure for *_, figure in FIGURES if figure.via == SECOND]
    assert len(unnamed) < len(FIGURES) / 6


def test_shares_are_shares_and_hardware_is_never_less_busy_than_the_model_needs():
    for run, kind, figure in FIGURES:
        if kind in ("mfu", "hfu"):
            assert figure.value < 0.65, run.name
        if kind == "pue":
            assert 1 <= figure.value < 1.3, run.name
    both = [run for run in RUNS.values() if run.mfu and run.hfu]
    assert len(both) >= 2
    assert all(run.hfu[0].value > run.mfu[0].value for run in both)


def test_energy_that_is_said_to_be_hours_times_watts_is_that():
    """BLOOM's, LLaMA's, GPT-3's and others': the figures give each other, so they confirm nothing."""
    checked = []
    for run in RUNS.values():
        for energy in run.energy[:1]:
            if energy.formula.startswith("chip-hours ×") and run.watts:
                with_building = run.pue[0].value if "PUE" in energy.formula and "without" not in energy.formula else 1
                with_building = 1.1 if energy.formula.endswith("× 1.1") else with_building
                product = run.chip_hours[0].value * run.watts[0].value * with_building / 1e6
                assert product == pytest.approx(energy.value, rel=0.015), run.name
                assert energy.circular == (energy.how == COMPUTED), run.name
                checked.append(run.key)
    assert {"gpt3", "bloom", "llama65", "opt", "gopher", "starcoder", "t5", "meena", "gshard", "switch"} <= set(checked)


def test_bloom_is_hours_times_four_hundred_watts_to_the_last_digit():
    bloom = RUNS["bloom"]
    assert bloom.energy[0].value * 1000 == bloom.chip_hours[0].value * 0.4
    assert bloom.energy[0].circular


def test_energy_that_was_measured_is_not_marked_as_circular():
    measured = [run for run in RUNS.values() if run.energy and run.energy[0].how == MEASURED]
    assert len(measured) >= 8
    assert not any(run.energy[0].circular for run in measured)


DISAGREEMENTS = {
    "gpt3": ("co2", 552.1, 502),
    "gopher": ("co2", 380, 352),
    "bloom": ("co2", 24.69, 183),
    "olmo2-7": ("energy", 131, 157),
    "olmo2-13": ("energy", 257, 230),
    "opt": ("co2", 137, 75),
    "palm": ("compute", 2.56e24, 2.5272e24),
    "chinchilla": ("compute", 5.76e23, 5.88e23),
}


@pytest.mark.parametrize(("key", "kind", "one", "other"), [(key, *rest) for key, rest in DISAGREEMENTS.items()])
def test_where_sources_disagree_both_figures_stand(key, kind, one, other):
    found = getattr(RUNS[key], kind)
    assert {one, other} <= {figure.value for figure in found}
    assert len({(figure.source, figure.place) for figure in found}) == len(found)


def test_three_totals_are_in_print_for_the_computation_of_gopher():
    assert [figure.value for figure in RUNS["gopher"].compute] == [6.31e23, 5.76e23, 5.04e23]


def test_the_card_of_llama_33_prints_emissions_that_its_hours_contradict():
    right, wrong = RUNS["llama31-70"], RUNS["llama33"]
    assert right.chip_hours[0].value == wrong.chip_hours[0].value
    assert right.co2[0].value > 100 * wrong.co2[0].value


def test_a_run_as_a_whole_uses_less_than_its_published_share():
    """PaLM and Llama 3.1 405B: 6ND over all reserved chip-hours at the dense peak."""
    for key, peak, least, most in (("palm", 275e12, 0.30, 0.31), ("llama31-405", 989e12, 0.34, 0.35)):
        run = RUNS[key]
        share = 6 * run.parameters[0].value * run.tokens[0].value / (run.chip_hours[0].value * 3600 * peak)
        assert least < share < most
        assert share < min(figure.value for figure in run.mfu)


def figure(**changes):
    given = {"value": 1.0, "unit": "t", "source": "a", "place": "p. 1", "how": MEASURED} | changes
    return PublishedFigure(**given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": 0}, "positive number; got 0 "),
        ({"value": float("nan")}, "positive number"),
        ({"value": "12"}, "positive number; got '12'"),
        ({"value": True}, "positive number; got True"),
        ({"place": ""}, "neither where it was published nor on which page"),
        ({"source": ""}, "neither where"),
        ({"unit": "lb"}, "'lb' is no unit"),
        ({"how": "guessed"}, "got 'guessed'"),
        ({"circular": True}, "names none"),
        ({"scope": "chips"}, "energy, and nothing else"),
        ({"unit": "MWh"}, "got ''"),
    ],
)
def test_a_figure_that_says_too_little_is_refused(changes, message):
    figure()
    with pytest.raises(ValueError, match=re.escape(message)):
        figure(**changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda runs: runs.append(runs[0]), "stands twice"),
        (lambda runs: runs[0]["figures"].update(water=[]), "unknown kinds: water"),
        (lambda runs: runs[0]["figures"]["co2"][0].update(unit="h"), "co2 of gpt3 is in t"),
    ],
)
def test_a_file_with_a_fault_is_refused(change, message, tmp_path, monkeypatch):
    import sys

    module = sys.modules[read.__module__]
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    change(kept["runs"])
    (tmp_path / "runs.json").write_text(json.dumps(kept), encoding="utf-8")
    monkeypatch.setattr(module, "FILE", tmp_path / "runs.json")
    with pytest.raises(ValueError, match=message):
        module._read.__wrapped__()


def test_the_page_that_uses_the_figures_cites_every_source():
    """The bibliography lists what is cited; a figure's source must be there."""
    cells = json.loads((ROOT / "chapters/faq/estimates.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    cited = {key for keys in re.findall(r"{cite:[a-z]+}`([^`]+)`", text) for key in keys.split(",")}
    used = {key for *_, figure in FIGURES for key in (figure.source, figure.via) if key} - {SECOND}
    assert used <= cited, used - cited


def test_what_one_reader_changes_no_other_sees():
    run = next(run for run in published_runs() if run.settings)
    with pytest.raises(TypeError):
        run.settings["hidden_size"] = 1
