# The book's commands; `make help` lists them.

PYTHON ?= python3.11
PARAMS ?= params/ci.yml
JOBS ?= 2
PORT ?= 8000
QUICK ?=
CHAPTER ?=
GRID ?= beta=0.01,0.1 seed=0:5
SWEEP ?=
LAB ?=
PAPER ?= A4

# Only relative paths below, so that a checkout in "a folder with spaces" works.
PY := .venv/bin/python
# The stamp is written last, and its name carries the lock, the packages and the
# folder: a broken install, a new lock or a moved checkout all ask for a fresh .venv.
STAMP := .venv/.installed-$(shell { cat requirements.lock pyproject.toml; pwd; } | cksum | tr -d ' ')
# Files are shared out as tests/conftest.py orders them: long ones first.
SHARED := -n $(JOBS) --dist loadfile --no-loadscope-reorder
CODE := lib experiments figures tools benchmarks tests _ext

.DEFAULT_GOAL := help
.PHONY: help book html downloads test check lint lint-chapters lab serve clean lock \
	audit venv benchmark speed rivals sweep reproduce
.DELETE_ON_ERROR:

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 10

book: $(STAMP) ## run the chapters that changed, build _build/html
	$(PY) -m tools.run_notebooks --params "$(PARAMS)" --jobs $(JOBS)
	$(MAKE) html

html: $(STAMP) ## build the pages from the executed chapters
	$(PY) -m tools.stage

downloads: $(STAMP) ## print PDFs of the book, zip its pages (PAPER=A4 or Letter)
	$(PY) -m tools.downloads --paper "$(PAPER)"

test: book lint lint-chapters ## build, lint, and run every test
	$(PY) -m pytest $(SHARED)

check: lint ## lint, and lib's tests: minutes, no book and no browser
	$(PY) -m pytest $(SHARED) -m "not slow and not book" \
		--hypothesis-profile quick --ignore tests/site --ignore tests/tools \
		--ignore tests/benchmarks

lint: $(STAMP) ## ruff on all code, and the contracts of who may import whom
	$(PY) -m ruff check $(CODE)
	$(PY) -m ruff format --check $(CODE)
	.venv/bin/lint-imports --no-cache --no-logo

lint-chapters: $(STAMP) # the staged chapters, which `make book` leaves
	@for notebook in _build/src/chapters/*.ipynb; do \
		test -e "$$notebook" || { echo "No staged chapters: run make book"; exit 1; }; \
	done
	$(PY) -m ruff check _build/src/chapters/*.ipynb

benchmark: $(STAMP) ## measure ours beside other methods (QUICK=1: under a minute)
	$(PY) -m benchmarks $(if $(QUICK),--quick)

speed: $(STAMP) ## measure the speeds that the book states, on this machine
	$(PY) -m benchmarks.speed

rivals: $(STAMP) ## install the other packages that the benchmark compares with
	$(PY) -m benchmarks.environments

sweep: $(STAMP) ## run a chapter, or all, over a grid: CHAPTER=3 GRID="beta=0.01,0.1 seed=0:5"
	$(PY) -m tools.sweep $(or $(CHAPTER),03_strong_duality) $(foreach values,$(GRID),-p '$(values)') $(SWEEP)

reproduce: $(STAMP) ## recompute the stated numbers and compare (CHAPTER=3 for one)
	$(PY) -m tools.reproduce $(CHAPTER) --jobs $(JOBS)

lab: $(STAMP) ## open the chapters in JupyterLab, or one: CHAPTER=3
	.venv/bin/jupytext-config --settings-file \
		.venv/etc/jupyter/labconfig/default_setting_overrides.json \
		set-default-viewer markdown
	$(PY) -m jupyter lab --LabApp.default_url=/lab/tree/$(OPENED) $(LAB)

# A chapter is opened only if it was asked for: by 3, 03, or the name of its file.
ASKED = $(CHAPTER:.md=)
OPENED = $(firstword $(if $(CHAPTER),$(wildcard chapters/$(ASKED).md \
	chapters/$(ASKED)_*.md chapters/0$(ASKED)_*.md) chapters/$(ASKED).md,chapters))

serve: ## show the built book on http://127.0.0.1:8000 (PORT=8000)
	@test -f _build/html/index.html || { echo "No book yet: run make book"; exit 1; }
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

clean: ## remove what was built, keep .venv
	rm -rf _build .pytest_cache .ruff_cache .hypothesis

lock: ## resolve requirements.in into requirements.lock
	@command -v "$(PYTHON)" >/dev/null || { $(NO_PYTHON); }
	"$(PYTHON)" -m venv _build/lock
	_build/lock/bin/python -m pip install --quiet pip-tools==7.5.2
	echo "# Every package of the book, pinned. Made by \`make lock\` from requirements.in." \
		> _build/requirements.lock
	_build/lock/bin/python -m piptools compile --quiet --no-header --no-annotate \
		--strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links \
		--output-file - requirements.in > _build/resolved.lock
	# torch's CUDA libraries differ from machine to machine: pip adds them as needed
	sed -E -e 's/^(torch==[0-9.]+)\+.*$$/\1/' -e '/^(nvidia-|cuda-|triton==)/d' \
		_build/resolved.lock >> _build/requirements.lock
	mv _build/requirements.lock requirements.lock

audit: ## ask whether a locked package has a known vulnerability (status 3: no answer)
	@command -v "$(PYTHON)" >/dev/null || { $(NO_PYTHON); }
	"$(PYTHON)" -m venv _build/audit
	_build/audit/bin/python -m pip install --quiet pip-audit==2.10.1
	_build/audit/bin/pip-audit $(AUDIT)
	@# A package of which the service knows nothing is passed over, but is not safe.
	_build/audit/bin/pip-audit $(AUDIT) --strict || exit 3

AUDIT = --no-deps --disable-pip --progress-spinner off --requirement requirements.lock

venv: $(STAMP) ## make .venv (the other commands do it when they need to)

NO_PYTHON = echo "Python 3.11 is needed and '$(PYTHON)' was not found." \
	"Install it, or say where it is: make PYTHON=/path/to/python3.11 ..." >&2; exit 1
OLD_PYTHON = import sys; sys.exit(sys.version_info[:2] != (3, 11))

$(STAMP):
	@command -v "$(PYTHON)" >/dev/null || { $(NO_PYTHON); }
	@"$(PYTHON)" -c '$(OLD_PYTHON)' || { $(NO_PYTHON); }
	rm -rf .venv
	"$(PYTHON)" -m venv .venv
	$(PY) -m pip install --disable-pip-version-check -r requirements.lock
	$(PY) -m pip install --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	$(PY) -m pip check
	touch "$@"
