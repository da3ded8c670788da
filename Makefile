# make book: build the site.  make test: prove the book.  Each sets itself up first.
PYTHON ?= python3
PIP_ARGS ?=
JOBS ?= 2
# Processes side by side, each with one thread: with more they wait for each other.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: book serve test run check train breaks mutate bench costs links lint home pdf site colab matrix newest clean

book: $(READY)
	@echo "Building the site into _build/html ..."
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "Done: open _build/html/index.html, or run make serve."

serve: book
	@echo "Serving the site at http://localhost:8000 (Ctrl+C stops it) ..."
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

test: $(READY)
	@echo "Running every chapter's cells and comparing the outputs ..."
	$(PYTEST) --dist loadfile --nbval book/
	@echo "Running the tests of src/ ..."
	$(PYTEST) --dist worksteal tests/

run: $(READY)
	@echo "Executing the chapters in place ..."
	$(BIN)/python tools/run_notebooks.py

check: $(READY)
	$(BIN)/python tools/run_notebooks.py --check

train: $(READY)
	@echo "Training the small checkpoint again (about half an hour on one core) ..."
	$(BIN)/python tools/train_small.py

breaks: $(READY)
	@echo "Breaking minqwen3 on purpose; each break must turn a chapter red ..."
	$(BIN)/python tools/breaks.py

mutate: $(READY)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -r requirements-mutation.txt
	@echo "Changing minqwen3 in small ways; a check must notice each (an hour) ..."
	$(BIN)/python tools/mutate.py
	$(BIN)/python tools/mutate.py model.py --by chapters --least 85

home: $(READY)
	@test -n "$(URL)" || { echo "usage: make home URL=https://github.com/owner/name"; exit 2; }
	$(BIN)/python tools/home.py "$(URL)"

site: book
	@echo "Looking at every page of the site in Chromium ..."
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -r requirements-site.txt
	BROWSER_TESTS=required $(PYTEST) -m browser tests/
	LIGHTHOUSE=required $(BIN)/python tools/lighthouse.py

pdf: book
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -r requirements-site.txt
	@echo "Printing the book into _build/reading-qwen3.pdf ..."
	$(BIN)/python tools/make_pdf.py

colab: $(READY)
	@echo "Running the chapters as on Colab, without this package ..."
	$(BIN)/python tools/try_colab.py

matrix: $(READY)
	@echo "Running everything against other releases of transformers (an hour) ..."
	$(BIN)/python tools/matrix.py --pip-args="$(PIP_ARGS)"

newest: $(READY)
	$(BIN)/python tools/matrix.py --pip-args="$(PIP_ARGS)" newest

bench: $(READY)
	@echo "Comparing with transformers and others at full size (half an hour, 8 GB of memory) ..."
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --no-deps -r requirements-bench.txt
	$(BIN)/python bench/run.py

links: book
	$(BIN)/python tools/check_links.py

costs: book
	@echo "Measuring what the book costs and writing it into CONTRIBUTING.md ..."
	$(BIN)/python tools/costs.py

lint: $(READY)
	$(BIN)/ruff check src tests tools bench _ext
	$(BIN)/ruff format --check src tests tools bench _ext

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is too old or not there."; \
	  echo "Install it, then: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv"; \
	  exit 1; }
	@echo "Making the environment in $(VENV) (once; takes minutes) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) -r requirements.txt -e .
	@touch $(READY)

clean:
	rm -rf $(VENV) _build .matrix
