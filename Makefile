# Everything a fresh machine needs is Python 3.11+, Node 20+ (tests only) and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := deploy/requirements.lock
# Of the tests: many wait for a browser or for a server, so that two cores do not have enough of two.
PROCESSES ?= 5

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: run
run: $(VENV)/.installed ## Set up what is missing, make the demo campaign in var/demo, serve it on http://127.0.0.1:8000
	@exec $(BIN)/rounds serve --demo --data var/demo $(if $(BIND),--bind $(BIND))

.PHONY: test
test: tools ## Set up what is missing and run every test
	cd tests && node --test --test-timeout=300000 --test-reporter=dot $$(find js -name '*.test.mjs')
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile

.PHONY: check
check: tools ## Lint and types, Python and JavaScript
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	tests/node_modules/.bin/tsc -p tests/tsconfig.json

.PHONY: fix
fix: tools ## Mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: tools ## Measure, and write the figures to docs/benchmarks.md
	$(BIN)/python -m tests.bench

.PHONY: nightly
nightly: tools ## The long runs: many more examples and rounds of killing
	HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -m "nightly or not nightly" --timeout 3600
	ROUNDS_TEST_DATABASE=postgresql $(BIN)/pytest -n $(PROCESSES) --dist loadfile tests/service

.PHONY: simulate
simulate: install ## A made-up campaign of 50 teams, 500 tablets, 30 days and 100,000 records
	$(BIN)/rounds simulate --teams 50 --tablets 500 --days 30 --records 100000 --seed $(or $(SEED),1)

.PHONY: chaos
chaos: tools ## Everything that goes wrong, many times over: kills, full disks, damage, cut and slow connections
	ROUNDS_KILLS=50 HYPOTHESIS_PROFILE=nightly $(BIN)/pytest --timeout 3600 -m "nightly or not nightly" \
		tests/sync/embedded/test_faults.py tests/sync/embedded/test_storage.py tests/sync/embedded/serving \
		tests/sync/embedded/test_examine.py tests/sync/embedded/test_backup.py tests/end_to_end

.PHONY: soak
soak: tools ## The service under 50 live tablets for ROUNDS_SOAK_MINUTES (60): nothing may grow, nothing may be lost
	$(BIN)/python -m tests.soak

.PHONY: pictures
pictures: tools ## Take the screenshots of docs/pictures anew
	ROUNDS_PICTURES=1 $(BIN)/pytest -m browser

.PHONY: install
install: $(VENV)/.installed ## Set up .venv alone

.PHONY: lock
lock: $(VENV)/.tools ## Write the exact versions that are installed to the lock
	$(BIN)/pip freeze --exclude-editable | LC_ALL=C sort -f > $(LOCK)

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(VENV) var tests/node_modules build dist *.egg-info

.PHONY: tools
tools: $(VENV)/.tools $(VENV)/corpora/.fetched tests/node_modules/.installed
	@tests/system.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Rounds needs Python 3.11 or later; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.cfg pyproject.toml $(LOCK) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(LOCK) --editable .
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint $(LOCK) --editable '.[dev,postgresql]'
	@touch $@

# Source archives alone, of exact versions and digests; nothing of them is installed.
$(VENV)/corpora/.fetched: tests/corpora.txt | $(VENV)/bin/python
	$(BIN)/pip download --quiet --disable-pip-version-check --no-binary :all: --no-deps --require-hashes \
		--requirement tests/corpora.txt --dest $(VENV)/corpora
	@touch $@

tests/node_modules/.installed: tests/package.json tests/package-lock.json
	cd tests && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
