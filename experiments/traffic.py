"""How many cars next week? A network, simple rules, and the calendar: results/traffic.json.

    OMP_NUM_THREADS=1 python experiments/traffic.py [--seeds 0 1 2]

From 45 origins, eight days apart in the second year, each of the next 168 hours is forecast from the hours before the
origin alone. What is learned is learned anew every eight weeks, from the past of that origin. Stored are the mean
absolute scaled errors of each origin by day of the horizon; those of a network for each seed. It takes about two
minutes on one CPU core.
"""

import sys
from datetime import timedelta
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor, nn

from largemodels.data import Batches, traffic
from largemodels.data.traffic import DAY, WEEK
from largemodels.models import Ridge, last_season, last_value, median_season, seasons_before, smoothed
from largemodels.train import backtest, rolling_origins, scale
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/traffic.json"
SEEDS, FIRST, STEP, AGAIN, BACK = (0, 1, 2), 365 * DAY, 8 * DAY, 56 * DAY, 8
WIDTH, KERNEL, EPOCHS, BATCH, RATE = 16, 9, 10, 16, 3e-3
UNIT = 1000.0


class WeekNet(nn.Module):
    """Forecast a week from the same hours of eight weeks, and from which hours lie on holidays.

    Convolutions over the hours correct the median of the eight. The inputs are ``(n, 9, 168)``: the weeks, latest
    first, in thousands of cars, and 1 where the hour to be forecast lies on a holiday.
    """

    def __init__(self):
        super().__init__()
        self.correct = nn.Sequential(
            nn.Conv1d(BACK + 2, WIDTH, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.Conv1d(WIDTH, 1, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        weeks, holiday = x[:, :BACK], x[:, BACK:]
        usual = weeks.quantile(0.5, 1, keepdim=True)
        return (usual + self.correct(torch.cat([weeks - usual, usual - 3, holiday], 1)))[:, 0]


def weeks(past: Tensor, holiday: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the network learns from, one pair for each day: inputs ``(n, 9, 168)``, and what came, ``(n, 168)``.

    ``holiday`` is that of the whole series, since a calendar tells it in advance; all counts lie in the past.
    """
    ends = range(len(past) - WEEK, BACK * WEEK - 1, -DAY)
    pairs = [(shown(past[:end], holiday), past[end : end + WEEK] / UNIT) for end in ends]
    inputs, answers = zip(*pairs, strict=True)
    return torch.stack(inputs), torch.stack(answers)


def shown(past: Tensor, holiday: Tensor) -> Tensor:
    """Return the input ``(9, 168)`` for the week after ``past``."""
    coming = holiday[len(past) : len(past) + WEEK].float()
    return torch.cat([seasons_before(past, WEEK, WEEK, BACK) / UNIT, coming[None]])


def trained(past: Tensor, holiday: Tensor, seed: int, epochs: int = EPOCHS) -> WeekNet:
    """Return a network of the past alone, by the mean absolute error."""
    torch.manual_seed(seed)
    model, batches = WeekNet(), Batches(*weeks(past, holiday), BATCH, epochs, seed)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    for inputs, answers in batches:
        loss = (model(inputs) - answers).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model


def by_network(holiday: Tensor, seed: int):
    """Return a forecaster that learns anew every eight weeks."""
    models: dict[int, WeekNet] = {}

    def forecast(past: Tensor, horizon: int) -> Tensor:
        age = (len(past) - FIRST) // AGAIN
        if age not in models:
            models[age] = trained(past, holiday, seed)
        with torch.no_grad():
            return models[age](shown(past, holiday)[None])[0] * UNIT

    return forecast


def by_ridge(holiday: Tensor, penalty: float = 10.0):
    """Return a forecaster by one linear formula for all hours: the eight weeks, and whether it is a holiday."""
    models: dict[int, Ridge] = {}

    def rows(inputs: Tensor) -> tuple[Tensor, Tensor]:
        table = inputs.mT.flatten(0, -2)
        usual = table[:, :BACK].quantile(0.5, 1, keepdim=True)
        flag = table[:, BACK:]
        return torch.cat([table[:, :BACK] - usual, flag, flag * usual], 1), usual

    def forecast(past: Tensor, horizon: int) -> Tensor:
        age = (len(past) - FIRST) // AGAIN
        if age not in models:
            inputs, answers = weeks(past, holiday)
            table, usual = rows(inputs)
            models[age] = Ridge(table, answers.reshape(-1, 1) - usual, penalty)
        table, usual = rows(shown(past, holiday)[None])
        return (models[age](table) + usual)[:, 0] * UNIT

    return forecast


def by_rule(series, holiday: Tensor):
    """Return the median of eight weeks, but a holiday is taken for a Sunday: one rule, no learning."""

    def forecast(past: Tensor, horizon: int) -> Tensor:
        usual = median_season(past, horizon, WEEK)
        made, begin = usual.clone(), series.start + timedelta(hours=len(past))
        sunday = DAY * ((6 - begin.weekday()) % 7)
        for day in range(0, horizon, DAY):
            if holiday[len(past) + day]:
                made[day : day + DAY] = usual[sunday : sunday + DAY]
        return made

    return forecast


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    torch.set_num_threads(1)
    series = traffic()
    cars, none = series.cars, torch.zeros_like(series.holiday)
    origins = rolling_origins(len(cars), FIRST, WEEK, STEP)
    unit = scale(cars[:FIRST], WEEK)
    ways = {
        "last value": (0, last_value),
        "last week": (0, lambda past, horizon: last_season(past, horizon, WEEK)),
        "smoothing": (0, lambda past, horizon: smoothed(past, horizon, WEEK)),
        "median of eight weeks": (0, lambda past, horizon: median_season(past, horizon, WEEK)),
        "median, holidays as Sundays": (0, by_rule(series, series.holiday)),
        "ridge": (0, by_ridge(none)),
        "ridge, calendar": (0, by_ridge(series.holiday)),
    }
    for seed in options.seeds:
        ways[f"network {seed}"] = (seed, by_network(none, seed))
        ways[f"network, calendar {seed}"] = (seed, by_network(series.holiday, seed))
    runs = []
    for name, (seed, forecast) in ways.items():
        errors = backtest(cars, origins, WEEK, forecast).abs() / unit
        days = errors.view(len(errors), 7, DAY).mean(2)
        way = name.removesuffix(f" {seed}") if name.startswith("network") else name
        rows = [[round(each, 4) for each in row] for row in days.tolist()]
        runs.append({"way": way, "seed": seed, "mase": round(days.mean().item(), 4), "days": rows})
        print(name, runs[-1]["mase"], flush=True)
    head = {
        "what": "cars in each hour of the next week, forecast from 45 origins: mean absolute scaled errors, by origin "
        "and by day of the horizon",
        "command": "python experiments/traffic.py",
        "network": f"WeekNet, {WIDTH} channels, kernel {KERNEL}, {EPOCHS} epochs, AdamW {RATE}, anew each 8 weeks",
        "scale": unit,
        "origins": list(origins),
        "holiday": [bool(series.holiday[at : at + WEEK].any()) for at in origins],
    }
    write(options.out, head | machine(), runs, options.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
