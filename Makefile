# On a fresh machine with Python 3.11, 3.12 or 3.13 and make:
#
#     make demo     train a generative model on handwritten digits and draw new ones
#     make test     everything that must hold
#
# `make help` lists the rest. Nothing here needs the network but pip.

VENV ?= .venv
RUNS ?= runs
RECIPE ?=
OPTIONS ?=
SAMPLE_OPTIONS ?=
SAMPLES ?= 64
# More options for pytest, such as ARGS="-k masks -x".
ARGS ?=
JOBS ?= 2
DEMO := gated_pixelcnn/digits

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.genkit-installed
GENKIT := $(BIN)/genkit
GENKIT_READY := $(INSTALLED)

# One thread for each test process; NPROC is what JAX reads.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NPROC=1 \
  TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1
# A worker that crashes ends the run: pytest-xdist would go on, and may wait for its tests for ever.
PYTEST = $(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

QUICKLY := "--xla_backend_optimization_level=0 $(XLA_FLAGS)"

# Parts of the tests, each run by processes of its own: what XLA compiled stays mapped until a process
# ends, and a process that runs out of maps (Linux allows 65,530) or of memory crashes.
PART_1 := tests/conformance tests/sampling
PART_2 := $(wildcard tests/models/[a-h]*)
PART_3 := $(wildcard tests/models/[i-r]*)
PART_4 := $(wildcard tests/models/[s-z]*)
PART_5 := $(filter-out tests/models $(PART_1),$(patsubst %/,%,$(wildcard tests/*/))) $(wildcard tests/test_*.py)
EVERY := $(PART_1) $(PART_2) $(PART_3) $(PART_4) $(PART_5)

# $(call tested,PARTS,OPTIONS): pytest for these parts; it exits with 5 where it finds no test.
define tested
$(PYTEST) $(addprefix --ignore=,$(filter-out $(foreach n,$(1),$(PART_$(n))),$(EVERY))) $(2) $(ARGS) || code=$$?; \
	  case $$code in 0) ran=yes;; 5) code=0;; *) exit $$code;; esac
endef

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	  while IFS='|' read -r target text; do printf '  make %-11s %s\n' "$$target" "$$text"; done
	@echo
	@echo "  PYTHON=...   the interpreter to install with (3.11, 3.12 or 3.13); found by itself if not given"
	@echo "  VENV=...     where to install (.venv)        RUNS=...  where runs are kept (runs)"

# --- installation -------------------------------------------------------------------------------

.PHONY: install
install: $(INSTALLED) ## install, with the versions of requirements.lock

SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

$(INSTALLED): pyproject.toml requirements.lock
	@set -e; python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
	  for candidate in python3 python3.13 python3.12 python3.11; do \
	    if "$$candidate" -c '$(SUITABLE)' 2>/dev/null; then python="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "genkit needs Python 3.11, 3.12 or 3.13; python3 here is: $$(python3 --version 2>&1)." >&2; \
	    echo "Install one of them, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	  fi; \
	elif ! "$$python" -c '$(SUITABLE)' 2>/dev/null; then \
	  echo "genkit needs Python 3.11, 3.12 or 3.13; PYTHON=$$python is: $$("$$python" --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -c '$(SUITABLE)' 2>/dev/null; then \
	  if [ -e $(VENV) ] && [ ! -e $(VENV)/pyvenv.cfg ]; then \
	    echo "VENV=$(VENV) is there and is no Python environment; name a new folder." >&2; exit 1; \
	  fi; \
	  echo "$$python -m venv $(VENV)"; "$$python" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lock
lock: $(INSTALLED) ## renew requirements.lock (make lock UPGRADE=1 takes the newest versions)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-annotate \
	  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) -o requirements.lock pyproject.toml

# --- recipes ------------------------------------------------------------------------------------

GENKIT_RECIPES := recipes
include recipes/jobs/genkit.mk

.PHONY: demo run
demo: ## train, evaluate and sample the digits; says where the picture is
	@$(MAKE) --no-print-directory run RECIPE=$(DEMO) SAMPLES=100
	@echo
	@echo "The samples: $(RUNS)/$(call genkit-name,$(DEMO))/samples/final/grid.png"
	@echo "The numbers: $(RUNS)/$(call genkit-name,$(DEMO))/evaluation/test.json"

ifeq ($(RECIPE),)
run: ## train, evaluate and sample any recipe: make run RECIPE=gated_pixelcnn/digits [OPTIONS="-o key=value"]
	@echo 'Which recipe? make run RECIPE=$(DEMO), or the path of your own. All names: $(GENKIT) list recipes' >&2; exit 2
else
NAME ?= $(call genkit-name,$(RECIPE))
run: run-$(NAME)
$(eval $(call genkit-run,$(NAME),$(RECIPE),$(OPTIONS),$(SAMPLE_OPTIONS)))
endif

# --- checks -------------------------------------------------------------------------------------

.PHONY: lint format test test-long bench bench-gpu
lint: $(INSTALLED) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## let ruff put the source in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tests marked `backends` run once more on JAX, compiled quickly rather than well: most of their time
# goes into compilation. What XLA does at its best is tested on TensorFlow, and by `genkit check` on either.
test: $(INSTALLED) ## lint, types and all tests but the long ones
	@set -e; start=$$(date +%s); code=0; ran=; \
	$(MAKE) --no-print-directory lint; \
	$(foreach n,1 2 3 4 5,$(call tested,$(n)); ) \
	export KERAS_BACKEND=jax XLA_FLAGS=$(QUICKLY); \
	$(call tested,1 2,-m "backends and not long"); \
	$(call tested,3 4 5,-m "backends and not long"); \
	[ -n "$$ran" ] || { echo "no test was found" >&2; exit 5; }; \
	echo "make test: $$(( $$(date +%s) - start )) seconds"

test-long: $(INSTALLED) ## the tests that take minutes
	@set -e; start=$$(date +%s); \
	$(PYTEST) -m long $(ARGS); \
	KERAS_BACKEND=jax $(PYTEST) -m "backends and long" $(ARGS) || [ $$? -eq 5 ]; \
	echo "make test-long: $$(( $$(date +%s) - start )) seconds"

ifeq ($(RECIPE),)
bench: $(INSTALLED) ## the project's own figures on this machine, or those of RECIPE
	GENKIT_RUNS=$(RUNS) PYTHONPATH=. $(BIN)/python benchmarks/suite.py $(OPTIONS)
else
bench: $(INSTALLED)
	$(GENKIT) bench $(RECIPE) $(OPTIONS)
endif

bench-gpu: $(INSTALLED) ## the same on the accelerator that JAX sees, if there is one
	GENKIT_RUNS=$(RUNS) KERAS_BACKEND=jax PYTHONPATH=. $(BIN)/python benchmarks/gpu.py $(OPTIONS)

# --- tidying ------------------------------------------------------------------------------------

.PHONY: clean distclean
clean: ## remove build products and caches; runs and the installation stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find genkit cli tests benchmarks -name __pycache__ -type d -prune -exec rm -r {} +

distclean: clean ## remove the installation as well
	if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
