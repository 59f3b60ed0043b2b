# Every command of the repository. `make demo` and `make test` need Node and make, nothing else; the
# packages of the lock file are installed when they are missing. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BIN := node_modules/.bin
# Another version of Node for the tests, as scripts/tools.json pins it: make test NODE=22
NODE ?=
ON_NODE := node $(if $(NODE),dist/scripts/on-node.js $(NODE))
RUN_TESTS := $(ON_NODE) dist/scripts/run-tests.js
SOURCES := $(shell find gateway scripts test bench -name '*.ts' -not -name '*.d.ts' 2>/dev/null)
DECLARATIONS := $(shell find gateway scripts test bench -name '*.d.ts' 2>/dev/null)

# Directories come with their first test.
suites = $(foreach suite,$(1),$(if $(wildcard test/$(suite)),$(suite)))
# What `make test` runs: make test SUITES='unit conformance'
SUITES ?= unit conformance fuzz integration regression
# Passed on to the runner: make test TEST_ARGS='--grep sigv4 --bail'
TEST_ARGS ?=
# Passed on to the demo: make demo DEMO_ARGS=--keep
DEMO_ARGS ?=
# Mutations of each kind that `make fuzz` makes.
FUZZ_RUNS ?= 1000000

##@ Start
demo: build ## play the scenario in a sandbox
	@node dist/gateway/main.js demo $(DEMO_ARGS)

test: build ## all tests that need Node alone (NODE=22 or 24: with that version)
	@$(RUN_TESTS) $(TEST_ARGS) $(call suites,$(SUITES))

##@ Before every commit
check: build lint typecheck ## build, lint, types, unit and conformance tests, bundles (90 s at most)
	@$(RUN_TESTS) --json dist/check.json $(TEST_ARGS) $(call suites,unit conformance)
	@node dist/scripts/conformance.js --brief dist/check.json
	@$(MAKE) bundles

build: dist/.built ## compile what has changed

dist/.built: $(SOURCES) $(DECLARATIONS) tsconfig.json tsconfig.test.json package-lock.json | setup
	@$(BIN)/tsc -p tsconfig.json
	@$(BIN)/tsc -p tsconfig.test.json
	@touch $@

typecheck: | setup ## types of everything, the gateway's against its own dependencies too
	@$(BIN)/tsc -p tsconfig.json --noEmit
	@$(BIN)/tsc -p tsconfig.test.json --noEmit

lint: build ## oxlint, prettier, layers, makers and idioms, unused code
	@$(BIN)/oxlint --quiet
	@$(BIN)/prettier --check --log-level warn --cache --cache-location dist/.prettier .
	@$(BIN)/depcruise --config .dependency-cruiser.cjs $(wildcard gateway scripts test bench)
	@node dist/scripts/lint-source.js
	@$(BIN)/knip --no-progress

format: | setup ## write everything as prettier has it
	@$(BIN)/prettier --write --log-level warn .

##@ More tests
conformance: build ## vectors of the specifications, and every rule with the tests that show it
	@$(RUN_TESTS) --json dist/conformance.json $(TEST_ARGS) $(call suites,conformance); code=$$?; \
	  node dist/scripts/conformance.js dist/conformance.json && exit $$code

fuzz: build ## mutated certificates and chains, a million and more (FUZZ_RUNS=…)
	@FUZZ_RUNS=$(FUZZ_RUNS) $(RUN_TESTS) --deadline 3600 $(TEST_ARGS) fuzz

test-real: build tools ## real clients and OPA (made by `make tools`)
	@$(RUN_TESTS) $(TEST_ARGS) $(call suites,real)

test-kube: build ## our issuer before Kubernetes; builds its API server (10 min once), needs etcd
	@command -v etcd >/dev/null || { echo 'etcd is not in the PATH (Debian: etcd-server)' >&2; exit 2; }
	@node dist/scripts/make-tools.js kube-apiserver
	@$(RUN_TESTS) $(TEST_ARGS) $(call suites,kube)

mutate-stations: build ## take each station out; a test has to notice
	@node dist/scripts/mutate-stations.js $(MUTATE_ARGS)

bundles: build ## rebuild the committed policy bundles with OPA and compare the bytes
	@node dist/scripts/build-bundles.js

bench: build ## CPU, memory and handshakes, beside a bare pass-through
	@node dist/bench/run.js $(BENCH_ARGS)

##@ Housekeeping
setup: ## check Node, install the locked packages
	@command -v node >/dev/null || { echo 'svidgate needs Node 20.20.2 or newer; no node was found in PATH' >&2; exit 2; }
	@node scripts/setup.cjs

tools: build ## build the real servers and clients of scripts/tools.json
	@node dist/scripts/make-tools.js

clean: ## remove what was built
	@rm -rf dist coverage .tap

help: ## this list
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: demo test check build typecheck lint format conformance fuzz test-real mutate-stations bundles bench setup tools clean help test-kube
