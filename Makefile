# make run    install, run the lessons offline, render them to build/lessons/
# make test   install, then lint, unit tests, doctests and the stored notebooks
# make test-engines   the core tests again, with Keras on PyTorch and on JAX
# make test-browser   open and run every lesson in JupyterLab with a headless Chromium
# make test-lowest    the lessons against their stored outputs, with the lowest TensorFlow and Keras that are supported
# make lab    open the lessons in JupyterLab
# make store  run the lessons on the built-in data and store their outputs in notebooks/
# make solutions   run the lessons with every exercise solved, into solutions/
# make slides      turn the stored lessons into slides, in build/slides/
# make bench-peers   draw and attack beside other libraries (installs them; some twenty minutes)
# make bench  time the image loop, the reading of photos and transfer learning against other ways to do it

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# The PyTorch that lesson 03 was checked with. On Linux pip takes its build for GPUs, some GB; TORCH= does without, and
# skips that lesson.
TORCH  ?= torch==2.13.0
# The browser of make test-browser: Chromium or Chrome, wherever it is.
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# TensorFlow says at length what it found no GPU with; what goes wrong comes as a Python error anyway.
export TF_CPP_MIN_LOG_LEVEL ?= 3
export KERAS_BACKEND ?= tensorflow

NBVAL  := pytest -p no:cacheprovider -o testpaths= -o filterwarnings= --nbval --nbval-current-env \
	--nbval-cell-timeout 300 --nbval-sanitize-with tests/notebooks/sanitize.cfg --durations 5 notebooks

.PHONY: run test test-engines test-browser test-lowest lab store solutions slides bench bench-peers clean
.DELETE_ON_ERROR:

run: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py

test: $(READY)
	@echo "== lint" && $(BIN)/ruff check . || { echo "make test: ruff found the problems above."; exit 1; }
	@echo "== unit tests and doctests" && $(BIN)/pytest || { echo "make test: a unit test failed."; exit 1; }
	@echo "== the lessons, against their stored outputs (some ten minutes)"
	@TLLIB_OFFLINE=1 TLLIB_DATA=build/no-data $(BIN)/$(NBVAL) \
		|| { echo "make test: a lesson no longer gives its stored output. If that is meant, run: make store"; exit 1; }

test-engines: $(VENV)/.engines
	@for engine in torch jax; do echo "== core tests, Keras on $$engine (some minutes)"; \
		KERAS_BACKEND=$$engine $(BIN)/pytest -m core tests --durations 3 \
		|| { echo "make test-engines: a test failed with Keras on $$engine."; exit 1; }; done

test-lowest: $(VENV)-lowest/.ready
	@TLLIB_OFFLINE=1 TLLIB_DATA=build/no-data $(VENV)-lowest/bin/$(NBVAL)

test-browser: $(VENV)/.browser
	@test -n "$(CHROMIUM)" || { echo "make test-browser needs Chromium. On Debian: apt install chromium; or CHROMIUM=path"; exit 1; }
	@echo "== every lesson in JupyterLab (some ten minutes); screenshots in build/screenshots/"
	@TLLIB_CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -o testpaths= tests/browser --durations 5 \
		|| { echo "make test-browser: a lesson or widget failed in the browser."; exit 1; }

lab: $(READY)
	@$(BIN)/jupyter lab notebooks

store: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py --store

solutions: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py --solved

slides: $(READY)
	@$(BIN)/python notebooks/run_lessons.py --slides

bench: $(READY)
	@$(BIN)/python benchmarks/image_loop.py
	@$(BIN)/python benchmarks/data_pipeline.py
	@$(BIN)/python benchmarks/transfer.py

bench-peers: $(VENV)/.peers
	@$(BIN)/python benchmarks/synthesis.py

clean:
	rm -rf build solutions $(VENV)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tllib needs Python 3.11 or newer; make PYTHON=python3.12 (say) picks another."; exit 1; }
	@echo "Installing into $(VENV) (once; about 3.3 GB, a few minutes on a fast line) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV). On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[lessons,test]' $(TORCH) \
		|| { echo "Installing failed, see above. Run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@

$(VENV)-lowest/.ready: pyproject.toml
	@$(PYTHON) -m venv $(VENV)-lowest
	@$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check -e '.[lessons,test]' \
		'tensorflow==2.20.*' 'keras==3.12.*'
	@touch $@

$(VENV)/.peers: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) -e '.[bench]' \
		|| { echo "Installing failed, see above. Run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@

$(VENV)/.browser: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) -e '.[browser]' \
		|| { echo "Installing failed, see above. Run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@

$(VENV)/.engines: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH) -e '.[torch,jax]' \
		|| { echo "Installing failed, see above. Run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@
