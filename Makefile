# `make` lists what there is. Everything installs what it needs into .venv, and again when pyproject.toml or constraints.txt
# has changed. On a machine whose pip finds no CPU build of PyTorch, name an index of them: PIP_EXTRA_INDEX_URL=... make test
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= auto
TESTS ?= tests keraunos
ARGS ?=

PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt
# A worker that has no test left takes some of another's, in the order of the files: what a file compiled is used again.
PYTEST := $(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal --timeout 300

# Most tests compile a program, run it a few times on a few numbers, and never again: XLA takes no pains over these. It does, as for
# users, over training and where bits are compared; in all of `make test-all`; and in examples, which are processes of their own.
HURRY := XLA_FLAGS="--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1"
QUICK := -m "not slow and not parity and not sweep"
AS_USERS := tests/train tests/random tests/parity/test_random.py tests/parity/test_initial_numbers.py

##@ Use
.PHONY: demo
demo: $(VENV)/.base ## train a network on handwritten digits and look at what it learnt
	$(VENV)/bin/keraunos demo $(ARGS)

.PHONY: bench
bench: $(VENV)/.test ## measure side by side with Keras, hand-written JAX and PyTorch
	$(PY) benchmarks/run.py $(ARGS)

.PHONY: docs
docs: $(VENV)/.docs ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

##@ Check
.PHONY: test
test: $(VENV)/.test ## tests and doctests, without the slow ones (TESTS=tests/ops ARGS="-k softmax" WORKERS=0 to choose)
ifeq ($(TESTS),tests keraunos)
	$(HURRY) $(PYTEST) $(TESTS) $(AS_USERS:%=--ignore %) --doctest-modules -m "not slow" $(ARGS)
	$(PYTEST) $(AS_USERS) -m "not slow" $(ARGS)
else
	$(PYTEST) $(TESTS) --doctest-modules -m "not slow" $(ARGS)
endif

# What names no engine itself. Examples, files and comparisons with Keras run on the default engine.
ANY_ENGINE := tests/train tests/layers tests/losses tests/metrics tests/optimizers tests/core tests/data tests/saving tests/callbacks \
  tests/utils tests/test_activations.py tests/test_initializers.py

.PHONY: test-engines
test-engines: $(VENV)/.test ## the tests that name no engine, on PyTorch and on NumPy
	$(PYTEST) $(ANY_ENGINE) --backend=torch -m "not slow" $(ARGS)
	$(PYTEST) $(ANY_ENGINE) --backend=numpy -m "not slow and not trains" $(ARGS)

.PHONY: test-all
test-all: $(VENV)/.test ## all tests and doctests
	$(PYTEST) $(TESTS) --doctest-modules $(ARGS)

.PHONY: check
check: lint types arrows quick ## lint, format, types, import order and the quick tests; then lines of code by room
	@$(PY) tools/loc.py

.PHONY: lint
lint: $(VENV)/.dev ## ruff: rules and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

.PHONY: types
types: $(VENV)/.dev ## mypy
	$(VENV)/bin/mypy

.PHONY: arrows
arrows: $(VENV)/.dev ## imports go downward and stand at the top; the other rules of the house
	$(PY) -m pytest --quiet tests/test_house.py

.PHONY: quick
quick: $(VENV)/.dev ## tests without the slow ones, sweeps over ops, comparisons with Keras, examples, documentation and doctests
	$(HURRY) $(PYTEST) tests $(AS_USERS:%=--ignore %) --ignore tests/test_house.py --ignore tests/examples --ignore tests/docs $(QUICK) $(ARGS)
	$(PYTEST) $(AS_USERS) $(QUICK) $(ARGS)

.PHONY: format
format: $(VENV)/.dev ## let ruff mend what it can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

##@ Housekeeping
.PHONY: clean
clean: ## remove what the commands above have made
	rm -rf .venv build dist site .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# -- installing -------------------------------------------------------------------------------------------------------

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "keraunos needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 ..."; exit 1; } >&2
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.base: EXTRAS =
$(VENV)/.test: EXTRAS = [test,torch]
$(VENV)/.dev: EXTRAS = [dev,torch]
$(VENV)/.docs: EXTRAS = [docs]

$(VENV)/.base $(VENV)/.test $(VENV)/.dev $(VENV)/.docs: $(VENV)/.created pyproject.toml constraints.txt
	$(INSTALL) --editable '.$(EXTRAS)'
	@touch $@
