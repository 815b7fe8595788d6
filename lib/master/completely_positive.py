"""Factors ``M = C C^T`` with ``C >= 0``: what turns a matrix back into neurons.

A matrix with such a factor is completely positive (CP). It is positive semidefinite
and has no negative entry: doubly nonnegative (DNN). Up to order 4, and up to rank 2,
every DNN matrix is CP, and the factor is constructed here; beyond that it is sought.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize, sparse

from lib.numerics import EPS, Array
from lib.problem import as_matrix

EXACT = 1e-10
"""Relative error of a factor that counts as exact: roundings of an input that was
itself computed, far below the accuracy of any semidefinite solver."""

NOISE = 1e-13
"""Relative size of entries and eigenvalues taken for rounding of 0."""

ORDER_OF_DNN = 4
"""Largest order at which every DNN matrix is CP (Maxfield and Minc 1962)."""

TURNS = 2000
"""Alternations between the nonnegative and the orthogonal matrices, per start."""

POLISHED = 600
"""Most unknowns of a factor that is polished by least squares, dense Jacobians."""


@dataclass(frozen=True, eq=False)
class Factorization:
    """A nonnegative factor of a matrix, exact or the nearest that was found.

    Parameters
    ----------
    factor : (k, m) array
        Entrywise ``C >= 0``, columns not zero.
    error : float
        ``|M - C C^T| / |M|`` in the Frobenius norm, measured.
    exact : bool
        Whether the error is at most ``EXACT``.
    status : str
        A sentence that says which.
    """

    factor: Array
    error: float
    exact: bool
    status: str


def factorize(M: Array, *, rng: np.random.Generator | None = None) -> Factorization:
    """Write a DNN matrix as ``C C^T`` with ``C >= 0``, exactly where that is known.

    Connected components are factored apart. At rank 2 the rows of a root lie in a
    quarter plane, so one rotation makes them nonnegative. Else a sample whose
    elimination (one Cholesky step) leaves no negative entry is eliminated; in order
    3 there always is one. In order 4 a multiple of the Perron vector is split off
    that makes an entry zero, and a matrix with ``M_ij = 0`` is the sum of two DNN
    matrices of order 3, without i and without j. Otherwise a root is turned by
    alternating projections towards the nonnegative matrices, which can fail, in
    particular on a DNN matrix that is not CP.

    Parameters
    ----------
    M : (k, k) array_like
        Symmetric, positive semidefinite and nonnegative up to rounding.
    rng : numpy.random.Generator, optional
        Draws further starts of the search for a rotation; without it there is one.

    Returns
    -------
    Factorization
        With ``exact`` for every DNN matrix of order up to 4 or rank up to 2. What
        M lacks to being DNN is part of the error.

    Raises
    ------
    ValueError
        If M is not a finite symmetric matrix.

    Notes
    -----
    Theorem 3 and section 4.2. O(k^3), times TURNS if a rotation must be sought.

    Examples
    --------
    >>> found = factorize([[2.0, 1.0], [1.0, 1.0]])
    >>> found.exact, (found.factor @ found.factor.T).round(12).tolist()
    (True, [[2.0, 1.0], [1.0, 1.0]])
    """
    M = _symmetric(M)
    scale = float(np.diag(M).max())
    if not scale > 0:
        return _outcome(M, np.zeros((len(M), 0)))
    C = np.sqrt(scale) * _factor(M / scale, rng)
    return _outcome(M, C[:, (C > 0).any(axis=0)])


def _symmetric(M: Array) -> Array:
    """Return a symmetric copy of M, or refuse it."""
    M = as_matrix("M", M)
    if M.shape[0] != M.shape[1]:
        raise ValueError(f"factorize needs a square matrix; got M {M.shape}.")
    skew = float(np.abs(M - M.T).max())
    if skew > 1e-8 * float(np.abs(M).max()):
        raise ValueError(
            f"factorize needs a symmetric matrix; got M {M.shape} with |M - M^T| up "
            f"to {skew:.2g}. Pass (M + M.T) / 2 if that is meant."
        )
    return (M + M.T) / 2


def _outcome(M: Array, C: Array) -> Factorization:
    """Measure a factor."""
    size = float(np.linalg.norm(M))
    error = float(np.linalg.norm(M - C @ C.T)) / size if size > 0 else 0.0
    if error <= EXACT:
        return Factorization(C, error, True, "An exact nonnegative factor was found.")
    status = (
        f"No exact nonnegative factor was found; the nearest found misses {error:.2g} "
        "of the matrix."
    )
    return Factorization(C, error, False, status)


def _factor(M: Array, rng: np.random.Generator | None) -> Array:
    """Return a factor of M, whose largest diagonal entry is about 1 or less."""
    count, names = sparse.csgraph.connected_components(sparse.csr_matrix(M > NOISE))
    if count > 1:
        groups = [np.flatnonzero(names == name) for name in range(count)]
        parts = [_lifted(M, group, rng) for group in groups]
        return np.hstack(parts)
    if len(M) == 1:
        return np.sqrt(np.maximum(M, 0.0))
    root = _root(M)
    if root.shape[1] <= 2 < len(M):
        return _planar(root)
    # Of two, the larger can go first; what is not semidefinite there is clipped.
    pivot = int(np.diag(M).argmax()) if len(M) == 2 else _pivot(M)
    if pivot is not None and M[pivot, pivot] > 0:
        return _eliminated(M, pivot, rng)
    if 2 < len(M) <= ORDER_OF_DNN:
        return _order_four(M, rng)
    return _turned(M, root, rng)


def _lifted(M: Array, group: Array, rng: np.random.Generator | None) -> Array:
    """Factor a principal submatrix and return the factor with all rows, (k, m)."""
    part = _factor(M[np.ix_(group, group)], rng)
    factor = np.zeros((len(M), part.shape[1]))
    factor[group] = part
    return factor


def _pivot(M: Array) -> int | None:
    """Return the largest pivot whose elimination leaves nothing negative, if any."""
    diagonal = np.diag(M)
    for i in np.argsort(-diagonal):
        if diagonal[i] <= NOISE:
            break
        rest = M - np.outer(M[i], M[i]) / diagonal[i]
        if rest.min() >= -NOISE:
            return int(i)
    return None


def _eliminated(M: Array, i: int, rng: np.random.Generator | None) -> Array:
    """Split off the column of a pivot and factor the rest."""
    column = np.maximum(M[:, i], 0.0) / np.sqrt(M[i, i])
    others = np.delete(np.arange(len(M)), i)
    rest = np.maximum(M - np.outer(column, column), 0.0)
    return np.column_stack([column, _lifted(rest, others, rng)])


def _order_four(M: Array, rng: np.random.Generator | None) -> Array:
    """Factor a DNN matrix of order 3 or 4 that no single elimination opens.

    Below the largest eigenvalue t the matrix ``M - t v v^T`` stays semidefinite;
    at it, the rest is orthogonal to ``v > 0`` and so has a negative entry. Some
    entry vanishes first.
    """
    M = np.maximum(M, 0.0)
    v = np.abs(np.linalg.eigh(M)[1][:, -1])
    above = np.triu(np.ones(M.shape, dtype=bool), 1)
    shares = np.where(above, M / np.maximum(np.outer(v, v), NOISE), np.inf)
    i, j = np.unravel_index(np.argmin(shares), M.shape)
    column = np.sqrt(shares[i, j]) * v
    rest = np.maximum(M - np.outer(column, column), 0.0)
    rest[i, j] = rest[j, i] = 0.0
    parts = [
        _lifted(part, np.delete(np.arange(len(M)), k), rng)
        for part, k in _without_edge(rest, int(i), int(j))
    ]
    return np.column_stack([column, *parts])


def _without_edge(M: Array, i: int, j: int) -> list[tuple[Array, int]]:
    """Split a DNN matrix with ``M_ij = 0`` in two, without j and without i.

    What the eliminations of i and j leave of the others is ``E >= 0`` in the
    semidefinite order. Its off-diagonal entry may be negative, but not more than
    the columns of i and j together make up for; it is shared in that proportion.
    """
    p, q = (M[:, k] / np.sqrt(M[k, k]) if M[k, k] > 0 else 0 * M[:, k] for k in (i, j))
    own, other = np.outer(p, p), np.outer(q, q)
    rest = M - own - other
    k_l = [k for k in range(len(M)) if k not in (i, j)]
    mine, theirs = (part[k_l[0], k_l[-1]] for part in (own, other))
    share = mine / (mine + theirs) if mine + theirs > 0 else 0.5
    both = np.ix_(k_l, k_l)
    own[both] += share * rest[both]
    other[both] += (1 - share) * rest[both]
    return [(own, j), (other, i)]


def _root(M: Array) -> Array:
    """Return ``S`` with ``S S^T = M`` and as many columns as M has rank, (k, r)."""
    values, vectors = np.linalg.eigh(M)
    kept = values > 8 * len(M) * EPS * max(values[-1], 0.0)
    return vectors[:, kept] * np.sqrt(values[kept])


def _planar(root: Array) -> Array:
    """Turn rows that lie in a quarter plane into the positive quarter plane."""
    if root.shape[1] == 1:
        return np.abs(root)
    middle = root.sum(axis=0)
    across = np.array([-middle[1], middle[0]])
    angles = np.arctan2(root @ across, root @ middle)
    lengths = np.linalg.norm(root, axis=1)
    size = float(np.linalg.norm(root))
    # Short rows have inexact angles, yet their products with long ones count: they
    # choose among the turns that suit the long ones.
    seen = angles[lengths > NOISE * size]
    long = angles[lengths**2 > NOISE * size**2]
    turns = sorted((long.max() - np.pi / 2, long.min()))
    start = np.clip((seen.min() + seen.max()) / 2 - np.pi / 4, *turns)
    turned = np.column_stack([np.cos(angles - start), np.sin(angles - start)])
    return np.maximum(lengths[:, None] * turned, 0.0)


def _turned(M: Array, root: Array, rng: np.random.Generator | None) -> Array:
    """Search for orthonormal rows R, (r, m), with ``root R >= 0``."""
    r = root.shape[1]
    starts = [np.eye(r)]
    if rng is not None:
        starts += [_polar(rng.standard_normal((r, m))) for m in (r, r + 1, 2 * r) * 3]
    best = None
    for R in starts:
        C = _polished(M, _alternate(root, R))
        error = np.linalg.norm(M - C @ C.T)
        if best is None or error < best[0]:
            best = error, C
        if error <= 0.1 * EXACT * np.linalg.norm(M):
            break
    return best[1]


def _alternate(root: Array, R: Array) -> Array:
    """Project in turns on nonnegative matrices and on turned roots (Groetzner, Dür).

    ``|root R - C|`` decreases in each turn; it is 0 at an exact factor.
    """
    size = float(np.linalg.norm(root))
    for _ in range(TURNS):
        turned = root @ R
        C = np.maximum(turned, 0.0)
        if np.linalg.norm(turned - C) <= EPS * size:
            break
        # Aim beyond the nearest nonnegative matrix: its wall is reached in the end.
        R = _polar(root.T @ (2 * C - turned))
    return np.maximum(root @ R, 0.0)


def _polar(matrix: Array) -> Array:
    """Return the nearest matrix with orthonormal rows, (r, m) with ``r <= m``."""
    left, _, right = linalg.svd(matrix, full_matrices=False)
    return left @ right


def _polished(M: Array, C: Array) -> Array:
    """Lower ``|M - C C^T|`` over ``C >= 0`` by least squares from a start."""
    if C.size > POLISHED or np.linalg.norm(M - C @ C.T) <= EXACT * np.linalg.norm(M):
        return C
    upper = np.triu_indices(len(M))

    def misfit(entries: Array) -> Array:
        factor = entries.reshape(C.shape)
        return (factor @ factor.T - M)[upper]

    found = optimize.least_squares(
        misfit,
        C.ravel() + NOISE,
        bounds=(0.0, np.inf),
        xtol=EPS,
        ftol=EPS,
        gtol=EPS,
        max_nfev=200,
    )
    return found.x.reshape(C.shape)
