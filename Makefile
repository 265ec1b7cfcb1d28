# Everything a fresh machine needs is git, GNU make and Python 3.11 or newer with pip and venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tests that run on the second supported DuckDB: those of the store, of the SQL, and of the jobs. Programs that a test
# starts in another folder use the pinned DuckDB, so that each version also reads the files of the other.
OTHER_DUCKDB := 2.0.0
STORE_TESTS := tests/store tests/sql tests/jobs/test_snapshot.py tests/jobs/test_exactly_once.py
PYTEST := $(BIN)/python -m pytest
CHECK_PYTHON := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.11")'
AXE := 4.14.1
# pip takes its build environment's versions from here too, so that the whole set-up is pinned.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test test-other-duckdb chaos check fix axe build tools bench lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: $(VENV)/.installed ## Make .venv with the pinned versions

$(VENV)/.installed: pyproject.toml constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[simulator,excel,dev]'
	@touch $@

$(VENV)/.demo: pyproject.toml constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[simulator]'
	@touch $@

# The demo needs less than the tests. Where the packages of the tests are installed, it uses them.
demo: $(if $(wildcard $(VENV)/.installed),install,$(VENV)/.demo) ## Take a week of hourly snapshots of a simulated API
	@$(BIN)/rtk-usage demo

test: install ## Run the tests, with branch coverage
	$(PYTEST) --numprocesses 2 --dist worksteal --cov --cov-report=term

test-other-duckdb: install ## Run the tests of the store on the other supported DuckDB
	PIP_CONSTRAINT= $(BIN)/python -m pip install --quiet --upgrade --no-deps --target $(VENV)/other-duckdb duckdb==$(OTHER_DUCKDB)
	PYTHONPATH=$(VENV)/other-duckdb $(BIN)/python -c 'import duckdb, sys; sys.exit(duckdb.__version__ != "$(OTHER_DUCKDB)" and duckdb.__file__)'
	PYTHONPATH=$(VENV)/other-duckdb $(PYTEST) --numprocesses 2 --dist worksteal $(STORE_TESTS)

chaos: install ## Kill, cut power and fill disks for some minutes, and write the figures to docs/reliability.md
	RTK_USAGE_CHAOS=full $(PYTEST) --numprocesses 2 --dist worksteal tests/chaos

check: install ## Check lint, format, types and import contracts; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: install ## Repair lint and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

axe: ## Install axe with npm, with which the tests judge the accessibility of the page
	npm install --silent --no-save --no-package-lock --prefix $(VENV)/axe axe-core@$(AXE)

build: install ## Build the wheel and try it in an environment of its own
	rm -rf dist $(VENV)/smoke
	$(BIN)/python -m build --wheel --outdir dist
	$(PYTHON) -m venv $(VENV)/smoke
	$(VENV)/smoke/bin/python -m pip install --quiet "$$(echo dist/*.whl)[simulator]"
	cd $(VENV)/smoke && bin/rtk-usage --help && bin/rtk-usage demo --days 1 --directory demo && test -s demo/usage.html

# Both tools get an environment and folders of their own, so that nothing of the user's is touched.
tools: ## Install the checkout with uv and with pipx, as users do, and try both
	rm -rf $(VENV)/tools
	$(PYTHON) -m venv $(VENV)/tools
	$(VENV)/tools/bin/python -m pip install --quiet uv pipx
	UV_TOOL_DIR=$(CURDIR)/$(VENV)/tools/uv UV_TOOL_BIN_DIR=$(CURDIR)/$(VENV)/tools/uv-bin \
	  $(VENV)/tools/bin/uv tool install --quiet --constraints constraints.txt .
	PIPX_HOME=$(CURDIR)/$(VENV)/tools/pipx PIPX_BIN_DIR=$(CURDIR)/$(VENV)/tools/pipx-bin PIPX_MAN_DIR=$(CURDIR)/$(VENV)/tools/man \
	  PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(VENV)/tools/bin/pipx install --quiet .
	cd $(VENV)/tools && for program in uv-bin/rtk-usage pipx-bin/rtk-usage; do \
	  $$program --version && $$program query --list > /dev/null && $$program page --help > /dev/null || exit 1; done

bench: install ## Measure beside the official SDK and dlt, and write bench/RESULTS.md; BENCH=... passes options
	$(BIN)/python -m pip install --quiet --editable '.[simulator,excel,dev,bench]'
	$(BIN)/python -m bench.run $(BENCH)

lock: ## Update the pinned versions in constraints.txt
	rm -rf $(VENV)/lock
	PIP_CONSTRAINT= $(PYTHON) -m venv $(VENV)/lock
	PIP_CONSTRAINT= $(VENV)/lock/bin/python -m pip install --quiet '.[simulator,excel,dev,bench]' 'duckdb==1.5.5' hatchling editables uv pipx
	( echo '# Every version that is installed anywhere in this project; made by `make lock`.'; \
	  $(VENV)/lock/bin/python -m pip freeze --exclude realtimekit-usage ) > constraints.txt

clean: ## Delete everything that make has made
	rm -rf $(VENV) dist data/demo .coverage* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
