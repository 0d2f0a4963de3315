SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
# The first one here that is new enough and can make virtual environments; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$candidate -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$candidate; break; fi; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PINNED := install -qq --require-hashes --no-deps --prefer-binary --no-compile
CATALOGUES := $(wildcard src/totrinn/web/locale/*/LC_MESSAGES/totrinn.po)
CHECKED := $(wildcard src tests bench tools examples hatch_build.py)
PYTEST_ARGS ?=
# In as many processes as there are cores; the tests of one file stay together, and share what they set up.
SPREAD := -n auto --maxprocesses 4 --dist loadfile

export PIP_ROOT_USER_ACTION := ignore

.PHONY: help
help: ## Show what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

# Installing -------------------------------------------------------------------------------------------------

.PHONY: install
install: $(VENV)/.project $(VENV)/.translations ## Make .venv with all that Totrinn needs to run

.PHONY: demo
demo: install ## Start Totrinn with an organisation to try it on
	@exec $(BIN)/totrinn demo

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Totrinn needs Python 3.11 or newer, with venv and ensurepip" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt requirements/build.txt | $(BIN)/python
	@echo "Installing what Totrinn runs on"
	@$(PIP) $(PINNED) -r requirements/runtime.txt -r requirements/build.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what the tests and checks need"
	@$(PIP) $(PINNED) -r requirements/dev.txt
	@touch $@

$(VENV)/.project: pyproject.toml hatch_build.py $(VENV)/.runtime
	@echo "Installing Totrinn"
	@$(PIP) install -qq --no-build-isolation --no-deps --no-compile --editable .
	@touch $@

$(VENV)/.translations: $(CATALOGUES) tools/translations.py $(VENV)/.runtime
	@$(BIN)/python tools/translations.py compile
	@touch $@

# Checking ---------------------------------------------------------------------------------------------------

.PHONY: check
check: lint types imports translations test ## Run all that must hold before a change is taken in

.PHONY: test
test: install $(VENV)/.dev test-packages ## Run every test
	@$(BIN)/python -m pytest $(SPREAD) $(PYTEST_ARGS)

.PHONY: torture
torture: install $(VENV)/.dev test-packages ## Run the tests that take hours: a thousand kills, and the like
	@$(BIN)/python -m pytest -m torture -n 0 $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Look at the layout and the rules of the code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

.PHONY: types
types: install $(VENV)/.dev ## Check the types
	@$(BIN)/mypy $(CHECKED)

.PHONY: imports
imports: install $(VENV)/.dev ## Check who imports whom
	@$(BIN)/lint-imports

.PHONY: translations
translations: install ## Check that every text stands in every language
	@$(BIN)/python tools/translations.py check

# What the tests drive from outside, by the names of Debian's packages.
TEST_PACKAGES := adduser age apache2 caddy certbot chromium curl etcd-server faketime haproxy iproute2 jq libapache2-mod-auth-openidc nginx-light oathtool \
	openssh-client openssh-server patroni pgbouncer php-cli php-curl php-mbstring php-sqlite3 php-xml postgresql \
	postgresql-client python3-venv simplesamlphp ssl-cert systemd util-linux xmlsec1

# None is started as a service (policy-rc.d). Where they cannot be installed, the tests say which one they miss.
.PHONY: test-packages
test-packages: ## Install the Debian packages that the tests use
	@installed="$$(dpkg-query --show --showformat='$${db:Status-Status} $${Package}\n' $(TEST_PACKAGES) 2>/dev/null || true)"; \
	missing=""; \
	for package in $(TEST_PACKAGES); do \
		grep -qx "installed $$package" <<<"$$installed" || missing+=" $$package"; \
	done; \
	if [[ -z "$$missing" ]]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null || [[ "$$(id -u)" != 0 ]]; then echo "Not installed here:$$missing" >&2; exit 0; fi; \
	echo "Installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq; \
	if [[ ! -e /usr/sbin/policy-rc.d ]]; then \
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; \
		chmod +x /usr/sbin/policy-rc.d; \
	fi; \
	apt-get install -qq --yes --no-install-recommends $$missing >/dev/null

.PHONY: bench
bench: install $(VENV)/.dev ## Measure
	@$(BIN)/python -m bench

# Working ----------------------------------------------------------------------------------------------------

.PHONY: format
format: $(VENV)/.dev ## Lay the code out
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: update-translations
update-translations: install ## Bring the catalogues up to what the code and the pages say
	@$(BIN)/python tools/translations.py update

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --quiet --upgrade \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links

.PHONY: lock
lock: | $(BIN)/python ## Choose the newest versions anew and pin them
	@$(PIP) install -qq uv
	@$(LOCK) pyproject.toml --extra postgresql --extra saml --output-file requirements/runtime.txt
	@$(LOCK) --group build --output-file requirements/build.txt
	@$(LOCK) pyproject.toml --extra postgresql --extra saml --group dev --constraint requirements/runtime.txt \
		--constraint requirements/build.txt --output-file requirements/dev.txt

.PHONY: update-docs
update-docs: install ## Write the tables of the documents that come from code and tests
	@$(BIN)/python tools/requirements_table.py
	@$(BIN)/python tools/signin_diagram.py
	@$(BIN)/python tools/api_table.py
	@$(BIN)/python -m tests.authorisation.matrix

.PHONY: clean
clean: ## Remove all that was made here
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -f src/totrinn/web/locale/*/LC_MESSAGES/*.mo
	find src tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
