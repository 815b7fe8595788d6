"""`python -m benchmarks.speed`: speeds that the book states, each beside its limit.

They are no tests, for a busy machine is no error. All are measured in one run, and
what is said of each is its share of what it may take.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tools.execute import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

import numpy as np

from lib.arrangements import enumerate_cells
from lib.cone_pca import Limits, oracle

PASSAGEMATH = {(25, 3): 0.87, (50, 3): 4.3, (25, 4): 10.2}
"""Measured seconds of passagemath (exact arithmetic) for n points of rank r."""

REPEATS = 5
ASKED = 0.3
"""Seconds that a search is given; it ends a few turns of 0.05 s later."""


@dataclass(frozen=True)
class Speed:
    """What was measured, and the seconds that it took and may take."""

    what: str
    seconds: float
    limit: float

    @property
    def share(self) -> float:
        """Return how much of its limit it took: at most 1, or it is too slow."""
        return self.seconds / self.limit


def best_time(
    action: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the least of some times, the first call not counted."""
    action()
    times = []
    for _ in range(REPEATS):
        started = clock()
        action()
        times.append(clock() - started)
    return min(times)


def speeds() -> Iterator[Speed]:
    """Measure what the book states."""
    for (n, r), theirs in PASSAGEMATH.items():
        X = np.random.default_rng(0).standard_normal((n, r))
        what = f"cells of {n} points of rank {r}: a hundredth of passagemath's time"
        # Of the processor, which other work on the machine does not lengthen.
        seconds = best_time(lambda X=X: enumerate_cells(X), time.process_time)
        yield Speed(what, seconds, theirs / 100)
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((200, 8)), rng.standard_normal((200, 5))
    limits = Limits(seconds=ASKED)
    alone = best_time(lambda: oracle(X, Z, limits=limits))
    yield Speed(f"a search that may take {ASKED} s", alone, 10 * ASKED)


def report(measured: Iterable[Speed]) -> int:
    """Print each speed as it comes; return how many are too slow, as a status."""
    slow = 0
    for one in measured:
        slow += one.share > 1
        verdict = "TOO SLOW" if one.share > 1 else "ok"
        print(f"{verdict:8}  {one.share:5.2f} of {one.limit:.3g} s  {one.what}")
    return min(slow, 1)


if __name__ == "__main__":
    sys.exit(report(speeds()))
