"""Seriously ill patients in five hospitals, and who of them was dead half a year later (SUPPORT, Knaus et al. 1995)."""

import bz2
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILE = Path(__file__).with_name("support.csv.bz2")  # tools/application_data.py; application_data.md: licence
COLUMNS = {  # known on the third day in the study
    "age": "age, years",
    "sex": "male",
    "comorbidities": "other diseases",
    "scoma": "coma score, 0 to 100",
    "hday": "day in hospital at entry",
    "diabetes": "diabetes",
    "dementia": "dementia",
    "ca": "cancer: none, some, spread",
    "meanbp": "mean blood pressure, mmHg",
    "wblc": "white blood cells, thousands",
    "hrt": "heart rate, per minute",
    "resp": "breaths per minute",
    "temp": "temperature, °C",
    "pafi": "oxygen in blood by oxygen breathed",
    "alb": "albumin, g/dl",
    "bili": "bilirubin, mg/dl",
    "crea": "creatinine, mg/dl",
    "sod": "sodium, mEq/l",
    "ph": "pH of the blood",
    "aps": "APACHE III physiology score",
}
LATER = {  # known only after the decision: they leak the answer
    "sfdm2": "gone by the interview at two months",
    "dnr": "do-not-resuscitate order",
    "avtisst": "intensity of treatment, days 3 to 25",
    "slos": "days until discharge",
    "charges": "hospital charges",
}
SECOND_PHASE = ("bun", "glucose", "urine")  # measured in the second phase only
CODES = {
    "sex": {"female": 0, "male": 1},
    "ca": {"no": 0, "yes": 1, "metastatic": 2},
    "sfdm2": {
        "<2 mo. follow-up": 1,
        "no(M2 and SIP pres)": 0,
        "adl>=4 (>=5 if sur)": 0,
        "SIP>=30": 0,
        "Coma or Intub": 0,
    },
    "dnr": {"no dnr": 0, "dnr after sadm": 1, "dnr before sadm": 1},
}
DISEASES = {
    "ARF/MOSF w/Sepsis": "organ failure, sepsis",
    "CHF": "heart failure",
    "COPD": "chronic lung disease",
    "Lung Cancer": "lung cancer",
    "MOSF w/Malig": "organ failure, cancer",
    "Coma": "coma",
    "Colon Cancer": "colon cancer",
    "Cirrhosis": "cirrhosis",
}
BORDERS = (832, 1589, 2413, 3232, 4279, 5815, 6731, 7746, 8428)  # of the file's ten stretches: see ``Patients``


@dataclass(frozen=True)
class Patients:
    """What was known of patients on their third day, what became of them, and what others foretold.

    The file names neither hospital nor phase. Its order gives both away: three measurements (``SECOND_PHASE``) are
    missing together in five stretches of rows and not in the five between, with 11 misfits in 9,105 rows, and the five
    have just the 4,301 patients of the first phase. The study had five hospitals, so a pair is taken for a hospital.

    Attributes:
        features: ``(n, f)``; NaN where something was not measured. The last eight say which disease it was.
        names: of the features, ``f``, in words.
        died: ``(n,)``, True for death within 180 days. Everybody else was seen alive after that.
        disease: ``(n,)``, a place in ``diseases``.
        diseases: their names.
        hospital: ``(n,)``, 0 to 4, by the order of the file.
        phase: ``(n,)``, 0 for 1989 to 1991, 1 for 1992 to 1994, by the order of the file.
        doctor: ``(n,)``, the physician's estimate of the chance of death; NaN where there is none.
        study: ``(n,)``, the estimate by the study's own formula, made on patients of the first phase.
    """

    features: Tensor
    names: tuple[str, ...]
    died: Tensor
    disease: Tensor
    diseases: tuple[str, ...]
    hospital: Tensor
    phase: Tensor
    doctor: Tensor
    study: Tensor


def patients(columns: Sequence[str] = tuple(COLUMNS)) -> Patients:
    """Return the 9,105 patients of SUPPORT; the default ``columns`` are those known on the third day.

    Others can be asked for by name: ``SECOND_PHASE``, and ``LATER``, which nobody knows when the decision is due.

    Raises:
        ValueError: no columns, one name in place of a list, or a column that the file does not have.
    """
    table = _table()
    if isinstance(columns, str) or not columns:
        raise ValueError(f"give a list of one column or more; got {columns!r}")
    if unknown := [name for name in columns if name not in _names()]:
        raise ValueError(f"there is no column {', '.join(unknown)}; there are {', '.join(_names())}")
    disease = np.array([list(DISEASES).index(each) for each in table["disease"]])
    numbers = [_numbers(name) for name in columns]
    is_it = [(disease == place).astype(np.float32) for place in range(len(DISEASES))]
    stretch = np.searchsorted(BORDERS, np.arange(len(disease)), side="right")
    words = COLUMNS | LATER
    return Patients(
        torch.from_numpy(np.stack(numbers + is_it, 1)),
        (*(words.get(name, name) for name in columns), *DISEASES.values()),
        torch.from_numpy(_numbers("died") == 1),
        torch.from_numpy(disease),
        tuple(DISEASES.values()),
        torch.from_numpy(stretch // 2),
        torch.from_numpy(stretch % 2),
        torch.from_numpy(1 - _numbers("prg6m")),
        torch.from_numpy(1 - _numbers("surv6m")),
    )


def _names() -> list[str]:
    return [*COLUMNS, *SECOND_PHASE, *LATER]


def _numbers(name: str) -> np.ndarray:
    """Return a column as float32, with words in place of numbers by their code and NaN for what is missing."""
    codes = CODES.get(name)
    values = [np.nan if not each else codes[each] if codes else float(each) for each in _table()[name]]
    return np.array(values, np.float32)


@cache
def _table() -> dict[str, list[str]]:
    with bz2.open(FILE, "rt", encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {name: [row[place] for row in rows] for place, name in enumerate(head)}
