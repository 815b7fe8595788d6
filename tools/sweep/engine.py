"""Where runs are done: workers of this machine, or any Dask cluster."""

from __future__ import annotations

import importlib
import logging
import os
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, as_completed

from tools.book import BookError, read_yaml
from tools.sweep.options import Engine

CONNECT_SECONDS = 30
"""Time in which a scheduler must answer."""

DASHBOARD = 8787
"""The port of Dask's dashboard, unless it is taken."""

SILENT = tuple(f"distributed.{n}" for n in ("client", "nanny", "scheduler", "utils"))
"""Loggers of what the sweep itself puts in words, such as a worker's death."""


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def connected(engine: Engine) -> Iterator[Client]:
    """Connect to the workers; start them first, and stop them after, if they are ours.

    Raises
    ------
    BookError
        If no scheduler answers, or the configuration is wrong.
    """
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        allowed = {"distributed.scheduler.allowed-failures": engine.retries}
        stack.enter_context(dask.config.set(allowed))
        where: Any = engine.scheduler
        if engine.config:
            where = stack.enter_context(cluster_of(engine.config))
        elif not where:
            where = stack.enter_context(_local(engine))
        try:
            client = Client(where, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise BookError(
                f"No scheduler answers at {engine.scheduler}: {error}. Start one with "
                "`dask scheduler`, or leave --scheduler out."
            ) from None
        yield stack.enter_context(client)


def _local(engine: Engine) -> LocalCluster:
    """Start a worker of one thread for each core of this machine."""
    return LocalCluster(
        n_workers=engine.workers or cores(),
        threads_per_worker=1,
        # What a run needs is used by a process of its own, not by the worker.
        memory_limit=None,
        host="127.0.0.1",
        dashboard_address=f"127.0.0.1:{DASHBOARD if _is_free(DASHBOARD) else 0}",
        local_directory=str(engine.folder) if engine.folder else None,
        silence_logs=logging.ERROR,
    )


def _is_free(port: int) -> bool:
    """Tell whether a port of this machine can be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
    read = read_yaml(path)
    known = {"cluster", "options", "workers"}
    if not (isinstance(read, dict) and "cluster" in read and set(read) <= known):
        raise BookError(
            f"{path} must have `cluster`, a class, and may have `options` and "
            f"`workers`; got {read!r}."
        )
    package, _, name = str(read["cluster"]).rpartition(".")
    try:
        made = getattr(importlib.import_module(package), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BookError(
            f"{path} asks for {read['cluster']}, which cannot be had: {error}. "
            "Install its package beside the book's."
        ) from None
    cluster = made(**(read.get("options") or {}))
    if "workers" in read:
        cluster.scale(read["workers"])
    return cluster


def work(
    client: Client, task: Callable[[Any], Any], jobs: Iterable[Any]
) -> Iterator[tuple[Any, Any]]:
    """Do a task for each job on the workers; yield (job, result) as they end.

    A job whose worker dies is done again by another. In place of a result there is
    an exception if its workers died too often or the task itself raised it.

    Raises
    ------
    BookError
        If the connection to the scheduler is lost, or a worker cannot do the task.
    """
    jobs, name = list(jobs), f"{task.__name__}-{uuid.uuid4().hex[:8]}"
    keys = [f"{name}-{place:05d}" for place in range(len(jobs))]
    job_of = dict(zip(keys, jobs, strict=True))
    futures = client.map(task, jobs, key=keys, pure=False)
    for future in as_completed(futures, loop=client.loop):
        yield job_of[future.key], _outcome(future)
        future.release()  # so that results do not pile up on the workers


def _outcome(future: Any) -> Any:
    """Return the result of a future or its exception, unless it ends everything."""
    if future.status == "finished":
        return future.result()
    error = future.exception() if future.status == "error" else None
    if error is None:
        raise BookError(
            "The connection to the scheduler was lost. What was finished is kept; "
            "run the sweep again to go on."
        )
    if isinstance(error, BookError):
        raise error
    return error
