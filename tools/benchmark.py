"""The benchmark page: ours beside other methods, from the stored results."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from lib.figures import COLOURS, plot_benchmark, style
from tools.status import table

PAGE = "back/benchmarks"
RESULTS = Path("benchmarks", "results.json")
"""Where `make benchmark` leaves them, in the folder of the book."""

PICTURE = "fig-benchmark"
FLOOR = 1e-9
"""Excesses below it are drawn at it: the gap at which our solver stops."""

Row = dict[str, Any]

HEAD = """\
# Measured beside other methods

This page is made with the book from `benchmarks/results.json`, which `make benchmark`
writes: one run, one machine, every method on the same problems.
"""

METHOD = """\
## What is compared, and how

Every method must hand over a *network*. Its objective (5) is computed afresh, and its
excess is taken over a **proved lower bound** of $p^*$, so each excess below is an upper
bound of the true one. Nothing that a method says of its own accuracy is believed.

- **ours** is the solver of {doc}`/chapters/05_frank_wolfe`, to a proved relative gap of
  $10^{-9}$, the certificate included in its time. It is also where $p^*$ comes from;
  its excess is thus its proved gap, which rests on the oracle and not on the solver.
- **Algorithm 1** is the paper's, with the exact oracle of this book in place of
  cone-constrained PCA in one cell after another, which is the faster way to the same
  steps. With *radius given*
  it is told the path norm of an optimal network, which nobody knows beforehand; with
  *bisection* it has to find the radius, with as many steps in all.
- **copt** is a general Frank–Wolfe method with line search. It gets our oracle, and the
  radius as well.
- **(11)**, **(9)** and **(19)** are the paper's convex programs stated in CVXPY with
  default accuracies; the time includes CVXPY's own work. (11) has the constraints of
  finitely many directions, so its excess is that of its grid, not of its solver. (19)
  *as printed* has $n(n+1)/2$ inequalities a cell, *on rays* three. Its blocks are
  turned into neurons by a nonnegative factor; where a solver's blocks are
  inaccurate, that network is as good as they are.
- **pyscnn** trains several outputs one against all: each has its own neurons. That is
  another, more constrained problem, and most of its excess is the price of that, not a
  failure of its solvers. On one output the problems are the same.

Times are wall times on one thread, medians of the repeats, without imports. Methods
take turns within each repeat; what took long was repeated less. Times on another
machine will differ, ratios less so. The problems are the paper's, which are small;
nothing here tells how methods compare on data of high rank.
"""

NONE = f"{HEAD}\nNo benchmark has been run yet.\n"


def read(root: Path) -> Row | None:
    """Read the stored results of a book, if there are any."""
    path = root / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def page(results: Row | None, picture: str = "") -> str:
    """Write the page as MyST text; ``picture`` is the path of the figure."""
    if results is None:
        return NONE
    parts = [HEAD, figure_text(picture) if picture else "", METHOD, tables(results)]
    return "\n".join(part for part in parts if part)


def figure_text(path: str) -> str:
    """Write the figure as MyST text."""
    return f"""\
