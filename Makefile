# `make demo` and `make test` do all the set-up themselves, with uv where it is there and pip else.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check bench

demo: $(STAMP)
	$(BIN)/latentune search conv-ae digits --trials 12 --epochs 20
	$(BIN)/latentune train conv-ae-digits --epochs 100
	$(BIN)/latentune sample conv-ae-digits

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal  # whole halves, so that fixtures are shared

bench: $(STAMP)
	$(BIN)/python -W ignore -m benchmarks.compare $(if $(FULL),--full)

check: test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pip-audit --format json --progress-spinner off --skip-editable 2>/dev/null | $(BIN)/python .ci/audit.py

$(STAMP): pyproject.toml constraints.txt
	if command -v uv; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
		uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'; \
	fi
	touch $@
