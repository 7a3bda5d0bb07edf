# make demo | setup | test | check | bench | faults | mutations      Needs git, make and Python 3.11 or newer; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo

.PHONY: demo setup test check bench faults mutations learned messages lock clean

demo: $(VENV)/.run
	@$(BIN)/renkei demo --region examples/midorino --data $(DEMO) --port $${PORT:-8000}

setup: $(VENV)/.dev

# What running needs.
$(VENV)/.run: requirements.lock pyproject.toml
	@echo "Setting up: a virtual environment and the packages of requirements.lock …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Renkei needs Python 3.11 or newer. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# What developing needs on top.
$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Setting up: the packages of requirements-dev.lock …"
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n auto -q $(ARGS)

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python tools/messages.py check
	@RENKEI_DATA=$$(mktemp -d) sh -c '$(BIN)/renkei check && $(BIN)/renkei makemigrations --check --dry-run && $(BIN)/renkei policy --docs --check; \
	  code=$$?; rm -rf $$RENKEI_DATA; exit $$code'

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

# Provoke faults for long: 200 rounds of killing; the table goes to REPORT, .md or .json.
ROUNDS ?= 200
faults: $(VENV)/.dev
	@RENKEI_FAULT_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -q -m faults \
	  tests/faults tests/backup tests/config $(if $(REPORT),--faults-report $(REPORT)) $(ARGS)

# Break every rule that keeps a clause, and flip every place of every sealed column, one after the
# other: the tests have to notice.
mutations: $(VENV)/.dev
	@RENKEI_MUTATIONS=all $(BIN)/python -m pytest -q tests/policy/test_mutation.py tests/audit/test_verify.py $(ARGS)

# Learn anew from the labelled drafts how an emergency is worded, and write the guard's table.
learned: $(VENV)/.dev
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-learn.lock
	@$(BIN)/python tools/learn.py

# Take up new source strings into the catalogue of translations.
messages: $(VENV)/.dev
	@$(BIN)/python tools/messages.py extract

# Write the lock files anew: exact versions with hashes, no addresses.
LOCK := pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host \
  --no-emit-find-links \
  --strip-extras --allow-unsafe --no-header
lock: $(VENV)/.dev
	@$(BIN)/$(LOCK) --output-file requirements.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(BIN)/$(LOCK) --extra learn --output-file requirements-learn.lock pyproject.toml

clean:
	rm -rf $(VENV) $(DEMO) build .mypy_cache .ruff_cache .pytest_cache
