"""The dual norm ``kappa(Z) = max_{|u|<=1} |Z^T (X u)_+|`` that certifies optimality."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lib.arrangement import PlanarWalls, directions, planar_walls
from lib.problem import Array, reduce_rank

EPS = float(np.finfo(float).eps)

UNDERFLOW = 1e-153
"""Times n (d + c), what lost squares (below 1e-308) can hide of kappa, in units
of the largest entries of X and Z."""

WIDE = np.longdouble
"""Type of the running sums: 80 bits on x86. Where it is only double, the bounds
below are wider and still proved, since they use its own rounding."""


@dataclass(frozen=True, eq=False)
class Maximum:
    """What an oracle knows of ``kappa = max_{|u|<=1} |Z^T (X u)_+|``.

    Parameters
    ----------
    value : float
        ``|Z^T (X u)_+|`` at ``direction``, a lower bound of kappa.
    bound : float
        A proved upper bound of kappa, rounding included.
    direction : (d,) array
        Unit vector that attains ``value``.
    candidates : (k, d) array
        Unit vectors at the local maxima, the best first.
    candidate_values : (k,) array
        ``|Z^T (X u)_+|`` there, decreasing.
    """

    value: float
    bound: float
    direction: Array
    candidates: Array
    candidate_values: Array


def oracle(X: Array, Z: Array) -> Maximum:
    """Maximise ``|Z^T (X u)_+|`` over the unit ball, for X of rank at most 2.

    X is first replaced by its coordinates in its row space (A.2), where the ray
    or planar oracle is exact.

    Parameters
    ----------
    X : (n, d) array
    Z : (n, c) array

    Returns
    -------
    Maximum
        With ``value <= kappa <= bound``; the two differ by rounding only.

    Raises
    ------
    ValueError
        If X and Z have different numbers of rows or are not finite.
    NotImplementedError
        If X has rank 3 or more.

    Notes
    -----
    The constraint of equation (11). O(n log n + n c) after the rank reduction.
    """
    _check(X, Z)
    # In these units no square overflows, and those that vanish are in UNDERFLOW.
    x_unit, z_unit = _unit(X), _unit(Z)
    reduced, Z = reduce_rank(X / x_unit), Z / z_unit
    rank = reduced.coordinates.shape[1]
    if rank > 2:
        raise NotImplementedError(
            f"This edition's oracle is exact for data of rank 1 and 2; got rank "
            f"{rank} from X {X.shape}. Project X to two coordinates."
        )
    if rank == 0:
        return _silent(X.shape[1])
    small = (ray_oracle, planar_oracle)[rank - 1](reduced.coordinates, Z)
    # Directions that were cut move |X u| by at most `discarded`.
    slack = reduced.discarded * float(np.linalg.norm(Z)) + UNDERFLOW * (X.size + Z.size)
    return Maximum(
        value=small.value * x_unit * z_unit,
        # The last step up covers a product that is itself rounded down to zero.
        bound=math.nextafter((small.bound + slack) * x_unit * z_unit, math.inf),
        direction=reduced.basis @ small.direction,
        candidates=small.candidates @ reduced.basis.T,
        candidate_values=small.candidate_values * x_unit * z_unit,
    )


def _check(X: Array, Z: Array) -> None:
    """Refuse shapes that do not fit and data from which nothing can be proved."""
    if X.ndim != 2 or Z.ndim != 2 or len(X) != len(Z):
        raise ValueError(
            f"oracle needs X (n, d) and Z (n, c) with the same n; got X {X.shape} "
            f"and Z {Z.shape}."
        )
    if not (np.isfinite(X).all() and np.isfinite(Z).all()):
        raise ValueError(
            f"oracle needs finite X and Z; got {int((~np.isfinite(X)).sum())} bad "
            f"entries in X and {int((~np.isfinite(Z)).sum())} in Z. Z is often a "
            "residual: a network whose weights have diverged has none."
        )


def _unit(matrix: Array) -> float:
    """Return a power of two near the largest entry; dividing by it is exact."""
    return math.ldexp(1.0, math.frexp(float(np.abs(matrix).max()))[1] - 1)


def _silent(d: int) -> Maximum:
    """Return the maximum over data without a nonzero row: no neuron ever fires."""
    none = np.eye(1, d)
    return Maximum(0.0, 0.0, none[0], none, np.zeros(1))


def correlation(X: Array, Z: Array, U: Array) -> Array:
    """Return ``|Z^T (X u)_+|`` for each row u of U, (k,). O(n k (d + c))."""
    return np.linalg.norm(np.maximum(X @ U.T, 0.0).T @ Z, axis=1)


def ray_oracle(X: Array, Z: Array) -> Maximum:
    """Maximise ``|Z^T (x u)_+|`` over u in {-1, +1}, for X with one column.

    On a line there are two neurons; try both.

    Parameters
    ----------
    X : (n, 1) array
    Z : (n, c) array

    Notes
    -----
    Equation (11) at rank 1. O(n c).
    """
    _require_columns("ray_oracle", X, 1)
    rays = np.array([[1.0], [-1.0]])
    values = correlation(X, Z, rays)
    slack = (len(X) + 8) * EPS * float(_masses(X, Z).sum())
    return _ranked(rays, values, float(values.max()) + slack)


def planar_oracle(X: Array, Z: Array, walls: PlanarWalls | None = None) -> Maximum:
    """Maximise ``|Z^T (X u)_+|`` over unit u in the plane, exactly.

    ``(X u)_+`` is linear on each of the at most 2n sectors between walls, so
    there ``|Z^T (X u)_+|^2 = |A u|^2`` is a sinusoid in twice the angle. Its top
    lies inside the sector or the sector's best point is one of its walls. From
    sector to sector ``A = Z^T D X`` changes by the rows that switch, so one
    sweep around the circle visits all.

    Parameters
    ----------
    X : (n, 2) array
        Any points; zero, repeated and parallel rows included.
    Z : (n, c) array
    walls : PlanarWalls, optional
        ``planar_walls(X)`` if at hand, so that repeated calls do not sort.

    Returns
    -------
    Maximum
        ``bound - value`` is rounding: at most about ``(BLOCK + n / BLOCK) eps
        sum_j |z_j| |x_j|``. The candidates are all local maximisers.

    Raises
    ------
    ValueError
        If X does not have two columns.

    Notes
    -----
    Equation (11) at rank 2. O(n log n + n c) time, O(n c) memory.
    """
    _require_columns("planar_oracle", X, 2)
    walls = planar_walls(X) if walls is None else walls
    if len(walls.angles) == 0:
        return _silent(2)
    A = _sector_maps(X, Z, walls)
    forms = _sector_forms(A, walls)
    ridges = _ridges(forms)
    angles = np.concatenate([forms.peak[forms.inside], walls.angles[ridges]])
    values = np.concatenate([forms.peak_value[forms.inside], forms.start[ridges]])
    bound = float(values.max()) * (1 + 8 * EPS) + _planar_slack(X, Z, A, walls)
    return _ranked(directions(angles), values, bound)


def _require_columns(name: str, X: Array, columns: int) -> None:
    """Refuse data that are not (n, columns)."""
    if X.ndim != 2 or X.shape[1] != columns:
        raise ValueError(
            f"{name} needs X with {columns} columns; got X {X.shape}. Reduce the "
            "rank first or use oracle()."
        )


def _masses(X: Array, Z: Array) -> Array:
    """Return ``|z_j| |x_j|``, (n,), the most that sample j adds to any sum."""
    return np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)


def _planar_slack(X: Array, Z: Array, A: Array, walls: PlanarWalls) -> float:
    """Bound what rounding can hide from the planar sweep.

    Three errors. The maps are running sums of at most 3n terms: recursive
    summation errs by at most that many roundings of the sum of moduli (Higham
    2002, section 4.2). A direction at a wall may be counted on the wrong side of
    the samples that switch there, each of which then contributes at most its
    mass times the angle. And ``|A u|`` is evaluated at rounded angles.
    """
    masses = _masses(X, Z)
    summation = 3 * len(X) * float(np.finfo(WIDE).eps) * masses.sum()
    switching = np.add.reduceat(masses[walls.points], walls.starts).max()
    largest = np.linalg.norm(A, axis=(1, 2)).max()
    return float(summation + walls.spread * switching + 32 * EPS * largest)


def _ranked(directions_: Array, values: Array, bound: float) -> Maximum:
    """Sort candidates by value, the best first."""
    order = np.argsort(-values, kind="stable")
    U, values = directions_[order], values[order]
    return Maximum(float(values[0]), bound, U[0], U, values)


def _sector_maps(X: Array, Z: Array, walls: PlanarWalls) -> Array:
    """Return ``A_i = Z^T D_i X`` of each sector, (k, c, 2), by one sweep.

    The sum starts in the widest sector, whose middle is farthest from walls.
    """
    widest = int(np.argmax(walls.widths))
    middle = directions(walls.angles[widest] + walls.widths[widest : widest + 1] / 2)
    active = X @ middle[0] > 0
    wide_X, wide_Z = X.astype(WIDE), Z.astype(WIDE)
    home = wide_Z[active].T @ wide_X[active]  # (c, 2)
    flips = walls.signs[:, None] * wide_X[walls.points]  # (2n, 2)
    jumps = wide_Z[walls.points, :, None] * flips[:, None, :]  # (2n, c, 2)
    last = np.append(walls.starts[1:], len(walls.points)) - 1
    passed = np.cumsum(jumps, axis=0, out=jumps)[last]
    return np.asarray(passed - passed[widest] + home, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _SectorForms:
    """The sinusoid ``|A u|^2 = mean + swing cos 2(theta - peak)`` of each sector.

    ``inside`` tells whether ``peak`` lies in the sector, ``peak_value`` is
    ``|A u|`` there; ``start`` is ``|A u|`` at the sector's first wall; ``rise``
    and ``fall`` are the slopes just after the first and just before the last.
    """

    inside: Array
    peak: Array
    peak_value: Array
    start: Array
    rise: Array
    fall: Array


def _sector_forms(A: Array, walls: PlanarWalls) -> _SectorForms:
    """Write ``|A u|^2`` of each sector as a sinusoid of the doubled angle."""
    a, b = A[:, :, 0], A[:, :, 1]
    p, q, s = ((a * a).sum(1), (a * b).sum(1), (b * b).sum(1))
    swing = np.hypot((p - s) / 2, q)
    peak = np.arctan2(2 * q, p - s) / 2
    offset = (peak - walls.angles) % np.pi  # the form has period pi
    wall = directions(walls.angles)
    start = np.linalg.norm(a * wall[:, :1] + b * wall[:, 1:], axis=1)
    return _SectorForms(
        inside=offset <= walls.widths,
        peak=walls.angles + offset,
        peak_value=np.sqrt((p + s) / 2 + swing),
        start=start,
        rise=swing * np.sin(2 * offset),
        fall=swing * np.sin(2 * (offset - walls.widths)),
    )


def _ridges(forms: _SectorForms) -> Array:
    """Mark the walls that are local maxima: rising before, falling after.

    Slopes within rounding of zero count as both, so that no maximum is lost
    between two sectors; a wall listed needlessly does no harm.
    """
    level = 1e-9 * forms.peak_value**2
    before, level_before = np.roll(forms.fall, 1), np.roll(level, 1)
    ridges = (before >= -level_before) & (forms.rise <= level)
    ridges[np.argmax(forms.start)] = True
    return ridges
