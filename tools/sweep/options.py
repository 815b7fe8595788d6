"""Which workers to use, and how the command line says so."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Engine:
    """Which workers to use.

    Attributes
    ----------
    scheduler : str, optional
        Address of a running scheduler, ``tcp://host:port``.
    config : Path, optional
        YAML of a cluster to start, see :func:`tools.sweep.engine.cluster_of`.
    workers : int, optional
        How many workers of this machine, each of one thread; by default its cores.
    retries : int
        How often a run may lose its worker before it is given up; a scheduler that
        is already running has its own.
    folder : Path, optional
        Where the workers of this machine keep their scratch files.
    """

    scheduler: str | None = None
    config: Path | None = None
    workers: int | None = None
    retries: int = 3
    folder: Path | None = None


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which workers to use."""
    add = parser.add_argument
    add("--workers", type=_whole(1), help="workers of this machine (its cores)")
    add("--retries", type=_whole(0), default=3, help="lost workers to survive (3)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler")
    where.add_argument("--config", type=Path, metavar="FILE", help="a cluster to start")


def _whole(least: int):
    """Make a reader of whole numbers."""

    def read(text: str) -> int:
        if not (text.isdecimal() and int(text) >= least):
            message = f"must be a whole number >= {least}; got {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def engine_of(options: argparse.Namespace, folder: Path | None = None) -> Engine:
    """Return what the command line asks for."""
    return Engine(
        options.scheduler, options.config, options.workers, options.retries, folder
    )
