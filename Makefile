# Every target prepares what it needs, and is quick the second time.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Stamps carry the sum of their lock file, so that a changed lock is installed and an unchanged one is not.
sum = $(shell cksum $(1) | cut -d' ' -f1)
RUNTIME := $(VENV)/runtime-$(call sum,requirements.lock)
DEV := $(VENV)/dev-$(call sum,requirements-dev.lock)
NODE_SDK := tests/clients/node
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement

.PHONY: help setup demo run test lint bench lock browser node-sdk

help:
	@echo "make demo    a company with customers, usage and invoices, on http://127.0.0.1:$(PORT)"
	@echo "make run     an empty installation, on http://127.0.0.1:$(PORT)"
	@echo "make test    the tests"
	@echo "make lint    formatting, types, layers, migrations"
	@echo "make bench   the figures of the README; with QUICK=1 on few events, in two minutes"
	@echo "make setup   only prepare .venv, with everything for development"
	@echo "make lock    resolve the lock files anew from pyproject.toml"

setup: $(DEV) browser node-sdk

demo: $(RUNTIME)
	@$(BIN)/python manage.py demo --port $(PORT)

run: $(RUNTIME)
	@$(BIN)/python manage.py serve --port $(PORT)

test: $(DEV) browser node-sdk
	@$(BIN)/pytest -n 2 --dist loadfile

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z 'templates/*.html' | xargs -0 -r $(BIN)/djade --target-version 5.2 --check
	# The check wants no database; an address where none listens keeps it from starting one.
	DATABASE_URL=postgres://127.0.0.1:1/none $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@! git grep -nIE 'pythonhosted[.]org|pypi[.]org|registry[.]npmjs|(extra-)?index-url[ =]|find-links[ =]' -- ':!Makefile' \
		|| { echo "A registry's address is committed: remove it."; exit 1; }

bench: $(DEV)
	@if [ "$$(id -u)" = 0 ] && ! command -v wrk >/dev/null && command -v apt-get >/dev/null; then \
		echo "Installing wrk, which makes the load ..."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq wrk >/dev/null; \
	fi
	@$(BIN)/python manage.py bench $(if $(QUICK),--quick) --json build/bench.json

lock: $(DEV)
	@uv=$$(command -v uv) || { echo "make lock needs uv: pip install uv"; exit 1; }; \
	options="--universal --python-version 3.11 --fork-strategy fewest --upgrade --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet"; \
	$$uv pip compile $$options pyproject.toml -o requirements.lock; \
	$$uv pip compile $$options --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

$(BIN)/python:
	@python=""; \
	for candidate in python3 python3.13 python3.12 python3.11; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed, and none is on the PATH."; exit 1; fi; \
	echo "Making $(VENV) with $$($$python --version) ..."; \
	rm -rf $(VENV); \
	if ! $$python -c 'import ensurepip' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
		else echo "This Python has no venv module: install it, on Debian with apt-get install python3-venv."; exit 1; fi; \
	fi; \
	$$python -m venv $(VENV)

$(RUNTIME): | $(BIN)/python
	@echo "Installing what the product needs ..."
	@$(PIP) requirements.lock
	@rm -f $(VENV)/runtime-*; touch $@

$(DEV): | $(RUNTIME)
	@echo "Installing what tests and checks need ..."
	@$(PIP) requirements-dev.lock
	@rm -f $(VENV)/dev-*; touch $@

browser: | $(BIN)/python
	@if [ -e $(VENV)/browser ] || command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
			|| echo "Chromium could not be installed: the browser tests will skip."; \
	else \
		echo "Chromium is missing: the browser tests will skip until it is installed."; \
	fi; \
	touch $(VENV)/browser

node-sdk:
	@stamp=$(NODE_SDK)/node_modules/installed-$(call sum,$(NODE_SDK)/package-lock.json); \
	if [ -e $$stamp ]; then exit 0; fi; \
	if ! command -v npm >/dev/null; then \
		echo "npm is missing: the tests of OpenMeter's Node SDK will skip until it is installed."; exit 0; \
	fi; \
	echo "Installing OpenMeter's Node SDK for its tests ..."; \
	if npm --prefix $(NODE_SDK) ci --ignore-scripts --silent; then touch $$stamp; \
	else echo "OpenMeter's Node SDK could not be installed: its tests will skip."; fi
