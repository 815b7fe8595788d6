"""The convex programs of the paper as they stand in it, in CVXPY.

Short and slow: each function is its formula. Their values carry the accuracy of the
solver, so they are compared with certified values and never used as bounds. Where a
formula has an inequality for each sample, only those of facets are passed on, which
imply the others (Farkas): with dozens of redundant ones an interior point method may
stop short. A solver that does raises :class:`lib.conic.SolverFailure`.
"""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from lib.conic import failures_of
from lib.copositive.cover import Cover, cover_by_cells, cover_by_simplices
from lib.losses import Huber, Logistic, Softmax, require_squared
from lib.numerics import Array
from lib.problem import Problem, reduce_rank


@dataclass(frozen=True, eq=False)
class Program:
    """What CVXPY found.

    Parameters
    ----------
    value : float
        Optimal value, to the accuracy of the solver.
    status : str
        CVXPY's word for it.
    blocks : tuple of tuples of arrays
        Values of the variables, one tuple for each region.
    """

    value: float
    status: str
    blocks: tuple[tuple[Array, ...], ...]


def _solve(objective: object, constraints: list, blocks: list, solver: str) -> Program:
    """Solve a program and read its variables."""
    program = cp.Problem(objective, constraints)
    with failures_of(solver, sum(v.size for v in program.variables())):
        value = program.solve(solver=solver)
    found = tuple(tuple(np.array(v.value) for v in block) for block in blocks)
    return Program(float(value), program.status, found)


def _loss(problem: Problem, outputs: cp.Expression) -> cp.Expression:
    """Return the loss of outputs, (n, c) or, for one output, (n,)."""
    Y, loss = problem.Y if outputs.ndim == 2 else problem.Y[:, 0], problem.loss
    if isinstance(loss, Huber):
        return 0.5 * cp.sum(cp.huber(outputs - Y, loss.delta))  # CVXPY's has no half
    if isinstance(loss, Logistic):
        return cp.sum(cp.logistic(outputs)) - cp.sum(cp.multiply(Y, outputs))
    if isinstance(loss, Softmax):
        partition = cp.log_sum_exp(outputs, axis=1)
        return cp.sum(partition) - cp.sum(cp.multiply(Y, outputs))
    return 0.5 * cp.sum_squares(outputs - Y)


def _require_one_output(problem: Problem) -> None:
    """Refuse more than one output."""
    if problem.shape[2] != 1:
        raise ValueError(
            f"The scalar programs (8)-(10) need one output; got Y "
            f"{problem.Y.shape}. Take one column, or a program for vectors."
        )


def _cells(problem: Problem) -> list[tuple[Array, Array]]:
    """Return ``S D X`` and the facets G of each cell, in the row space of X."""
    cover = cover_by_cells(problem.X)
    return [(r.active(problem, cover.X), r.normals) for r in cover.regions]


def scalar_dual(problem: Problem) -> Program:
    """Solve (8), ``max -1/2 |z - y|^2 + 1/2 |y|^2`` with ``|z^T (X u)_+| <= beta |u|``.

    On a cell the constraint says ``max +-z^T D X u <= beta`` over unit u with
    ``G u >= 0``, ``G = (2D - I) X``. By duality of this little program a multiplier
    ``l >= 0`` exists with ``|X^T D z + G^T l| <= beta``, and another for -z.

    Parameters
    ----------
    problem : Problem
        With one output and few samples.

    Returns
    -------
    Program
        Equal to p* of (5); ``blocks[0][0]`` is z.

    Raises
    ------
    ValueError
        If there is more than one output.
    """
    require_squared("scalar_dual", problem.loss)
    _require_one_output(problem)
    y, constraints = problem.Y[:, 0], []
    z = cp.Variable(len(y))
    for active, G in _cells(problem):
        for sign in (1, -1):
            multiplier = cp.Variable(len(G), nonneg=True)
            pull = sign * (active.T @ z) + G.T @ multiplier
            constraints.append(cp.norm(pull) <= problem.beta)
    value = cp.Maximize(z @ y - 0.5 * cp.sum_squares(z))
    return _solve(value, constraints, [[z]], cp.CLARABEL)


