"""The dual norm kappa over a cover: relaxed, with proof, and exact on simplices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse

from lib.conic import ConicProgram, pack, solve_interior, unpack
from lib.copositive.bounds import bound_norm
from lib.copositive.cover import Cover, Region
from lib.copositive.relaxation import feasible_gram, inequalities, multiplier_matrices
from lib.numerics import Array

INSIDE = -1e-12
"""Coordinates in rays above this count as nonnegative: some roundings."""


@dataclass(frozen=True, eq=False)
class RelaxedNorm:
    """The relaxation of ``kappa(Z)``: what (19) takes for the dual norm.

    Parameters
    ----------
    value : float
        ``sqrt(sum tr A_i U_i A_i^T / sum tr U_i)`` at ``grams``: a lower bound of
        the relaxed norm.
    bound : float
        A proved upper bound of it, and so of kappa.
    grams : tuple of (r, r) arrays
        Feasible U_i that attain ``value``.
    multipliers : tuple of (k, k) arrays
        The proof of ``bound``.
    """

    value: float
    bound: float
    grams: tuple[Array, ...]
    multipliers: tuple[Array, ...]


def relaxed_norm(cover: Cover, Z: Array) -> RelaxedNorm:
    """Maximise ``tr A_i U A_i^T`` over U >= 0, ``G U G^T >= 0``, tr U = 1, all i.

    With ``A_i = Z^T D_i X``. Rank one U give ``|A_i u|^2``, so the maximum is at
    least kappa squared; over an exact cover it equals it. The dual,
    ``min t : t I - A^T A - G^T N G >= 0, N >= 0``, proves the bound.

    Parameters
    ----------
    cover : Cover
    Z : (n, c) array
        One row for each row of X; ``problem.spread(Z)`` where patches are pooled.

    Returns
    -------
    RelaxedNorm
        ``value <= relaxed norm <= bound`` whatever the solver did.

    Notes
    -----
    The constraint of the dual of (19). One conic program in t and all N.
    """
    maps = [Z[region.pattern].T @ cover.X[region.pattern] for region in cover.regions]
    unit = max(float(np.linalg.norm(A)) for A in maps)
    if unit == 0.0:
        grams = tuple(np.outer(r.inside, r.inside) for r in cover.regions)
        none = tuple(np.zeros((len(r.normals),) * 2) for r in cover.regions)
        return RelaxedNorm(0.0, bound_norm(cover, Z, none), grams, none)
    program = _norm_program(cover, [A / unit for A in maps])
    point = solve_interior(program)
    multipliers = multiplier_matrices(cover, unit**2 * point.x[1:])
    grams = _attaining(cover, point.z[program.nonnegative :])
    heights = [float(np.vdot(A.T @ A, U)) for A, U in zip(maps, grams, strict=True)]
    value = np.sqrt(sum(heights) / sum(float(np.trace(U)) for U in grams))
    return RelaxedNorm(
        float(value), bound_norm(cover, Z, multipliers), grams, multipliers
    )


def _norm_program(cover: Cover, maps: list[Array]) -> ConicProgram:
    """Assemble ``min t`` with ``t R^T R - (A R)^T A R - sum nu_kl E_kl >= 0``."""
    first, rows, right, sizes = [], [], [], []
    for region, A in zip(cover.regions, maps, strict=True):
        image = A @ region.basis
        first.append(pack(region.basis.T @ region.basis))
        right.append(-pack(image.T @ image))
        rows.append(sparse.csc_matrix(inequalities(region).T))
        sizes.append(region.basis.shape[1])
    columns = sparse.block_diag(rows, format="csc")
    count = columns.shape[1]
    t = sparse.csc_matrix(-np.concatenate(first)[:, None])
    positive = sparse.hstack([sparse.csc_matrix((count, 1)), -sparse.eye(count)])
    A = sparse.vstack([positive, sparse.hstack([t, columns])], format="csc")
    b = np.concatenate([np.zeros(count), *right])
    q = np.concatenate([np.ones(1), np.zeros(count)])
    P = sparse.csc_matrix((count + 1, count + 1))
    return ConicProgram(P, q, A, b, 0, count, tuple(sizes))


def _attaining(cover: Cover, z: Array) -> tuple[Array, ...]:
    """Read feasible U_i from the multipliers of the matrix cones."""
    grams, start = [], 0
    for region in cover.regions:
        m = region.basis.shape[1]
        stop = start + m * (m + 1) // 2
        grams.append(feasible_gram(region, unpack(z[start:stop], m)))
        start = stop
    return tuple(grams)


def largest_on_faces(cover: Cover, Z: Array) -> tuple[float, Array]:
    """Maximise ``|Z^T D X u|`` over unit u of simplicial regions, face by face.

    A maximiser in the relative interior of a face is a top eigenvector of the form
    restricted to the span of the face's rays. So going through all faces of all
    regions, and keeping eigenvectors that lie in their face, finds the maximum.

    Parameters
    ----------
    cover : Cover
        From :func:`cover_by_simplices`; of any rank.
    Z : (n, c) array
        One row for each row of X; ``problem.spread(Z)`` where patches are pooled.

    Returns
    -------
    value : float
        ``kappa(Z)`` up to rounding: attained, so never too high; exact unless a top
        eigenvalue is degenerate in a face that it leaves.
    direction : (r,) array
        The unit vector that attains it, in the coordinates of ``cover.X``.

    Notes
    -----
    Equation (11). ``2^r - 1`` faces a region.
    """
    best, direction = 0.0, np.eye(1, cover.X.shape[1])[0]
    for region in cover.regions:
        A = Z[region.pattern].T @ cover.X[region.pattern]
        value, u = _largest_of_region(region, A)
        if value > best:
            best, direction = value, u
    return best, direction


def _largest_of_region(region: Region, A: Array) -> tuple[float, Array]:
    """Return the maximum of ``|A u|`` on one simplicial cone, and where it is."""
    best, where = 0.0, region.inside / np.linalg.norm(region.inside)
    r = region.basis.shape[1]
    for size in range(r, 0, -1):
        for face in combinations(range(r), size):
            basis, triangular = np.linalg.qr(region.basis[:, face])
            values, vectors = np.linalg.eigh((A @ basis).T @ (A @ basis))
            if values[-1] <= best**2:
                continue
            shares = np.linalg.solve(triangular, vectors[:, -1])
            shares = shares if shares.sum() >= 0 else -shares
            if shares.min() >= INSIDE:
                best, where = float(np.sqrt(values[-1])), basis @ vectors[:, -1]
                where = where if where @ region.inside >= 0 else -where
    return best, where
