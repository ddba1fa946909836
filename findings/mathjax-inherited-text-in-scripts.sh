#!/usr/bin/env bash
# MathJax 3.2.2, CHTML output, mtextInheritFont: true, which draws \text in the font of the page (Chromium 156): a
# \text in a subscript or superscript is drawn smaller, as it should be, but in a box as wide as the full-size text.
# So "y_\text{better})" has a gap before its bracket. \mathrm in the same place, and \text outside scripts, are right.
# Needs chromium and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.65.2
npm install --silent --no-fund --no-audit --prefix "$folder" mathjax@3.2.2
cat >"$folder/page.html" <<'HTML'
<script>MathJax = {chtml: {mtextInheritFont: true}}</script>
<script src="node_modules/mathjax/es5/tex-chtml.js"></script>
<p style="font: 20px serif">\(\text{better}\) \(y_\text{better}\) \(y^\text{better}\) \(y_\mathrm{better}\)</p>
HTML
"$folder/venv/bin/python" - "$folder" <<'PY'
import shutil
import sys

from playwright.sync_api import sync_playwright

MEASURE = """() => MathJax.startup.promise.then(() => [...document.querySelectorAll("mjx-mtext, mjx-msub mjx-mi")]
  .filter((one) => one.textContent === "better" || one.querySelectorAll("mjx-c").length === 6)
  .map((one) => {
    const letters = document.createRange();
    letters.selectNodeContents(one.querySelector("mjx-utext") ?? one);
    return one.getBoundingClientRect().width / letters.getBoundingClientRect().width;
  }))"""
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page()
    page.goto(f"file://{sys.argv[1]}/page.html")
    text, below, above, roman = page.evaluate(MEASURE)
    browser.close()
print(f"width of the box by that of its letters: \\text {text:.2f}, in scripts {below:.2f} and {above:.2f}, \\mathrm {roman:.2f}")
assert abs(text - 1) < 0.05 and abs(roman - 1) < 0.05
assert below > 1.3 and above > 1.3
PY
# Seen: width of the box by that of its letters: \text 1.00, in scripts 1.41 and 1.41, \mathrm 1.00
