"""The hyperplanes ``x_j . u = 0`` and the cells into which they cut input space.

A neuron ``u`` sees the data only through the signs of ``X u``. The signs are
constant on each open cell of the arrangement, so a cell is a linear regime of
the network; the matrices ``D_i`` of the paper are its patterns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, e, pi

import numpy as np

from lib.arrangements.double_description import cut_cones, independent_first
from lib.numerics import EPS, Array, unit_rows
from lib.numerics.compiled import compiled

TURN = 2 * pi

ANGLE_TOLERANCE = 64 * EPS
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

    Examples
    --------
    >>> walls = planar_walls(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    >>> len(walls.angles)
    6
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
class Rays(Sequence):
    """The rays of many cells in one table.

    Parameters
    ----------
    table : (R, d) array
    starts, ends : (P,) int arrays
        Cell i owns the rows ``starts[i]`` up to ``ends[i]``.
    """

    table: Array
    starts: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.starts)

    def __getitem__(self, cell: int) -> Array:
        """Return the rays of one cell, (k, d)."""
        return self.table[self.starts[cell] : self.ends[cell]]


@dataclass(frozen=True, eq=False)
class Cells:
    """The full-dimensional cells of an arrangement.

    Parameters
    ----------
    patterns : (P, n) bool array
        Row i is the diagonal of ``D_i``: which samples are active in cell i. A
        zero row of X is active everywhere, as ``0 >= 0``.
    witnesses : (P, d) array
        A unit vector strictly inside each cell.
    rays : Rays
        ``rays[i]``, (k, d), are the unit extreme rays of cell i: the closed cell is
        the cone of its rays plus all that is orthogonal to the rows of X.
    """

    patterns: np.ndarray
    witnesses: Array
    rays: Rays

    def __len__(self) -> int:
        """Return ``P``, the number of cells."""
        return len(self.patterns)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some cells of an arrangement, their patterns packed eight samples a byte.

    Parameters
    ----------
    packed : (P, ceil(n / 8)) uint8 array
        ``np.packbits`` of the patterns.
    witnesses : (P, d) array
    rays : Rays
    """

    packed: np.ndarray
    witnesses: Array
    rays: Rays

    def __len__(self) -> int:
        """Return the number of cells in this chunk."""
        return len(self.packed)


def enumerate_cells(X: Array) -> Cells:
    """List every cell of the hyperplanes orthogonal to the rows of X, (n, d).

    Zero, repeated and parallel rows and points on common planes are legitimate.

    Parameters
    ----------
    X : (n, d) array
        Points; directions that X does not span are not part of any wall, and
        cells are then cylinders.

    Returns
    -------
    Cells
        Sorted by pattern, each once. ``len`` is P of the paper.

    Notes
    -----
    Section 2 of the paper. See :func:`iterate_cells` for the method, its
    tolerances and its cost; this holds all cells at once.

    Examples
    --------
    >>> len(enumerate_cells(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])))
    6
    """
    chunks = list(iterate_cells(X))
    packed = np.concatenate([chunk.packed for chunk in chunks])
    order = np.lexsort(packed.T[::-1])
    ends = np.cumsum([len(chunk.rays.table) for chunk in chunks])
    shifts = ends - [len(chunk.rays.table) for chunk in chunks]
    parts = [(chunk.rays, shift) for chunk, shift in zip(chunks, shifts, strict=True)]
    return Cells(
        np.unpackbits(packed[order], axis=1, count=len(X)).astype(bool),
        np.concatenate([chunk.witnesses for chunk in chunks])[order],
        Rays(
            np.concatenate([rays.table for rays, _ in parts]),
            np.concatenate([rays.starts + shift for rays, shift in parts])[order],
            np.concatenate([rays.ends + shift for rays, shift in parts])[order],
        ),
    )


