"""The folder of a sweep: which runs are done, which failed, which are to be made.

runs/KEY.ipynb, runs/KEY.json       the notebook of a finished run, and its record
failed/KEY.ipynb, failed/KEY.json   the notebook up to the error, and the error
sweep.json                          the chapter and the keys of the grid, in order
table.csv, index.html               what was gathered
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.store import replace
from tools import record
from tools.book import BookError
from tools.record import Record
from tools.sweep.worker import Ended, Job

SHORT = 16
"""Characters of a key in file names: 64 bits."""

DONE, FAILED, LOST, MISSING = "done", "failed", "lost", "missing"
STATES = (DONE, FAILED, LOST, MISSING)


@dataclass(frozen=True)
class Failure:
    """Why a run has no result.

    Attributes
    ----------
    key, parameters : str, dict
        Which run it was.
    error : str
        Name and message of the error.
    lost : bool
        Whether its workers died, rather than its notebook.
    date : str
        When, in UTC.
    """

    key: str
    parameters: dict[str, Any]
    error: str
    lost: bool
    date: str


@dataclass(frozen=True)
class Folder:
    """The output folder of a sweep."""

    root: Path

    @property
    def runs(self) -> Path:
        """The folder of the finished runs."""
        return self.root / "runs"

    @property
    def failed(self) -> Path:
        """The folder of the failed runs."""
        return self.root / "failed"

    def notebook(self, key: str) -> Path | None:
        """Return the notebook that there is of a run, whole or up to its error."""
        folder = self.runs if self.record(key) else self.failed
        path = folder / f"{key[:SHORT]}.ipynb"
        return path if path.is_file() else None

    def record(self, key: str) -> Record | None:
        """Read the record of a finished run; none if anything of it is damaged."""
        found = record.read(self.runs, key[:SHORT])
        return found if found and found.key == key else None

    def failure(self, key: str) -> Failure | None:
        """Read why a run failed, if it did."""
        try:
            text = (self.failed / f"{key[:SHORT]}.json").read_text(encoding="utf-8")
            found = Failure(**json.loads(text))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.key == key else None

    def state(self, key: str) -> str:
        """Tell how far a run is: done, failed, lost with its worker, or missing."""
        if self.record(key):
            return DONE
        failure = self.failure(key)
        if failure:
            return LOST if failure.lost else FAILED
        return MISSING

    def keep(self, job: Job, ended: Ended) -> None:
        """Write what came of a run, whole or not at all."""
        if ended.record is None or ended.notebook is None:
            self._fail(job, ended.error, ended.notebook, lost=False)
            return
        record.write(self.runs, job.key[:SHORT], ended.notebook, ended.record)
        for path in record.paths(self.failed, job.key[:SHORT]):
            path.unlink(missing_ok=True)

    def lose(self, job: Job, error: str) -> None:
        """Note that a run went down with its workers."""
        self._fail(job, error, None, lost=True)

    def _fail(self, job: Job, error: str, notebook: bytes | None, *, lost: bool):
        """Write why a run failed, after its notebook."""
        date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        failure = Failure(job.key, job.parameters, error, lost, date)
        path, sidecar = record.paths(self.failed, job.key[:SHORT])
        if notebook is not None:
            replace(path, notebook)
        replace(sidecar, _json(asdict(failure)))

    def begin(self, stem: str, jobs: list[Job]) -> None:
        """Note the chapter and the grid; clear what a killed sweep left half written.

        Raises
        ------
        BookError
            If the folder holds the sweep of another chapter, or other files.
        """
        sweep = self.root / "sweep.json"
        there = _read(sweep)
        if there is None and any(p.name != ".lock" for p in self.root.iterdir()):
            raise BookError(
                f"{self.root} is not empty and holds no sweep. Give an empty folder."
            )
        if there is not None and there.get("chapter") != stem:
            raise BookError(
                f"{self.root} holds a sweep of {there.get('chapter')}, not of {stem}. "
                "Give each chapter a folder of its own."
            )
        for aside in self.root.glob("**/.*.*.[0-9]*"):
            aside.unlink()
        runs = [{"key": job.key, "parameters": job.parameters} for job in jobs]
        replace(sweep, _json({"chapter": stem, "runs": runs}))


def _json(content: Any) -> bytes:
    """Write JSON that can be read by a person."""
    return (json.dumps(content, indent=1) + "\n").encode()


def _read(path: Path) -> dict[str, Any] | None:
    """Read the note of a sweep; none if there is no file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BookError(f"{path} is not the note of a sweep. Give another folder.")
    return found
