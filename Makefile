# Everything a reader of this project may want to type; `make` alone lists it.

PYTHON := .venv/bin/python
PEERS_PYTHON := .venv-peers/bin/python
READY := .venv/ready
PEERS_READY := .venv-peers/ready

.DEFAULT_GOAL := help
.PHONY: help run example-houses test lint types format test-long torture coverage mutants test-peers bench bench-tables bench-sequences bench-convolution bench-layers bench-device bench-cluster bench-checkpoint accuracy-series accuracy-images docs-figures lock clean again

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: $(READY) ## train a network on examples/data/penguins.csv and write penguins.safetensors
	.venv/bin/chainrule train examples/data/penguins.csv --target species --force

example-houses: $(READY) ## train on 2,930 houses of Ames, fetched from a Debian package, and write houses.safetensors
	.venv/bin/chainrule train "$$($(PYTHON) -m benchmarks.data ames)" --target Sale_Price --metric relative_error --out houses.safetensors --force

test: lint types ## check format, lint and types, and run the tests
	@OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest --quiet --numprocesses=2

lint: $(READY) ## check format and lint
	@$(PYTHON) -m ruff format --check --quiet . || { echo "Some files are not formatted: type 'make format'." >&2; exit 1; }
	@$(PYTHON) -m ruff check --quiet .

types: $(READY) ## check types strictly
	@$(PYTHON) -m mypy --no-error-summary

format: $(READY) ## format the files and mend what lint can mend
	@$(PYTHON) -m ruff check --quiet --fix-only .
	@$(PYTHON) -m ruff format --quiet .

test-long: $(READY) ## run the tests that take minutes
	@$(PYTHON) -m pytest --quiet -m long

torture: $(READY) ## damage 100,000 model files and as many of segments, kill 200 runs, signal 100: half an hour
	@$(PYTHON) -m pytest --quiet -m long tests/model tests/training/test_resume.py tests/cli/test_resume.py

coverage: $(READY) ## demand that every branch of the model file's code is tested
	@$(PYTHON) -m pytest --quiet --numprocesses=2 tests/model --cov --cov-config=tests/model/coverage.ini

mutants: $(READY) ## change the model file's code in 700 small ways and see whether the tests notice; minutes
	@$(PYTHON) tools/mutate.py chainrule.model.container chainrule.model.file chainrule.model.descriptions \
	    chainrule.model.registry chainrule.model.atomic chainrule.model.strict_json chainrule.model.structure \
	    chainrule.model.target_parts \
	    -- tests/model src/chainrule/model \
	    -k "not memory and not guard and not imports and not command and not bit and not cut_at and not random"

test-peers: $(PEERS_READY) ## compute the reference numbers again with PyTorch and compare them with the committed ones
	@$(PEERS_PYTHON) -m pytest --quiet tests/peers

bench: $(PEERS_READY) ## measure the speed beside PyTorch and scikit-learn; ARGS="--write docs/benchmarks.md" records it
	@$(PEERS_PYTHON) -m benchmarks.dense $(ARGS)

bench-tables: $(READY) ## measure reading, training, predicting and memory on tables; ARGS="--write docs/benchmarks-tables.md" records it
	@$(PYTHON) -m benchmarks.table $(ARGS)

bench-sequences: $(PEERS_READY) ## measure networks for sequences beside PyTorch and Keras; ARGS="--write docs/benchmarks-sequences.md" records it
	@$(PEERS_PYTHON) -m benchmarks.recurrent $(ARGS)

bench-convolution: $(PEERS_READY) ## measure networks for images beside PyTorch and Keras; ARGS="--write docs/benchmarks-convolution.md" records it
	@$(PEERS_PYTHON) -m benchmarks.convolution $(ARGS)

bench-layers: $(PEERS_READY) ## measure every layer alone beside PyTorch; ARGS="--write docs/benchmarks-layers.md" records it
	@$(PEERS_PYTHON) -m benchmarks.layers $(ARGS)

bench-device: $(READY) ## measure convolutions by the device's own library (cuDNN on a GPU) beside ours
	@$(PYTHON) -m benchmarks.device_convolution $(ARGS)

bench-cluster: $(READY) ## measure clustering beside scikit-learn, SciPy and fastcluster; ARGS="--write docs/benchmarks-cluster.md" records it
	@$(PYTHON) -m benchmarks.cluster $(ARGS)

bench-checkpoint: $(READY) ## measure what keeping a run costs, and how fast a second run starts
	@$(PYTHON) -m benchmarks.checkpoint

accuracy-series: $(READY) ## measure accuracy on series, five seeds; ARGS="--write docs/benchmarks-accuracy.md" records it
	@$(PYTHON) -m benchmarks.accuracy_series $(ARGS)

accuracy-images: $(READY) ## measure accuracy, time and memory on 60,000 images, three seeds; ARGS="--write docs/benchmarks-images.md" records it
	@$(PYTHON) -m benchmarks.accuracy_images $(ARGS)

docs-figures: $(READY) ## draw the figures of the documentation again
	@for script in examples/*.py; do MPLBACKEND=agg $(PYTHON) "$$script" || exit 1; done

lock: ## pin the newest versions in requirements.txt
	@python3.11 tools/lock.py

clean: ## remove what these targets made
	rm -rf .venv .venv-peers .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage penguins.safetensors houses.safetensors

# The stamps hold the folder they were made in, so that a moved or copied clone makes its environment again.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
$(READY): again
endif
ifneq ($(shell cat $(PEERS_READY) 2>/dev/null),$(CURDIR))
$(PEERS_READY): again
endif

$(READY): requirements.txt pyproject.toml tools/environment.sh
	@tools/environment.sh .venv requirements.txt
	@echo "$(CURDIR)" > $@

$(PEERS_READY): benchmarks/requirements-peers.txt requirements.txt pyproject.toml tools/environment.sh
	@tools/environment.sh .venv-peers benchmarks/requirements-peers.txt
	@echo "$(CURDIR)" > $@
