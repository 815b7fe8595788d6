"""The dual norm kappa over a cover: relaxed, with proof, and exact on simplices."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lib.cone_pca import cone_pca, correlation
from lib.conic import ConicProgram, pack, solve_interior
from lib.copositive.bounds import bound_norm
from lib.copositive.cover import Cover
from lib.copositive.relaxation import (
    feasible_grams,
    inequalities,
    multiplier_matrices,
)
from lib.numerics import Array


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
    grams = feasible_grams(cover, point.z[program.nonnegative :])
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
    return ConicProgram(None, q, A, b, nonnegative=count, matrices=tuple(sizes))


def largest_on_faces(cover: Cover, Z: Array) -> tuple[float, Array]:
    """Maximise ``|Z^T D X u|`` over unit u of all regions, each face by face.

    Parameters
    ----------
    cover : Cover
        Of any rank.
    Z : (n, c) array
        One row for each row of X; ``problem.spread(Z)`` where patches are pooled.

    Returns
    -------
    value : float
        ``kappa(Z)`` up to rounding: attained, so never too high.
    direction : (r,) array
        The unit vector that attains it, in the coordinates of ``cover.X``.

    Notes
    -----
    Equation (11). One :func:`lib.cone_pca.cone_pca` a region.
    """
    maps = [Z[region.pattern].T @ cover.X[region.pattern] for region in cover.regions]
    cones = [region.normals for region in cover.regions]
    found = [cone_pca(A, G) for A, G in zip(maps, cones, strict=True)]
    u = max(found, key=lambda most: most.value).direction
    return float(correlation(cover.X, Z, u[None])[0]), u
