# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make check   set up, then lint, test and compile the content of this repository
#   make test    set up, then the project's own tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: check test oracle setup style format workflows clean

check: $(READY)
	@$(BIN)/tocsin check

test: $(READY) style
	$(BIN)/python -m pytest -n auto

# Compares with Microsoft's Kusto language service (npm); ORACLE=require fails where it cannot be had.
ORACLE ?= try
oracle: $(READY)
	$(BIN)/python -m pytest tests/oracle --oracle=$(ORACLE) -n 0 -rs

setup: $(READY)

# The environment is made anew when the dependencies change; the stamp comes last, so a broken set-up is repeated.
$(READY): pyproject.toml tools/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tocsin needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12 ..." % sys.version.split()[0])'
	@echo "Setting up $(VENV) (once; about half a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tools/constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

style: $(READY)
	$(BIN)/ruff check tools tests
	$(BIN)/ruff format --check tools tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --offline --quiet .github/workflows

format: $(READY)
	$(BIN)/ruff check --fix tools tests
	$(BIN)/ruff format tools tests
	$(BIN)/python tools/build_docs.py
	$(BIN)/python tools/build_picture.py

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
