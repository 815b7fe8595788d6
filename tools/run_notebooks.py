"""Execute the chapters of the book.

`python -m tools.run_notebooks --params params/ci.yml` runs every chapter that changed
since it was last run, each in a process of its own, and puts the executed notebooks
under `_build/executed`. A chapter that fails leaves its notebook, up to the error,
under `_build/failed`; the others finish, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from tqdm import tqdm

from tools import execute, record
from tools.book import REPOSITORY, Book, attempt, only_one, unknown
from tools.chapter import read_parameters, reproducible, to_bytes

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Task:
    """One chapter to execute."""

    stem: str
    source: Path
    parameters: dict
    key: str
    scratch: Path


def plan(book: Book, options: argparse.Namespace) -> list[Task]:
    """List the chapters to execute; check every name before anything runs."""
    chapters = book.chapters()
    parameters = read_parameters(options.params, book)
    for stem in options.only or []:
        if stem not in chapters:
            raise unknown("chapter", stem, chapters)
    tasks = []
    for stem in options.only or chapters:
        source, values = chapters[stem], parameters[stem]
        key = record.key(book, source, values)
        done = record.read(options.out, stem)
        if options.force or done is None or done.key != key:
            scratch = book.build / "scratch" / stem
            tasks.append(Task(stem, source, values, key, scratch))
    return tasks


def run(book: Book, tasks: list[Task], options: argparse.Namespace) -> list[str]:
    """Execute the tasks, some at a time; return what went wrong, a line each."""
    shutil.rmtree(book.build / "scratch", ignore_errors=True)
    waiting, running, failures = list(tasks), {}, []
    try:
        with tqdm(total=len(tasks), desc="chapters", disable=not tasks) as bar:
            while waiting or running:
                while waiting and len(running) < options.jobs:
                    task = waiting.pop(0)
                    running[
                        execute.start(task.scratch, task.source, task.parameters)
                    ] = task
                for process in [p for p in running if p.poll() is not None]:
                    task = running.pop(process)
                    failure = finish(book, task, process.returncode, options.out)
                    failures += [failure] if failure else []
                    bar.update()
                time.sleep(POLL_SECONDS)
    finally:
        stop(running)
        shutil.rmtree(book.build / "scratch", ignore_errors=True)
    return failures


def stop(running: dict[subprocess.Popen, Task]) -> None:
    """End the processes that are still at work."""
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()


def finish(book: Book, task: Task, status: int, out: Path) -> str | None:
    """Put an executed chapter in place, or keep what there is of a failed one."""
    result = execute.read_result(task.scratch, status)
    failed = book.build / "failed" / f"{task.stem}.ipynb"
    raw = task.scratch / execute.RAW
    if result["error"]:
        if raw.exists():
            record.replace(failed, raw.read_bytes())
        kept = f"\n  Its notebook up to there: {failed}" if raw.exists() else ""
        return f"{task.stem} failed: {result['error']}{kept}"
    content = to_bytes(reproducible(nbformat.read(raw, as_version=4)))
    done = record.describe(task.key, content, task.parameters, result)
    record.write(out, task.stem, content, done)
    failed.unlink(missing_ok=True)
    tqdm.write(f"{task.stem}: {done.seconds} s, {done.peak_mib:.0f} MiB")
    return None


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Execute the chapters of the book.")
    add = parser.add_argument
    add("--params", type=Path, help="YAML of parameters (default params/ci.yml)")
    add("--jobs", type=int, default=2, help="chapters at a time (default 2)")
    add("--only", action="append", metavar="STEM", help="only this chapter; repeatable")
    add("--force", action="store_true", help="also chapters that did not change")
    add("--out", type=Path, help="where to (default _build/executed)")
    add("--root", type=Path, default=REPOSITORY, help="the folder of another book")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs must be at least 1; got {options.jobs}")
    options.params = options.params or options.root / "params" / "ci.yml"
    options.out = options.out or Book(options.root).executed
    return options


def main(arguments: list[str] | None = None) -> int:
    """Execute what changed; return the exit status."""
    options = parse(arguments)
    book = Book(options.root.resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    return attempt(lambda: refresh(book, options))


def refresh(book: Book, options: argparse.Namespace) -> int:
    """Plan and run; return 1 if a chapter failed."""
    with only_one(book):
        tasks = plan(book, options)
        current = len(options.only or book.chapters()) - len(tasks)
        print(f"{len(tasks)} chapters to run, {current} up to date", flush=True)
        failures = run(book, tasks, options)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
