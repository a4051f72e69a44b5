# `make help` says what there is. Nothing but Python 3.11 or newer (with venv) and make has to be
# there; everything else goes into .venv and web/node_modules. Stamps make a second run instant.

MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: fuzz sbom audit help run dev test check bench bench-page shots lock clean page browser services check-python check-web checks test-web test-python test-compose test-clients test-engines

PYTHON := .venv/bin/python
PIP_INSTALL := $(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes
# Node and npm come from .venv too.
NPM := cd web && PATH="$(CURDIR)/.venv/bin:$$PATH" npm
UV := .venv/uv/bin/uv
UV_VERSION := 0.13.8
# Arguments for pytest: make test ARGS="-k socket -x"
ARGS ?=

# A .venv of another place, or of a Python that has gone, is of no use any more.
ifneq ($(wildcard .venv/pyvenv.cfg),)
ifneq ($(shell grep -sqF "$(CURDIR)/.venv" .venv/bin/activate && $(PYTHON) -c "print('works')" 2>/dev/null),works)
$(info .venv does not work any more (moved, or its Python is gone): making it anew.)
$(shell rm -rf .venv)
endif
endif

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: .venv/.run-stamp web/dist/manifest.json ## Install, build the page, and serve it on this machine
	@exec $(PYTHON) manage.py serve

dev: .venv/.run-stamp web/node_modules/.stamp ## Serve with hot reload of Python and page, DEBUG on
	@exec scripts/dev

test: .venv/.dev-stamp checks page browser services test-python ## Install what tests need, run everything

# Python's beside the page's: each of them uses one core, by and large.
checks: .venv/.dev-stamp web/node_modules/.stamp
	@$(MAKE) check-python & python=$$!; $(MAKE) check-web test-web; web=$$?; wait $$python && exit $$web

check: check-python check-web ## Lint, formatting and types

check-python: .venv/.dev-stamp
	@echo "Checking the Python code (ruff, mypy)."
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --quiet --check . || { echo "Run: $(PYTHON) -m ruff format ."; exit 1; }
	@$(PYTHON) -m mypy --no-error-summary .

check-web: web/node_modules/.stamp
	@echo "Checking the page's code (oxlint, tsc)."
	@$(NPM) run --silent lint
	@$(NPM) run --silent typecheck

test-web: web/node_modules/.stamp
	@echo "Testing the page's code (Vitest)."
	@$(NPM) run --silent test

page: web/dist/manifest.json

browser: .venv/.dev-stamp
	@scripts/find-browser >/dev/null

services:
	@scripts/find-services

test-python: .venv/.dev-stamp tests/clients/node_modules/.stamp
	@CHROMIUM="$$(scripts/find-browser)" $(PYTHON) -m pytest -n 3 --dist loadgroup $(ARGS)

test-compose: .venv/.dev-stamp ## Test the containers on a real engine (as root, one of its own)
	@scripts/with-engine $(PYTHON) -m pytest -q -s -p no:cacheprovider tests/compose/drill_stack.py $(ARGS)

# Python programs, each group with a virtual environment of its own; and what Node has.
CLIENTS := newest older aider
test-clients: .venv/.dev-stamp $(CLIENTS:%=tests/real/%/.venv/.stamp) tests/real/node/node_modules/.stamp ## Try the server with real programs (3 GB, once)
	@$(PYTHON) -m pytest -o "python_files=session_*.py" -o timeout=1200 tests/real $(ARGS)

test-engines: .venv/.dev-stamp page ## Walk through the page in Firefox and WebKit (1 minute)
	@scripts/find-engines
	@$(PYTHON) -m pytest -q -o "python_files=session_*.py" tests/engines $(ARGS)

bench: .venv/.dev-stamp bench/.venv/.stamp ## Measure what turns, tokens, sockets and a start cost (ARGS=quick: 2 minutes)
	@$(PYTHON) -m bench $(ARGS)

bench-page: .venv/.dev-stamp page browser bench/page/node_modules/.stamp ## Measure what the page weighs and how fast it is
	@CHROMIUM="$$(scripts/find-browser)" $(PYTHON) -m bench.page $(ARGS)

shots: .venv/.dev-stamp page browser ## Take pictures of every screen and state
	@CHROMIUM="$$(scripts/find-browser)" $(PYTHON) -m tests.browser.shots $(ARGS)

fuzz: .venv/.dev-stamp page ## Send generated and hostile input, and measure what others wait
	@$(PYTHON) -m tests.fuzz $(ARGS)

sbom: .venv/audit/.stamp ## Write the lists of parts (CycloneDX) into sbom/
	@mkdir -p sbom
	@PYTHONWARNINGS=ignore .venv/audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-file sbom/python.cdx.json requirements.lock
	@$(NPM) sbom --sbom-format cyclonedx --package-lock-only --omit dev --loglevel error > ../sbom/page.cdx.json
	@echo "sbom/python.cdx.json and sbom/page.cdx.json list what is in the server and in the page."

audit: .venv/audit/.stamp ## Look for known faults in the parts (asks PyPI and npm)
	@scripts/audit

lock: $(UV) ## Write the lock files again, after a change in pyproject.toml
	$(UV) pip compile pyproject.toml --group build $(LOCKING) -o requirements.lock
	$(UV) pip compile --group dev -c requirements.lock $(LOCKING) -o requirements-dev.lock
	$(UV) pip compile --group audit $(LOCKING) -o requirements-audit.lock
	$(UV) pip compile --group local-model $(LOCKING) -o requirements-local-model.lock
	$(UV) pip compile --group bench -c requirements.lock $(LOCKING) -o bench/requirements.lock
	for group in $(CLIENTS); do $(UV) pip compile --group clients-$$group $(LOCKING) -o tests/real/$$group/requirements.lock || exit 1; done
LOCKING := --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --no-header

clean: ## Remove everything that was installed or built; data in var/ stays
	rm -rf .venv web/node_modules bench/page/node_modules tests/clients/node_modules web/dist staticfiles test-output sbom
	rm -rf bench/.venv $(CLIENTS:%=tests/real/%/.venv) tests/real/node/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- What the above is made from ---------------------------------------------------------------

.venv/.stamp:
	@scripts/make-venv
	@touch $@

.venv/.run-stamp: requirements.lock | .venv/.stamp
	@echo "Installing the Python packages and Node into .venv (about 450 MB, once)."
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

.venv/.dev-stamp: requirements-dev.lock .venv/.run-stamp
	@echo "Installing the packages for tests and checks into .venv."
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@

.venv/audit/.stamp: requirements-audit.lock | .venv/.run-stamp
	@echo "Installing what lists and checks the parts into .venv/audit."
	@rm -rf .venv/audit
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(UV): | .venv/.stamp
	@$(PYTHON) -m venv .venv/uv
	@.venv/uv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

web/node_modules/.stamp: web/package-lock.json web/package.json web/.npmrc | .venv/.run-stamp
	@echo "Installing the page's packages into web/node_modules."
	@$(NPM) ci --loglevel error --fetch-retries 5
	@touch $@

bench/page/node_modules/.stamp: bench/page/package-lock.json bench/page/.npmrc | .venv/.run-stamp
	@echo "Installing Lighthouse into bench/page/node_modules (176 MB, once)."
	@cd bench/page && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --loglevel error --fetch-retries 5
	@touch $@

tests/clients/node_modules/.stamp: tests/clients/package-lock.json tests/clients/package.json | .venv/.run-stamp
	@echo "Installing the Node clients that the tests use into tests/clients/node_modules."
	@cd tests/clients && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --loglevel error --fetch-retries 5
	@touch $@

tests/real/%/.venv/.stamp: tests/real/%/requirements.lock | .venv/.stamp
	@echo "Installing the Python programs of tests/real/$* into an environment of their own."
	@rm -rf tests/real/$*/.venv
	@$(PYTHON) -m venv tests/real/$*/.venv
	@tests/real/$*/.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench/.venv/.stamp: bench/requirements.lock | .venv/.stamp
	@echo "Installing the proxy that is measured beside the server into an environment of its own."
	@rm -rf bench/.venv
	@$(PYTHON) -m venv bench/.venv
	@bench/.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Not `npm ci`: it refuses a lock file that leaves out the programs of other systems.
tests/real/node/node_modules/.stamp: tests/real/node/package-lock.json tests/real/node/package.json | .venv/.run-stamp
	@echo "Installing the Node programs of tests/real/node (1.4 GB)."
	@cd tests/real/node && rm -rf node_modules && PATH="$(CURDIR)/.venv/bin:$$PATH" npm install --no-save --loglevel error --fetch-retries 5
	@touch $@

# Folders are named as well as files, so that a removed file is noticed.
WEB_SOURCES := $(shell find web -mindepth 1 \( -path web/node_modules -o -path web/dist \) -prune -o -print)
web/dist/manifest.json: $(WEB_SOURCES) web/node_modules/.stamp
	@echo "Building the page."
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
