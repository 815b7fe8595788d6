"""Run a chapter over a grid of parameters and gather the results.

A second call runs what is missing. Examples:

  python -m tools.sweep --list
  python -m tools.sweep 03_strong_duality -p beta=0.01,0.1 -p seed=0:5 --out _build/mine
  python -m tools.sweep 03_strong_duality --grid grid.yml --out _build/mine
  python -m tools.sweep 03_strong_duality --grid grid.yml --out _build/mine --retry
  python -m tools.sweep all -p seed=0:10

The folder of a sweep has

  runs/KEY.ipynb, runs/KEY.json       the notebook of a finished run, and its record
  failed/KEY.ipynb, failed/KEY.json   the notebook up to the error, and the record
  sweep.json                          the chapter and the keys of the grid, in order
  table.csv, index.html               what was gathered
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tqdm import tqdm

from lib.store import replace
from tools import record
from tools.book import Book, BookError, add_book_option, alone_in, attempt, unknown
from tools.chapter import Parameter, describe, find
from tools.record import DONE, FAILED, LOST, MISSING
from tools.run_notebooks import Job, as_they_end
from tools.status import table
from tools.sweep.engine import add_engine_options, connected, perform
from tools.sweep.grid import Grid, expand, read_grids, read_options
from tools.sweep.report import SHORT, gather, shelf_of, write_page, write_table

ALL = "all"
"""Said in place of a chapter's name."""

Known = dict[str, dict[str, Parameter]]
"""The stem of each chapter to its parameters."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m tools.sweep", description=__doc__, formatter_class=form
    )
    add = parser.add_argument
    add("chapter", nargs="?", help="its number, its stem, the start of it, or `all`")
    add("-p", action="append", metavar="NAME=VALUES", default=[], help="0.1,1 or 0:5")
    add("--grid", type=Path, metavar="FILE", help="YAML: names to lists of values")
    add("--out", type=Path, metavar="FOLDER", help="where to (_build/sweeps/CHAPTER)")
    add("--list", action="store_true", help="list the parameters, run nothing")
    add("--dry-run", action="store_true", help="list the runs and their states")
    add("--retry", nargs="*", metavar="KEY", help="again: all failed runs, or only KEY")
    add_engine_options(parser)
    add_book_option(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks; return the exit status."""
    options = parse(arguments)
    work = show_parameters if options.list else sweep
    return attempt(lambda: work(options.book, options))


def described(book: Book, options: argparse.Namespace) -> Known:
    """Return the parameters of the chapters that are meant, by their stems."""
    chapters, name = book.chapters(), options.chapter
    if name is None and not options.list:
        raise BookError(f"Name a chapter: {', '.join(chapters)}. Or {ALL}.")
    stems = chapters if name in (None, ALL) else [find(book, name)]
    return {stem: describe(chapters[stem]) for stem in stems}


def show_parameters(book: Book, options: argparse.Namespace) -> int:
    """Print the parameters of one chapter or of all."""
    head = ["name", "default", "must be", "meaning"]
    for stem, known in described(book, options).items():
        rows = [[k, f"{p.default!r}", p.kind.must, p.meaning] for k, p in known.items()]
        print(f"{stem}\n\n{table(head, rows)}\n")
    return 0


def plan(book: Book, known: Known, options: argparse.Namespace) -> list[Job]:
    """List the runs of the grid, each once, after checking all of it."""
    jobs: dict[str, Job] = {}
    for stem, grids in grids_of(known, options).items():
        source, where = book.chapters()[stem], f" of {stem}" * (options.chapter == ALL)
        runs = expand(grids, known[stem], where)
        for run, key in zip(runs, record.keys(book, source, runs), strict=True):
            jobs.setdefault(key, Job(stem, run, key, str(book.root)))
    return list(jobs.values())


def grids_of(known: Known, options: argparse.Namespace) -> dict[str, list[Grid]]:
    """Read the grids of each chapter; of `all`, those parameters that it has."""
    grids = read_grids(options.grid) if options.grid else [{}]
    beside = read_options(options.p)
    for name in set(beside).intersection(*grids):
        raise BookError(f"{name} is both in {options.grid} and given by -p.")
    grids = [grid | beside for grid in grids]
    if options.chapter != ALL or not any(grids):
        return dict.fromkeys(known, grids)
    names = {name for has in known.values() for name in has}
    for name in (name for grid in grids for name in grid if name not in names):
        raise unknown("parameter", name, sorted(names))
    found = {}
    for stem, has in known.items():
        own = [{k: v for k, v in grid.items() if k in has} for grid in grids]
        if any(own):
            found[stem] = [grid for grid in own if grid]
        else:
            print(f"{stem} has none of these parameters and is left out")
    return found