def scalar_program(problem: Problem) -> Program:
    """Solve (9), for any loss: one neuron of each sign of the output in each cell.

    ``min loss(sum_i D_i X (w_i - v_i)) + beta sum_i (|w_i| + |v_i|)`` with ``(2 D_i -
    I) X w_i >= 0`` and the same for v_i.

    Parameters
    ----------
    problem : Problem
        With one output and few samples.

    Returns
    -------
    Program
        Equal to p* of (5); block i holds w_i and v_i, in the row space of X.

    Raises
    ------
    ValueError
        If there is more than one output.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> round(scalar_program(problem).value, 4)
    0.75
    """
    return _scalar(problem, _cells(problem))


def spike_free_scalar_program(problem: Problem) -> Program:
    """Solve (10): (9) with the single pattern ``D = I``.

    ``min 1/2 |X (w - v) - y|^2 + beta (|w| + |v|)`` with ``X w >= 0``, ``X v >= 0``.

    Parameters
    ----------
    problem : Problem
        With one output.

    Returns
    -------
    Program
        Equal to p* of (5) if X is spike-free; else only an upper bound of it. The
        block holds w and v, in the row space of X.

    Raises
    ------
    ValueError
        If there is more than one output.
    """
    X = reduce_rank(problem.X).coordinates
    return _scalar(problem, [(problem.pool(X), X)])


def _scalar(problem: Problem, cells: list[tuple[Array, Array]]) -> Program:
    """Solve (9) over some cells."""
    _require_one_output(problem)
    outputs, constraints, norms, blocks = 0, [], [], []
    for active, G in cells:
        w, v = cp.Variable(G.shape[1]), cp.Variable(G.shape[1])
        constraints += [G @ w >= 0, G @ v >= 0]
        outputs = outputs + active @ (w - v)
        norms += [cp.norm(w), cp.norm(v)]
        blocks.append([w, v])
    value = cp.Minimize(_loss(problem, outputs) + problem.beta * cp.sum(norms))
    return _solve(value, constraints, blocks, cp.CLARABEL)


def literal_program(problem: Problem) -> Program:
    """Solve (12), (50) for a CNN or (79), as printed: a lower bound of (5).

    ``min 1/2 |sum_i D_i X V_i - Y|^2 + beta sum_i |V_i|_*`` with ``V_i`` in
    ``K_i = conv{u g^T : (2D_i - I) X u >= 0, |g| <= 1}``. There ``|u|`` is free and g
    may change sign, so K_i holds all matrices whose columns are differences of members
    of the cone: everything, if the cone is full-dimensional. In (50) and (51) the
    rows of X are patches, and ``D_i X`` is added up over the patches of a sample;
    the cells are larger in number, and K_i is as large.

    Parameters
    ----------
    problem : Problem
        With few samples, or patches; of any loss, which in (79) is meant without
        the factor 1/2 that is printed there.

    Returns
    -------
    Program
        At most p*, usually far below; block i holds the two parts of V_i.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> round(literal_program(problem).value, 3)  # no network is below 0.75
    0.582
    """
    outputs, constraints, norms, blocks = 0, [], [], []
    for active, G in _cells(problem):
        shape = G.shape[1], problem.shape[2]
        plus, minus = cp.Variable(shape), cp.Variable(shape)
        constraints += [G @ plus >= 0, G @ minus >= 0]
        outputs = outputs + active @ (plus - minus)
        norms.append(cp.normNuc(plus - minus))
        blocks.append([plus, minus])
    value = cp.Minimize(_loss(problem, outputs) + problem.beta * cp.sum(norms))
    return _solve(value, constraints, blocks, cp.CLARABEL)


