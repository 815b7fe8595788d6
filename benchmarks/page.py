"""What was measured, to be read: the book's page, and the files of `make benchmark`.

The words are in `back/benchmarks.md`; here are the tables and the figure.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from figures import COLOURS, plot_benchmark, style
from lib.store import replace
from tools.book import REPOSITORY, filled
from tools.status import table

PAGE = "back/benchmarks"
PICTURE = "fig-benchmark"
RESULTS = Path("benchmarks", "results.json")
"""Where `make benchmark` leaves them, in the folder of the book."""

TITLE = "# Results of `make benchmark`\n\nThe book explains what is compared.\n\n"
TABLES = "## The problems"
"""Where the tables begin in the page."""

NONE = "No benchmark has been run yet.\n"

FLOOR = 1e-9
"""Excesses below it are drawn at it: the gap at which our solver stops."""

COLOUR = {"ours": "frank_wolfe", "dual-grid": "dual"} | dict.fromkeys(
    ("algorithm-1", "bisection"), "algorithm_1"
)
"""The methods of the book that have a colour in the chapters."""

Row = dict[str, Any]

PROBLEMS = (
    *(("problem", "{label}"), ("n", "{n}"), ("d", "{d}"), ("c", "{c}")),
    *(("β", "{beta:g}"), ("p*", "{optimum}"), ("proved gap", "{gap}")),
    *(("steps", "{steps}"), ("measured", "{date}")),
)
REACH = (
    *(("problem", "{label}"), ("steps", "{steps}")),
    *(("Algorithm 1", "{seconds_algorithm_1:.3g} s"), ("its proved gap", "{gap}")),
    ("ours", "{seconds_gap:.2g} s ({ratio_gap:.0f}×)"),
    ("its excess", "{excess}"),
    ("ours", "{seconds_excess:.2g} s ({ratio_excess:.0f}×)"),
)
CELL_BY_CELL = (
    *(("problem", "{label}"), ("a step", "{step:.3g} ms"), ("steps", "{steps}")),
    *(("in all", "{all:.0f} s"), ("to ours", "{ratio_cells:.0f}×")),
)
CELLS = (
    *(("points", "{size}"), ("cells, ours", "{cells}")),
    *(("ours", "{seconds_ours:.2g} s"), ("cells, exact", "{cells_exact}")),
    *(("SageMath", "{exact}"), ("ratio", "{factor}"), ("measured", "{date}")),
)
MAXIMA = (
    *(("points", "{size}"), ("gap, ours", "{ours}")),
    *(("SCIP", "{scip}"), ("Gurobi", "{gurobi}"), ("measured", "{date}")),
)
"""Tables: the head of each column, and how it writes an entry."""


def read(root: Path) -> Row | None:
    """Read the stored results of a book, if there are any."""
    path = root / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def page(text: str, results: Row | None) -> str:
    """Fill the text of the page with what was measured."""
    if results is None:
        return f"{text.partition(chr(10))[0]}\n\n{NONE}"
    return filled(text, tables(results))


def write(results: Row, folder: Path) -> None:
    """Write `results.json`, `results.md` and `results.svg` into a folder."""
    numbers = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
    replace(folder / "results.json", f"{numbers}\n".encode())
    text = page((REPOSITORY / f"{PAGE}.md").read_text(encoding="utf-8"), results)
    replace(folder / "results.md", (TITLE + text[text.index(TABLES) :]).encode())
    replace(folder / "results.svg", draw(results).encode())


def tables(results: Row) -> dict[str, str]:
    """Write all tables as MyST text, by the names of their places in the page."""
    reached = [p | p["reach"] for p in done(results) if p["reach"]]
    return {name: f"{value:g}" for name, value in results["effort"].items()} | {
        "problems": columns(PROBLEMS, map(_problem, results["problems"])),
        "time": _by_method(results, _time),
        "excess": _by_method(results, lambda run: small(run["excess"])),
        "reach": columns(REACH, map(_reach, reached)),
        "cell by cell": columns(CELL_BY_CELL, map(_steps, filter(_timed, reached))),
        "cells": columns(CELLS, map(_count, results["enumeration"])),
        "maxima": columns(MAXIMA, map(_maxima, results["maxima"])),
        "remarks": _remarks(results),
        "machine": _machine(results),
    }


def columns(head: Iterable[tuple[str, str]], rows: Iterable[Row]) -> str:
    """Make a table of entries, by a name and a format for each column."""
    names, forms = zip(*head, strict=True)
    return table([*names], [[f.format_map(row) for f in forms] for row in rows])


def done(results: Row) -> list[Row]:
    """List the problems on which methods were compared."""
    return [problem for problem in results["problems"] if problem["status"] == "done"]


def run_of(problem: Row, method: str) -> Row:
    """Find how a method did on a problem."""
    return next(run for run in problem["runs"] if run["method"] == method)


def small(share: float) -> str:
    """Write a relative quantity: in percent, or as a power of ten."""
    if share >= 1e-3:
        return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"
    return f"{share:.0e}" if share > 0 else "0"


def _problem(entry: Row) -> Row:
    """Prepare a problem and its optimum, or why there is none, for its table."""
    if entry["status"] != "done":
        return entry | {"optimum": entry["status"], "gap": "", "steps": ""}
    gap = small(1 - entry["bound"] / entry["optimum"])
    return entry | {"optimum": f"{entry['optimum']:.10g}", "gap": gap}


def _reach(entry: Row) -> Row:
    """Prepare what Algorithm 1 reached for its table."""
    return entry | {name: small(entry[name]) for name in ("gap", "excess")}


def _timed(entry: Row) -> bool:
    """Tell whether steps were timed cell by cell."""
    return "ratio_cells" in entry


def _steps(entry: Row) -> Row:
    """Prepare the steps of Algorithm 1 as printed for their table."""
    step = entry["seconds_cell_step"]
    return entry | {"step": 1e3 * step, "all": step * entry["steps"]}


def _count(entry: Row) -> Row:
    """Prepare an enumeration for its table."""
    if entry["status"] != "done":
        return entry | {"cells_exact": "", "exact": entry["status"], "factor": ""}
    exact, factor = f"{entry['seconds_exact']:.3g} s", f"{entry['ratio']:.0f}×"
    return entry | {"exact": exact, "factor": factor}


def _maxima(entry: Row) -> Row:
    """Prepare a comparison of the oracle for its table: gap and time."""
    shown = dict(entry)
    for name in ("ours", "scip", "gurobi"):
        run = entry[name]
        done = run["status"] == "done"
        time = f" in {run['seconds']:.2g} s" if done else ""
        shown[name] = small(run["gap"]) + time if done else run["status"]
    return shown


def _by_method(results: Row, cell: Callable[[Row], str]) -> str:
    """Make a table with a row for each method and a column for each problem."""
    problems = done(results)
    rows = [
        [
            method["label"],
            *(_cell(run_of(problem, method["key"]), cell) for problem in problems),
        ]
        for method in results["methods"]
    ]
    return table(["method", *(problem["label"] for problem in problems)], rows)


def _cell(run: Row, cell: Callable[[Row], str]) -> str:
    """Write what a run gave, or why it gave nothing."""
    if run["status"] == "done":
        return cell(run) + (" †" if run["remark"] else "")
    return "–" if run["status"] == "not applicable" else run["status"]


def _time(run: Row) -> str:
    """Write a time and its multiple of ours."""
    ratio = f" ({run['ratio']:.3g}×)" if "ratio" in run else ""
    return f"{run['seconds']:.3g} s{ratio}"


def _remarks(results: Row) -> str:
    """List what was left out, and how some methods stopped."""
    lines = dict.fromkeys(_each_remark(results))
    return "".join(f"- {line}\n" for line in lines) or "Nothing."


def _each_remark(results: Row) -> Iterator[str]:
    """Name each problem left out, then each method that has something to say."""
    for problem in results["problems"]:
        if problem["status"] != "done":
            yield f"**{problem['label']}**: {problem['status']}. {problem['reason']}"
    labels = {method["key"]: method["label"] for method in results["methods"]}
    for problem in done(results):
        for run in problem["runs"]:
            name = f"**{labels[run['method']]}**"
            if run["status"].startswith("not "):
                yield f"{name}: {run['status']}; {run['reason']}."
            elif words := run["reason"] or run["remark"]:
                yield f"{name}, {problem['label']}: {words}."
    for entry in results["enumeration"]:
        if entry["status"] != "done":
            yield (
                f"**SageMath**, {entry['size']}: {entry['status']}; {entry['reason']}."
            )
    for entry in results["maxima"]:
        for name, label in (("scip", "SCIP"), ("gurobi", "Gurobi")):
            if reason := entry[name]["reason"]:
                yield f"**{label}**, {entry['size']}: {reason}."


def _machine(results: Row) -> str:
    """Make the table of where and with what the run was made."""
    told = results["machine"] | results["versions"]
    return table(["what", "which"], [[name, f"{what}"] for name, what in told.items()])


def draw(results: Row) -> str:
    """Draw the figure of the page, as SVG."""
    labels = {method["key"]: method["label"] for method in results["methods"]}
    colours = {labels[k]: COLOURS[COLOUR.get(k, "optimum")] for k in labels}
    with mpl.rc_context():
        mpl.style.use(style.STYLE)
        figure = Figure(figsize=(9.0, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        plot_benchmark(left, collect(results, "ratio"), colours)
        left.set(xlabel="run time / ours")
        plot_benchmark(right, collect(results, "excess"), colours, floor=FLOOR)
        right.set(xlabel="objective / proved bound − 1")
        legend = right.get_legend_handles_labels()
        figure.legend(*legend, loc="outside lower center", ncols=3)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def collect(results: Row, name: str) -> dict[str, dict[str, float]]:
    """Map the label of each method to a quantity on each problem it was run on."""
    return {
        method["label"]: {
            problem["label"]: run[name]
            for problem in done(results)
            if name in (run := run_of(problem, method["key"]))
        }
        for method in results["methods"]
    }
