#!/usr/bin/env bash
# sphinx-exercise 1.2.1, Sphinx 7.4.7, LaTeX: a reference to an exercise of the same page leads to the label that is
# written, "exercise:first". A reference from another page leads to "one:first", which no page defines: the PDF shows
# "Exercise ??". Sphinx gives no warning, not even with -n, and HTML is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sphinx==7.4.7 sphinx-exercise==1.2.1
mkdir "$folder/book"
printf 'extensions = ["sphinx_exercise"]\nnumfig = True\n' >"$folder/book/conf.py"
printf 'Book\n====\n\n.. toctree::\n\n   one\n   two\n' >"$folder/book/index.rst"
printf 'One\n===\n\n.. exercise:: Sum\n   :label: first\n\n   Add one.\n\nHere: :ref:`first`.\n' >"$folder/book/one.rst"
printf 'Two\n===\n\nThere: :ref:`first`.\n' >"$folder/book/two.rst"
"$folder/venv/bin/python" -m sphinx -n -W -q -b latex "$folder/book" "$folder/tex"
"$folder/venv/bin/python" -m sphinx -n -W -q -b html "$folder/book" "$folder/html"
"$folder/venv/bin/python" - "$folder" <<'PY'
import re
import sys
from pathlib import Path

folder = Path(sys.argv[1])
(tex,) = (path.read_text(encoding="utf-8") for path in (folder / "tex").glob("projectnamenotset.tex"))
tex = re.sub(r"\\detokenize\{([^}]*)\}", r"\1", tex)
defined = set(re.findall(r"\\label\{([^}]*)\}", tex))
here, there = (re.search(rf"{word}: \\hyperref\[([^]]*)\]", tex)[1] for word in ("Here", "There"))
print("defined:", sorted(label for label in defined if "first" in label), "asked for here:", here, "there:", there)
assert here == "exercise:first" and here in defined
assert there == "one:first" and there not in defined
assert 'href="one.html#first"' in (folder / "html/two.html").read_text(encoding="utf-8")
PY
# Seen: defined: ['exercise:first'] asked for here: exercise:first there: one:first
