"""Table 1, measured: cells and the oracle's nodes against n, for each rank."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from experiments.result import Result
from lib.arrangements import generic_cell_count, iterate_cells, paper_cell_bound
from lib.cone_pca import Limits, propose
from lib.cone_pca.branch_and_bound import branch_and_bound
from lib.cone_pca.simplicial_cones import make_points
from lib.numerics import Array


@dataclass(frozen=True, eq=False)
class Complexity(Result):
    """Counts and times for Gaussian data, one row a size.

    Parameters
    ----------
    n, r : (k,) int arrays
    cells : (k,) int array
        P, counted by enumeration.
    generic : (k,) array
        ``2 sum_{k<r} C(n - 1, k)``: what P must be.
    printed : (k,) array
        ``2 r (e (n - 1) / r)^r``, the paper's bound.
    seconds : (k,) array
        Wall time of the enumeration.
    nodes : (k,) array
        Cones that the branch and bound looked at to prove kappa of a Gaussian Z with
        ``outputs`` columns; NaN in the plane and below, where no search is needed.
    node_seconds : (k,) array
        Its time.
    outputs : int
        c.
    """

    n: np.ndarray
    r: np.ndarray
    cells: np.ndarray
    generic: np.ndarray
    printed: np.ndarray
    seconds: np.ndarray
    nodes: np.ndarray
    node_seconds: np.ndarray
    outputs: int

    def slope(self, name: str, rank: int) -> float:
        """Fit ``log(column) = slope log(n)`` at one rank, on its larger half."""
        rows = np.flatnonzero((self.r == rank) & np.isfinite(getattr(self, name)))
        rows = rows[len(rows) // 2 - (len(rows) < 3) :]
        if len(rows) < 2:
            return float("nan")
        column = np.log(getattr(self, name)[rows])
        return float(np.polyfit(np.log(self.n[rows]), column, 1)[0])


def measure_complexity(
    *,
    sizes: tuple[tuple[int, ...], ...] = (
        (10, 100, 1000),
        (10, 30, 100, 300),
        (10, 20, 40, 80),
        (10, 15, 22, 33),
        (8, 11, 15, 20),
    ),
    outputs: int = 3,
    most_nodes: float = 2e6,
    seed: int = 0,
) -> Complexity:
    """Enumerate cells and search for kappa at each size (Table 1).

    Parameters
    ----------
    sizes : tuple of tuples of int
        For each rank 1, 2, ... the numbers of samples.
    outputs : int
        Columns of Z.
    most_nodes : float
        At which the search is given up; the row then has NaN.
    seed : int

    Notes
    -----
    Section 2 and Table 1; a cell costs O(n k r).
    """
    rng, rows = np.random.default_rng(seed), []
    for r, counts in enumerate(sizes, start=1):
        # Kernels are compiled at their first use, which is not to be measured.
        _measure(np.eye(r + 2, r), np.eye(r + 2, outputs), most_nodes)
        for n in counts:
            X, Z = rng.standard_normal((n, r)), rng.standard_normal((n, outputs))
            bounds = generic_cell_count(n, r), paper_cell_bound(n, r)
            rows.append((n, r, bounds, _measure(X, Z, most_nodes)))
    n, r, bounds, measured = (np.array(column) for column in zip(*rows, strict=True))
    cells, seconds, nodes, node_seconds = measured.T
    counts = cells.astype(np.int64), *bounds.T
    return Complexity(n, r, *counts, seconds, nodes, node_seconds, outputs)


def _measure(X: Array, Z: Array, most: float) -> tuple[float, ...]:
    """Return cells, seconds, nodes and their seconds."""
    begin = time.perf_counter()
    cells = sum(len(chunk.witnesses) for chunk in iterate_cells(X))
    seconds = time.perf_counter() - begin
    return float(cells), seconds, *_count_nodes(X, Z, most)


def _count_nodes(X: Array, Z: Array, most: float) -> tuple[float, float]:
    """Return the nodes and the time of a proof of kappa; NaN where there is none."""
    if X.shape[1] <= 2:
        return np.nan, np.nan
    value = propose(X, Z).value
    points = make_points(X, Z)
    begin = time.perf_counter()
    found = branch_and_bound(points, value, Limits(nodes=most))
    seconds = time.perf_counter() - begin
    return (float(found.nodes), seconds) if found.complete else (np.nan, np.nan)
