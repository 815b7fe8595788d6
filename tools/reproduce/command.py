"""Recompute the numbers that the book states, and compare.

`python -m tools.reproduce` runs the chapters anew in `_build/reproduce`, with no stored
result of an experiment at hand, compares what they glue with `numbers.yml`, and writes
`_build/reproduce/report.md`. The exit status is 1 if a number differs.

`python -m tools.reproduce --write` does the opposite: it takes the values from the
executed book into `numbers.yml`, and keeps the tolerances, limits and reasons there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import numbers, record
from tools.book import REPOSITORY, Book, BookError, attempt
from tools.chapter import read_parameters
from tools.glued import read_glued, shown_in_prose
from tools.numbers import Stated, Values, Verdict
from tools.reproduce import report, writing
from tools.sweep.command import find

EXPERIMENTS = "BOOK_EXPERIMENTS"
"""The variable that names the folder where `experiments` keeps results."""

REFUSED = (2, 130)
"""Exit statuses of `tools.run_notebooks` that leave nothing to compare."""


def run(book: Book, stems: list[str], jobs: int) -> Path:
    """Run chapters anew; return the folder with those that did not fail."""
    folder = book.build / "reproduce"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "tools.run_notebooks", "--force"]
    command += ["--root", str(book.root), "--out", str(folder / "executed")]
    command += ["--params", str(book.root / numbers.PARAMETERS), "--jobs", str(jobs)]
    command += [word for stem in stems for word in ("--only", stem)]
    fresh = os.environ | {EXPERIMENTS: str(folder / "experiments")}
    status = subprocess.run(command, cwd=REPOSITORY, env=fresh).returncode
    if status in REFUSED:
        raise BookError("The chapters were not run; the lines above say why.")
    return folder / "executed"


def values_in(folder: Path, stems: Iterable[str]) -> dict[str, Values]:
    """Read what executed chapters glued; those that failed are left out."""
    paths = {stem: record.paths(folder, stem)[0] for stem in stems}
    return {stem: read_glued(path) for stem, path in paths.items() if path.is_file()}


def compare(
    stated: Stated, stems: list[str], values: dict[str, Values]
) -> dict[str, list[Verdict]]:
    """Judge every number of some chapters."""
    return {
        stem: [
            numbers.judge(number, values.get(stem, {})) for number in stated.of(stem)
        ]
        for stem in stems
    }


def reproduce(book: Book, stems: list[str], jobs: int) -> int:
    """Run, compare, report; return the exit status."""
    stated = numbers.read(book)
    folder = run(book, stems, jobs)
    values = values_in(folder, stems)
    verdicts = compare(stated, stems, values)
    records = {stem: record.read(folder, stem) for stem in values}
    path = folder.parent / "report.md"
    record.replace(path, report.page(verdicts, records).encode())
    failed = [stem for stem in stems if stem not in values]
    print(report.summary(verdicts, failed), f"Report: {path}", sep="\n")
    bad = [one for many in verdicts.values() for one in many if not one.good]
    return 1 if bad or failed else 0


def write(book: Book, stems: list[str]) -> int:
    """Take the values of the executed book into `numbers.yml`; say what changed."""
    parameters = read_parameters(book.root / numbers.PARAMETERS, book)
    for stem in stems:
        _require_current(book, stem, parameters[stem])
    shown, values = shown_in_prose(book), values_in(book.executed, stems)
    fresh, changes = writing.updated(numbers.read(book), values, shown)
    record.replace(book.root / numbers.FILE, writing.text(fresh).encode())
    print(*(changes or ["Nothing changed."]), sep="\n")
    return 0


def _require_current(book: Book, stem: str, parameters: dict) -> None:
    """Refuse a chapter that was not executed as it stands, with those parameters."""
    done = record.read(book.executed, stem)
    key = record.key(book, book.chapters()[stem], parameters)
    if done is None or done.key != key:
        raise BookError(
            f"{stem} must have been executed as it stands, with {numbers.PARAMETERS}; "
            "it has not, or has changed since. Run `make book`."
        )


def main(arguments: list[str] | None = None) -> int:
    """Reproduce or write; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("chapters", nargs="*", help="stems or starts of them (default: all)")
    add("--write", action="store_true", help="update numbers.yml from the book")
    add("--jobs", type=int, default=2, help="chapters at a time (default 2)")
    add("--root", type=Path, default=REPOSITORY, help="the folder of another book")
    options = parser.parse_args(arguments)
    book = Book(options.root.resolve())
    return attempt(lambda: choose(book, options))


def choose(book: Book, options: argparse.Namespace) -> int:
    """Reproduce or write the chapters that are asked for."""
    stems = [find(book, name) for name in options.chapters] or [*book.chapters()]
    if options.write:
        return write(book, stems)
    return reproduce(book, stems, options.jobs)
