"""Counting the cells of an arrangement: ours in floating point, SageMath's exactly."""

from __future__ import annotations

import statistics
import time

from benchmarks import environments
from benchmarks.measure import Row
from benchmarks.packages import call
from benchmarks.problems import Sizes, points
from benchmarks.task import Effort, UnsolvedError
from lib.arrangements import enumerate_cells

PACKAGE = "passagemath"

EXACT_LIMIT = 60.0
"""Seconds that exact enumeration may take; it is run once."""


def compare(sizes: Sizes, effort: Effort) -> Row:
    """Count the cells of one point set both ways, and time it."""
    X = points(sizes)
    cells = len(enumerate_cells(X))  # once before, so that nothing is compiled below
    times = []
    for _ in range(max(effort.repeats, 3)):
        start = time.perf_counter()
        enumerate_cells(X)
        times.append(time.perf_counter() - start)
    ours = statistics.median(times)
    row: Row = {"size": sizes.key, "cells": cells, "seconds_ours": ours}
    return row | _exactly(sizes, ours)


def _exactly(sizes: Sizes, ours: float) -> Row:
    """Count by SageMath, or say why not."""
    if not environments.is_installed(PACKAGE):
        return {"status": "not installed", "reason": "made by `make rivals`"}
    try:
        found = call(PACKAGE, "sage_regions", EXACT_LIMIT, {"X": points(sizes)})
    except UnsolvedError as error:
        return {"status": error.status, "reason": str(error)}
    seconds = float(found["seconds"])
    return {
        "status": "done",
        "cells_exact": int(found["cells"]),
        "seconds_exact": seconds,
        "ratio": seconds / ours,
    }
