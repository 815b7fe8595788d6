"""Gather the runs of a sweep: a table, and a page of plots that needs nothing else."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections import Counter
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from figures import COLOURS, use_book_style
from lib.store import replace
from tools.chapter import Parameter
from tools.glued import read_glued
from tools.record import DONE, MISSING, STATES, Shelf
from tools.run_notebooks import Job
from tools.template import written

Row = dict[str, Any]

Known = Mapping[str, Mapping[str, Parameter]]
"""The stem of each chapter to its parameters."""

SHORT = 16
"""Characters of a key in file names: 64 bits."""

HEAD = ("key", "chapter", "status", "seconds", "peak_mib", "error", "notebook")
"""The columns before the parameters."""

MOST_PANELS = 48
"""Plots on a page; the table has the rest."""

DECADES = 100
"""Positive values that differ by more than this factor get a logarithmic axis."""


def shelf_of(root: Path) -> Shelf:
    """Return where the runs of a sweep are kept."""
    return Shelf(root / "runs", root / "failed")


def gather(root: Path, jobs: list[Job], known: Known) -> list[Row]:
    """Return a row for each run of the grid, in its order: column to value.

    After how it went come all parameters, the defaults among them, and what was glued.
    A result with the name of another column is called ``glued.NAME``, a parameter with
    the name of the first ones ``parameter.NAME``.
    """
    taken = {*HEAD, *(name for has in known.values() for name in has)}
    shelf, rows = shelf_of(root), []
    for job in jobs:
        run = shelf.find(job.key[:SHORT], job.key)
        notebook = run and shelf.notebook(job.key[:SHORT], run)
        row = {"key": job.key, "chapter": job.stem}
        row["status"] = run.state if run else MISSING
        row |= {
            name: getattr(run, name, "") for name in ("seconds", "peak_mib", "error")
        }
        row["notebook"] = f"{notebook.relative_to(root)}" if run and run.kept else ""
        for name, parameter in known[job.stem].items():
            value = job.parameters.get(name, parameter.default)
            row["parameter." * (name in HEAD) + name] = value
        for name, value in (
            read_glued(notebook).items() if row["status"] == DONE else ()
        ):
            row["glued." * (name in taken) + name] = value
        rows.append(row)
    return rows


def write_table(root: Path, rows: list[Row]) -> None:
    """Write table.csv: numbers to the last digit, lists as JSON, a line a run."""
    text, columns = io.StringIO(), dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        data = {
            k: json.dumps(v) for k, v in row.items() if not isinstance(v, str | float)
        }
        writer.writerow(row | data)
    replace(root / "table.csv", text.getvalue().encode("utf-8", "backslashreplace"))


def write_page(root: Path, name: str, rows: list[Row], known: Known) -> None:
    """Write index.html: how many runs there are, and by chapter plots and a table."""
    plt.switch_backend("Agg")  # there may be no screen
    use_book_style()
    parts, most = {}, max(MOST_PANELS // len(known), 1)
    for stem, has in known.items():
        own = [row for row in rows if row["chapter"] == stem]
        pairs = _pairs(own, has)
        plots = [_plot(own, *pair) for pair in pairs[:most]]
        columns = dict.fromkeys(name for row in own for name in row)
        parts[stem] = {"rows": own, "columns": columns, "plots": plots}
        parts[stem]["left"] = len(pairs[most:])
    told = {"name": name, "states": STATES, "parts": parts}
    told["counts"] = Counter(row["status"] for row in rows)
    text = written(Path(__file__).with_name("page.html"), **told)
    replace(root / "index.html", text.encode("utf-8", "backslashreplace"))


def _pairs(rows: list[Row], has: Mapping[str, Parameter]) -> list[tuple[str, str]]:
    """Pair each glued number that varies with each parameter that does."""
    done = [row for row in rows if row["status"] == DONE]
    names = dict.fromkeys(name for row in done for name in row if name not in HEAD)
    varying = [name for name in names if _varies(done, name)]
    parameters = [name for name in varying if name.removeprefix("parameter.") in has]
    return list(product((k for k in varying if k not in parameters), parameters))


def _varies(rows: list[Row], name: str) -> bool:
    """Tell whether a column has at least two different numbers."""
    return len({row[name] for row in rows if _is_number(row.get(name))}) > 1


def _is_number(value: Any) -> bool:
    """Tell whether a value is a finite number, which can be plotted."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _plot(rows: list[Row], result: str, parameter: str) -> dict[str, str]:
    """Draw a number against a parameter as SVG, described in words."""
    pairs = [(row[parameter], row.get(result)) for row in rows]
    points = sorted(pair for pair in pairs if all(map(_is_number, pair)))
    fig, ax = plt.subplots(figsize=(4, 3))
    _draw(ax, points)
    ax.set(xlabel=parameter, ylabel=result)
    text = io.StringIO()
    fig.savefig(text, format="svg", metadata={"Date": None})
    plt.close(fig)
    x, y = zip(*points, strict=True)
    alt = (
        f"{result} against {parameter}: {len(points)} runs, {parameter} from "
        f"{min(x):.6g} to {max(x):.6g}, {result} from {min(y):.6g} to {max(y):.6g}."
    )
    return {"alt": alt, "svg": text.getvalue().partition("<svg")[2]}


def _draw(ax: plt.Axes, points: list[tuple[float, float]]) -> None:
    """Draw the runs as dots and a line through the medians."""
    x, y = zip(*points, strict=True)
    at = sorted(set(x))
    middles = [statistics.median(b for a, b in points if a == one) for one in at]
    ax.plot(x, y, "o", color=COLOURS["bound"], markersize=4)
    ax.plot(at, middles, color=COLOURS["frank_wolfe"])
    for scale, values in ((ax.set_xscale, x), (ax.set_yscale, y)):
        if min(values) > 0 and max(values) / min(values) > DECADES:
            scale("log")
