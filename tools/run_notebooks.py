"""Execute the chapters of the book.

`python -m tools.run_notebooks --params params/ci.yml` runs every chapter that changed
since it was last run, each in a process of its own, and puts the executed notebooks
under `_build/executed`. A chapter that fails leaves its notebook, up to the error,
under `_build/failed`; the others finish, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import nbformat
from tqdm import tqdm

from tools import execute, record
from tools.book import Book, BookError, add_book_option, attempt, only_one
from tools.chapter import find, read_parameters, reproducible, to_bytes
from tools.record import Record, Shelf


@dataclass(frozen=True)
class Job:
    """A chapter to execute with some parameters.

    Attributes
    ----------
    stem, parameters : str, dict
        Which chapter, with what set.
    key : str
        Of all that the result depends on.
    root : str
        The folder of the book.
    """

    stem: str
    parameters: dict[str, Any]
    key: str
    root: str


Done = tuple[Record, bytes | None]
"""How a run went, and its notebook, whole or up to its error."""


def perform(job: Job, source: Path, folder: Path, wanted: Callable[[], bool]) -> Done:
    """Execute a job, writing to a ``folder`` meanwhile; end it if no longer wanted."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
        scratch = Path(place).resolve()
        content, result = execute.run(scratch, source, job.parameters, wanted)
    if content is None:
        result["error"] = result["error"] or "left no notebook"
    if not result["error"]:
        notebook = nbformat.reads(content.decode(), as_version=4)
        content = to_bytes(reproducible(notebook))
    return record.describe(job.key, content, job.parameters, result), content


def as_they_end(
    pool: futures.Executor, task: Callable[[Job], Done], jobs: list[Job], name: str
) -> Iterator[tuple[Job, Record, bytes | None]]:
    """Let a pool perform jobs; yield how each went, and its notebook.

    A job whose worker dies, or whose task itself fails, is lost.

    Raises
    ------
    BookError
        If the connection to the workers is lost, or one cannot do the task.
    """
    job_of = {pool.submit(task, job): job for job in jobs}
    ended = futures.as_completed(job_of)
    for future in tqdm(ended, total=len(jobs), desc=name, disable=not jobs):
        job = job_of.pop(future)  # so that notebooks do not pile up
        try:
            done = future.result()
        except futures.CancelledError:
            raise BookError(
                "The connection to the scheduler was lost. What was finished is kept; "
                "run the sweep again to go on."
            ) from None
        except BookError:
            raise
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}", "lost": True}
            done = record.describe(job.key, None, job.parameters, result), None
        yield job, *done


def plan(book: Book, options: argparse.Namespace) -> list[Job]:
    """List the chapters to execute; check every name before anything runs."""
    parameters = read_parameters(options.params, book)
    jobs = []
    for stem in options.only or book.chapters():
        key = record.key(book, book.chapters()[stem], parameters[stem])
        done = record.read(options.out, stem)
        if options.force or done is None or done.key != key:
            jobs.append(Job(stem, parameters[stem], key, str(book.root)))
    return jobs


def run(book: Book, jobs: list[Job], options: argparse.Namespace) -> list[str]:
    """Execute the jobs, some at a time; return what went wrong, a line each."""
    scratch, sources, stopped = book.build / "scratch", book.chapters(), Event()
    shelf, failures = Shelf(options.out, book.build / "failed"), []
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()

    def task(job: Job) -> Done:
        return perform(job, sources[job.stem], scratch, lambda: not stopped.is_set())

    pool = futures.ThreadPoolExecutor(options.jobs)
    try:
        for job, done, content in as_they_end(pool, task, jobs, "chapters"):
            shelf.keep(job.stem, done, content)
            if not done.error:
                tqdm.write(f"{job.stem}: {done.seconds} s, {done.peak_mib:.0f} MiB")
                continue
            failures.append(f"{job.stem} failed: {done.error}")
            if content:
                kept = shelf.notebook(job.stem, done)
                failures[-1] += f"\n  Its notebook up to there: {kept}"
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)
    return failures


def at_least(least: int) -> Callable[[str], int]:
    """Make a reader of whole numbers for a command line."""

    def read(text: str) -> int:
        if not (text.isdecimal() and int(text) >= least):
            message = f"must be a whole number >= {least}; got {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return read


def main(arguments: list[str] | None = None) -> int:
    """Execute what changed; return the exit status."""
    options = parse(arguments)
    return attempt(lambda: refresh(options.book, options))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Execute the chapters of the book.")
    add = parser.add_argument
    add("--params", type=Path, help="YAML of parameters (default params/ci.yml)")
    add("--jobs", type=at_least(1), default=2, help="chapters at a time (default 2)")
    add("--only", action="append", metavar="CHAPTER", help="only this; repeatable")
    add("--force", action="store_true", help="also chapters that did not change")
    add("--out", type=Path, help="where to (default _build/executed)")
    add_book_option(parser)
    options = parser.parse_args(arguments)
    options.params = options.params or options.book.root / "params" / "ci.yml"
    options.out = options.out or options.book.executed
    return options


def refresh(book: Book, options: argparse.Namespace) -> int:
    """Plan and run; return 1 if a chapter failed."""
    named = [find(book, name) for name in options.only or book.chapters()]
    options.only = list(dict.fromkeys(named))
    with only_one(book):
        jobs = plan(book, options)
        current = len(options.only) - len(jobs)
        print(f"{len(jobs)} chapters to run, {current} up to date", flush=True)
        failures = run(book, jobs, options)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
