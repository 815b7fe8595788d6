"""Lower bounds of p* that no solver error can make too high.

Solvers propose a dual point; what is proved of it here uses eigenvalues and
rounding errors only.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.arrangements.cells import PARALLEL_TOLERANCE
from lib.copositive.cover import Cover, Region
from lib.losses import SQUARED, feasible_scale
from lib.numerics import EPS, Array, proved_psd, require_finite
from lib.problem import Bounds, Problem

EIGENVALUE_ROUNDINGS = 16
"""Times the size of a small matrix: roundings of its norm by which LAPACK's
symmetric eigenvalues may err (the backward error is a small multiple)."""

MISSED_SINE = 4 * PARALLEL_TOLERANCE
"""Cells thinner than this may have been taken for a wall. Then samples count on
the wrong side of it, with at most this share of their size."""


@dataclass(frozen=True, eq=False)
class DualPoint:
    """A feasible point of (11) and what it proves.

    Parameters
    ----------
    Z : (n, c) array
        With proved ``kappa(Z) <= beta`` over the cover.
    multipliers : tuple of (k, k) arrays
        ``N_i >= 0`` with ``A_i^T A_i + G_i^T N_i G_i <= beta^2 I``, where
        ``A_i = Z^T S D_i X``: one proof for each region.
        None where an oracle proved the bound instead.
    kappa_bound : float
        The upper bound of kappa proved before Z was scaled.
    value : float
        Proved lower bound of the optimum: ``<Z, Y> - |Z|^2 / 2`` less rounding.
    """

    Z: Array
    multipliers: tuple[Array, ...]
    kappa_bound: float
    value: float


class ProvedValue(Bounds):
    """A ``value`` that is reached and a ``proof``, whose own value is the dual one."""

    value: float
    proof: Any
    looseness: float

    @property
    def ceiling(self) -> float:
        """What p* is at most: ``looseness`` times the value of the relaxation."""
        return self.looseness * self.value

    @property
    def primal(self) -> float:
        """The value reached."""
        return self.value

    @property
    def dual(self) -> float:
        """The value proved from below."""
        return self.proof.value


def bound_norm(cover: Cover, Z: Array, multipliers: tuple[Array, ...]) -> float:
    """Bound ``max |Z^T D X u|`` over unit u of each region, given multipliers.

    For any N >= 0 entrywise and any u with ``G u >= 0``, also for any U of the
    relaxation, ``|A u|^2 <= u^T (A^T A + G^T N G) u``, at most the largest
    eigenvalue. Any N proves something; solvers find good ones.

    Parameters
    ----------
    cover : Cover
    Z : (n, c) array
        One row for each row of X; ``problem.spread(Z)`` where patches are pooled.
    multipliers : tuple of (k, k) arrays
        One for each region; the larger of N and N^T is used, at least zero.

    Returns
    -------
    float
        Proved: rounding, the rounding of rays and thin cells are allowed for.

    Notes
    -----
    The dual of the constraint of (19). O(n r c + k^2 r) a region.
    """
    X, worst = cover.X, 0.0
    mass = float(np.linalg.norm(X, axis=1) @ np.linalg.norm(Z, axis=1))
    for region, N in zip(cover.regions, multipliers, strict=True):
        worst = max(worst, _bound_region(region, X, Z, N))
    rounding = (len(X) * EPS + MISSED_SINE) * mass
    cut = cover.reduced.discarded * float(np.linalg.norm(Z))
    return (np.sqrt(worst) + rounding + cut) * (1 + 4 * EPS)


def _bound_region(region: Region, X: Array, Z: Array, N: Array) -> float:
    """Bound the largest eigenvalue of ``A^T A + G^T N G``, and the slack of G."""
    A = Z[region.pattern].T @ X[region.pattern]  # (c, r)
    G, N = region.normals, _usable(N)
    S = A.T @ A + G.T @ N @ G
    (k, r), total = G.shape, float(N.sum())
    size = float(np.vdot(A, A)) + total
    rounding = (len(A) + 2 * k + EIGENVALUE_ROUNDINGS * r) * EPS * size
    top = float(np.linalg.eigvalsh(S)[-1])
    return max(top, 0.0) + rounding + (region.slack + 4 * EPS) * total


def _usable(N: Array) -> Array:
    """Return the multiplier that is used for N: symmetric and nonnegative."""
    return np.maximum(np.maximum(N, N.T), 0.0)


def prove_over_cover(
    problem: Problem, cover: Cover, Z: Array, multipliers: tuple[Array, ...]
) -> DualPoint:
    """Scale Z to a feasible point of (11) and return the lower bound it proves.

    Parameters
    ----------
    problem : Problem
    cover : Cover
        Of the same X.
    Z : (n, c) array
        Any; a residual or the dual variable of a solver.
    multipliers : tuple of (k, k) arrays
        For the unscaled Z.

    Returns
    -------
    DualPoint
        ``value`` is at most the optimum of the relaxation over the cover, and so at
        most p* of (5), whatever Z and the multipliers were.
    """
    kappa = bound_norm(cover, problem.spread(Z), multipliers)
    scale = feasible_scale(problem.Y, Z, problem.beta, kappa)
    scaled = tuple(scale**2 * _usable(N) for N in multipliers)
    return DualPoint(scale * Z, scaled, kappa, SQUARED.dual(scale * Z, problem.Y))


def bound_eigenvalue(S: Array) -> float:
    """Return a proved upper bound of the largest eigenvalue of a symmetric matrix.

    If the Cholesky factorisation of ``t I - S - e I`` runs to completion in floating
    point, with ``e`` a bound of its own rounding, then ``t I - S`` is positive
    semidefinite (Rump 2006). t starts just above the computed eigenvalue.

    Parameters
    ----------
    S : (n, n) array
        Symmetric; only its lower triangle is read.

    Returns
    -------
    float
        Above the largest eigenvalue by about ``n^2 eps |S|`` at most.

    Raises
    ------
    ValueError
        If S has entries that are not finite.

    Notes
    -----
    O(n^3).
    """
    require_finite("S", S, "The solver has diverged.")
    n = len(S)
    values = np.linalg.eigvalsh(S)
    size = float(np.abs(values).max(initial=0.0)) + np.finfo(float).tiny
    step = 4 * n * (n + 2) * EPS * size
    for doubling in range(64):
        t = float(values[-1]) + 2.0**doubling * step
        shifted = -np.tril(S)
        shifted[np.diag_indices(n)] += t
        if proved_psd(shifted, 4 * EPS * (abs(t) + size)):
            return t
    raise AssertionError("t grows until the matrix is diagonally dominant")
