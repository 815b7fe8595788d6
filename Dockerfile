# The book in a container, with the same lock and the same `make venv` as anywhere.
#   docker build -t copositive-relu-book .
#   docker run --rm -p 8888:8888 copositive-relu-book              # JupyterLab
#   docker run --rm copositive-relu-book make test                 # the book, all tests
# PyTorch is its build for CPUs; --build-arg PIP_EXTRA_INDEX_URL= takes the one with
# CUDA, which is 5 GB more.

# What the book takes from the system, as in .ci/run; the Python is the image's own.
FROM python:3.11-slim AS system
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        make chromium fonts-dejavu-core libatomic1 \
    && rm -rf /var/lib/apt/lists/*

# First what `make venv` reads, so that a change of the text keeps the packages.
FROM system AS book
RUN useradd --create-home reader
USER reader
WORKDIR /home/reader/book
COPY --chown=reader Makefile requirements.lock pyproject.toml README.md LICENSE ./
COPY --chown=reader lib lib
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN make venv
COPY --chown=reader . .
EXPOSE 8888
CMD ["make", "lab", "LAB=--ip=0.0.0.0 --no-browser"]
