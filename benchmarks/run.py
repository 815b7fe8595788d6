"""The command: every problem, every method, one table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks import (
    convex,
    enumeration,
    environments,
    frank_wolfe,
    maxima,
    packages,
)
from benchmarks.measure import Row, judge, measure, reach, with_ratios
from benchmarks.page import write
from benchmarks.problems import (
    ARRANGEMENTS,
    INSTANCES,
    MAXIMA,
    QUICK_ARRANGEMENTS,
    QUICK_MAXIMA,
    Instance,
    Sizes,
)
from benchmarks.task import Effort, Method, Task
from lib.frank_wolfe import solve
from lib.store import machine

FULL = Effort(30_000, 10, 400, seconds=20.0, repeats=5, patience=3.0)
QUICK = Effort(1_000, 5, 100, seconds=5.0, repeats=1, patience=1.0)

METHODS = (*frank_wolfe.METHODS, *packages.METHODS, *convex.METHODS)
HOME = Path(__file__).parent
BOOK = ("numpy", "scipy", "cvxpy", "clarabel", "scs", "torch")
"""Packages of the book's lock whose versions matter here."""


def compare(
    instance: Instance, effort: Effort, methods: Sequence[Method] = METHODS
) -> Row:
    """Run all methods on one problem and judge them by its certified optimum."""
    problem = instance.make()
    n, d, c = problem.shape
    row: Row = {"problem": instance.key, "label": instance.label}
    row |= {"n": n, "d": d, "c": c, "beta": problem.beta}
    effort = replace(effort, steps=min(effort.steps, instance.most_steps))
    print(f"{instance.label}:", flush=True)
    solution = solve(problem)
    optimum = solution.certificate
    task = Task(problem, effort, solution.network.path_norm)
    trials = measure(methods, task)
    row |= {"status": "done", "optimum": optimum.primal, "bound": optimum.dual}
    row["steps"] = effort.steps
    row["runs"] = with_ratios([judge(entry, problem, optimum) for entry in trials])
    printed = [t for t in trials if t.method.key == "algorithm-1" and t.answer]
    row["reach"] = reach(printed[0], task, optimum) if printed else None
    return row


def results(
    instances: Sequence[Instance],
    sizes: Sequence[Sizes],
    effort: Effort,
    asked: Sequence[Sizes] = (),
) -> Row:
    """Measure everything; return what `results.json` holds."""
    date = {"date": datetime.now(UTC).strftime("%Y-%m-%d")}
    problems = [date | compare(instance, effort) for instance in instances]
    versions = {name: metadata.version(name) for name in BOOK}
    versions |= {name: environments.version(name) for name in environments.PACKAGES}
    return {
        "machine": machine() | {"threads": 1},
        "versions": versions,
        "effort": asdict(effort),
        "methods": [{"key": m.key, "label": m.label} for m in METHODS],
        "problems": problems,
        "enumeration": [date | enumeration.compare(s, effort) for s in sizes],
        "maxima": [date | maxima.compare(s, effort) for s in asked],
    }


PARTS = {"problems": "problem", "enumeration": "size", "maxima": "size"}
"""The parts of the results, and what names an entry of each."""

SAME = ("processor", "cores", "python")
"""What machines must share for times to stand side by side."""


def renewed(stored: Row, fresh: Row) -> Row:
    """Put the entries of a part of a run in place of those that there were."""
    joined = dict(fresh)
    for part, name in PARTS.items():
        both = [*stored[part], *fresh[part]]
        joined[part] = list({entry[name]: entry for entry in both}.values())
    return joined


def renewable(folder: Path) -> Row:
    """Read results that a part measured here may stand beside.

    Raises
    ------
    ValueError
        If there are none, or the machine was another.
    """
    path = folder / "results.json"
    if not path.is_file():
        raise ValueError(f"There are no results in {folder}. Run `make benchmark`.")
    stored = json.loads(path.read_text("utf-8"))
    then, now = ([m.get(name) for name in SAME] for m in (stored["machine"], machine()))
    if then != now:
        raise ValueError(
            f"The results were measured on {then}; this machine is {now}. Measure all "
            "of them anew with `make benchmark`."
        )
    return stored


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare ours with other methods.")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument(
        "--only", action="append", help="key of a problem, or `maxima`; repeatable"
    )
    parser.add_argument(
        "--update", action="store_true", help="renew those in the stored results"
    )
    options = parser.parse_args(arguments)
    quick = options.quick
    known = [*(instance.key for instance in INSTANCES), "maxima"]
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"unknown problem {sorted(unknown)}; known: {', '.join(known)}")
    if options.update and quick:
        parser.error("--update renews what a full run has measured: without --quick")
    chosen = [i for i in INSTANCES if _is_chosen(i, quick, options.only)]
    sizes = QUICK_ARRANGEMENTS if quick else ARRANGEMENTS
    asked = QUICK_MAXIMA if quick else MAXIMA
    if options.only:
        sizes, asked = (), asked if "maxima" in options.only else ()
    # A short run or a part of one is not what the book shows.
    aside = HOME.parent / "_build" / "benchmarks" / "results"
    shown = options.update or not (quick or options.only)
    out = options.out or (HOME if shown else aside)
    try:  # before anything is measured
        stored = renewable(out) if options.update else None
    except ValueError as error:
        parser.error(str(error))
    found = results(chosen, sizes, QUICK if quick else FULL, asked)
    write(renewed(stored, found) if stored else found, out)
    print(f"The results are in {out}")
    return 0


def _is_chosen(instance: Instance, quick: bool, only: list[str] | None) -> bool:
    """Tell whether a problem is part of this run."""
    return instance.key in only if only else instance.quick or not quick
