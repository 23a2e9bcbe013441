# `make demo` and `make test` do all their own set-up; nothing needs to be installed but Python 3.11+, git and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test test-long lint bench clean

help:  ## say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "Calibrant needs Python 3.11 to 3.13; this is %d.%d. Try: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready
	$(PIP) install --constraint constraints.txt --editable '.[test,web]'
	@touch $@

demo: $(VENV)/.run-ready  ## make a sample department, collect, infer and report on it
	$(BIN)/calibrant demo

test: $(VENV)/.test-ready  ## run the tests (minutes), a real PostgreSQL included
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/.test-ready  ## run every test, the long simulations too
	$(BIN)/python -m pytest

lint: $(VENV)/.test-ready  ## format, lint, type and layer checks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test-ready  ## time storing, reading and assessing (collect_git needs a clone: CLONE=path)
	$(BIN)/python benchmarks/ledger.py
	$(BIN)/python benchmarks/assess.py
	$(if $(CLONE),$(BIN)/python benchmarks/collect_git.py $(CLONE))

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info build
