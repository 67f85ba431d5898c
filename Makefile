# `make demo` and `make test` do everything on a fresh machine with Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-long test-torch lint format bench clean
.DELETE_ON_ERROR:

demo: .venv/lab.installed
	$(BIN)/python examples/paired_scene.py --minutes 3 --out runs/demo --seed 0 --start-over

test: .venv/lab.installed
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: .venv/lab.installed
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or not slow"

# With the oldest and the newest torch, each in an environment of its own; others with: make test-torch TORCH="2.9.1 2.14.1"
test-torch: .venv/lab.installed
	$(BIN)/python -m tests.torch_versions $(TORCH)

lint: .venv/lint.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: .venv/lint.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/lab.installed
	$(BIN)/python benchmarks/algebra.py --out runs/benchmarks.json
	$(BIN)/python benchmarks/resonator.py
	$(BIN)/python benchmarks/capacity.py
	$(BIN)/python benchmarks/data.py
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf .venv .venv-torch runs

# The environment is made once, and again only when pyproject.toml changes. An installation that was cut short goes on next time.
.venv/lab.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@echo "Installing torch and the laboratory into .venv, once; this takes a few minutes."
	$(BIN)/python -m pip install --quiet --editable ".[lab]" --group test
	$(BIN)/python -m tasks.dependencies
	touch $@

.venv/lint.installed: .venv/lab.installed
	$(BIN)/python -m pip install --quiet --group lint
	touch $@
