"""(17), (19) and (20) over a cover, and the dual norm kappa, with proved bounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from lib.conic import (
    ConicPoint,
    ConicProgram,
    block_cost,
    block_outputs,
    pack,
    packed_size,
    products,
    solve_interior,
    solve_splitting,
    unpack,
)
from lib.copositive.bounds import DualPoint, ProvedValue, bound_norm, prove_over_cover
from lib.copositive.cover import Cover, Region
from lib.losses import require_squared
from lib.numerics import EPS, Array, unit_of
from lib.problem import Problem, reduce_rank

SOLVERS: dict[str, Callable[[ConicProgram], ConicPoint]] = {
    "interior": solve_interior,
    "splitting": solve_splitting,
}


NNLS_ROUNDS = 100
"""Most steps of a projection onto a region, for each of its inequalities."""


@dataclass(frozen=True, eq=False)
class Relaxation(ProvedValue):
    """A solution of (17), (19) or (20) over a cover, from both sides.

    ``dual <= optimum of the relaxation <= value``, the left side proved with
    rounding, the right side the objective at a feasible point.

    Parameters
    ----------
    value : float
        Objective at ``grams``, which are feasible up to rounding.
    proof : DualPoint
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
    looseness : float
        ``p* <= looseness * value``, by :meth:`Cover.looseness`: 1 where the relaxation
        is exact, over an exact cover or for targets of rank 1.
    """

    value: float
    proof: DualPoint
    grams: tuple[Array, ...]
    blocks: tuple[Array, ...]
    cover: Cover
    status: str
    looseness: float


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
    x_unit, y_unit = unit_of(cover.X), unit_of(problem.Y)
    # Only Y Y^T matters: rank(Y) outputs are enough.
    outputs = reduce_rank(problem.Y / y_unit)
    targets = outputs.coordinates
    beta = problem.beta / (x_unit * y_unit)
    maps = [region.active(problem, cover.X / x_unit) for region in cover.regions]
    program = _program(cover, targets, beta, maps)
    point = SOLVERS[solver](program)
    Z = point.x[: targets.size].reshape(targets.shape) @ outputs.basis.T * y_unit
    # A unit of the solver's numbers is beta x_unit y_unit of those of G^T N G.
    numbers = problem.beta * x_unit * y_unit * 2 * point.z[targets.size :]
    multipliers = multiplier_matrices(cover, numbers)
    # Its U are those of a network, 2 beta times those of (17).
    solved = feasible_grams(cover, point.x[targets.size :], targets.shape[1])
    grams = tuple(U / (2 * beta * x_unit**2) for U in solved)
    actives = [region.active(problem, cover.X) for region in cover.regions]
    value, residual, blocks = evaluate(problem, actives, grams)
    proofs = [prove_over_cover(problem, cover, R, multipliers) for R in (Z, residual)]
    best = max(proofs, key=lambda proof: proof.value)
    loose = cover.looseness(targets.shape[1])
    return Relaxation(value, best, grams, blocks, cover, point.status, loose)


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


def evaluate(
    problem: Problem, actives: Sequence[Array], grams: Sequence[Array]
) -> tuple[float, Array, tuple[Array, ...]]:
    """Return the objective of (17) at some U_i, the residual Z and the blocks V_i.

    With ``actives`` the ``M_i = S D_i X``, (n, r), and ``K = sum_i M_i U_i M_i^T``;
    then ``F = 2 K Z = sum_i M_i V_i`` is what the best output weights produce.
    O(n^3 + P n^2 r).
    """
    kernel = sum(M @ U @ M.T for M, U in zip(actives, grams, strict=True))
    trace = sum(float(np.trace(U)) for U in grams)
    value, Z = kernel_value(problem.Y, problem.beta, kernel, trace)
    blocks = tuple(2 * U @ (M.T @ Z) for M, U in zip(actives, grams, strict=True))
    return value, Z, blocks


def kernel_value(
    Y: Array, beta: float, kernel: Array, trace: float
) -> tuple[float, Array]:
    """Return ``1/2 tr Y^T Z + beta^2 trace`` and ``Z = (I + 2 K)^-1 Y``, (n, c)."""
    Z = np.linalg.solve(np.eye(len(Y)) + 2 * kernel, Y)
    return 0.5 * float(np.vdot(Z, Y)) + beta**2 * trace, Z


def _program(cover: Cover, Y: Array, beta: float, maps: list[Array]) -> ConicProgram:
    """Assemble the program; x holds the residual, then each packed [S V; V^T T]."""
    (n, c), costs, outputs, rows, sizes = Y.shape, [], [], [], []
    for region, M in zip(cover.regions, maps, strict=True):
        sizes.append(region.basis.shape[1] + c)
        costs.append(beta * block_cost(region.basis, c))
        outputs.append(block_outputs(M @ region.basis, c))
        rows.append(sparse.csc_matrix(inequalities(region)))
        # The triangle of S comes first in that of the whole block.
        rows[-1].resize((rows[-1].shape[0], len(costs[-1])))
    inner = sparse.block_diag(rows, format="csc")
    cones = sparse.vstack([-inner, -sparse.eye(inner.shape[1])])
    loss = [sparse.eye(n * c), sparse.hstack(outputs)]
    A = sparse.bmat([loss, [None, cones]], format="csc")
    P = sparse.diags(np.repeat([1.0, 0.0], [n * c, inner.shape[1]]), format="csc")
    b = np.concatenate([Y.ravel(), np.zeros(cones.shape[0])])
    q = np.concatenate([np.zeros(n * c), *costs])
    rows = {"zeros": n * c, "nonnegative": inner.shape[0]}
    return ConicProgram(P, q, A, b, **rows, matrices=tuple(sizes), unit=min(beta, 1.0))


def feasible_grams(cover: Cover, x: Array, c: int = 0) -> tuple[Array, ...]:
    """Read U_i from packed blocks [S V; V^T T] with c columns of V, made feasible.

    Negative eigenvalues of S are cut; then enough of ``w w^T``, w inside the region, is
    added to ``U = basis S basis^T`` to lift the worst inequality to zero.
    """
    grams, start = [], 0
    for region in cover.regions:
        m = region.basis.shape[1]
        values, Q = np.linalg.eigh(unpack(x[start : start + packed_size(m)], m))
        start += packed_size(m + c)
        root = region.basis @ Q * np.sqrt(np.maximum(values, 0.0))
        U, G, heights = root @ root.T, region.normals, _heights(region)
        worst = float((G @ U @ G.T / np.outer(heights, heights)).min(initial=0.0))
        grams.append(U - worst * np.outer(region.inside, region.inside))
    return tuple(grams)


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
    least kappa squared; over an exact cover, or if Z has rank 1, it equals it. The
    dual, ``min t : t I - A^T A - G^T N G >= 0, N >= 0``, proves the bound. For Z of
    rank 1 both sides are projections onto the regions, and no program is solved.

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
    one = reduce_rank(Z).coordinates
    if one.shape[1] == 1:
        grams, multipliers, value = _scalar_norm(cover, one[:, 0])
        bound = bound_norm(cover, Z, multipliers)
        return RelaxedNorm(value, bound, grams, multipliers)
    maps = [Z[region.pattern].T @ cover.X[region.pattern] for region in cover.regions]
    unit = max(float(np.linalg.norm(A)) for A in maps)
    program = _norm_program(cover, [A / (unit or 1.0) for A in maps])
    point = solve_interior(program)
    multipliers = multiplier_matrices(cover, unit**2 * point.x[1:])
    grams = feasible_grams(cover, point.z[program.nonnegative :])
    heights = [float(np.vdot(A.T @ A, U)) for A, U in zip(maps, grams, strict=True)]
    value = np.sqrt(sum(heights) / sum(float(np.trace(U)) for U in grams))
    return RelaxedNorm(
        float(value), bound_norm(cover, Z, multipliers), grams, multipliers
    )


def _scalar_norm(cover: Cover, z: Array) -> tuple[tuple, tuple, float]:
    """Return U_i, N_i and kappa for one output: rank-one U, and their proof."""
    found = [
        _project_both_ways(region.normals, z[region.pattern] @ cover.X[region.pattern])
        for region in cover.regions
    ]
    neurons, multipliers = zip(*found, strict=True)
    lengths = [float(np.linalg.norm(u)) for u in neurons]
    best = int(np.argmax(lengths))
    grams = [np.zeros((len(u), len(u))) for u in neurons]
    grams[best] = np.outer(neurons[best], neurons[best])
    return tuple(grams), multipliers, lengths[best]


def _project_both_ways(G: Array, a: Array) -> tuple[Array, Array]:
    """Maximise ``|a . u|`` over unit u of ``{u : G u >= 0}``; return u and N.

    With ``k = P(a) = a + p`` and ``k' = P(-a) = q - a`` the projections onto the cone,
    p and q are in its dual, ``p = G^T l``, ``q = G^T m`` with l, m >= 0. The longer
    one is the maximiser, scaled by the maximum s, and ``a a^T + t (p q^T + q p^T) <=
    s^2 I`` for ``t = s^2 / (s^2 + k . k')``.
    """
    if len(G) == 0:  # the whole space, which nnls would not survive
        return a, np.zeros((0, 0))
    rows, most = G.T, NNLS_ROUNDS * len(G)
    low, high = (optimize.nnls(rows, side, maxiter=most)[0] for side in (-a, a))
    first, second = a + low @ G, high @ G - a
    top = max((first, second), key=np.linalg.norm)
    square = float(top @ top)
    sum_of_both = square + float(first @ second)
    if sum_of_both <= EPS * float(a @ a):  # k' = -k, or both zero: a is proof enough
        return top, np.zeros((len(G), len(G)))
    N = square / sum_of_both * np.outer(low, high)
    return top, N + N.T


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
    A = sparse.bmat([[None, -sparse.eye(count)], [t, columns]], format="csc")
    b = np.concatenate([np.zeros(count), *right])
    q = np.concatenate([np.ones(1), np.zeros(count)])
    return ConicProgram(None, q, A, b, nonnegative=count, matrices=tuple(sizes))
