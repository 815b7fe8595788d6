"""kappa in the plane and on the line, exactly: one sweep around the circle."""

import numpy as np

from lib.arrangements import PlanarWalls, directions, planar_walls
from lib.cone_pca.maximum import Maximum, correlation, masses, ranked, silent
from lib.numerics import EPS, Array
from lib.numerics.compiled import compiled


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
    slack = (len(X) + 8) * EPS * float(masses(X, Z).sum())
    return ranked(rays, values, float(values.max()) + slack)


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
        ``bound - value`` is rounding: at most about ``2 eps sum_j |z_j| |x_j|``. The
        candidates are all local maximisers.

    Raises
    ------
    ValueError
        If X does not have two columns.

    Notes
    -----
    Equation (11) at rank 2. O(n log n + n c) time, O(n c) memory.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, Z = rng.standard_normal((1000, 2)), rng.standard_normal((1000, 3))
    >>> found = planar_oracle(X, Z)
    >>> 0 <= found.bound / found.value - 1 < 1e-11
    True
    """
    _require_columns("planar_oracle", X, 2)
    walls = planar_walls(X) if walls is None else walls
    if len(walls.angles) == 0:
        return silent(2)
    A = _sector_maps(X, Z, walls)
    angles, values = _local_maxima(A, walls)
    bound = float(values.max()) * (1 + 8 * EPS) + _planar_slack(X, Z, A, walls)
    return ranked(directions(angles), values, bound)


def _require_columns(name: str, X: Array, columns: int) -> None:
    """Refuse data that are not (n, columns)."""
    if X.ndim != 2 or X.shape[1] != columns:
        raise ValueError(
            f"{name} needs X with {columns} columns; got X {X.shape}. Reduce the "
            "rank first or use oracle()."
        )


def _planar_slack(X: Array, Z: Array, A: Array, walls: PlanarWalls) -> float:
    """Bound what rounding can hide from the planar sweep.

    Three errors. The products in a map are rounded, the same at both walls of a
    sample, and its running sum of at most 3n terms keeps what it loses, so that
    only roundings of lost parts stay, ``(3n eps)^2`` of three times the mass
    (Ogita, Rump, Oishi 2005, proposition 4.5). A direction at a wall may be
    counted on the wrong side of the samples that switch there, each of which then
    contributes at most its mass times the angle. And ``|A u|`` is evaluated at
    rounded angles.
    """
    mass = masses(X, Z)
    summation = (2 * EPS + (6 * len(X) * EPS) ** 2) * mass.sum()
    switching = np.add.reduceat(mass[walls.points], walls.starts).max()
    largest = np.linalg.norm(A, axis=(1, 2)).max()
    return float(summation + walls.spread * switching + 32 * EPS * largest)


def _sector_maps(X: Array, Z: Array, walls: PlanarWalls) -> Array:
    """Return ``A_i = Z^T D_i X`` of each sector, (k, c, 2), by one sweep.

    The sum starts in the widest sector, whose middle is farthest from walls.
    """
    widest = int(np.argmax(walls.widths))
    middle = directions(walls.angles[widest] + walls.widths[widest : widest + 1] / 2)
    maps = np.empty((len(walls.angles), Z.shape[1], 2))
    active = X @ middle[0] > 0
    sweep((X, Z), walls.points, walls.signs, walls.starts, (widest, active, maps))
    return maps


@compiled
def sweep(data, points, signs, starts, job):
    """Write the map of each sector, from ``widest`` once around the circle.

    Each entry is a sum in two parts, the second what the first has lost.
    """
    (X, Z), (widest, active, maps) = data, job
    total, lost = np.zeros(maps.shape[1:]), np.zeros(maps.shape[1:])
    for j in range(len(X)):
        if active[j]:
            add(total, lost, Z[j], X[j])
    flip = np.zeros(2)
    for turn in range(len(starts)):
        sector = (widest + turn) % len(starts)
        if turn > 0:
            last = starts[sector + 1] if sector + 1 < len(starts) else len(points)
            for crossing in range(starts[sector], last):
                j = points[crossing]
                flip[0], flip[1] = signs[crossing] * X[j, 0], signs[crossing] * X[j, 1]
                add(total, lost, Z[j], flip)
        maps[sector] = total + lost


@compiled
def add(total, lost, z, x):
    """Add ``z x^T`` to a sum and its lost part, exactly but for the products."""
    for a in range(len(z)):
        for b in range(2):
            term, before = z[a] * x[b], total[a, b]
            after = before + term
            virtual = after - before
            lost[a, b] += (before - (after - virtual)) + (term - virtual)
            total[a, b] = after


def _local_maxima(A: Array, walls: PlanarWalls) -> tuple[Array, Array]:
    """Return the angles of all local maxima of ``|A u|``, and its values there.

    In a sector ``|A u|^2 = mean + swing cos 2(theta - peak)``. A wall is a maximum if
    the form rises before and falls after it; slopes within rounding of zero count as
    both, so that none is lost between two sectors. A wall listed needlessly does no
    harm.
    """
    a, b = A[:, :, 0], A[:, :, 1]
    p, q, s = ((a * a).sum(1), (a * b).sum(1), (b * b).sum(1))
    swing = np.hypot((p - s) / 2, q)
    offset = (np.arctan2(2 * q, p - s) / 2 - walls.angles) % np.pi  # of period pi
    tops = np.sqrt((p + s) / 2 + swing)
    wall = directions(walls.angles)
    start = np.linalg.norm(a * wall[:, :1] + b * wall[:, 1:], axis=1)
    level = 1e-9 * tops**2
    rise, fall = (swing * np.sin(2 * (offset - x)) for x in (0.0, walls.widths))
    ridges = (np.roll(fall, 1) >= -np.roll(level, 1)) & (rise <= level)
    ridges[np.argmax(start)] = True
    inside = offset <= walls.widths
    angles = [(walls.angles + offset)[inside], walls.angles[ridges]]
    return np.concatenate(angles), np.concatenate([tops[inside], start[ridges]])
