"""Solve (17), (19) and (20) over a cover, with a bound that solver error spares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from lib.conic import (
    ROOT2,
    ConicPoint,
    ConicProgram,
    pack,
    products,
    solve_interior,
    solve_splitting,
    unpack,
)
from lib.copositive.bounds import DualPoint, prove
from lib.copositive.cover import Cover, Region
from lib.losses import require_squared
from lib.numerics import EPS, Array
from lib.problem import Problem

SOLVERS: dict[str, Callable[[ConicProgram], ConicPoint]] = {
    "interior": solve_interior,
    "splitting": solve_splitting,
}


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A solution of (17), (19) or (20) over a cover, from both sides.

    ``dual.value <= optimum of the relaxation <= value``, the left side proved with
    rounding, the right side the objective at a feasible point.

    Parameters
    ----------
    value : float
        Objective at ``grams``, which are feasible up to rounding.
    dual : DualPoint
        What is proved from below; its value also bounds p* of (5) if the cover
        holds every neuron.
    grams : tuple of (r, r) arrays
        ``U_i`` of each region, in the coordinates of ``cover.X``.
    blocks : tuple of (r, c) arrays
        ``V_i = 2 U_i M_i^T Z``: with T_i = V_i^T (2 beta U_i)^+ V_i they have the
        same value in the primal, ``F = sum_i M_i V_i``.
    cover : Cover
    status : str
        The solver's own word.
    """

    value: float
    dual: DualPoint
    grams: tuple[Array, ...]
    blocks: tuple[Array, ...]
    cover: Cover
    status: str

    @property
    def gap(self) -> float:
        """``value - dual.value``."""
        return self.value - self.dual.value

    @property
    def relative_gap(self) -> float:
        """``gap / value``; 0 when both are 0."""
        return self.gap / self.value if self.value > 0 else 0.0


def solve_relaxation(
    problem: Problem, cover: Cover, *, solver: str = "interior"
) -> Relaxation:
    """Solve the doubly nonnegative relaxation of (17) over a cover.

    ``min 1/2 tr Y^T (I + 2 sum_i M_i U_i M_i^T)^-1 Y + beta^2 sum_i tr U_i`` with
    ``M_i = S D_i X`` over ``U_i >= 0`` with ``G_i U_i G_i^T >= 0`` entrywise. The
    solver is given the equal program ``min 1/2 |Y - sum M_i V_i|^2 + beta/2 sum (tr
    U_i + tr T_i)`` with ``[U_i V_i; V_i^T T_i] >= 0``, whose matrices are small, one
    for each region. This is (12), or (50) for a CNN, with the right penalty of V_i:
    the gauge of ``conv{u g^T : u in the region, |u|, |g| <= 1}``.

    Parameters
    ----------
    problem : Problem
        With the squared loss. For a CNN with pooling X holds patches and S adds them
        up: Corollary 5.1, whose cells are those of the patches.
    cover : Cover
        Of the same X: :func:`cover_by_cells` for (19), :func:`cover_by_simplices`
        for (17), :func:`cover_by_positive_cell` for (20).
    solver : {"interior", "splitting"}
        Clarabel, for many small regions, or SCS, for a single large one.

    Returns
    -------
    Relaxation
        Both bounds hold whatever the solver did; a bad solution shows as a gap.

    Raises
    ------
    ValueError
        If the loss is not squared, the solver is unknown, or cover and problem do
        not fit.

    Notes
    -----
    Equations (17), (19), (20), and (50), (51) with their penalty corrected. An
    interior point step costs about O(P n^2 (r + c)^2) for P regions.

    Examples
    --------
    >>> from lib.copositive.cover import cover_by_simplices
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> program = solve_relaxation(problem, cover_by_simplices(problem.X))
    >>> round(program.value, 6), program.relative_gap < 1e-6
    (0.75, True)
    """
    _check(problem, cover, solver)
    x_unit, y_unit = _unit(cover.X), _unit(problem.Y)
    targets, back = _compressed(problem.Y / y_unit)
    beta = problem.beta / (x_unit * y_unit)
    maps = [region.active(problem, cover.X / x_unit) for region in cover.regions]
    program = _program(cover, targets, beta, maps)
    point = SOLVERS[solver](program)
    Z = point.x[: targets.size].reshape(targets.shape) @ back * y_unit
    # A unit of the solver's numbers is beta x_unit y_unit of those of G^T N G.
    numbers = problem.beta * x_unit * y_unit * 2 * point.z[targets.size :]
    multipliers = multiplier_matrices(cover, numbers)
    # Its U are those of a network, 2 beta times those of (17).
    solved = _grams(cover, targets.shape[1], point.x[targets.size :])
    grams = tuple(U / (2 * beta * x_unit**2) for U in solved)
    value, residual, blocks = evaluate(problem, cover, grams)
    proofs = [prove(problem, cover, R, multipliers) for R in (Z, residual)]
    best = max(proofs, key=lambda proof: proof.value)
    return Relaxation(value, best, grams, blocks, cover, point.status)


