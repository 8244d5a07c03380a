# make run    install, run the lessons offline, render them to build/lessons/
# make test   install, then lint, unit tests, doctests and the stored notebooks
# make lab    open the lessons in JupyterLab
# make store  run the lessons on the built-in data and store their outputs in notebooks/
# make bench  time the image loop and the reading of photos against other ways to do it

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export TF_CPP_MIN_LOG_LEVEL ?= 2
export KERAS_BACKEND ?= tensorflow

.PHONY: run test lab store bench clean
.DELETE_ON_ERROR:

run: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py

test: $(READY)
	@echo "== lint" && $(BIN)/ruff check . || { echo "make test: ruff found the problems above."; exit 1; }
	@echo "== unit tests and doctests" && $(BIN)/pytest || { echo "make test: a unit test failed."; exit 1; }
	@echo "== the lessons, against their stored outputs (a few minutes)"
	@TLLIB_OFFLINE=1 TLLIB_DATA=build/no-data $(BIN)/pytest -p no:cacheprovider -o testpaths= -o filterwarnings= \
		--nbval --nbval-current-env --nbval-cell-timeout 300 --nbval-sanitize-with tests/notebooks/sanitize.cfg \
		--durations 5 notebooks \
		|| { echo "make test: a lesson no longer gives its stored output. If that is meant, run: make store"; exit 1; }

lab: $(READY)
	@$(BIN)/jupyter lab notebooks

store: $(READY)
	@TLLIB_OFFLINE=1 $(BIN)/python notebooks/run_lessons.py --store

bench: $(READY)
	@$(BIN)/python benchmarks/image_loop.py
	@$(BIN)/python benchmarks/data_pipeline.py

clean:
	rm -rf build $(VENV)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tllib needs Python 3.11 or newer; make PYTHON=python3.12 (say) picks another."; exit 1; }
	@echo "Installing into $(VENV) (once; about 2.5 GB, a minute or two on a fast line) …"
	@$(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV). On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[lessons,test]' \
		|| { echo "Installing failed, see above. Run the same command again: it goes on where it stopped."; exit 1; }
	@touch $@
