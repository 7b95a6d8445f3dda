# make run   sets everything up and starts the pipeline on the bundled clip
# make check sets everything up and runs the checks and the quick tests: two minutes on two cores
# make test  the same and then the tests of whole pipelines, of the page and of training
# make bench measures speed, beside the classic loop and fer: twenty minutes on two cores that have
#            nothing else to do (VIDEOS=DIR with clips of your own, OPTIONS=--quick to try it)
# make image builds the container image (docs/container.md) with podman, or ENGINE=docker
# make test-image tests it: needs podman and debootstrap, and root
# make clean removes what they have made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FER := .venv-fer
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
ENGINE ?= podman
PIP := $(BIN)/python -m pip --disable-pip-version-check

PYTEST := $(BIN)/python -m pytest --dist worksteal --numprocesses
QUICK := -m "not e2e and not slow" --ignore tests/training --ignore tests/e2e --ignore tests/browser
AUDITED := capture classifier common detector ferstream ferstream_start.py publisher tools training

.PHONY: run check test bench image test-image clean

run: $(VENV)/.installed
	@echo "Starting ferstream; it will say where to watch (Ctrl-C stops it)"
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ferstream run; code=$$?; [ $$code -eq 130 ] || exit $$code

check: $(VENV)/.installed-dev $(FER)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(AUDITED)
	$(BIN)/python -m tools.audit
	$(PYTEST) 4 $(QUICK)

test: check
	$(PYTEST) 2 -m "e2e or slow"

# Only docker's format has a health check.
image:
	BUILDAH_FORMAT=docker $(ENGINE) build $(OPTIONS) --file Containerfile --tag ferstream:$(VERSION) .

# The first test waits for the image to be built.
test-image: $(VENV)/.installed-dev
	TEST_IMAGE=1 $(BIN)/python -m pytest --timeout 1800 tests/container

bench: $(VENV)/.installed-bench $(FER)/.installed
	$(BIN)/python -m benchmarks.all $(if $(VIDEOS),--videos "$(VIDEOS)") $(OPTIONS)

clean:
	rm -rf $(VENV) $(FER) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 10) <= v < (3, 14) else \
	  f"ferstream needs Python 3.10 to 3.13, {sys.executable} is {v[0]}.{v[1]}; set another: make PYTHON=python3.12 run")'
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing ferstream and its pinned dependencies (about 0.8 GB; a few minutes)"
	@$(PIP) install --progress-bar on -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing ferstream with its training dependencies (a few minutes)"
	@$(PIP) install --progress-bar on -c constraints.txt -e '.[training]'
	@touch $@ $(VENV)/.installed

# Its own packages, and behind them those of ours that it uses, in the same versions: TensorFlow,
# OpenCV, Pillow, requests. Where fer cannot be had, comparisons go without it.
$(FER)/.installed: benchmarks/fer.txt | $(VENV)/bin/python
	@echo "Installing fer, for comparison, into $(FER)"
	-@$(BIN)/python -m venv --clear $(FER) && \
	  $(FER)/bin/pip --disable-pip-version-check install --no-deps -r benchmarks/fer.txt && \
	  $(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > \
	  "$$($(FER)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/behind.pth" && \
	  touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing ferstream with its test and training dependencies (a few minutes)"
	@$(PIP) install --progress-bar on -c constraints.txt -e '.[dev,training]'
	@touch $@ $(VENV)/.installed
