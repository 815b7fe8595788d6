"""The paper's convex programs, as anyone would state them in CVXPY.

Each returns a network. Solvers stop at an accuracy of their own, so the value that a
program reports may lie on either side of p*; the network's objective cannot lie below.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cvxpy as cp
import numpy as np

from benchmarks.task import Answer, Method, Task, UnsolvedError
from lib.arrangements import directions, enumerate_cells, planar_walls
from lib.numerics import Array
from lib.problem import Network, Problem, reduce_rank

TIME_LIMIT = {"CLARABEL": "time_limit", "SCS": "time_limit_secs"}
"""What each solver calls its limit of seconds."""

LIMITED = {"user_limit", "optimal_inaccurate"}
"""Verdicts with an answer that is not of the accuracy asked for."""


def solve_program(program: cp.Problem, solver: str, seconds: float) -> str:
    """Solve on one thread within a time limit; return a remark if all is not well."""
    options = {TIME_LIMIT[solver]: seconds}
    if solver == "CLARABEL":
        options["max_threads"] = 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of inaccurate answers: the remark says so
            program.solve(solver=solver, **options)
    except cp.SolverError as error:
        raise UnsolvedError(f"{solver}: {error}") from error
    if program.status not in LIMITED | {"optimal"}:
        raise UnsolvedError(f"{solver} ended with status {program.status}")
    if program.status == "optimal":
        return ""
    return f"{solver}: {program.status} after {program.solver_stats.solve_time:.0f} s"


def needs_plane(problem: Problem) -> str:
    """Object to data that are not of rank 2."""
    rank = reduce_rank(problem.X).coordinates.shape[1]
    return "" if rank == 2 else "stated here for data of rank 2"


def needs_scalar(problem: Problem) -> str:
    """Object to more than one output."""
    c = problem.shape[2]
    return "" if c == 1 else "it is for one output"


# -- the dual (11) on a grid of directions


def direction_grid(r: int, count: int) -> Array:
    """Return unit vectors: equally spaced in the plane, random above, (count, r)."""
    if r == 2:
        return directions(2 * np.pi * np.arange(count) / count)
    U = np.random.default_rng(0).standard_normal((count, r))
    return U / np.linalg.norm(U, axis=1, keepdims=True)


def dual_on_grid(task: Task) -> Answer:
    """Solve (11) with the constraints of finitely many directions.

    The multiplier of a direction is the size of its neuron's output weights, which
    point along ``Z^T h``: the grid's primal, a group lasso, comes for nothing.
    """
    problem, reduced = task.problem, reduce_rank(task.problem.X)
    grid = direction_grid(reduced.coordinates.shape[1], task.effort.directions)
    H = np.maximum(reduced.coordinates @ grid.T, 0.0)  # (n, K)
    Z = cp.Variable(problem.Y.shape)
    gain = cp.sum(cp.multiply(Z, problem.Y)) - cp.sum_squares(Z) / 2
    feasible = cp.norm(H.T @ Z, axis=1) <= problem.beta
    program = cp.Problem(cp.Maximize(gain), [feasible])
    remark = solve_program(program, "CLARABEL", task.effort.seconds)
    V = H.T @ Z.value  # (K, c)
    lengths = np.linalg.norm(V, axis=1)
    sizes = np.maximum(feasible.dual_value.ravel(), 0.0)
    used = (sizes > 0) & (lengths > 0)
    V = V[used] * (sizes[used] / lengths[used])[:, None]
    network = reduced.lift(Network(grid[used], V).balanced())
    return Answer(network, float(program.value), remark=remark)


# -- program (9), for one output


def scalar_program(task: Task) -> Answer:
    """Solve (9): two vectors in each cell, for neurons of either sign."""
    problem, reduced = task.problem, reduce_rank(task.problem.X)
    X, y = reduced.coordinates, problem.Y[:, 0]
    D = enumerate_cells(X).patterns.T.astype(float)  # (n, P)
    shape = X.shape[1], D.shape[1]
    plus, minus = cp.Variable(shape), cp.Variable(shape)
    inside = [cp.multiply(2 * D - 1, X @ part) >= 0 for part in (plus, minus)]
    error = cp.sum(cp.multiply(D, X @ (plus - minus)), axis=1) - y
    lengths = cp.sum(cp.norm(plus, axis=0) + cp.norm(minus, axis=0))
    cost = cp.sum_squares(error) / 2 + problem.beta * lengths
    program = cp.Problem(cp.Minimize(cost), inside)
    remark = solve_program(program, "CLARABEL", task.effort.seconds)
    U = np.hstack([plus.value, minus.value]).T  # (2P, r)
    signs = np.repeat([[1.0], [-1.0]], D.shape[1], axis=0)
    network = reduced.lift(Network(U, signs).balanced())
    return Answer(network, float(program.value), remark=remark)


# -- the copositive program (19), for data of rank 2


@dataclass(frozen=True, eq=False)
class Sectors:
    """The cells of planar data: patterns (P, n), and two rays each, (P, 2, 2)."""

    patterns: np.ndarray
    rays: Array


def sectors(X: Array) -> Sectors:
    """List the cells of points in the plane; ``rays[i]`` has a ray in each column."""
    walls = planar_walls(X)
    corners = directions(walls.angles)
    middles = directions(walls.angles + walls.widths / 2)
    rays = np.stack([corners, np.roll(corners, -1, axis=0)], axis=2)
    return Sectors(middles @ X.T >= 0, rays)


def symmetric_products(rows: Array) -> Array:
    """Return the rows of ``s -> (a_i . S a_j)_{i <= j}`` for S = [[s0, s1], [s1, s2]].

    (k, 2) to (k (k + 1) / 2, 3).
    """
    i, j = np.triu_indices(len(rows))
    a, b = rows[i], rows[j]
    cross = a[:, 0] * b[:, 1] + a[:, 1] * b[:, 0]
    return np.column_stack([a[:, 0] * b[:, 0], cross, a[:, 1] * b[:, 1]])


def copositive(task: Task, *, on_rays: bool, solver: str) -> Answer:
    """Solve (19), as printed or in the coordinates of each cell's two rays.

    As printed, ``(2D - I) X U X^T (2D - I) >= 0`` asks for n (n + 1) / 2 inequalities
    a cell. With ``U = W S W^T`` for the rays W the same set is ``S >= 0``: three.
    """
    reduced = reduce_rank(task.problem.X)
    X, cells = reduced.coordinates, sectors(reduced.coordinates)
    if on_rays:
        frames = cells.rays
        walls = [np.eye(2)] * len(frames)
    else:
        frames = np.broadcast_to(np.eye(2), cells.rays.shape)
        signs = 2.0 * cells.patterns - 1
        walls = [_nonzero(sign[:, None] * X) for sign in signs]
    S, program = copositive_program(task.problem, X, cells.patterns, frames, walls)
    remark = solve_program(program, solver, task.effort.seconds)
    grams = frames @ S.value[:, [[0, 1], [1, 2]]] @ frames.transpose(0, 2, 1)
    network = network_of_grams(task.problem, X, cells.rays, grams)
    return Answer(reduced.lift(network), float(program.value), remark=remark)


def _nonzero(rows: Array) -> Array:
    """Leave out zero rows, whose inequalities say nothing."""
    return rows[(rows != 0).any(axis=1)]


def copositive_program(
    problem: Problem,
    X: Array,
    patterns: np.ndarray,
    frames: Array,
    walls: list[Array],
) -> tuple[cp.Variable, cp.Problem]:
    """State (19) for ``U_i = W_i S_i W_i^T``: S as (P, 3), and the program."""
    (n, _), P = X.shape, len(patterns)
    S = cp.Variable((P, 3))
    H = [(D[:, None] * X) @ W for D, W in zip(patterns, frames, strict=True)]
    # Columns of vec(H_i S_i H_i^T) in the three entries of S_i, cell by cell.
    lift = np.hstack([_square(h) for h in H])  # (n^2, 3P)
    gram = cp.reshape(lift @ cp.reshape(S, (3 * P,), order="C"), (n, n), order="C")
    traces = np.array([_trace(W) for W in frames])
    fit = cp.matrix_frac(problem.Y, np.eye(n) + 2 * gram) / 2
    cost = fit + problem.beta**2 * cp.sum(cp.multiply(traces, S))
    inside = [symmetric_products(A) @ S[i] >= 0 for i, A in enumerate(walls)]
    inside += [cp.bmat([[s[0], s[1]], [s[1], s[2]]]) >> 0 for s in S]
    return S, cp.Problem(cp.Minimize(cost), inside)


def _square(h: Array) -> Array:
    """Return vec(h E_k h^T) for the three entries of a symmetric 2 x 2, (n^2, 3)."""
    first, second = h[:, 0], h[:, 1]
    mixed = np.outer(first, second)
    parts = np.outer(first, first), mixed + mixed.T, np.outer(second, second)
    return np.column_stack([part.ravel() for part in parts])


def _trace(W: Array) -> Array:
    """Return the coefficients of ``tr(W S W^T)`` in the three entries of S."""
    G = W.T @ W
    return np.array([G[0, 0], 2 * G[0, 1], G[1, 1]])


def network_of_grams(problem: Problem, X: Array, rays: Array, grams: Array) -> Network:
    """Return the network whose objective (5) is that of (19) at the blocks ``U_i``.

    In ray coordinates a feasible block is nonnegative and positive semidefinite, so
    its triangular factor is nonnegative too: ``U_i = L L^T / (2 beta)`` with columns
    in the cell, which are neurons. Their best output weights for a fixed size of both
    layers are ``h^T Z / beta`` with ``Z = (I + H H^T / beta)^{-1} Y``. What a solver
    leaves slightly infeasible is moved to the nearest such factor.
    """
    inverse = np.linalg.inv(rays)
    S = 2 * problem.beta * inverse @ grams @ inverse.transpose(0, 2, 1)
    U = np.vstack([(W @ nonnegative_factor(s)).T for W, s in zip(rays, S, strict=True)])
    U = U[(U != 0).any(axis=1)]
    H = np.maximum(X @ U.T, 0.0)
    Z = np.linalg.solve(np.eye(len(X)) + H @ H.T / problem.beta, problem.Y)
    return Network(U, H.T @ Z / problem.beta).balanced()


def nonnegative_factor(S: Array) -> Array:
    """Return L >= 0, lower triangular, with ``L L^T`` at or near S, (2, 2)."""
    a, b, c = (max(float(entry), 0.0) for entry in (S[0, 0], S[0, 1], S[1, 1]))
    if a == 0.0:
        return np.diag([0.0, np.sqrt(c)])
    below = min(b / np.sqrt(a), np.sqrt(c))
    rest = np.sqrt(max(c - below**2, 0.0))
    return np.array([[np.sqrt(a), 0.0], [below, rest]])


def _copositive_method(key: str, on_rays: bool, solver: str) -> Method:
    """Name a form of (19) and its solver."""
    form, name = "on rays" if on_rays else "as printed", solver.capitalize()
    run: Callable[[Task], Answer] = partial(copositive, on_rays=on_rays, solver=solver)
    name = name if solver == "CLARABEL" else solver
    return Method(key, f"(19) {form}, {name}", run, needs_plane)


METHODS = (
    Method("dual-grid", "(11) on a grid, Clarabel", dual_on_grid),
    _copositive_method("copositive-rays-clarabel", True, "CLARABEL"),
    _copositive_method("copositive-rays-scs", True, "SCS"),
    _copositive_method("copositive-printed-clarabel", False, "CLARABEL"),
    _copositive_method("copositive-printed-scs", False, "SCS"),
    Method("scalar", "(9), Clarabel", scalar_program, needs_scalar),
)
