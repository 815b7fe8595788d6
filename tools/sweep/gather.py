"""Gather the runs of a sweep to one table: parameters, status, glued results."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

from lib.store import replace
from tools.glued import Scalar, read_glued
from tools.sweep.folder import FAILED, LOST, Folder
from tools.sweep.worker import Job

HEAD = ("key", "status", "seconds", "peak_mib", "error")
"""The columns before the parameters."""


@dataclass(frozen=True)
class Row:
    """A run in the table.

    Attributes
    ----------
    key, status : str
        Which run, and how far it is.
    how : dict
        Its seconds, peak memory and error, where there are any.
    parameters : dict
        All parameters of the chapter, the defaults among them.
    results : dict
        The glued scalars of the notebook.
    """

    key: str
    status: str
    how: dict[str, Any]
    parameters: dict[str, Any]
    results: dict[str, Scalar]


def gather(folder: Folder, jobs: list[Job], defaults: dict[str, Any]) -> list[Row]:
    """Return a row for each run of the grid, in its order."""
    return [_row(folder, job, defaults | job.parameters) for job in jobs]


def _row(folder: Folder, job: Job, parameters: dict[str, Any]) -> Row:
    """Read what there is of a run."""
    status = folder.state(job.key)
    done, results, how = folder.record(job.key), {}, {}
    if done:
        how = {"seconds": done.seconds, "peak_mib": done.peak_mib}
        results = read_glued(folder.notebook(job.key))
    elif status in (FAILED, LOST):
        how = {"error": folder.failure(job.key).error}
    return Row(job.key, status, how, parameters, results)


def columns(rows: list[Row]) -> list[dict[str, Any]]:
    """Return the rows of the table: column to value, the same columns in each.

    A result with the name of another column is called ``glued.NAME``.
    """
    parameters = list(dict.fromkeys(name for row in rows for name in row.parameters))
    results = list(dict.fromkeys(name for row in rows for name in row.results))
    taken = {*HEAD, *parameters}
    named = {name: f"glued.{name}" if name in taken else name for name in results}
    return [
        {"key": row.key, "status": row.status}
        | {name: row.how.get(name, "") for name in HEAD[2:]}
        | {_free(name): row.parameters.get(name, "") for name in parameters}
        | {named[name]: row.results.get(name, "") for name in results}
        for row in rows
    ]


def _free(parameter: str) -> str:
    """Return the column of a parameter: its name, unless a column has it."""
    return f"parameter.{parameter}" if parameter in HEAD else parameter


def write_table(folder: Folder, rows: list[Row]) -> None:
    """Write table.csv: numbers to the last digit, lists as JSON, a line a run."""
    text = io.StringIO()
    table = columns(rows)
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    content = text.getvalue().encode("utf-8", "backslashreplace")
    replace(folder.root / "table.csv", content)


def _cell(value: Any) -> Any:
    """Write a value so that it can be read back; csv itself quotes strings."""
    if isinstance(value, list | dict | bool | None):
        return json.dumps(value, ensure_ascii=False)
    return value


def number(value: Any) -> bool:
    """Tell whether a value is a finite number, which can be plotted."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and math.isfinite(value)