def sweep(book: Book, options: argparse.Namespace) -> int:
    """Run what is missing; return 1 if a run failed or was lost."""
    known = described(book, options)
    jobs = plan(book, known, options)
    known = {job.stem: known[job.stem] for job in jobs}
    name = ALL if options.chapter == ALL else jobs[0].stem
    root = options.out or book.build / "sweeps" / name
    if options.dry_run:
        for job in jobs:
            of = [job.stem] * (name == ALL)
            print(job.key[:SHORT], state_of(root, job), *of, job.parameters)
        return 0
    with alone_in(root):
        begin(root, name, jobs)
        states = {job.key: state_of(root, job) for job in jobs}
        todo = choose(states, options.retry)
        print(f"{len(jobs)} runs, {len(todo)} to do", flush=True)
        try:
            if todo:
                perform_all(root, [job for job in jobs if job.key in todo], options)
        finally:
            good = report(root, name, jobs, known)
    return 0 if good else 1


def state_of(root: Path, job: Job) -> str:
    """Tell how far a run is."""
    run = shelf_of(root).find(job.key[:SHORT], job.key)
    return run.state if run else MISSING


def begin(root: Path, name: str, jobs: list[Job]) -> None:
    """Note what is swept and the grid; clear what a killed sweep left half written.

    Raises
    ------
    BookError
        If the folder holds the sweep of another chapter, or other files.
    """
    note = root / "sweep.json"
    there = "other files"
    with suppress(OSError, ValueError, TypeError, KeyError):
        there = f"a sweep of {json.loads(note.read_text('utf-8'))['chapter']}"
    is_new = all(path.name == ".lock" for path in root.iterdir())
    if not (is_new or there == f"a sweep of {name}"):
        raise BookError(
            f"{root} must be empty or hold a sweep of {name}; it holds {there}. Give "
            "another folder."
        )
    for aside in root.glob("**/.*.*.[0-9]*"):
        aside.unlink()
    runs = [{k: v for k, v in vars(job).items() if k != "root"} for job in jobs]
    content = json.dumps({"chapter": name, "runs": runs}, indent=1)
    replace(note, content.encode())


def choose(states: dict[str, str], retry: list[str] | None) -> set[str]:
    """Choose the runs to do: those without a result, and failed ones if asked for.

    With the starts of keys, only the failed runs of these.
    """
    for start in retry or []:
        if not any(key.startswith(start) and states[key] != DONE for key in states):
            failed = [key[:SHORT] for key in states if states[key] in (FAILED, LOST)]
            raise unknown("failed run", start, failed)
    starts = tuple(retry or [""])
    kept = (DONE, FAILED) if retry is None else (DONE,)
    return {k for k, at in states.items() if k.startswith(starts) and at not in kept}


def perform_all(root: Path, todo: list[Job], options: argparse.Namespace) -> None:
    """Do the runs on the workers and keep each result as it comes."""
    scratch = root / "scratch"
    try:
        with connected(options, scratch) as client:
            print(f"workers: {len(client.nthreads())}", flush=True)
            pool = client.get_executor(pure=False)
            for job, run, content in as_they_end(pool, perform, todo, "runs"):
                shelf_of(root).keep(job.key[:SHORT], run, content)
                if run.error:
                    said = f"{job.key[:SHORT]} failed: {run.error}"
                    tqdm.write(said, file=sys.stderr)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def report(root: Path, name: str, jobs: list[Job], known: Known) -> bool:
    """Write the table and the page, say what failed; tell whether all went well."""
    rows = gather(root, jobs, known)
    write_table(root, rows)
    write_page(root, name, rows, known)
    counts = Counter(row["status"] for row in rows)
    print(", ".join(f"{number} {state}" for state, number in counts.items()))
    wrong = [
        [job.stem, job.key[:SHORT], f"{job.parameters}", " ".join(row["error"].split())]
        for job, row in zip(jobs, rows, strict=True)
        if row["error"]
    ]
    if wrong:
        print(table(["chapter", "failed run", "parameters", "why"], wrong))
    print(f"table: {root / 'table.csv'}")
    print(f"summary: {root / 'index.html'}", flush=True)
    return set(counts) == {DONE}


if __name__ == "__main__":
    sys.exit(main())
