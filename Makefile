# Targets with a comment behind them show up in `make help`.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3

VENV := .venv
BIN := $(VENV)/bin
NODE_MODULES := devstack/node_modules
# Servers that only tests speak to.
TAG_SERVERS := tests/tags/servers/node_modules
# The client library that pages use; only tests start it.
SUPABASE_JS := tests/devstack/supabase_js/node_modules
# The board: pages that are built here and served anywhere.
DASHBOARD := dashboard/node_modules
# An environment of its own: what checkov needs and what plantpulse needs cannot always be had together.
CHECKOV := .checkov
INSTALLED := $(VENV)/.installed $(NODE_MODULES)/.installed
TEST_PACKAGES := $(TAG_SERVERS)/.installed $(SUPABASE_JS)/.installed $(DASHBOARD)/.installed
SOURCES := src functions bundle infra devstack bench soak tests

# Locks and installs must not depend on the settings of one machine's pip.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SUPABASE_TELEMETRY_DISABLED := 1

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  %-13s %s\n", $$1, $$2}'

.PHONY: run
run: $(INSTALLED) ## Start the local stack, poll a plant, show the result, stop
	@$(BIN)/python -m devstack run

.PHONY: up
up: $(INSTALLED) ## Keep the stack running with a compressed clock until Ctrl-C
	@$(BIN)/python -m devstack up

.PHONY: test
test: $(INSTALLED) $(TEST_PACKAGES) $(DASHBOARD)/.installed ## Run the whole test suite on the local stack
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

ENGINE ?= foreign

.PHONY: test-outside
test-outside: $(INSTALLED) $(TEST_PACKAGES) $(DASHBOARD)/.installed ## Run the suite on outside servers (ENGINE=foreign or babelfish)
	$(BIN)/python -m devstack.outside --engine $(ENGINE) -- -q -rs

.PHONY: check
check: $(INSTALLED) $(DASHBOARD)/.installed ## Check style, types, imports and generated files
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m devstack.schema_dump --check
	$(BIN)/python -m devstack.settings_page --check
	$(BIN)/python -m devstack.openapi --check
	$(BIN)/python -m infra.tables --check
	$(BIN)/python -m devstack.board_words --check
	@cd dashboard && npm run --silent check

.PHONY: dashboard
dashboard: $(DASHBOARD)/.installed ## Build the board into build/dashboard
	@cd dashboard && npm run --silent build -- --logLevel warn

.PHONY: pictures
pictures: $(INSTALLED) dashboard ## Take the pictures of the board in docs/pictures anew (four minutes)
	@$(BIN)/python -m devstack.pictures

.PHONY: policy
policy: $(CHECKOV)/.installed ## Scan the Terraform for what a security review would find
	$(CHECKOV)/bin/checkov --config-file infra/terraform/.checkov.yaml

.PHONY: ci
ci: check test policy ## Run what continuous integration runs: check, test, policy

.PHONY: bench
bench: $(INSTALLED) ## Compare a poll with its floor (about six minutes)
	@$(BIN)/python -m bench

.PHONY: figures
figures: $(INSTALLED) ## Run bench, and write its tables into docs/performance.md
	@$(BIN)/python -m bench | $(BIN)/python -m bench.document

.PHONY: bench-cleanup
bench-cleanup: $(INSTALLED) ## Measure the removal of 5,000,000 snapshots (ten minutes)
	@$(BIN)/python -m bench cleanup

SEEDS ?= 50
DAYS ?= 14
# One seed to replay; many, if empty.
SEED ?=

.PHONY: soak
soak: $(INSTALLED) ## Simulate weeks of bad luck (SEEDS=..., DAYS=...; SEED=... replays one)
	@$(BIN)/python -m soak --shrink --days $(DAYS) $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

CONFIG ?= plantpulse.yaml
ARCHITECTURE ?= x86_64
# gcp or aws; both if empty.
CLOUD ?=

.PHONY: bundle
bundle: $(INSTALLED) ## Build what is deployed (CONFIG=..., CLOUD=gcp or aws)
	@$(BIN)/python -m bundle --config $(CONFIG) --architecture $(ARCHITECTURE) $(if $(CLOUD),--cloud $(CLOUD))

.PHONY: format
format: $(INSTALLED) $(DASHBOARD)/.installed ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	@cd dashboard && npm run --silent format

.PHONY: schema
schema: $(INSTALLED) ## Write supabase/schema.sql from the migrations
	$(BIN)/python -m devstack.schema_dump > supabase/schema.sql

.PHONY: settings
settings: $(INSTALLED) ## Write the tables of docs/settings.md from the settings' models
	$(BIN)/python -m devstack.settings_page

.PHONY: openapi
openapi: $(INSTALLED) ## Write docs/openapi.yaml from what the functions take and answer
	$(BIN)/python -m devstack.openapi

