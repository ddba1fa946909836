"""Cars on a motorway, hour by hour for two years."""

import bz2
import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILE = Path(__file__).with_name("traffic.csv.bz2")  # tools/application_data.py; application_data.md: licence
DAY, WEEK = 24, 7 * 24
HOLIDAYS = (  # days on which most of America is off work
    *(date(year, 7, 4) for year in (2017, 2018)),
    *(
        date(2016, 11, 24),
        date(2016, 11, 25),
        date(2017, 11, 23),
        date(2017, 11, 24),
    ),  # Thanksgiving, and the day after
    *(date(2016, 12, 26), date(2017, 12, 25)),  # Christmas, or the Monday after
    *(date(2017, 1, 2), date(2018, 1, 1)),  # New Year, or the Monday after
    *(date(2017, 5, 29), date(2018, 5, 28)),  # Memorial Day
    *(date(2017, 9, 4), date(2018, 9, 3)),  # Labor Day
)


@dataclass(frozen=True)
class Traffic:
    """Counts of cars, one for each hour.

    Attributes:
        cars: ``(17520,)``, float32. An hour that was not counted has what the same hour had a week before; in the first
            week, a day before.
        counted: ``(17520,)``, False for the 104 hours that were not.
        holiday: ``(17520,)``, True on public holidays, which a calendar tells in advance.
        start: the first hour, a Saturday, midnight.
    """

    cars: Tensor
    counted: Tensor
    holiday: Tensor
    start: datetime


@cache
def traffic() -> Traffic:
    """Return the cars on the westbound Interstate 94 near Minneapolis, from October 2016 to September 2018.

    Counted by the Minnesota Department of Transportation (Hogue 2019). Gaps are filled from the past alone, so that
    no forecast can learn from them what comes later.
    """
    with bz2.open(FILE, "rt", encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    cars = np.array([float(count) if count else np.nan for _, count in rows], np.float32)
    counted = ~np.isnan(cars)
    for hour in np.flatnonzero(~counted):
        cars[hour] = cars[hour - (WEEK if hour >= WEEK else DAY)]
    start = datetime.fromisoformat(rows[0][0])
    holiday = torch.tensor([(start + timedelta(hours=hour)).date() in HOLIDAYS for hour in range(len(cars))])
    return Traffic(torch.from_numpy(cars), torch.from_numpy(counted), holiday, start)
