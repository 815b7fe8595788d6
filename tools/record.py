"""What is kept beside an executed chapter: its key, and how the run went."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lib import store
from tools import chapter
from tools.book import Book, BookError
from tools.chapter import Parameters

INPUTS = (
    "lib/**/*.py",
    "experiments/**/*.py",
    "figures/**/*.py",
    "figures/**/*.mplstyle",
    "data/*.json",  # these name the sha256 of the images
    "requirements.lock",
)
PACKAGES = (
    *("numpy", "scipy", "clarabel", "cvxpy", "torch", "matplotlib"),
    *("ipykernel", "papermill", "jupytext", "jupyter-book"),
)


DONE, FAILED, LOST, MISSING = STATES = ("done", "failed", "lost", "missing")
"""How far a run is; the last is one of which nothing is there."""


@dataclass(frozen=True)
class Record:
    """How one chapter was executed.

    Attributes
    ----------
    key : str
        Hash of all that the notebook depends on.
    sha256 : str
        Hash of the notebook itself.
    parameters : dict
        What was set from outside.
    seconds, peak_mib : float
        Run time and the kernel's peak memory.
    date : str
        When, in UTC.
    machine, versions : dict
        Where, and with what.
    error : str
        What stopped it, and where; nothing if it went to its end.
    lost : bool
        Whether its workers died, rather than its notebook.
    """

    key: str
    sha256: str
    parameters: dict[str, Any]
    seconds: float
    peak_mib: float
    date: str
    machine: dict[str, Any]
    versions: dict[str, str]
    error: str = ""
    lost: bool = False

    @property
    def kept(self) -> bool:
        """Whether there is a notebook, whole or up to its error."""
        return self.sha256 != store.sha256(b"")

    @property
    def state(self) -> str:
        """How far it got: done, failed, or lost."""
        return LOST if self.lost else FAILED if self.error else DONE


def key(book: Book, source: Path, parameters: Parameters) -> str:
    """Hash everything that the executed notebook of a chapter depends on."""
    return keys(book, source, [parameters])[0]


def keys(book: Book, source: Path, many: Iterable[Parameters]) -> list[str]:
    """Hash everything that runs of a chapter depend on, reading the book once.

    A parameter that names a file counts by the file's name and content, not by its
    place; a default that is given anyway makes no other run.
    """
    inputs = [path for pattern in INPUTS for path in sorted(book.root.glob(pattern))]
    tools = [Path(__file__).with_name(name) for name in ("chapter.py", "execute.py")]
    try:
        defaults = {name: p.default for name, p in chapter.describe(source).items()}
    except BookError:
        defaults = {}  # the run will say what is wrong with its cell
    values = (_with_contents(defaults | {**own}, source.parent) for own in many)
    told = ([sys.version, one] for one in values)
    return store.content_keys((source, *inputs, *tools), told)


def _with_contents(value: Any, folder: Path) -> Any:
    """Put what is in them in the place of paths of files, wherever they are named.

    What JSON cannot hold is left out: it stands in the text of the chapter.
    """
    if isinstance(value, dict):
        return {name: _with_contents(entry, folder) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_with_contents(entry, folder) for entry in value]
    if not (isinstance(value, str) and value and os.path.exists(folder / value)):
        return value if isinstance(value, str | int | float) else None
    path = folder / value
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [[p.name, store.sha256(p.read_bytes())] for p in files if p.is_file()]


def describe(
    key: str, content: bytes | None, parameters: Parameters, result: dict[str, Any]
) -> Record:
    """Describe a run that has just ended on this machine, well or not."""
    return Record(
        key=key,
        sha256=store.sha256(content or b""),
        parameters=dict(parameters),
        seconds=round(result.get("seconds", 0.0), 1),
        peak_mib=round(result.get("peak_mib", 0.0)),
        date=store.now(),
        machine=store.machine(),
        versions=store.versions(PACKAGES),
        error=result.get("error") or "",
        lost=result.get("lost", False),
    )


def paths(out: Path, stem: str) -> tuple[Path, Path]:
    """Name the files of an executed chapter: the notebook and its record."""
    return out / f"{stem}.ipynb", out / f"{stem}.json"


def read(out: Path, stem: str) -> Record | None:
    """Read the record of an executed chapter, if there is one that fits its notebook.

    A run that left no notebook has the record of an empty one.
    """
    return store.read_record(Record, paths(out, stem)[0])


def write(out: Path, stem: str, content: bytes | None, record: Record) -> None:
    """Put a notebook, if there is one, and its record in place, each whole."""
    notebook, _ = paths(out, stem)
    if content is None:
        notebook.unlink(missing_ok=True)
    else:
        store.replace(notebook, content)
    store.write_record(notebook, record)


@dataclass(frozen=True)
class Shelf:
    """Where runs are kept: those that went to their end, and those that failed."""

    done: Path
    failed: Path

    def find(self, name: str, key: str) -> Record | None:
        """Return the record of a run, if it is there whole and of that key."""
        both = (read(folder, name) for folder in (self.done, self.failed))
        return next((found for found in both if found and found.key == key), None)

    def notebook(self, name: str, record: Record) -> Path:
        """Return where the notebook of a run is, whole or up to its error."""
        return paths(self.failed if record.error else self.done, name)[0]

    def keep(self, name: str, record: Record, content: bytes | None) -> None:
        """Put a run in its place; one that went well leaves no earlier failure."""
        write(self.notebook(name, record).parent, name, content, record)
        for path in paths(self.failed, name) if record.state == DONE else ():
            path.unlink(missing_ok=True)