.PHONY: words
words: $(INSTALLED) ## Write the board's words of alerts from those of the messages
	$(BIN)/python -m devstack.board_words

.PHONY: infra
infra: $(INSTALLED) ## Write the tables of inputs and outputs in Terraform's READMEs
	$(BIN)/python -m infra.tables
	@command -v terraform > /dev/null && terraform fmt -recursive infra/terraform || echo "no terraform: not formatted"

.PHONY: migrate
migrate: $(INSTALLED) ## Apply the migrations to the Supabase project at SUPABASE_DB_URL
	@$(BIN)/python -m infra.migrate

# What would stop a deployment is said first, before anything slow begins.
define deployment
	@$(BIN)/python -m infra.deploy check $(2) $(CONFIG)
	@$(MAKE) --no-print-directory bundle CLOUD=$(2)
	@$(BIN)/python -m infra.deploy $(1) $(2)
endef

.PHONY: plan-gcp
plan-gcp: $(INSTALLED) ## Show what a deployment on Google Cloud would change
	$(call deployment,plan,gcp)

.PHONY: deploy-gcp
deploy-gcp: $(INSTALLED) ## Deploy on Google Cloud, then start each plant's first poll
	$(call deployment,apply,gcp)

.PHONY: destroy-gcp
destroy-gcp: $(INSTALLED) ## Remove the deployment on Google Cloud
	@$(BIN)/python -m bundle --config $(CONFIG) --deployment-only
	@$(BIN)/python -m infra.deploy destroy gcp

.PHONY: plan-aws
plan-aws: $(INSTALLED) ## Show what a deployment on AWS would change
	$(call deployment,plan,aws)

.PHONY: deploy-aws
deploy-aws: $(INSTALLED) ## Deploy on AWS, then start each plant's first poll
	$(call deployment,apply,aws)

.PHONY: destroy-aws
destroy-aws: $(INSTALLED) ## Remove the deployment on AWS
	@$(BIN)/python -m bundle --config $(CONFIG) --deployment-only
	@$(BIN)/python -m infra.deploy destroy aws

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-package plantpulse --custom-compile-command "make lock" pyproject.toml

.PHONY: lock
lock: $(INSTALLED) ## Pin the dependencies (UPGRADE=--upgrade for newer ones)
	$(COMPILE) $(UPGRADE) --extra tags --extra opcua -o requirements/live_pulse.txt
	$(COMPILE) $(UPGRADE) --extra dev -c requirements/live_pulse.txt -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" $(UPGRADE) requirements/checkov.in -o requirements/checkov.txt

.PHONY: clean
clean: ## Remove everything that was installed or generated
	rm -rf $(VENV) $(CHECKOV) $(NODE_MODULES) $(TAG_SERVERS) $(SUPABASE_JS) $(DASHBOARD) build .devstack .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@echo "Installing Python packages (about half a minute, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install -qq --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(CHECKOV)/.installed: requirements/checkov.txt | $(VENV)/.installed
	@echo "Installing checkov (some seconds to a minute, once) ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(CHECKOV)
	@$(BIN)/uv pip install --quiet --python $(CHECKOV)/bin/python --require-hashes -r $<
	@touch $@

# `npm ci` refuses a lock that was written on another platform, as the binaries are optional packages.
$(NODE_MODULES)/.installed: devstack/package-lock.json
	@echo "Installing PostgREST and the Supabase CLI (a few seconds, once) ..."
	@command -v npm > /dev/null || { echo "Node 20 or newer with npm is needed"; exit 1; }
	@cd devstack && npm install --no-save --ignore-scripts --loglevel=error
	@touch $@

$(TAG_SERVERS)/.installed: tests/tags/servers/package-lock.json
	@echo "Installing an OPC UA server for tests (half a minute, once) ..."
	@command -v npm > /dev/null || { echo "Node 20 or newer with npm is needed"; exit 1; }
	@cd tests/tags/servers && npm install --no-save --ignore-scripts --loglevel=error
	@touch $@

$(SUPABASE_JS)/.installed: tests/devstack/supabase_js/package-lock.json
	@echo "Installing supabase-js for tests (a few seconds, once) ..."
	@command -v npm > /dev/null || { echo "Node 20 or newer with npm is needed"; exit 1; }
	@cd tests/devstack/supabase_js && npm install --no-save --ignore-scripts --loglevel=error
	@touch $@

# What vite and vitest need of the platform comes as optional packages, as above.
$(DASHBOARD)/.installed: dashboard/package-lock.json
	@echo "Installing what builds the board (a minute, once) ..."
	@command -v npm > /dev/null || { echo "Node 20 or newer with npm is needed"; exit 1; }
	@cd dashboard && npm install --no-save --ignore-scripts --loglevel=error
	@touch $@
