# make run    install, run the lessons offline, render them to build/lessons/
# make test   install, then lint, unit tests and doctests (make test-unit), the stored notebooks (make test-lessons)
# make test-engines   other engines and several devices; the core tests again, with Keras on PyTorch and on JAX
# make test-browser   open every lesson in JupyterLab with a headless Chromium, use its exercises and widgets
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
comma  := ,

# The lessons, two at once, with the built-in data and nothing left from earlier runs.
NBVAL  := TLLIB_OFFLINE=1 TLLIB_DATA="$(CURDIR)/build/nbval/data" TLLIB_CACHE="$(CURDIR)/build/nbval/cache" \
	IPYTHONDIR="$(CURDIR)/build/nbval/ipython"
NBVAL_WITH := -p no:cacheprovider -p no:randomly -o testpaths= -o filterwarnings= --nbval --nbval-current-env --nbval-cell-timeout 900 \
	--nbval-sanitize-with tests/notebooks/sanitize.cfg -n 2 --dist loadscope --durations 5 notebooks
# What a part of the checks took, as its last line.
took = began=$$(date +%s); $(1) || { echo "make $@: $(2)"; exit 1; }; echo "== $@ took $$(( $$(date +%s) - began )) s"

.PHONY: run test lint test-unit test-lessons test-engines test-browser test-lowest lab store solutions slides bench \
	bench-peers clean
.DELETE_ON_ERROR:

run: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py

test: lint test-unit test-lessons

lint: $(READY)
	@echo "== lint"
	@$(call took,$(BIN)/ruff check .,ruff found the problems above.)

test-unit: $(READY)
	@echo "== unit tests and doctests (some minutes)"
	@$(call took,$(BIN)/pytest -n 2 --dist worksteal --durations 5,a unit test failed.)

test-lessons: $(READY)
	@echo "== the lessons, against their stored outputs (some minutes)"
	@rm -rf build/nbval
	@$(call took,$(NBVAL) $(BIN)/pytest $(NBVAL_WITH),a lesson no longer gives its stored output. If that is meant$(comma) run: make store)

test-engines: $(VENV)/.engines
	@echo "== other engines, several devices (some minutes)"
	@$(call took,$(BIN)/pytest -m engines -n 2 --dist loadgroup --durations 3 tests/engines,a test of several engines failed.)
	@for engine in torch jax; do echo "== core tests, Keras on $$engine (some minutes)"; \
		$(call took,KERAS_BACKEND=$$engine $(BIN)/pytest -m core -n 2 --dist worksteal --durations 3 tests,a test failed with Keras on $$engine.); \
		done

test-lowest: $(VENV)-lowest/.ready
	@rm -rf build/nbval
	@$(NBVAL) $(VENV)-lowest/bin/pytest $(NBVAL_WITH)

test-browser: $(VENV)/.browser
	@test -n "$(CHROMIUM)" || { echo "make test-browser needs Chromium. On Debian: apt install chromium; or CHROMIUM=path"; exit 1; }
	@echo "== every lesson, exercise and widget in JupyterLab (some minutes); screenshots in build/screenshots/"
	@$(call took,TLLIB_CHROMIUM="$(CHROMIUM)" $(BIN)/pytest -o testpaths= -n 2 --dist loadgroup --durations 5 \
		tests/browser,a lesson or widget failed in the browser.)

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
	@$(BIN)/python benchmarks/onednn.py

bench-peers: $(VENV)/.peers
	@$(BIN)/python benchmarks/synthesis.py

clean:
	rm -rf build solutions $(VENV)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tllib needs Python 3.11 or newer; make PYTHON=python3.12 (say) picks another."; exit 1; }
	@echo "Installing into $(VENV) (once; about 3.9 GB, a few minutes on a fast line) …"
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
