"""The command line of sweeps."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from tqdm import tqdm

from tools import record
from tools.book import REPOSITORY, Book, BookError, alone_in, attempt, unknown
from tools.status import table
from tools.sweep.described import Parameter, describe
from tools.sweep.folder import DONE, FAILED, LOST, SHORT, Folder
from tools.sweep.gather import Row, gather, write_table
from tools.sweep.grid import expand, read_grids, read_options
from tools.sweep.options import add_engine_options, engine_of
from tools.sweep.worker import Ended, Job, perform

EXAMPLE = """\
examples:
  python -m tools.sweep --list
  python -m tools.sweep 03_strong_duality -p beta=0.01,0.1 -p seed=0:5 --out _build/mine
  python -m tools.sweep 03_strong_duality --grid grid.yml --out _build/mine
  python -m tools.sweep 03_strong_duality --grid grid.yml --out _build/mine --retry
"""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.sweep",
        description="Run a chapter over a grid of parameters and gather the results. "
        "A second call runs what is missing.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("chapter", nargs="?", help="its stem, or the start of it")
    add("-p", action="append", metavar="NAME=VALUES", default=[], help="0.1,1 or 0:5")
    add("--grid", type=Path, metavar="FILE", help="YAML: names to lists of values")
    add("--out", type=Path, metavar="FOLDER", help="where to (_build/sweeps/CHAPTER)")
    add("--list", action="store_true", help="list the parameters, run nothing")
    add("--dry-run", action="store_true", help="list the runs and their states")
    add("--retry", nargs="*", metavar="KEY", help="again: all failed runs, or only KEY")
    add_engine_options(parser)
    add("--root", type=Path, default=REPOSITORY, help="the folder of another book")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    book = Book(options.root.resolve())
    if options.list:
        return attempt(lambda: show_parameters(book, options.chapter))
    return attempt(lambda: sweep(book, options))


def show_parameters(book: Book, chapter: str | None) -> int:
    """Print the parameters of one chapter or of all."""
    for stem in [find(book, chapter)] if chapter else book.chapters():
        known = describe(book.chapters()[stem]).values()
        rows = [[p.name, repr(p.default), p.spec.must, p.meaning] for p in known]
        print(f"{stem}\n")
        print(table(["name", "default", "must be", "meaning"], rows), end="\n\n")
    return 0


def find(book: Book, name: str | None) -> str:
    """Return the stem of the chapter that a name is the start of."""
    chapters = list(book.chapters())
    if name is None:
        raise BookError(f"Name a chapter: {', '.join(chapters)}.")
    near = [stem for stem in chapters if stem.startswith(name)]
    if name in chapters:
        return name
    if len(near) != 1:
        raise unknown("chapter", name, near or chapters)
    return near[0]


def plan(
    book: Book, stem: str, known: Mapping[str, Parameter], options: argparse.Namespace
) -> list[Job]:
    """List the runs of the grid, after checking all of it."""
    grids = read_grids(options.grid) if options.grid else [{}]
    beside = read_options(options.p)
    for grid in grids:
        for name in set(grid) & set(beside):
            raise BookError(f"{name} is both in {options.grid} and given by -p.")
    source = book.chapters()[stem]
    runs = expand([grid | beside for grid in grids], known)
    root = str(book.root)
    keys = record.keys(book, source, runs)
    return [Job(stem, run, key, root) for run, key in zip(runs, keys, strict=True)]


def sweep(book: Book, options: argparse.Namespace) -> int:
    """Run what is missing; return 1 if a run failed or was lost."""
    stem = find(book, options.chapter)
    known = describe(book.chapters()[stem])
    jobs = plan(book, stem, known, options)
    folder = Folder(options.out or book.build / "sweeps" / stem)
    if options.dry_run:
        for job in jobs:
            print(job.key[:SHORT], folder.state(job.key), job.parameters)
        return 0
    with alone_in(folder.root):
        folder.begin(stem, jobs)
        todo = choose(folder, jobs, options.retry)
        print(f"{len(jobs)} runs, {len(todo)} to do", flush=True)
        defaults = {name: parameter.default for name, parameter in known.items()}
        try:
            if todo:
                perform_all(folder, todo, options)
        finally:
            rows = report(folder, stem, jobs, defaults)
    return 0 if all(row.status == DONE for row in rows) else 1


def choose(folder: Folder, jobs: list[Job], retry: list[str] | None) -> list[Job]:
    """Choose the runs to do: those without a result, and failed ones if asked for.

    With keys, only the failed runs whose keys begin so.
    """
    states = {job.key: folder.state(job.key) for job in jobs}
    for start in retry or []:
        if not any(k.startswith(start) and s != DONE for k, s in states.items()):
            failed = [k[:SHORT] for k, s in states.items() if s in (FAILED, LOST)]
            raise unknown("failed run", start, failed)
    if retry:
        wanted = {k for k in states if any(k.startswith(start) for start in retry)}
        return [job for job in jobs if job.key in wanted and states[job.key] != DONE]
    settled = {DONE} if retry is not None else {DONE, FAILED}
    return [job for job in jobs if states[job.key] not in settled]


def perform_all(folder: Folder, todo: list[Job], options: argparse.Namespace) -> None:
    """Do the runs on the workers and keep each result as it comes."""
    from tools.sweep.engine import connected, work  # Dask, where it is needed

    scratch = folder.root / "scratch"
    try:
        with connected(engine_of(options, scratch)) as client:
            print(f"dashboard: {client.dashboard_link}", flush=True)
            print(f"workers: {len(client.nthreads())}", flush=True)
            ended = work(client, perform, todo)
            keep_all(folder, tqdm(ended, total=len(todo), desc="runs"))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def keep_all(folder: Folder, ended: Iterable[tuple[Job, Ended | Exception]]) -> None:
    """Write each result as it comes, and say which runs failed."""
    for job, result in ended:
        if isinstance(result, Ended):
            folder.keep(job, result)
            error = result.error
        else:
            error = f"{type(result).__name__}: {result}"
            folder.lose(job, error)
        if error:
            tqdm.write(f"{job.key[:SHORT]} failed: {error}", file=sys.stderr)


def report(folder: Folder, stem: str, jobs: list[Job], defaults: dict) -> list[Row]:
    """Gather the runs, write the table and the page, and say where they are."""
    from tools.sweep.page import write_page  # drawing takes a second to import

    rows = gather(folder, jobs, defaults)
    write_table(folder, rows)
    write_page(folder, stem, rows)
    counts = Counter(row.status for row in rows)
    print(", ".join(f"{number} {state}" for state, number in counts.items()))
    print(f"table: {folder.root / 'table.csv'}")
    print(f"summary: {folder.root / 'index.html'}", flush=True)
    return rows
