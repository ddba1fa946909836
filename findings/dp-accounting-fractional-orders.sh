#!/usr/bin/env bash
# dp-accounting 0.6.0: the Rényi divergence of the subsampled Gaussian at fractional orders is an upper bound, not the value.
#
# For whole orders it agrees with Mironov, Talwar and Zhang (2019); between them that paper gives a series whose terms
# change sign. dp-accounting adds all terms without their signs, so that what it reports is too large: by 0.7 % at rate
# 0.05, noise 0.7, order 2.3, and infinite at order 1.2, where the integral is 0.007454. Opacus 1.6.0 agrees with the
# integral. The promise stays true, only weaker: 300 steps at delta 1e-5 come out at 14.361 by the default orders instead
# of 14.312, and two libraries that both say "RDP" differ in the second digit after the point.
#
# Output seen:
#   order 2.3: integral 0.022224, opacus 0.022224, dp-accounting 0.022387
#   order 1.2: integral 0.007454, opacus 0.007454, dp-accounting inf
#   order 3: integral 0.049736, opacus 0.049736, dp-accounting 0.049736
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  dp-accounting==0.6.0 opacus==1.6.0 torch==2.13.0 numpy==2.4.6 mpmath==1.3.0
cat > "$folder/orders.py" <<'PY'
import sys
from importlib.metadata import version

from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
from dp_accounting.rdp import RdpAccountant
from mpmath import exp, linspace, log, mp, pi, quad, sqrt
from opacus.accountants.analysis.rdp import compute_rdp

mp.dps = 25
rate, noise, found = 0.05, 0.7, {}
for order in (2.3, 1.2, 3):
    def mixture(z):
        bell = exp(-(z**2) / (2 * noise**2)) / (noise * sqrt(2 * pi))
        return bell * (1 - rate + rate * exp((2 * z - 1) / (2 * noise**2))) ** order

    integral = float(log(quad(mixture, linspace(-15 * noise, order + 15 * noise, 40))) / (order - 1))
    accountant = RdpAccountant([order])
    accountant.compose(PoissonSampledDpEvent(rate, GaussianDpEvent(noise)))
    theirs = float(accountant._rdp[0])
    opacus = float(compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=[order])[0])
    found[order] = integral, opacus, theirs
    print(f"order {order}: integral {integral:.6f}, opacus {opacus:.6f}, dp-accounting {theirs:.6f}")
same = all(abs(integral - opacus) < 1e-6 for integral, opacus, _ in found.values())
if not (version("dp-accounting") == "0.6.0" and same and abs(found[3][2] - found[3][0]) < 1e-6
        and found[2.3][2] > 1.005 * found[2.3][0] and found[1.2][2] > 1):
    sys.exit("the behaviour has changed")
PY
"$folder/venv/bin/python" "$folder/orders.py"
