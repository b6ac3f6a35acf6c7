# Every target installs what it needs into .venv first: with uv where there is one, else with pip.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
QUICK = $(wildcard tests/test_layers.py tests/test_documents.py tests/models/test_*vae*.py \
	tests/search_spaces/test_parameters.py tests/search_spaces/test_search_spaces*.py \
	tests/objectives/test_metrics_reference*.py tests/objectives/data/test_csv*.py \
	tests/objectives/data/test_table*.py tests/objectives/data/test_text*.py \
	tests/studies/study/test_argument*.py tests/studies/display/test_terminal*.py)

.PHONY: help install demo test quick lint check docs audit bench reproduce pictures tutorials

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## everything into .venv

demo: $(STAMP)  ## search, train and sample an autoencoder on real 8x8 digits
	$(BIN)/latentune search conv-ae digits --trials 12 --epochs 20
	$(BIN)/latentune train conv-ae-digits --epochs 100
	$(BIN)/latentune sample conv-ae-digits

test: $(STAMP)  ## all tests
	$(BIN)/python -m pytest -q -n 3 --dist worksteal  # one more than two cores: tests of processes wait

quick: $(STAMP)  ## a choice of tests, in less than a minute
	$(BIN)/python -m pytest -q -n 2 --dist worksteal $(QUICK)

lint: $(STAMP)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test  ## what continuous integration runs

docs: $(STAMP)  ## the documentation, as HTML
	$(BIN)/sphinx-build -q -W --keep-going -d build/doctrees docs build/docs
	@echo "the documentation: build/docs/index.html"

audit: $(STAMP)  ## known vulnerabilities of the installed packages (asks an online service)
	$(BIN)/pip-audit --format json --progress-spinner off --skip-editable 2>/dev/null | $(BIN)/python .ci/audit.py

bench: $(STAMP)  ## compare the speed with that of a notebook; FULL=1 for the whole comparison
	$(BIN)/python -W ignore -m benchmarks.compare $(if $(FULL),--full)

reproduce: $(STAMP)  ## run published systems again; ROWS="A4 C2" for some of them, MINUTES=3 for a limit
	$(BIN)/python -W ignore -m benchmarks.reproduce $(ROWS) $(if $(MINUTES),--minutes $(MINUTES))

pictures: $(STAMP)  ## make the pictures of the README and the tutorial again (needs chromium)
	$(BIN)/python docs/make_pictures.py

tutorials: $(STAMP)  ## run the scripts of examples/ and write their pages in docs/tutorials/
	OMP_NUM_THREADS=1 $(BIN)/python docs/make_tutorials.py

$(STAMP): pyproject.toml constraints.txt
	if command -v uv; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'; \
	fi
	touch $@
