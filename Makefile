# make demo: install, run the main job on the bundled trajectories.   make test: install, check everything.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test lint docs bench fuzz realdata validation clean

$(STAMP): pyproject.toml constraints.txt
	$(if $(wildcard $(BIN)/python),,$(or $(shell command -v $(PYTHON)),$(shell command -v python3),python3) -m venv $(VENV))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/perovchem demo demo

test: $(STAMP) lint
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

validation: $(STAMP)  # writes docs/validation.md from the tests
	$(BIN)/python -m pytest tests -m validation --write-validation --numprocesses auto

docs: $(STAMP)  # writes docs/_build/html; once installed, neither building nor reading needs a network
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "Open in a browser:  docs/_build/html/index.html"

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

realdata: $(STAMP)  # writes benchmarks/REAL_FILES.md; PEROVCHEM_REALDATA names the folder of real files
	$(BIN)/python benchmarks/real_files.py

# ten thousand mutations of every format, about half an hour; one again: make fuzz FORMAT=CIF SEED=0 NUMBER=17
fuzz: $(STAMP)
	PYTHONPATH=tests $(BIN)/python -m fuzz $(if $(FORMAT),--format "$(FORMAT)") $(if $(SEED),--seed $(SEED)) \
	  $(if $(NUMBER),--number $(NUMBER)) $(if $(COUNT),--count $(COUNT)) $(if $(MINUTES),--minutes $(MINUTES))

clean:
	rm -rf $(VENV) demo build dist docs/_build docs/gallery docs/generated
