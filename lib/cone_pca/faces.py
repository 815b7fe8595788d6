"""Principal components in a cone: ``max |A u|`` over ``B u >= 0``, ``|u| <= 1``.

This is problem (2), with ``R = A^T A``, the step that Algorithm 1 asks of every cell.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lib.arrangements.double_description import (
    RAY_TOLERANCE,
    clip_cone,
    independent_first,
)
from lib.arrangements.triangulation import ON_WALL, largest_of
from lib.numerics import Array, require_finite, unit_of, unit_rows

FEASIBLE = 1e-10
"""Sine by which a direction may lie below a wall: ten times what counts as on it,
for a maximiser is a combination of rays."""


@dataclass(frozen=True, eq=False)
class ConeMaximum:
    """The maximum of ``|A u|`` over unit vectors of a cone.

    Parameters
    ----------
    value : float
        ``|A u|`` at the direction; 0 if the cone is only the origin.
    direction : (d,) array
        A unit vector with ``b . u >= -FEASIBLE |b|`` for every row of B, or zero if
        the cone has none.
    tried : int
        Faces, or sets of constraints, whose eigenvectors were computed.
    """

    value: float
    direction: Array
    tried: int


@dataclass(frozen=True, eq=False)
class Cone:
    """A polyhedral cone by its generators: ``rays`` combined, plus all of ``lines``.

    Parameters
    ----------
    rays : (k, d) array
        Unit extreme rays, orthogonal to the lines.
    lines : (l, d) array
        Orthonormal basis of the largest subspace in the cone.
    walls : (m, d) array
        Unit inward normals.
    """

    rays: Array
    lines: Array
    walls: Array


def cone_of(B: Array) -> Cone:
    """Return the rays and lines of ``{u : B u >= 0}``, B (m, d).

    Double description; rays within ``RAY_TOLERANCE`` of a wall lie on it. Zero and
    repeated rows do no harm.

    Raises
    ------
    ValueError
        If B is not finite.
    """
    require_finite("B", B)
    walls = unit_rows(B, zeros=False)
    _, basis, inside, edges = independent_first(walls)
    # The right singular vectors beyond the rank span what no wall sees.
    lines = np.linalg.svd(basis.T)[2][basis.shape[1] :]
    if len(walls) == 0:
        return Cone(np.zeros((0, B.shape[1])), np.eye(B.shape[1]), walls)
    return Cone(clip_cone(inside, edges) @ basis.T, lines, walls)


def cone_pca(A: Array, B: Array) -> ConeMaximum:
    """Maximise ``|A u|`` over ``B u >= 0``, ``|u| <= 1``, by the faces of the cone.

    On the span of a face the maximiser is the top eigenvector. If that, or its
    opposite, is in the cone the face is done; if not, the maximum over the face is
    on one of its own facets, also where the eigenvalue is multiple: on the way from
    a maximiser inside to one outside the value is constant, and the way meets the
    boundary. A face whose eigenvalue is no larger than the best value is done too.

    Parameters
    ----------
    A : (c, d) array
    B : (m, d) array
        Inward normals; for a cell of the arrangement ``(2 D_i - I) X``.

    Returns
    -------
    ConeMaximum
        The direction is feasible up to ``FEASIBLE``, and the value at least the
        maximum less ``FEASIBLE |A|``.

    Raises
    ------
    ValueError
        If A and B are not finite matrices of equal width.

    Notes
    -----
    Problem (2). At most as many eigenproblems as the cone has faces, usually few.

    Examples
    --------
    >>> cone_pca(np.diag([2.0, 1.0]), np.array([[-1.0, 1.0], [0.0, 1.0]])).value
    2.0
    """
    _check(A, B)
    unit, cone = unit_of(A), cone_of(B)
    A = A / unit
    on_wall = np.abs(cone.rays @ cone.walls.T) <= ON_WALL  # (k, m)
    best = ConeMaximum(0.0, _anywhere(cone), 0)
    faces, seen, tried = [frozenset(range(len(cone.rays)))], set(), 0
    while faces:
        face = faces.pop()
        span = np.vstack([cone.rays[sorted(face)], cone.lines])
        if face in seen or len(span) == 0:
            continue
        seen.add(face)
        tried += 1
        value, u = _top(A, span)
        if value <= best.value:
            continue
        u = _feasible(u, cone.walls)
        if u is None:
            faces += _facets(face, on_wall)
        else:
            best = ConeMaximum(value, u, tried)
    value = unit * float(np.linalg.norm(A @ best.direction))
    return ConeMaximum(value, best.direction, tried)


def _anywhere(cone: Cone) -> Array:
    """Return a unit vector of the cone, or zero."""
    generators = np.vstack([cone.rays, cone.lines, np.zeros((1, cone.walls.shape[1]))])
    return generators[0]


def _top(A: Array, span: Array) -> tuple[float, Array]:
    """Return the largest ``|A u|`` in the span of some rows, and its unit u."""
    _, sigma, Qt = np.linalg.svd(span, full_matrices=False)
    basis = Qt[sigma > RAY_TOLERANCE]
    _, values, Vt = np.linalg.svd(A @ basis.T, full_matrices=True)
    u = Vt[0] @ basis
    return float(values[0]) if len(values) else 0.0, u / np.linalg.norm(u)


def _feasible(u: Array, walls: Array) -> Array | None:
    """Return u or -u, whichever is in the cone, or None."""
    heights = walls @ u
    if heights.min(initial=0.0) >= -FEASIBLE:
        return u
    return -u if heights.max(initial=0.0) <= FEASIBLE else None


def _facets(face: frozenset[int], on_wall: np.ndarray) -> list[frozenset[int]]:
    """Return the largest proper faces of a face, as sets of rays."""
    rays = sorted(face)
    subsets = {
        frozenset(ray for ray in rays if on_wall[ray, wall])
        for wall in range(on_wall.shape[1])
    } - {face}
    return largest_of(subsets)


def cone_pca_by_subsets(A: Array, B: Array) -> ConeMaximum:
    """Maximise ``|A u|`` over the cone as Asteris et al. (2014) do: by all subsets.

    The maximiser satisfies some constraints with equality and is, among the vectors
    that do, a top eigenvector. So every set of fewer than d constraints is tried,
    its leading eigenvector and the opposite checked against all constraints.

    Parameters, result and errors are those of :func:`cone_pca`.

    Notes
    -----
    The method that the paper cites for (2) (its Lemma 7): O(m^(d - 1)) eigenproblems.
    """
    _check(A, B)
    cone, unit = cone_of(B), unit_of(A)
    walls, A, tried = cone.walls, A / unit, 0
    best = ConeMaximum(0.0, _anywhere(cone), 0)
    for size in range(min(A.shape[1], len(walls) + 1)):
        for active in combinations(range(len(walls)), size):
            tried += 1
            value, u = _top(A, _null_space(walls[list(active)]))
            u = _feasible(u, walls)
            if u is not None and value > best.value:
                best = ConeMaximum(value, u, tried)
    return ConeMaximum(unit * best.value, best.direction, tried)


def _null_space(rows: Array) -> Array:
    """Return an orthonormal basis of the vectors orthogonal to all rows."""
    _, sigma, Qt = np.linalg.svd(rows, full_matrices=True)
    return Qt[int((sigma > RAY_TOLERANCE).sum()) :]


def _check(A: Array, B: Array) -> None:
    """Refuse a form and a cone that do not fit."""
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1] or not A.size:
        raise ValueError(
            f"cone_pca needs A (c, d) and B (m, d) of equal width; got A {A.shape} "
            f"and B {B.shape}."
        )
    require_finite("A", A)
