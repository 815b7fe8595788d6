"""Where runs are done: workers of this machine, or any Dask cluster.

A worker needs a copy of the book's folder and its packages. It gets the chapter's
name, the parameters and the key, and returns the notebook as bytes, so that no disk
need be shared. The key says that its copy is the same: content decides, not place.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, Status, get_worker

from tools import record, run_notebooks
from tools.book import REPOSITORY, Book, BookError
from tools.chapter import read_data
from tools.run_notebooks import Done, Job, at_least

CONNECT_SECONDS = 30
"""Time in which a scheduler must answer."""

DASHBOARD = "127.0.0.1:8787"
"""The address of Dask's dashboard; if it is taken, another port."""

SILENT = ("client", "nanny", "scheduler", "utils")
"""Loggers of what the sweep itself puts in words, such as a worker's death."""


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which workers to use."""
    add = parser.add_argument
    add("--workers", type=at_least(1), help="workers of this machine (its cores)")
    add("--retries", type=at_least(0), default=3, help="lost workers to survive (3)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler")
    where.add_argument("--config", type=Path, metavar="FILE", help="a cluster to start")


@contextmanager
def connected(options: argparse.Namespace, folder: Path) -> Iterator[Client]:
    """Connect to the workers; start them first, and stop them after, if they are ours.

    Parameters
    ----------
    options : Namespace
        As :func:`add_engine_options` has them. ``retries`` is how often a run may lose
        its worker; a scheduler that is already running has its own number.
    folder : Path
        Where the workers of this machine keep their scratch files.

    Raises
    ------
    BookError
        If no scheduler answers, or the configuration is wrong.
    """
    warnings.filterwarnings("ignore", "Port .* is already in use")
    for name in SILENT:
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    dask.config.set({"distributed.scheduler.allowed-failures": options.retries})
    if options.scheduler:
        cluster = nullcontext(options.scheduler)
    elif options.config:
        cluster = cluster_of(options.config)
    else:
        cluster = LocalCluster(
            n_workers=options.workers,
            threads_per_worker=1,
            # What a run needs is used by a process of its own, not by the worker.
            memory_limit=None,
            host="127.0.0.1",
            dashboard_address=DASHBOARD,
            local_directory=str(folder),
            silence_logs=logging.ERROR,
        )
    with cluster as where:
        try:
            client = Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BookError(
                f"No scheduler answers at {options.scheduler}: {error}. Start one with "
                "`dask scheduler`, or leave --scheduler out."
            ) from None
        with client:
            print(f"dashboard: {client.dashboard_link}", flush=True)
            yield client


def cluster_of(path: Path) -> Any:
    """Start the cluster that a file of YAML names.

    ``cluster`` is the class, such as ``dask_jobqueue.SLURMCluster`` or
    ``dask_kubernetes.operator.KubeCluster``, ``options`` what it is called with, and
    ``workers`` how many are asked for.

    Raises
    ------
    BookError
        If the file is no such configuration, or the class is not installed.
    """
    try:
        return _started(**read_data(path))
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise BookError(
            f"{path} must have `cluster`, a class of an installed package, and may "
            f"have `options` and `workers`; it cannot be had: {error}."
        ) from None


def _started(cluster: str, options: Any = None, workers: int | None = None) -> Any:
    """Start a cluster of the class of that name."""
    package, _, name = cluster.rpartition(".")
    made = getattr(importlib.import_module(package), name)(**(options or {}))
    if workers is not None:
        made.scale(workers)
    return made


def perform(job: Job) -> Done:
    """Execute a job on this worker.

    Raises
    ------
    BookError
        If this worker's copy of the book is another, before the run or after it.
    """
    worker, ending = get_worker(), (Status.closing, Status.closed)
    root = Path(job.root)
    book = Book(root if (root / "_toc.yml").is_file() else REPOSITORY)
    _require_same(book, job)
    source = book.chapters()[job.stem]
    # The worker's own folder is cleared by its nurse when it dies.
    folder, wanted = Path(worker.local_directory), lambda: worker.status not in ending
    done = run_notebooks.perform(job, source, folder, wanted)
    _require_same(book, job)
    return done


def _require_same(book: Book, job: Job) -> None:
    """Refuse to answer for another text, library, lock or Python than was asked."""
    source = book.chapters().get(job.stem)
    if source is None or record.key(book, source, job.parameters) != job.key:
        raise BookError(
            f"The book in {book.root} of a worker is not the one of the sweep, or was "
            f"changed meanwhile: {job.stem}, a file that its parameters name, lib, "
            "figures, data, requirements.lock or Python differ. Bring it to the same "
            "state and run the sweep again."
        )
