# Each target is a command of Python, which works without make as well: python -m tllib --help
#
# make run    install, run the lessons offline, render them to build/lessons/
# make test   install, then lint, unit tests and doctests (make test-unit), the stored notebooks (make test-lessons)
# make test-engines   other engines and several devices; the core tests again, with Keras on PyTorch and on JAX
# make test-browser   open every lesson in JupyterLab with a headless Chromium, use its exercises and widgets
# make test-processors   lessons 05 and 06 against their stored outputs, as on a processor without AVX-512
# make test-lowest    the lessons against their stored outputs, with the lowest TensorFlow and Keras that are supported
# make lab    open the lessons in JupyterLab
# make check  say whether this machine is ready
# make store  run the lessons on the built-in data and store their outputs in notebooks/
# make solutions   run the lessons with every exercise solved, into solutions/
# make slides      turn the stored lessons into slides, in build/slides/
# make lessons     make web pages of the stored lessons; LANGUAGE=ar here, or behind lab and slides: in another language
# make translations   bring the catalogues of other languages up to date
# make bench  time the image loop, the reading of photos and transfer learning against other ways to do it
# make bench-peers   draw and attack beside other libraries (installs them; some twenty minutes)

PYTHON   ?= python3
LANGUAGE := en
TLLIB    := @TLLIB_LANGUAGE=$(LANGUAGE) $(PYTHON) -m tllib

.PHONY: run test lint test-unit test-lessons test-engines test-browser test-processors test-lowest lab check store \
	solutions slides lessons translations bench bench-peers clean

run test lab check slides lessons translations bench:
	$(TLLIB) $@

lint:
	$(TLLIB) test lint

test-unit test-lessons test-engines test-browser test-processors test-lowest:
	$(TLLIB) test $(@:test-%=%)

store:
	$(TLLIB) run --store

solutions:
	$(TLLIB) run --solved

bench-peers:
	$(TLLIB) bench --peers

clean:
	rm -rf build solutions .venv
