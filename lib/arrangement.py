"""The hyperplanes ``x_j . u = 0`` and the cells into which they cut input space.

A neuron ``u`` sees the data only through the signs of ``X u``. The signs are
constant on each open cell of the arrangement, so a cell is a linear regime of
the network; the matrices ``D_i`` of the paper are its patterns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, e, pi

import numpy as np

from lib.problem import Array

TURN = 2 * pi

ANGLE_TOLERANCE = 64 * np.finfo(float).eps
"""Walls closer than this (radians) are one wall: a few roundings of atan2."""

PARALLEL_TOLERANCE = 1e-12
"""Unit normals closer than this, up to sign, span one hyperplane: the rounding
of a projection, times a margin for the few projections of a recursion."""


@dataclass(frozen=True, eq=False)
class PlanarWalls:
    """The walls of a planar arrangement, sorted around the circle.

    Parameters
    ----------
    angles : (k,) array
        Increasing angles in [0, 2 pi) of the distinct walls. Sector i runs from
        ``angles[i]`` to ``angles[i + 1]``, the last one across 2 pi.
    points : (e,) int array
        The sample that each crossing switches; crossings sorted by wall.
    signs : (e,) array
        +1 where crossing the wall counterclockwise activates it, else -1.
    starts : (k,) int array
        Wall i owns the crossings ``starts[i]`` up to ``starts[i + 1]``.
    spread : float
        Widest angle merged into one wall, radians; 0 on generic data.
    """

    angles: Array
    points: np.ndarray
    signs: Array
    starts: np.ndarray
    spread: float

    @property
    def widths(self) -> Array:
        """Angle of each sector, radians; they add up to 2 pi."""
        return np.diff(self.angles, append=self.angles[:1] + TURN)


def planar_walls(X: Array) -> PlanarWalls:
    """Sort the walls of the points in the rows of X, (n, 2).

    Sample j is active on the half circle around its own direction, so it has one
    wall where it wakes and one where it sleeps. Zero rows have no wall; repeated
    and parallel rows share theirs. O(n log n).
    """
    nonzero = np.flatnonzero((X != 0).any(axis=1))
    toward = np.arctan2(X[nonzero, 1], X[nonzero, 0])
    angles = np.concatenate([toward - pi / 2, toward + pi / 2]) % TURN
    angles[angles >= TURN - ANGLE_TOLERANCE] = 0.0  # one name for the seam
    order = np.argsort(angles, kind="stable")
    angles = angles[order]
    fresh = np.diff(angles, prepend=-np.inf) > ANGLE_TOLERANCE
    starts = np.flatnonzero(fresh)
    last = np.append(starts, len(angles))[1:] - 1
    spread = float((angles[last] - angles[starts]).max(initial=0.0))
    return PlanarWalls(
        angles=angles[starts],
        points=np.concatenate([nonzero, nonzero])[order],
        signs=np.repeat([1.0, -1.0], len(nonzero))[order],
        starts=starts,
        spread=spread + ANGLE_TOLERANCE,
    )


def directions(angles: Array) -> Array:
    """Return the unit vectors at ``angles``, (k, 2)."""
    return np.column_stack([np.cos(angles), np.sin(angles)])


@dataclass(frozen=True, eq=False)
class Cells:
    """The full-dimensional cells of an arrangement.

    Parameters
    ----------
    patterns : (P, n) bool array
        Row i is the diagonal of ``D_i``: which samples are active in cell i. A
        zero row of X is active everywhere, as ``0 >= 0``.
    witnesses : (P, r) array
        A unit vector strictly inside each cell.
    """

    patterns: np.ndarray
    witnesses: Array

    def __len__(self) -> int:
        """Return ``P``, the number of cells."""
        return len(self.patterns)


def enumerate_cells(X: Array) -> Cells:
    """List every cell of the hyperplanes orthogonal to the rows of X, (n, r).

    Each cell has a facet, and that facet is a cell of the arrangement that the
    other hyperplanes cut out of the facet's own hyperplane. So the cells are the
    two sides of the cells one dimension lower: a recursion that ends on the line.
    Zero, repeated and parallel rows and points on common planes are legitimate.

    Parameters
    ----------
    X : (n, r) array
        Points; directions that X does not span are not part of any wall, and
        cells are then cylinders.

    Returns
    -------
    Cells
        Sorted by pattern, each once. ``len`` is P of the paper.

    Notes
    -----
    Section 2 of the paper. O(n P) for r = 2 and O(n^2 P) above; margins below
    ``PARALLEL_TOLERANCE`` count as parallel.

    Examples
    --------
    >>> len(enumerate_cells(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])))
    6
    """
    normals = unit_normals(X)
    witnesses = _witnesses(normals)
    patterns = X @ witnesses.T >= 0
    patterns[~(X != 0).any(axis=1)] = True
    _, first = np.unique(np.packbits(patterns, axis=0), axis=1, return_index=True)
    return Cells(np.ascontiguousarray(patterns[:, first].T), witnesses[first])


def unit_normals(X: Array) -> Array:
    """Return one unit normal for each distinct hyperplane ``x_j . u = 0``, (k, r).

    Of two parallel rows the first is kept; its sign is its own. O(n k r).
    """
    lengths = np.linalg.norm(X, axis=1)
    rows = X[lengths > 0] / lengths[lengths > 0, None]
    kept: list[Array] = []
    for row in rows:
        if not kept or _distance_to_lines(row, np.array(kept)) > PARALLEL_TOLERANCE:
            kept.append(row)
    return np.array(kept).reshape(-1, X.shape[1])


def _distance_to_lines(row: Array, normals: Array) -> float:
    """Return the least distance of a unit vector to +- the unit normals."""
    apart = np.linalg.norm(normals - row, axis=1)
    across = np.linalg.norm(normals + row, axis=1)
    return float(np.minimum(apart, across).min())


def _witnesses(normals: Array) -> Array:
    """Return a unit vector inside each cell, each cell at least once."""
    k, r = normals.shape
    if k == 0:
        return np.eye(1, r)
    if r == 1:
        return np.array([[1.0], [-1.0]])
    return np.vstack([_sides(normals, wall) for wall in range(k)])


def _sides(normals: Array, wall: int) -> Array:
    """Return witnesses on both sides of every facet in one wall, (2 f, r)."""
    normal = normals[wall]
    # The last r - 1 right singular vectors of the normal span its hyperplane.
    basis = np.linalg.svd(normal[None, :])[2][1:].T  # (r, r - 1)
    others = np.delete(normals, wall, axis=0)
    inside = _witnesses(unit_normals(others @ basis)) @ basis.T  # (f, r)
    margin = np.abs(inside @ others.T).min(axis=1, initial=1.0)
    # Half the margin keeps the sign of every other point, whose normals are unit.
    step = 0.5 * margin[:, None] * normal
    both = np.vstack([inside + step, inside - step])
    return both / np.linalg.norm(both, axis=1, keepdims=True)


def generic_cell_count(n: int, r: int) -> int:
    """Return ``2 sum_{k<r} C(n-1, k)``, the cells of n points in general position.

    Every arrangement of n points of rank r has at most so many cells; points in
    general position reach it (Cover 1965; Winder 1966).

    Examples
    --------
    >>> generic_cell_count(25, 2), generic_cell_count(57, 2)
    (50, 114)
    """
    _check_counts(n, r)
    return 2 * sum(comb(n - 1, k) for k in range(r))


def paper_cell_bound(n: int, r: int) -> float:
    """Return ``2 r (e (n-1) / r)^r``, the bound that the paper quotes.

    Valid for ``r <= n - 1``; looser than :func:`generic_cell_count`.
    """
    _check_counts(n, r)
    return 2 * r * (e * (n - 1) / r) ** r


def _check_counts(n: int, r: int) -> None:
    """Refuse counts for which no arrangement of rank r exists."""
    if not 1 <= r <= n:
        raise ValueError(
            f"n points of rank r need 1 <= r <= n; got n = {n}, r = {r}. The rank "
            "cannot exceed the number of points."
        )
