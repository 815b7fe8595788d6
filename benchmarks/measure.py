"""Run every method on every problem, interleaved, and judge what comes out."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import environments
from benchmarks.task import Answer, Effort, Method, Task
from lib.certificate import Certificate, certify
from lib.frank_wolfe import DEFAULT_TOLERANCE, algorithm_1, solve
from lib.problem import Problem

CELL_STEPS = 20
"""Steps of Algorithm 1 that are timed cell by cell; one of 50 cells takes 10 ms."""

Row = dict[str, Any]
Say = Callable[[str], None]


@dataclass(eq=False)
class Trial:
    """A method on a problem: its run times so far, and its last answer."""

    method: Method
    status: str = "done"
    reason: str = ""
    seconds: list[float] = field(default_factory=list)
    answer: Answer | None = None


def trial(method: Method, problem: Problem) -> Trial:
    """Start a trial, or say why it cannot be."""
    objection = method.objection(problem)
    if objection:
        return Trial(method, "not applicable", objection)
    if method.package and not environments.is_installed(method.package):
        reason = f"the environment of {method.package} is made by `make rivals`"
        return Trial(method, "not installed", reason)
    return Trial(method)


def measure(methods: Sequence[Method], task: Task, say: Say = print) -> list[Trial]:
    """Run the methods in turns until each has its repeats or used up the patience.

    Taking turns spreads what else the machine does over all methods, so that ratios
    suffer less from it than times.
    """
    trials = [trial(method, task.problem) for method in methods]
    for _ in range(task.effort.repeats):
        for entry in trials:
            if _is_due(entry, task.effort):
                _attempt(entry, task, say)
    return trials


def _is_due(entry: Trial, effort: Effort) -> bool:
    """Tell whether a trial is worth another repeat."""
    return entry.status == "done" and sum(entry.seconds) < effort.patience


def _attempt(entry: Trial, task: Task, say: Say) -> None:
    """Run a method once; a failure is a result."""
    start = time.perf_counter()
    try:
        entry.answer = entry.method.run(task)
    except RuntimeError as error:  # UnsolvedError, or a rank that is not possible yet
        entry.status, entry.reason = getattr(error, "status", "failed"), str(error)
        say(f"  {entry.method.label}: {error}")
        return
    elapsed = time.perf_counter() - start
    own = entry.answer.seconds
    entry.seconds.append(elapsed if own is None else own)
    say(f"  {entry.method.label}: {entry.seconds[-1]:.3g} s")


def judge(entry: Trial, problem: Problem, optimum: Certificate) -> Row:
    """Describe a trial: time, objective (5) and its excess over the proved bound.

    The network is certified here, whatever its method claims. The excess is over the
    proved lower bound of p*, so that it is itself an upper bound.
    """
    row: Row = {"method": entry.method.key, "status": entry.status}
    row["reason"] = entry.reason
    if entry.status != "done":
        return row
    proof = certify(problem, entry.answer.network)
    value = entry.answer.value
    return row | {
        "remark": entry.answer.remark,
        "seconds": statistics.median(entry.seconds),
        "repeats": [round(second, 6) for second in entry.seconds],
        "primal": proof.primal,
        "excess": proof.primal / optimum.dual - 1,
        "gap": proof.relative_gap,
        "value": value,
        "neurons": entry.answer.network.width,
    }


def with_ratios(rows: list[Row], base: str = "ours") -> list[Row]:
    """Add to each row its time as a multiple of the time of ours."""
    times = {row["method"]: row["seconds"] for row in rows if "seconds" in row}
    if base not in times:
        return rows
    return [
        row | {"ratio": row["seconds"] / times[base]} if "seconds" in row else row
        for row in rows
    ]


def reach(entry: Trial, task: Task, optimum: Certificate) -> Row:
    """Measure how long ours takes to prove what Algorithm 1 reached.

    Two targets: the gap that Algorithm 1's own iterates prove, and the (smaller)
    excess over p* at which it is, which it cannot know. Ours stops when its proved gap
    is that small. Algorithm 1 is timed with this library's oracle; as printed, it
    solves cone-constrained PCA in each cell. That is timed for a few steps, each of
    which costs the same.
    """
    primal, seconds = entry.answer.value, statistics.median(entry.seconds)
    targets = {
        "gap": 1 - entry.answer.bound / primal,
        "excess": primal / optimum.dual - 1,
    }
    row: Row = {"seconds_algorithm_1": seconds, "steps": task.effort.steps}
    for name, target in targets.items():
        row[name] = target
        row[f"seconds_{name}"] = _time_to(target, task)
        row[f"ratio_{name}"] = seconds / row[f"seconds_{name}"]
    few = min(CELL_STEPS, task.effort.steps)
    row["seconds_cell_step"] = _by_cells(task, few) / few
    whole = row["seconds_cell_step"] * task.effort.steps
    return row | {"ratio_cells": whole / row["seconds_gap"]}


def _by_cells(task: Task, steps: int) -> float:
    """Return the time of some steps of Algorithm 1 that solves cell after cell."""
    options = {"steps": steps, "records": 1, "cell_by_cell": True}
    start = time.perf_counter()
    algorithm_1(task.problem, task.radius, **options)
    return time.perf_counter() - start


def _time_to(tolerance: float, task: Task) -> float:
    """Return the median time of ours to prove a relative gap.

    A gap below the default tolerance is not asked for: Algorithm 1 is never so near.
    """
    tolerance, times = max(tolerance, DEFAULT_TOLERANCE), []
    for _ in range(max(task.effort.repeats, 3)):
        start = time.perf_counter()
        solve(task.problem, tolerance=tolerance)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
