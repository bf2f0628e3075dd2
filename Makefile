# Mostek's tasks. From a fresh machine with Python 3.11 or later, make and git: `make demo`, `make test`.
# Environments are built from requirements/*.txt (each package checked by hash) and rebuilt only when those change.

PYTHON ?= python3
JOBS ?= 2

VENV := .venv
VENV_PEERS := .venv-peers
VENV_LOCK := .venv-lock
BIN := $(VENV)/bin
PIP := -m pip --quiet --disable-pip-version-check --no-input install --only-binary :all: --require-hashes --requirement

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help browser demo test quick check lint format soak mutants bench lock clean

help: ## list the tasks
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(VENV)/.run ## set up and run the demonstration
	$(BIN)/mostek demo

test: lint $(VENV_PEERS)/.ready browser ## lint, then all tests (but soak), with PostgreSQL and the peers
	MOSTEK_PEERS="$(CURDIR)/$(VENV_PEERS)/bin/python" $(BIN)/pytest --numprocesses $(JOBS)

quick: $(VENV)/.dev ## pure and unit tests, under one minute
	$(BIN)/pytest --numprocesses $(JOBS) -m "not (soak or postgres or peer or browser)" \
		--ignore=tests/acceptance --ignore=tests/sandbox --ignore-glob="tests/connectors/*/test_sandbox*"

check: lint ## lint, and the tests about the project and its documentation
	$(BIN)/pytest --quiet tests/project

lint: $(VENV)/.dev ## style, types, and the arrows between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(VENV)/.dev $(VENV_PEERS)/.ready ## the long tests
	MOSTEK_PEERS="$(CURDIR)/$(VENV_PEERS)/bin/python" $(BIN)/pytest -m soak --timeout 0

mutants: $(VENV)/.dev ## break the code on purpose and see the tests notice
	$(BIN)/python -m tests.mutants

bench: $(VENV)/.dev ## measure speed on the neutral stand and on the simulators; see docs/benchmarks.md
	$(BIN)/python -m bench $(BENCH)

browser: ## for the tests of the pages: Debian's Chromium, where it may be installed
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	{ test "`id -u`" = 0 && command -v apt-get >/dev/null && echo "Installing chromium for the tests of the pages" && \
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends chromium >/dev/null; } || \
	echo "No chromium: tests in a browser are skipped. Cure: sudo apt-get install chromium"

clean: ## remove environments, caches and built files
	rm -rf $(VENV) $(VENV_PEERS) $(VENV_LOCK) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# --- environments -----------------------------------------------------------------------------------------------

$(VENV)/.run: requirements/build.txt requirements/run.txt pyproject.toml | $(BIN)/python
	$(BIN)/python $(PIP) requirements/build.txt
	$(BIN)/python $(PIP) requirements/run.txt
	$(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	$(BIN)/python $(PIP) requirements/dev.txt
	@touch $@

$(VENV_PEERS)/.ready: requirements/peers.txt | $(VENV_PEERS)/bin/python
	$(VENV_PEERS)/bin/python $(PIP) requirements/peers.txt
	@touch $@

$(VENV_LOCK)/.ready: requirements/lock.txt | $(VENV_LOCK)/bin/python
	$(VENV_LOCK)/bin/python $(PIP) requirements/lock.txt
	@touch $@

define CREATE_ENVIRONMENT
command -v "$(PYTHON)" >/dev/null || { \
	echo 'Mostek needs Python 3.11 or later, and there is no "$(PYTHON)" here. Cure: install it, or say where it is: make PYTHON=/path/to/python3' >&2; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Mostek needs Python 3.11 or later; \"$(PYTHON)\" is `"$(PYTHON)" -V 2>&1`. Cure: make PYTHON=/path/to/a/newer/python3" >&2; exit 1; }; \
if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
	package=`"$(PYTHON)" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'`; \
	if test "`id -u`" = 0 && command -v apt-get >/dev/null; then \
		echo "Python's venv lacks ensurepip: installing $$package"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$$package" >/dev/null; \
	else \
		echo "Python's venv lacks ensurepip. Cure: sudo apt-get install $$package, then the same make again" >&2; exit 1; \
	fi; \
fi; \
"$(PYTHON)" -m venv --clear $(@D:/bin=)
endef

$(BIN)/python $(VENV_PEERS)/bin/python $(VENV_LOCK)/bin/python:
	@$(CREATE_ENVIRONMENT)

# --- locked requirements ----------------------------------------------------------------------------------------
# A locked version stays until it no longer fits; `make lock UPGRADE=--upgrade` takes the newest of all.

COMPILE := $(VENV_LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

lock: $(VENV_LOCK)/.ready ## write requirements/*.txt anew from pyproject.toml and requirements/peers.in
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --group dev --constraints requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt
	$(COMPILE) --group lock --output-file requirements/lock.txt
	$(COMPILE) requirements/peers.in --output-file requirements/peers.txt
