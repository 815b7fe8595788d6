"""One run of a sweep, done wherever there is a worker.

A worker needs a copy of the book's folder and its packages. It gets the chapter's
name, the parameters and the key, and returns the notebook as bytes, so that no disk
need be shared. The key says that its copy is the same: content decides, not place.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from tools import execute, record
from tools.book import REPOSITORY, Book, BookError
from tools.chapter import reproducible, to_bytes
from tools.record import Record

PERIOD = 0.5
"""Seconds between looks at whether the worker is still wanted."""


@dataclass(frozen=True)
class Job:
    """A chapter to run with some parameters.

    Attributes
    ----------
    stem, parameters : str, dict
        Which chapter, with what set.
    key : str
        Of all that the result depends on.
    root : str
        The folder of the book, tried before the worker's own.
    """

    stem: str
    parameters: dict[str, Any]
    key: str
    root: str


@dataclass(frozen=True)
class Ended:
    """How a run ended: with a record, or with an error, and the notebook so far."""

    key: str
    notebook: bytes | None
    record: Record | None = None
    error: str = ""


def perform(job: Job) -> Ended:
    """Execute a job and return its notebook.

    Raises
    ------
    BookError
        If this worker's copy of the book is another, before the run or after it.
    """
    book, source = _find(job)
    with tempfile.TemporaryDirectory(
        dir=_scratch_folder(), ignore_cleanup_errors=True
    ) as folder:
        scratch = Path(folder) / "run"
        process = execute.start(scratch, source, job.parameters)
        status = _wait(process)
        result = execute.read_result(scratch, status)
        raw = scratch / execute.RAW
        content = raw.read_bytes() if raw.exists() else None
    _require_same(book, source, job)
    if result["error"] or content is None:
        return Ended(job.key, content, error=result["error"] or "left no notebook")
    content = to_bytes(reproducible(nbformat.reads(content.decode(), as_version=4)))
    done = record.describe(job.key, content, job.parameters, result)
    return Ended(job.key, content, done)


def _find(job: Job) -> tuple[Book, Path]:
    """Return the book here, and the chapter in it, if they are those of the job."""
    root = Path(job.root)
    book = Book(root if (root / "_toc.yml").is_file() else REPOSITORY)
    chapters = book.chapters()
    if job.stem not in chapters:
        raise BookError(f"The book in {book.root} of a worker has no {job.stem}.")
    _require_same(book, chapters[job.stem], job)
    return book, chapters[job.stem]


def _require_same(book: Book, source: Path, job: Job) -> None:
    """Refuse to answer for another text, library, lock or Python than was asked."""
    if record.key(book, source, job.parameters) != job.key:
        raise BookError(
            f"The book in {book.root} of a worker is not the one of the sweep, or was "
            "changed meanwhile: its chapter, lib, data, requirements.lock or Python "
            "differ. Bring it to the same state and run the sweep again."
        )


def _scratch_folder() -> str | None:
    """Return the worker's own folder, which its nurse clears when it dies."""
    from distributed import get_worker

    try:
        return get_worker().local_directory
    except ValueError:  # not on a worker
        return None


def _wait(process: subprocess.Popen) -> int:
    """Wait for the process of a run; end it if the worker is being closed."""
    try:
        while not _is_closing():
            try:
                return process.wait(PERIOD)
            except subprocess.TimeoutExpired:
                continue
        return -1
    finally:
        process.terminate()


def _is_closing() -> bool:
    """Tell whether this worker has been told to stop."""
    from distributed import Status, get_worker

    try:
        return get_worker().status in (Status.closing, Status.closed)
    except ValueError:
        return False
