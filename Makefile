# Inside Large AI Models. `make book` builds it, `make test` proves it; each sets itself up first.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= 2
BIN := .venv/bin
SHARED = -n $(JOBS) --dist loadgroup # among workers; what needs the same book or page goes to one of them

TEX := texlive-xetex texlive-latex-extra texlive-fonts-recommended latexmk fonts-freefont-otf fonts-dejavu-core

.PHONY: help book pdf serve model real test computed lint check unit notebooks bench clean
ifndef TOGETHER # as `make test` calls itself, for two targets that may run side by side
.NOTPARALLEL:
endif

help:
	@echo "make book        build the book into _build/html, or only what has changed (ALL=1: all)"
	@echo "make pdf         build the book as a PDF (needs TeX, and says which packages)"
	@echo "make serve       read it at http://127.0.0.1:$(PORT)"
	@echo "make model       download the real language model, 93 MB, once (into LARGEMODELS_DATA, if set)"
	@echo "make real        put that model into the book, for a page that runs it (88 MB to download; 200 MB on disk)"
	@echo "make test        build, and run every notebook and every test"
	@echo "make check       format, lint, layers and unit tests: what to run while working"
	@echo "make notebooks   run the notebooks again and store what they show (FRESH=1: timings too)"
	@echo "make bench       compare the speed of the code with Keras (SAVE=1: keep the figures; PARTS=rnn)"
	@echo "make bench PARTS=pages  and of the pages with another commit (BASE=commit)"
	@echo "make clean       remove what was built"

# an environment of its own, made again when a requirement changes
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "The book needs Python 3.11 or later; name one with: make PYTHON=python3.13"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" \
	  || { echo "This Python cannot make an environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up .venv: a few minutes, once"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

# a warning fails the build, and pages that have not changed are not built again: make book ALL=1, or make test, builds all
book: .venv/ready
	$(BIN)/python tools/build_book.py $(if $(ALL),--all)
	@echo
	@echo "The book is built: open _build/html/index.html, or run \`make serve\`."

pdf: .venv/ready
	@command -v xelatex >/dev/null && command -v latexmk >/dev/null && kpsewhich fncychap.sty >/dev/null \
	  && fc-list : family | grep -q FreeSerif && fc-list : family | grep -q "DejaVu Sans Mono" \
	  || { echo "A PDF needs TeX; on Debian and Ubuntu: apt-get install $(TEX)"; exit 1; }
	rm -rf _build/.doctrees _build/latex _build/built.json
	$(BIN)/jupyter-book build -W -n --keep-going --quiet --builder pdflatex .
	@echo
	@echo "The PDF is built: _build/latex/inside-large-ai-models.pdf"

serve: .venv/ready
	@test -f _build/html/index.html || $(MAKE) --no-print-directory book
	@echo "The book is at http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

# kept outside this folder, and found there by every checkout; the tests and the notebooks need it, the book does not
model: .venv/ready
	@$(BIN)/python tools/bring_model.py

# into assets/vendor/, which is not committed, and into the book where it is built: half a minute, 0.7 GB of memory
real: model
	@test -f assets/vendor/versions.json || $(BIN)/python tools/vendor.py
	@$(BIN)/python tools/make_real.py

# the book, which takes one processor, is built while the tests that need none begin; the pages' scripts are there before
test: lint model
	@test -f assets/vendor/versions.json || $(BIN)/python tools/vendor.py
	@$(MAKE) --no-print-directory --jobs 2 TOGETHER=1 ALL=1 book computed
	$(BIN)/python -m pytest tests/book $(SHARED) --quiet
	@echo
	@echo "Everything passed. Run \`make check\` while working, \`make notebooks\` after changing what they show."

# one thread for each of the workers that share the machine
test computed unit: export OMP_NUM_THREADS = 1

# all but what is asked of the pages: the notebooks as well
computed:
	$(BIN)/python -m pytest tests intro.ipynb chapters --ignore tests/book $(SHARED) --quiet \
	  --nbval --nbval-kernel-startup-timeout 600

check: lint unit

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python tools/check_notebooks.py

unit: .venv/ready model
	$(BIN)/python -m pytest tests --ignore tests/book $(SHARED) --quiet

notebooks: .venv/ready model
	$(BIN)/python tools/notebooks.py $(if $(FRESH),--fresh)

.venv-bench/ready: requirements-bench.txt pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-bench.txt
	@touch $@

bench: .venv/ready $(if $(filter-out pages paint answers readers,$(or $(PARTS),all)),model) \
  $(if $(filter-out pages paint answers readers large loading weights decoding lookup real,$(or $(PARTS),all)),.venv-bench/ready)
	$(BIN)/python -m bench $(PARTS) $(if $(BASE),--base $(BASE)) $(if $(SAVE),--out results)

clean:
	rm -rf _build assets/vendor node_modules .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests tools experiments bench -name __pycache__ -type d -prune -exec rm -rf {} +
