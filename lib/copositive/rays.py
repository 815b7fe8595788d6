"""Rays of the cells of an arrangement, and their simplicial pieces, for small data.

A pointed cell is spanned by rays, and each ray is the line in which r - 1
hyperplanes meet. So all rays are found by going through the subsets of r - 1
hyperplanes: simple and good for some thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from lib.arrangement import PARALLEL_TOLERANCE, Cells, unit_normals
from lib.problem import Array

MOST_LINES = 20_000
"""Subsets of hyperplanes to go through; more would take minutes and gigabytes."""

NEARLY_DEPENDENT = 1e-5
"""Hyperplanes whose normals have a singular value between ``PARALLEL_TOLERANCE``
and this meet in a line that double precision does not find to nine digits."""

EPS = float(np.finfo(float).eps)

RAY_ROUNDINGS = 64
"""A null vector computed from r - 1 normals of least singular value s errs by at
most this many roundings over s: the backward error of a small SVD, with margin."""


@dataclass(frozen=True, eq=False)
class Rays:
    """The rays of all cells of an arrangement.

    Parameters
    ----------
    normals : (k, r) array
        One unit normal for each distinct hyperplane.
    lines : (m, r) array
        Unit vectors, one on each line in which hyperplanes meet.
    on : (m, k) bool array
        Which hyperplanes contain which line.
    members : tuple of int arrays
        ``members[i]`` names the rays of cell i: line j is ``j``, its opposite is
        ``m + j``.
    error : float
        Largest distance of any of the unit vectors to the true line.
    """

    normals: Array
    lines: Array
    on: np.ndarray
    members: tuple[np.ndarray, ...]
    error: float

    def of(self, ray_indices: np.ndarray) -> Array:
        """Return the unit vectors of some rays, (len, r)."""
        flip = ray_indices >= len(self.lines)
        lines = self.lines[ray_indices % len(self.lines)]
        return np.where(flip[:, None], -lines, lines)

    def facets(self, cell: int) -> list[frozenset[int]]:
        """Return the rays in each facet of a cell.

        A hyperplane that touches the cell in less than a facet touches it within
        one, so facets are the largest of the sets of rays on one hyperplane.
        """
        members = self.members[cell]
        touching = self.on[members % len(self.lines)]  # (rays, k)
        sets = {frozenset(members[on].tolist()) for on in touching.T}
        return _largest(sets - {frozenset(members.tolist())})

    def walls(self, cell: int) -> np.ndarray:
        """Return the hyperplanes that bound a cell in a facet, as row numbers."""
        members = self.members[cell]
        touching = self.on[members % len(self.lines)]
        facets = set(self.facets(cell))
        sets = [frozenset(members[on].tolist()) for on in touching.T]
        return np.array([j for j, s in enumerate(sets) if s in facets], dtype=np.int64)


def find_rays(X: Array, cells: Cells) -> Rays:
    """Find the rays of every cell by going through the subsets of hyperplanes.

    Parameters
    ----------
    X : (n, r) array
        Of rank r, so that every cell is pointed.
    cells : Cells
        Of the same X.

    Returns
    -------
    Rays
        In the order of ``cells``.

    Raises
    ------
    ValueError
        If there are more than ``MOST_LINES`` subsets, if X does not have full
        column rank, or if hyperplanes are too nearly dependent.

    Notes
    -----
    O(C(k, r-1) (r^3 + k P)) for k hyperplanes and P cells.
    """
    normals = unit_normals(X)
    k, r = normals.shape
    _check_size(k, r, X)
    lines, error = _meeting_lines(normals)
    heights = lines @ normals.T
    on = np.abs(heights) <= 4 * error
    _, first = np.unique(on, axis=0, return_index=True)
    first = np.sort(first)
    lines, on, signs = lines[first], on[first], np.sign(heights[first])
    signs[on] = 0.0
    sides = np.where(cells.witnesses @ normals.T > 0, 1.0, -1.0)  # (P, k)
    agree, off = sides @ signs.T, (~on).sum(axis=1)
    both = np.hstack([agree == off, -agree == off])  # (P, 2m)
    return Rays(normals, lines, on, tuple(np.flatnonzero(b) for b in both), error)


def _check_size(k: int, r: int, X: Array) -> None:
    """Refuse cells that are not pointed, and searches that would not end."""
    if k < r or np.linalg.matrix_rank(X) < r:
        raise ValueError(
            f"find_rays needs X of full column rank, so that cells are pointed; got "
            f"X {X.shape} with {k} distinct hyperplanes. Use reduce_rank first."
        )
    if comb(k, r - 1) > MOST_LINES:
        raise ValueError(
            f"find_rays goes through at most {MOST_LINES} subsets of hyperplanes; "
            f"{k} hyperplanes in {r} dimensions have {comb(k, r - 1)}. Take fewer "
            "samples."
        )


def _meeting_lines(normals: Array) -> tuple[Array, float]:
    """Return unit vectors where r - 1 hyperplanes meet, (m, r), and their error."""
    k, r = normals.shape
    if r == 1:
        return np.ones((1, 1)), EPS
    subsets = np.array(list(combinations(range(k), r - 1)))
    _, sigma, Qt = np.linalg.svd(normals[subsets])
    strength = sigma[:, -1]
    independent = strength > r * PARALLEL_TOLERANCE
    least = float(strength[independent].min())
    if least < NEARLY_DEPENDENT:
        raise ValueError(
            f"find_rays needs hyperplanes that are dependent exactly or not nearly; "
            f"got {r - 1} normals with least singular value {least:.1e}, below "
            f"{NEARLY_DEPENDENT:.0e}. Merge samples that are almost parallel."
        )
    return Qt[independent, -1], RAY_ROUNDINGS * EPS / least


def triangulate(facets: list[frozenset[int]], dimension: int) -> list[tuple[int, ...]]:
    """Split a pointed cone into simplicial cones by its rays alone.

    Every cone is the union of the cones spanned by one of its rays and the facets
    that do not contain it; these facets are split in the same way (a pulling
    triangulation).

    Parameters
    ----------
    facets : list of frozenset of int
        The rays of each facet.
    dimension : int
        Of the cone, at least 1.

    Returns
    -------
    list of tuple of int
        The ``dimension`` rays of each piece.

    Examples
    --------
    A cone over a square has two pieces:

    >>> square = [frozenset(s) for s in ({0, 1}, {1, 2}, {2, 3}, {3, 0})]
    >>> triangulate(square, 3)
    [(0, 1, 2), (0, 2, 3)]
    """
    rays = frozenset().union(*facets)
    if len(rays) == dimension:
        return [tuple(sorted(rays))]
    apex = min(rays)
    pieces = []
    for facet in sorted(facets, key=sorted):
        if apex not in facet:
            sides = _largest({facet & other for other in facets if other != facet})
            below = triangulate(sides, dimension - 1)
            pieces += [(apex, *piece) for piece in below]
    return pieces


def _largest(sets: set[frozenset[int]]) -> list[frozenset[int]]:
    """Return the sets that are contained in no other one."""
    return [s for s in sets if not any(s < other for other in sets)]
