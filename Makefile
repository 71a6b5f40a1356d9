# Everything is below `make help`. Downloads are pinned by version and hash and kept in var/, which git ignores.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
TRAILBLAZER := $(or $(CARGO_TARGET_DIR),target)/release/trailblazer

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: setup
setup: ## Fetch what building and testing needs, once
	@.ci/setup

.PHONY: build
build: setup ## Build the release binary
	@$(CARGO) build --release --locked

.PHONY: test
test: setup ## Run all tests on PostgreSQL 18, then those with a database on 16 (FILTER=name for some)
	$(CARGO) test --locked $(FILTER)
	TRAILBLAZER_TEST_PG=16 $(CARGO) test --locked --test suite $(FILTER)