def _check(problem: Problem, cover: Cover, solver: str) -> None:
    """Refuse unknown solvers and covers of other data."""
    require_squared("solve_relaxation", problem.loss)
    if solver not in SOLVERS:
        raise ValueError(
            f"solver must be one of {', '.join(map(repr, SOLVERS))}; got {solver!r}."
        )
    if (
        len(cover.X) != len(problem.X)
        or cover.reduced.basis.shape[0] != (problem.X.shape[1])
    ):
        raise ValueError(
            f"The cover must be of the problem's X {problem.X.shape}; got one of "
            f"({len(cover.X)}, {cover.reduced.basis.shape[0]})."
        )


def _unit(matrix: Array) -> float:
    """Return the largest entry, or 1 if all are zero."""
    return float(np.abs(matrix).max()) or 1.0


def _compressed(Y: Array) -> tuple[Array, Array]:
    """Return (T, Q) with ``Y = T Q``, Q of orthonormal rows, T of rank(Y) columns."""
    left, sigma, Q = np.linalg.svd(Y, full_matrices=False)
    rank = max(int((sigma > max(Y.shape) * EPS * sigma[0]).sum()), 1)
    return left[:, :rank] * sigma[:rank], Q[:rank]


def inequalities(region: Region) -> Array:
    """Return the packed functionals ``S -> (G U G^T)_kl / (h_k h_l)`` for k < l.

    Each inequality is measured by the heights h of an inner point, so that thin
    cells are no worse than wide ones; for a simplicial region it reads S_kl >= 0.
    Those with k = l follow from U being positive semidefinite.
    """
    return products(region.normals @ region.basis / _heights(region)[:, None])


def _heights(region: Region) -> Array:
    """Return ``G inside``, (k,)."""
    return region.normals @ region.inside


def multiplier_matrices(cover: Cover, numbers: Array) -> tuple[Array, ...]:
    """Return N_i with ``G^T N G = sum_kl numbers_kl sym(g_k g_l^T) / (h_k h_l)``."""
    matrices, start = [], 0
    for region in cover.regions:
        heights = _heights(region)
        pairs = np.triu_indices(len(heights), 1)
        N = np.zeros((len(heights), len(heights)))
        stop = start + len(pairs[0])
        N[pairs] = np.maximum(numbers[start:stop], 0.0)
        matrices.append((N + N.T) / (2 * np.outer(heights, heights)))
        start = stop
    return tuple(matrices)