def iterate_cells(X: Array, chunk: int = 4096) -> Iterator[Chunk]:
    """Yield the cells of the hyperplanes orthogonal to the rows of X, some at a time.

    As many independent walls as the rank cut space into simplicial cones, of which
    one of each opposite pair is kept; the other walls cut these, depth first, each
    cone known by its rays. The opposite of every cell comes with it.

    Parameters
    ----------
    X : (n, d) array
    chunk : int
        Most cells found before they are handed out; a chunk has up to twice as many.

    Yields
    ------
    Chunk
        Each cell once, in no particular order.

    Raises
    ------
    ValueError
        If X is not a finite matrix or ``chunk`` is not positive.

    Notes
    -----
    O(n k r) a cell with k rays. Walls closer than ``PARALLEL_TOLERANCE`` count as
    one and rays closer to a wall than ``RAY_TOLERANCE`` as on it, so cells thinner
    than that are not seen.
    """
    if X.ndim != 2 or not np.isfinite(X).all() or chunk < 1:
        raise ValueError(
            f"iterate_cells needs a finite matrix X and chunk >= 1; got X {X.shape} "
            f"with {int((~np.isfinite(X)).sum())} bad entries and chunk = {chunk!r}."
        )
    if not X.any():
        packed = np.packbits(np.ones((1, len(X)), dtype=bool), axis=1)
        nothing = np.zeros(1, dtype=np.int64)
        yield Chunk(
            packed,
            np.eye(1, X.shape[1]),
            Rays(np.zeros((0, X.shape[1])), nothing, nothing),
        )
        return
    walls = _walls(X)
    for found in cut_cones(walls.normals, walls.edges, chunk):
        yield _mirrored(walls, *found)


@dataclass(frozen=True, eq=False)
class _Walls:
    """The distinct walls, ordered so that the first r are independent.

    ``basis`` (d, r) spans the normals, which are in its coordinates, as are the
    ``edges`` of the cone of the first r; sample j has the wall ``owner[j]`` turned by
    ``turned[j]``, +1 or -1, or 0 if it is zero.
    """

    normals: Array
    edges: Array
    basis: Array
    owner: np.ndarray
    turned: np.ndarray


def _walls(X: Array) -> _Walls:
    """Find the distinct walls of X and how its samples lie to them."""
    normals = unit_normals(X)
    order, basis, inside, edges = independent_first(normals)
    cosines = unit_rows(X) @ normals[order].T
    owner = np.abs(cosines).argmax(axis=1)
    turned = np.sign(cosines[np.arange(len(X)), owner]).astype(np.int8)
    return _Walls(inside, edges, basis, owner, turned)


def _mirrored(
    walls: _Walls, sides: np.ndarray, witnesses: Array, rays: Array, ends: np.ndarray
) -> Chunk:
    """Return the cells that were found and their opposites, on all samples."""
    active = sides[:, walls.owner] * walls.turned  # (count, n)
    witnesses, rays = witnesses @ walls.basis.T, rays @ walls.basis.T
    starts = np.append(0, ends[:-1])
    return Chunk(
        np.packbits(np.vstack([active >= 0, active <= 0]), axis=1),
        np.vstack([witnesses, -witnesses]),
        Rays(
            np.vstack([rays, -rays]),
            np.append(starts, starts + len(rays)),
            np.append(ends, ends + len(rays)),
        ),
    )


def unit_normals(X: Array) -> Array:
    """Return one unit normal for each distinct hyperplane ``x_j . u = 0``, (k, d).

    Of two parallel rows the first is kept; its sign is its own. O(n k d).
    """
    rows = unit_rows(X, zeros=False)
    return rows[_first_of_line(rows)]


@compiled
def _first_of_line(rows):
    """Mark the unit rows that span a line with no row before them."""
    fresh = np.ones(len(rows), dtype=np.bool_)
    for i in range(len(rows)):
        for j in range(i):
            apart = across = 0.0
            for a in range(rows.shape[1]):
                apart += (rows[i, a] - rows[j, a]) ** 2
                across += (rows[i, a] + rows[j, a]) ** 2
            if fresh[j] and min(apart, across) <= PARALLEL_TOLERANCE**2:
                fresh[i] = False
                break
    return fresh


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

    Valid for ``n >= 2``; looser than :func:`generic_cell_count`.
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