def gauge_program(problem: Problem, cover: Cover | None = None) -> Program:
    """Solve (12), (50) for a CNN or (79), with the penalty that makes it (5).

    ``min loss(sum_i S D_i X V_i) + beta sum_i g_i(V_i)`` where g_i is the gauge
    of ``conv{u g^T : u in region i, |u| <= 1, |g| <= 1}`` in place of the nuclear norm:
    ``g_i(V) = min (tr U + tr T) / 2`` with ``[U V; V^T T] >= 0`` and U in the hull of
    ``u u^T`` over the region, which for a simplicial one of at most four rays W is
    ``U = W S W^T``, S positive semidefinite and nonnegative.

    Parameters
    ----------
    problem : Problem
        With few samples, or patches: Corollary 5.1. Of any loss.
    cover : Cover, optional
        Simplicial regions; :func:`cover_by_simplices` by default.

    Returns
    -------
    Program
        Equal to p* of (5), or (6), at rank up to 4; block i holds V_i, in the row
        space of X.

    Raises
    ------
    ValueError
        If a region of the cover is not simplicial.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> round(gauge_program(problem).value, 4)
    0.75
    """
    cover = cover_by_simplices(problem.X) if cover is None else cover
    if not all(region.simplicial for region in cover.regions):
        raise ValueError(
            f"gauge_program needs simplicial regions; got a cover of {len(cover)} "
            "with others. Use cover_by_simplices."
        )
    r, c = cover.X.shape[1], problem.shape[2]
    outputs, constraints, gauges, blocks = 0, [], [], []
    for region in cover.regions:
        block = cp.Variable((r + c, r + c), PSD=True)
        S, A, T = block[:r, :r], block[:r, r:], block[r:, r:]
        W = region.basis
        constraints.append(S >= 0)
        outputs = outputs + region.active(problem, cover.X) @ W @ A
        gauges.append((cp.trace(W @ S @ W.T) + cp.trace(T)) / 2)
        blocks.append([W @ A])
    value = cp.Minimize(_loss(problem, outputs) + problem.beta * cp.sum(gauges))
    return _solve(value, constraints, blocks, cp.CLARABEL)


def copositive_program(
    problem: Problem, cover: Cover | None = None, *, solver: str = cp.CLARABEL
) -> Program:
    """Solve (19), or (17) or (20), word for word.

    ``min 1/2 tr Y^T (I + 2 sum_i D_i X U_i X^T D_i)^-1 Y + beta^2 sum_i tr U_i`` over
    ``U_i >= 0`` psd with ``G_i U_i G_i^T >= 0`` entrywise. For a CNN ``D_i X`` is
    added up over the patches of a sample.

    Parameters
    ----------
    problem : Problem
        With few samples: the inverse makes one matrix cone of size n + c.
    cover : Cover, optional
        The regions. By default the cells with all their samples: (19) as printed.
        Simplicial pieces make it (17), the positive cell (20).
    solver : str
        CVXPY's name of a solver.

    Returns
    -------
    Program
        Block i holds U_i, in the coordinates of ``cover.X``.
    """
    require_squared("copositive_program", problem.loss)
    if cover is None:
        cover = cover_by_cells(problem.X, as_printed=True)
    kernel, constraints, traces, blocks = np.eye(len(problem.Y)), [], [], []
    for region in cover.regions:
        U = cp.Variable((cover.X.shape[1],) * 2, PSD=True)
        active = region.active(problem, cover.X)
        kernel = kernel + 2 * active @ U @ active.T
        constraints.append(region.normals @ U @ region.normals.T >= 0)
        traces.append(cp.trace(U))
        blocks.append([U])
    loss = 0.5 * cp.matrix_frac(problem.Y, kernel)
    value = cp.Minimize(loss + problem.beta**2 * cp.sum(traces))
    return _solve(value, constraints, blocks, solver)


def whitened_program(Y: Array, beta: float, *, solver: str = cp.CLARABEL) -> Program:
    """Solve (20) for ``X X^T = I``: ``W = X U X^T``, doubly nonnegative.

    ``min 1/2 tr Y^T (I + 2 W)^-1 Y + beta^2 tr W``.

    Parameters
    ----------
    Y : (n, c) array
    beta : float
    solver : str
        CVXPY's name of a solver.

    Returns
    -------
    Program
        Its block holds W.
    """
    n = len(Y)
    W = cp.Variable((n, n), PSD=True)
    loss = 0.5 * cp.matrix_frac(Y, np.eye(n) + 2 * W)
    value = cp.Minimize(loss + beta**2 * cp.trace(W))
    return _solve(value, [W >= 0], [[W]], solver)
