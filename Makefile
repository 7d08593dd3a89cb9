# make demo: install, run the main job on the bundled trajectories.   make test: install, check everything.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test lint bench clean

$(STAMP): pyproject.toml constraints.txt
	$(if $(wildcard $(BIN)/python),,$(or $(shell command -v $(PYTHON)),$(shell command -v python3),python3) -m venv $(VENV))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/perovchem coordination 2me_solution gbl_solution --center Pb --ligand I --ligand O \
	  --discard 4ps --label 2-ME --label GBL --output demo
	@echo
	@echo "Open in a browser:  demo/page.html (figures, structures in three dimensions, settings, origin)"
	@echo "Tables:             demo/coordination.csv, demo/per_frame_*.csv; everything: demo/coordination.json"
	@echo "Arrays:             demo/per_frame_*.nc (NetCDF)"
	@echo "Figures:            demo/*.png and *.svg"

test: $(STAMP) lint
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) demo build dist
