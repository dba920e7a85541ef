# Everything people run. `make demo` and `make test` make the environment they need first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-warn-script-location
SOURCES := src tests scripts benchmarks

.PHONY: demo test truth lint bench setup locks clean

demo: .venv/.ready  ## simulate a company, import its files, print its numbers, write its report
	$(BIN)/touchstone demo

setup: .venv/.ready  ## .venv with the touchstone command in it

test: .venv/.ready-dev  ## every test but the long proofs
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

truth: .venv/.ready-dev  ## the long statistical proofs and campaigns
	$(BIN)/python -m pytest -m truth

lint: .venv/.ready-dev  ## style, types, and which room may use which
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/.ready  ## the same work here and in the peers, side by side (long)
	$(BIN)/python benchmarks/run.py

locks:  ## write the lock files anew (needs uv)
	uv pip compile pyproject.toml -o requirements.lock $(LOCK)
	uv pip compile pyproject.toml --group build -o requirements-build.lock $(LOCK)
	uv pip compile pyproject.toml --group build --group dev -o requirements-dev.lock $(LOCK)
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.venv/.ready: requirements-build.lock pyproject.toml frontend/package-lock.json frontend/build.mjs
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements-build.lock
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python scripts/build_assets.py
	@touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

clean:  ## remove what these commands made
	rm -rf .venv touchstone-demo frontend/node_modules src/touchstone/report/assets/dist
