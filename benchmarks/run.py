"""The command: every problem, every method, one table."""

from __future__ import annotations

import argparse
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
    problems = [compare(instance, effort) for instance in instances]
    versions = {name: metadata.version(name) for name in BOOK}
    versions |= {name: environments.version(name) for name in environments.PACKAGES}
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine() | {"threads": 1},
        "versions": versions,
        "effort": asdict(effort),
        "methods": [{"key": m.key, "label": m.label} for m in METHODS],
        "problems": problems,
        "enumeration": [enumeration.compare(size, effort) for size in sizes],
        "maxima": [maxima.compare(size, effort) for size in asked],
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare ours with other methods.")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--only", action="append", help="key of a problem; repeatable")
    options = parser.parse_args(arguments)
    quick = options.quick
    known = [instance.key for instance in INSTANCES]
    if unknown := set(options.only or ()) - set(known):
        parser.error(f"unknown problem {sorted(unknown)}; known: {', '.join(known)}")
    chosen = [i for i in INSTANCES if _is_chosen(i, quick, options.only)]
    sizes = QUICK_ARRANGEMENTS if quick else ARRANGEMENTS
    asked = QUICK_MAXIMA if quick else MAXIMA
    sizes, asked = ((), ()) if options.only else (sizes, asked)
    # A short run or a part of one is not what the book shows.
    aside = HOME.parent / "_build" / "benchmarks" / "results"
    out = options.out or (aside if quick or options.only else HOME)
    write(results(chosen, sizes, QUICK if quick else FULL, asked), out)
    print(f"The results are in {out}")
    return 0


def _is_chosen(instance: Instance, quick: bool, only: list[str] | None) -> bool:
    """Tell whether a problem is part of this run."""
    return instance.key in only if only else instance.quick or not quick