```{{figure}} {path}
---
name: {PICTURE}
alt: >-
  Two panels with a row for each method and a marker for each problem, both on
  logarithmic axes. Left the run time as a multiple of ours, right the excess.
---
Run time as a multiple of ours, and excess of the network over the proved bound of
$p^*$. Better is further left in both. Excesses below $10^{{-9}}$, the gap that our
solver is asked for, are drawn there.
```
"""


def tables(results: Row) -> str:
    """Write all tables, with their headings, as MyST text."""
    parts = [
        *("## The problems", _problems(results)),
        *("## Run time", _by_method(results, _time), _limits(results)),
        *("## Excess over the optimum", _by_method(results, _excess)),
        *(
            "## Time to what Algorithm 1 reaches",
            REACH,
            _reach(results),
            _cell_by_cell(results),
        ),
        *("## Counting cells", CELLS, _cells(results)),
        *("## What is missing, and remarks", _remarks(results)),
        *("## The machine and the versions", _machine(results)),
    ]
    return "\n".join(parts)


REACH = """\
Algorithm 1, told the radius, runs its steps. How long does ours take to prove the gap
that Algorithm 1's iterates prove at their end, and how long to prove a gap as small as
their actual excess over $p^*$, which Algorithm 1 cannot know? Here Algorithm 1 asks
this library's oracle for the best neuron of all cells.
"""

CELL_BY_CELL = """\
As printed, Algorithm 1 solves cone-constrained PCA in one cell after another: the same
iterates, for longer. A few such steps are timed, all the others cost the same; the last
column says how many times as long as ours, to the gap that they prove, all take.
"""

CELLS = """\
The cells of Gaussian points whose coordinates are rounded to multiples of 1/1024.
SageMath (passagemath) counts in exact arithmetic and builds a polyhedron for each cell,
ours keeps a sign pattern and an inside point in floating point, so they do not do the
same work; the counts must agree.
"""


def done(results: Row) -> list[Row]:
    """List the problems on which methods were compared."""
    return [problem for problem in results["problems"] if problem["status"] == "done"]


def _problems(results: Row) -> str:
    """Make the table of the problems and of their optima."""
    head = ["problem", "n", "d", "c", "β", "p*", "proved gap", "steps"]
    rows = []
    for entry in results["problems"]:
        sizes = [str(entry[name]) for name in ("n", "d", "c")]
        optimum = [entry["status"], "", ""]
        if entry["status"] == "done":
            gap = 1 - entry["bound"] / entry["optimum"]
            optimum = [f"{entry['optimum']:.10g}", small(gap), str(entry["steps"])]
        rows.append([entry["label"], *sizes, f"{entry['beta']:g}", *optimum])
    return table(head, rows)


def _by_method(results: Row, cell: Callable[[Row], str]) -> str:
    """Make a table with a row for each method and a column for each problem."""
    problems = done(results)
    head = ["method", *(problem["label"] for problem in problems)]
    rows = []
    for method in results["methods"]:
        runs = [run_of(problem, method["key"]) for problem in problems]
        rows.append([method["label"], *(_cell(run, cell) for run in runs)])
    return table(head, rows)


def run_of(problem: Row, method: str) -> Row:
    """Find how a method did on a problem."""
    return next(run for run in problem["runs"] if run["method"] == method)


def _cell(run: Row, cell: Callable[[Row], str]) -> str:
    """Write what a run gave, or why it gave nothing."""
    if run["status"] == "done":
        return cell(run) + (" †" if run["remark"] else "")
    return "–" if run["status"] == "not applicable" else run["status"]


def _time(run: Row) -> str:
    """Write a time and its multiple of ours."""
    ratio = f" ({run['ratio']:.3g}×)" if "ratio" in run else ""
    return f"{run['seconds']:.3g} s{ratio}"


def _excess(run: Row) -> str:
    """Write an excess over the proved bound."""
    return small(run["excess"])


def small(share: float) -> str:
    """Write a relative quantity: in percent, or as a power of ten."""
    if share >= 1e-3:
        return f"{100 * share:.2g} %" if share < 1 else f"{100 * share:.0f} %"
    return f"{share:.0e}" if share > 0 else "0"


def _limits(results: Row) -> str:
    """Say how much the methods were allowed to do."""
    effort = results["effort"]
    return (
        f"Algorithm 1, in all its trials of a radius together, and copt took the steps "
        f"of the table above; bisection tried {effort['halvings']} radii. The grid of "
        f"(11) had {effort['directions']} directions. Conic solvers and other packages "
        f"were stopped after "
        f"{effort['seconds']:g} s. † marks an answer with a remark, below.\n"
    )


def _reach(results: Row) -> str:
    """Make the table of the times to Algorithm 1's accuracy."""
    head = ["problem", "steps", "Algorithm 1", "its proved gap", "ours"]
    head += ["its excess", "ours"]
    rows = []
    for problem in done(results):
        if entry := problem["reach"]:
            row = [problem["label"], str(entry["steps"])]
            row.append(f"{entry['seconds_algorithm_1']:.3g} s")
            for name in ("gap", "excess"):
                time = f"{entry[f'seconds_{name}']:.2g} s"
                row += [small(entry[name]), f"{time} ({entry[f'ratio_{name}']:.0f}×)"]
            rows.append(row)
    return table(head, rows)


def _cell_by_cell(results: Row) -> str:
    """Make the table of Algorithm 1 as printed, if a run has measured it."""
    entries = [(problem["label"], problem["reach"]) for problem in done(results)]
    timed = [(label, e) for label, e in entries if e and "ratio_cells" in e]
    head = ["problem", "a step", "steps", "in all", "to ours"]
    rows = []
    for label, entry in timed:
        step, steps = entry["seconds_cell_step"], entry["steps"]
        row = [label, f"{1e3 * step:.3g} ms", str(steps), f"{step * steps:.0f} s"]
        rows.append([*row, f"{entry['ratio_cells']:.0f}×"])
    return f"{CELL_BY_CELL}\n{table(head, rows)}" if timed else ""


def _cells(results: Row) -> str:
    """Make the table of the enumerations."""
    head = ["points", "cells, ours", "ours", "cells, exact", "SageMath", "ratio"]
    rows = []
    for entry in results["enumeration"]:
        row = [entry["size"], str(entry["cells"]), f"{entry['seconds_ours']:.2g} s"]
        if entry["status"] == "done":
            row += [str(entry["cells_exact"]), f"{entry['seconds_exact']:.3g} s"]
            row.append(f"{entry['ratio']:.0f}×")
        else:
            row += ["", entry["status"], ""]
        rows.append(row)
    return table(head, rows)


def _remarks(results: Row) -> str:
    """List what was left out, and how some methods stopped."""
    lines = list(dict.fromkeys(_each_remark(results)))
    return "".join(f"- {line}\n" for line in lines) or "Nothing.\n"


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
            words = f"{entry['status']}; {entry['reason']}"
            yield f"**SageMath**, {entry['size']}: {words}."


def _machine(results: Row) -> str:
    """Make the table of where and with what the run was made."""
    rows = [["date", results["date"]]]
    rows += [
        [name, str(value)]
        for part in ("machine", "versions")
        for name, value in results[part].items()
    ]
    return table(["what", "which"], rows)


def draw(results: Row) -> str:
    """Draw the figure of the page, as SVG."""
    with mpl.rc_context():
        mpl.style.use(style.STYLE)
        figure = Figure(figsize=(9.0, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        colours = _colours(results)
        plot_benchmark(left, collect(results, "ratio"), colours)
        left.set(xlabel="run time / ours")
        plot_benchmark(right, collect(results, "excess"), colours, floor=FLOOR)
        right.set(xlabel="objective / proved bound − 1")
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
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


def _colours(results: Row) -> dict[str, str]:
    """Give the methods of the book the colours that they have in the chapters."""
    own = {"ours": "frank_wolfe", "algorithm-1": "algorithm_1"}
    own |= {"bisection": "algorithm_1", "dual-grid": "dual"}
    return {
        method["label"]: COLOURS[own.get(method["key"], "optimum")]
        for method in results["methods"]
    }