def feasible_gram(region: Region, S: Array) -> Array:
    """Return ``U = basis S basis^T`` moved into the relaxed cone of its region.

    Negative eigenvalues are cut; then enough of ``w w^T``, w inside the region, is
    added to lift the worst inequality to zero.
    """
    values, vectors = np.linalg.eigh(S)
    root = region.basis @ vectors * np.sqrt(np.maximum(values, 0.0))
    U, w, G = root @ root.T, region.inside, region.normals
    heights = _heights(region)
    worst = float((G @ U @ G.T / np.outer(heights, heights)).min(initial=0.0))
    return U - worst * np.outer(w, w)


def evaluate(
    problem: Problem, cover: Cover, grams: tuple[Array, ...]
) -> tuple[float, Array, tuple[Array, ...]]:
    """Return the objective of (17) at some U_i, the residual Z and the blocks V_i.

    ``Z = (I + 2 K)^-1 Y`` with ``K = sum_i M_i U_i M_i^T``, ``M_i = S D_i X``; then
    ``F = 2 K Z = sum_i M_i V_i`` is what the best output weights produce.
    O(n^3 + P n^2 r).
    """
    actives = [region.active(problem, cover.X) for region in cover.regions]
    kernel = sum(M @ U @ M.T for M, U in zip(actives, grams, strict=True))
    Z = np.linalg.solve(np.eye(len(problem.Y)) + 2 * kernel, problem.Y)
    cost = problem.beta**2 * sum(float(np.trace(U)) for U in grams)
    blocks = tuple(2 * U @ (M.T @ Z) for M, U in zip(actives, grams, strict=True))
    return 0.5 * float(np.vdot(Z, problem.Y)) + cost, Z, blocks


def _program(cover: Cover, Y: Array, beta: float, maps: list[Array]) -> ConicProgram:
    """Assemble the program; x holds the residual, then each packed [S V; V^T T]."""
    (n, c), costs, outputs, rows, sizes = Y.shape, [], [], [], []
    for region, M in zip(cover.regions, maps, strict=True):
        m = region.basis.shape[1]
        weight = np.eye(m + c)
        weight[:m, :m] = region.basis.T @ region.basis
        sizes.append(m + c)
        costs.append(beta / 2 * pack(weight))
        outputs.append(_outputs(M @ region.basis, c))
        rows.append(sparse.csc_matrix(inequalities(region)))
        # The triangle of S comes first in that of the whole block.
        rows[-1].resize((rows[-1].shape[0], len(costs[-1])))
    inner = sparse.block_diag(rows, format="csc")
    loss = sparse.hstack([sparse.eye(n * c), *outputs])
    cones = sparse.vstack([-inner, -sparse.eye(inner.shape[1])])
    wide = sparse.hstack([sparse.csc_matrix((cones.shape[0], n * c)), cones])
    A = sparse.vstack([loss, wide], format="csc")
    P = sparse.diags(np.repeat([1.0, 0.0], [n * c, inner.shape[1]]), format="csc")
    b = np.concatenate([Y.ravel(), np.zeros(cones.shape[0])])
    q = np.concatenate([np.zeros(n * c), *costs])
    return ConicProgram(P, q, A, b, n * c, inner.shape[0], tuple(sizes))


def _outputs(M: Array, c: int) -> sparse.csc_matrix:
    """Return the map from a packed [S V; V^T T] to ``M V``, row by row."""
    n, m = M.shape
    i, k, j = (part.ravel() for part in np.indices((n, m, c)))
    columns = (m + j) * (m + j + 1) // 2 + k
    size = (m + c) * (m + c + 1) // 2
    values = M[i, k] / ROOT2
    return sparse.csc_matrix((values, (i * c + j, columns)), shape=(n * c, size))


def _grams(cover: Cover, c: int, x: Array) -> tuple[Array, ...]:
    """Read feasible U_i from the solver's blocks."""
    grams, start = [], 0
    for region in cover.regions:
        m = region.basis.shape[1]
        S = unpack(x[start : start + m * (m + 1) // 2], m)
        grams.append(feasible_gram(region, S))
        start += (m + c) * (m + c + 1) // 2
    return tuple(grams)
