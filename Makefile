# riskwave's entry points. Each target makes what it needs; all can be run again at any time.
#   make demo    server, embedded cluster and dashboard on real sample prices
#   make test    everything that the tests need, then all of them
#   make lint    style, types, contract, import directions
#   make bench   every measured claim of the README, printed beside its peer
#   make proto   the committed stubs, from proto/riskwave/v1/*.proto
#   make lock    the pinned dependencies, from pyproject.toml

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test test-fast lint format bench proto lock ns contract typescript baseline reference conformance clean help
.DEFAULT_GOAL := help

help:
	@sed -n '2,7s/^# \{0,1\}//p' Makefile

# ---- environment -------------------------------------------------------------------------------------------------

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "riskwave needs Python 3.11 or newer; set PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "installing python3-venv" >&2; apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# What users run, without the tools of the tests; build/.dev adds those to the same environment.
build/.all: requirements/all.lock pyproject.toml Makefile | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --requirement requirements/all.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@# Python looks for folders first: in the one above a clone called riskwave it would take the clone for the package.
	@# Whoever sets PYTHONPATH says himself where packages come from.
	@echo "import os, sys; os.environ.get('PYTHONPATH') or sys.meta_path.sort(key=lambda finder: not finder.__module__.startswith('__editable___riskwave'))" \
	    >$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/riskwave_before_folders.pth
	@mkdir -p build && touch $@

build/.dev: requirements/dev.lock build/.all
	$(UV) pip install --quiet --python $(BIN)/python --requirement requirements/dev.lock
	@touch $@

build/.packages:
	@requirements/debian-packages
	@mkdir -p build && touch $@

lock: | $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --extra dev pyproject.toml --output-file requirements/dev.lock
	@# The same versions without the tools: what the tests ran with is what users get.
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --extra all --constraint requirements/dev.lock pyproject.toml --output-file requirements/all.lock
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header requirements/proto.in --output-file requirements/proto.lock

# ---- what users run ----------------------------------------------------------------------------------------------

demo: build/.all
	$(BIN)/riskwave up

test: build/.dev build/.packages
	$(BIN)/pytest -n 2 --dist loadgroup

test-fast: build/.dev
	$(BIN)/pytest -n 2 --dist loadgroup -m "not services"

bench: build/.dev
	$(BIN)/python benchmarks/run.py

# ---- checks ------------------------------------------------------------------------------------------------------

# Type checkers and import-linter read folders, not setuptools' mapping: show them the import names as links.
ns:
	@rm -rf build/ns && mkdir -p build/ns/riskwave
	@for part in compute server dashboard config; do ln -s ../../../$$part build/ns/riskwave/$$part; done
	@ln -s ../../../proto/riskwave/v1 build/ns/riskwave/v1
	@for entry in clients/python/*; do [ "$$(basename $$entry)" = __pycache__ ] || ln -s ../../../$$entry build/ns/riskwave/; done

# The contract with the Google messages that it imports, as one tree for buf.
contract: build/.dev
	@rm -rf build/contract && mkdir -p build/contract/google/rpc
	@cp -r proto/riskwave proto/buf.yaml build/contract/
	@cp $$($(BIN)/python -c 'import google.rpc.status_pb2 as m; print(m.__file__.replace("_pb2.py", ".proto"))') build/contract/google/rpc/

lint: build/.dev ns contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p riskwave
	PYTHONPATH=build/ns $(BIN)/lint-imports --config pyproject.toml
	$(BIN)/buf lint build/contract
	$(BIN)/buf breaking build/contract --against proto/baseline.binpb

format: build/.dev
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

# The pages of docs/ that follow from the registries.
reference: build/.dev
	$(BIN)/python docs/reference.py

# The pages that show every oscillator beside those who computed it independently, and where its formula divides by 0.
conformance: build/.dev
	$(BIN)/python docs/conformance.py
	$(BIN)/python docs/degenerate.py

# ---- contract ----------------------------------------------------------------------------------------------------

build/proto-env/.made: requirements/proto.lock | $(UV)
	$(UV) venv --quiet --clear --python $(BIN)/python build/proto-env
	$(UV) pip install --quiet --python build/proto-env/bin/python --requirement requirements/proto.lock
	@touch $@

PROTOC = PATH="$(CURDIR)/build/proto-env/bin:$$PATH" build/proto-env/bin/python -m grpc_tools.protoc -Iproto \
  -I"$$(build/proto-env/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
# OUT is where the stubs go; a test generates them elsewhere and compares.
OUT ?= proto
proto: build/proto-env/.made
	@mkdir -p $(OUT)
	$(PROTOC) --python_out=$(OUT) --mypy_out=quiet:$(OUT) proto/riskwave/v1/*.proto
	$(PROTOC) --grpc_python_out=$(OUT) --mypy_grpc_out=quiet:$(OUT) proto/riskwave/v1/*_service.proto

# The TypeScript stubs, beside their example.
typescript: contract
	cd clients/typescript && npm ci --silent && npm run --silent generate

# Freezes the contract as released: from then on make lint refuses what would break its users.
baseline: contract
	$(BIN)/buf build build/contract --output proto/baseline.binpb

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
