"""Relaxations of (5) side by side, each enclosed by proof, against the certified p*."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import process_time
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from scipy.linalg import eigh

from experiments.counterexample import pentagon_data, regular_pentagon
from experiments.images import PIXEL, first_images
from experiments.looseness import gaussian_draw
from experiments.result import CertifiedResult
from lib.certificate.weak_duality import proved_value
from lib.cone_pca import Oracle
from lib.cone_pca.lifting import lift, proved_level, unit_points
from lib.cone_pca.signs import search_signs
from lib.conic import (
    ConicProgram,
    block_cost,
    block_outputs,
    packed_size,
    products,
    solve_interior,
    unpack,
)
from lib.copositive import cover_by_cells, cover_by_simplices, solve_relaxation
from lib.copositive.cover import Cover
from lib.copositive.relaxation import kernel_value
from lib.data import gaussian_teacher, load_images, one_hot, spiral
from lib.frank_wolfe import solve
from lib.losses import SQUARED, feasible_scale
from lib.numerics import EPS, Array, unit_of, unit_rows
from lib.problem import Bounds, Problem, reduce_rank

WIDER = 1e-2
"""Added to the basis of the lifted program: with all of its directions equally wide
the solver has little to hold on to."""


@dataclass(frozen=True, eq=False)
class Lifted(Bounds):
    """The semidefinite program without cells, from both sides.

    Parameters
    ----------
    primal : float
        Objective at ``gram``, which is feasible up to rounding.
    dual : float
        Proved: what ``Z`` shows. Also a lower bound of p*.
    Z : (n, c) array
        With ``kappa(Z) <= beta`` by the lifting with multipliers ``N``, (2 n, 2 n).
    N : (2 n, 2 n) array
        Nonnegative but for the pairs ``(h_j, g_j)``.
    gram : (r + n, r + n) array
        What stands for the sum of ``w w^T`` over ``w = (u, (X u)_+)``, over 2 beta.
    status : str
        The solver's own word.
    """

    primal: float
    dual: float
    Z: Array
    N: Array
    gram: Array
    status: str


def solve_lifted(problem: Problem) -> Lifted:
    """Solve the relaxation of Prakhya, Birdal and Yurtsever, and prove its value.

    ``min 1/2 |Y - F|^2 + beta/2 (tr U + tr T)`` over positive semidefinite matrices of
    order r + n + c that stand for sums of ``w w^T``, ``w = (u, h, v)``, with ``g = h -
    X u``: all products of entries of h and g nonnegative, and ``h_j g_j = 0``. F is the
    block of h and v.

    Parameters
    ----------
    problem : Problem
        Of the squared loss, without pooling, of few samples: tens. Rows of X are not
        zero, and no two are parallel.

    Returns
    -------
    Lifted
        ``dual <= optimum of the program <= value`` whatever the solver did.

    Notes
    -----
    A matrix cone of order r + n + c with 2 n (n - 1) inequalities: an interior point
    step costs O(n^6).
    """
    x_unit, y_unit = unit_of(problem.X), unit_of(problem.Y)
    X = reduce_rank(problem.X).coordinates / x_unit
    outputs = reduce_rank(problem.Y / y_unit)
    targets, beta = outputs.coordinates, problem.beta / (x_unit * y_unit)
    basis = np.linalg.cholesky(inner_point(X) + WIDER * np.eye(sum(X.shape)))
    point = solve_interior(_lifted_program(X, targets, beta, basis))
    size, r = targets.size, X.shape[1]
    inner = unpack_leading(point.x[size:], len(basis)) / (2 * beta)
    gram = feasible_lifting(X, basis @ inner @ basis.T)
    trace = float(np.trace(gram[:r, :r]))
    value, Z = kernel_value(targets, beta, gram[r:, r:], trace)
    N = _multipliers(len(X), 2 * beta * point.z[size:])
    small = Problem(X, targets, beta)
    trials = (point.x[:size].reshape(targets.shape), Z)
    Z, kappa, N = max(
        ((R, bound_lifted(X, R, N, beta), N) for R in trials),
        key=lambda trial: proved_value(small, *trial[:2]),
    )
    Z, kappa = Z @ outputs.basis.T * y_unit, kappa * x_unit * y_unit * (1 + 8 * EPS)
    scale = feasible_scale(problem.Y, Z, problem.beta, kappa)
    Z, N = scale * Z, (scale * y_unit) ** 2 * N
    dual = SQUARED.dual(Z, problem.Y)
    return Lifted(value * y_unit**2, dual, Z, N, gram / x_unit**2, point.status)


def unpack_leading(x: Array, order: int) -> Array:
    """Return the leading block, (order, order), of a packed larger matrix."""
    return unpack(x[: packed_size(order)], order)


def _rectifiers(X: Array) -> Array:
    """Return the rows by which ``y = (h, g)`` is read off ``(u, h)``, (2 n, r + n)."""
    n = len(X)
    return np.block([[np.zeros_like(X), np.eye(n)], [-X, np.eye(n)]])


def _opposite(n: int) -> np.ndarray:
    """Tell which pairs k < l of entries of y are ``(h_j, g_j)``."""
    first, second = np.triu_indices(2 * n, 1)
    return second - first == n


def _lifted_program(X: Array, Y: Array, beta: float, basis: Array) -> ConicProgram:
    """Assemble the program; x holds the residual, then the packed matrix.

    Its leading block S stands for ``basis S basis^T``, in which the cone is less thin.
    """
    (n, r), c = X.shape, Y.shape[1]
    pairs, opposite = products(_rectifiers(X) @ basis), _opposite(n)
    costs = beta * block_cost(basis[:r], c)
    rows = sparse.csc_matrix(np.vstack([pairs[opposite], -pairs[~opposite]]))
    rows.resize((len(pairs), len(costs)))
    outputs = block_outputs(basis[r:], c)
    A = sparse.bmat(
        [[sparse.eye(n * c), outputs], [None, rows], [None, -sparse.eye(len(costs))]],
        format="csc",
    )
    P = sparse.diags(np.repeat([1.0, 0.0], [n * c, len(costs)]), format="csc")
    b = np.concatenate([Y.ravel(), np.zeros(len(pairs) + len(costs))])
    q = np.concatenate([np.zeros(n * c), costs])
    counts = {"zeros": n * c + n, "nonnegative": len(pairs) - n}
    return ConicProgram(P, q, A, b, **counts, matrices=(r + n + c,))


def _multipliers(n: int, numbers: Array) -> Array:
    """Return N, (2 n, 2 n), from the dual variables of the products."""
    opposite = _opposite(n)
    entries = np.empty(len(opposite))
    entries[opposite] = -numbers[:n]
    entries[~opposite] = np.maximum(numbers[n : len(opposite)], 0.0)
    N = np.zeros((2 * n, 2 * n))
    N[np.triu_indices(2 * n, 1)] = entries / 2
    return N + N.T


def bound_lifted(X: Array, Z: Array, N: Array, value: float) -> float:
    """Bound kappa(Z) by the multipliers N of a lifting: the largest lambda they allow.

    Parameters
    ----------
    X : (n, r) array
    Z : (n, c) array
    N : (2 n, 2 n) array
        Any; what is negative, but for the free pairs, is put to zero.
    value : float
        About kappa(Z): the unit of the search for a proof.

    Returns
    -------
    float
        Proved, rounding included; infinite if they prove nothing.

    Notes
    -----
    A Cholesky factorisation of size n + r.
    """
    points = unit_points(X, Z, value)
    sizes = np.linalg.norm(X, axis=1)
    used = (sizes > 0) & (np.linalg.norm(Z, axis=1) > 0)
    lifting = lift(points, np.zeros(len(points.X), dtype=np.int8))
    units = np.linalg.norm(lifting.X, axis=1) / sizes[used]
    both, scale = np.tile(used, 2), np.tile(units, 2) * points.scale
    inner = N[np.ix_(both, both)] / np.outer(scale, np.tile(units, 2)) / points.scale
    level = proved_level(lifting, inner)
    return level * points.scale * (1 + 8 * EPS) + points.slack


def feasible_lifting(X: Array, gram: Array) -> Array:
    """Move a nearly feasible matrix of (u, h) into the cone of the lifted program.

    ``h_j^2`` is set to ``h_j (x_j . u)``. Then enough of :func:`inner_point` is added,
    which is positive definite, with positive products where they may be.

    Parameters
    ----------
    X : (n, r) array
        Without zero or parallel rows.
    gram : (r + n, r + n) array
    """
    r, E = X.shape[1], _rectifiers(X)
    place = np.arange(r, len(gram))
    gram, mean = (gram + gram.T) / 2, inner_point(X)
    gram[place, place] = np.sum(gram[r:, :r] * X, axis=1)
    products, safe = E @ gram @ E.T, E @ mean @ E.T
    may = ~np.eye(len(E), k=len(X), dtype=bool) & ~np.eye(len(E), k=-len(X), dtype=bool)
    lowest = float(eigh(gram, mean, eigvals_only=True, subset_by_index=(0, 0))[0])
    share = max(-lowest, float((-products[may] / safe[may]).max()), 0.0)
    return gram + share * (1 + 1e-9) * mean


def inner_point(X: Array) -> Array:
    """Return a matrix well inside the cone of the lifted program, (r + n, r + n).

    The sum of two. One is the mean of ``w w^T``, ``w = (u, (X u)_+)``, over standard
    normal u; its block of h is the arc-cosine kernel of degree one (Cho and Saul 2009).
    In the other ``h_j = (x_j . u + |x_j| e_j) / 2`` with unit e_j of products ``1 - s``
    beside u, where ``1 - 2 s`` is the largest cosine of two rows: then products of
    different rows are ``(|x_j| |x_k| (1 - s) +- x_j . x_k) / 4 > 0``, and that of
    ``h_j`` and ``g_j = (|x_j| e_j - x_j . u) / 2`` vanishes.

    Parameters
    ----------
    X : (n, r) array
        Without zero or parallel rows.
    """
    sizes = np.linalg.norm(X, axis=1)
    cosines = np.clip(unit_rows(X) @ unit_rows(X).T, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    turn = np.arccos(cosines)
    mean = (np.sin(turn) + (np.pi - turn) * cosines) / (2 * np.pi)
    s = (1 - np.abs(cosines - np.eye(len(X))).max(initial=0.0)) / 2
    apart = (cosines + (1 - s) + s * np.eye(len(X))) / 4
    H = np.outer(sizes, sizes) * (mean + apart)
    return np.block([[2 * np.eye(X.shape[1]), X.T], [X, H]])


def cover_by_gates(cover: Cover) -> Cover:
    """Drop the inequalities of every region: networks whose gates are fixed.

    Without them the gauge of a region is the nuclear norm, so that the program over
    this cover is the paper's (12) as printed.
    """
    r = cover.X.shape[1]
    free = {"normals": np.zeros((0, r)), "basis": np.eye(r), "simplicial": False}
    regions = tuple(replace(region, slack=0.0, **free) for region in cover.regions)
    return replace(cover, regions=regions, exact=False)


METHODS = ("gated", "residual", "lifted", "split", "cells")
"""Columns of the tables: (12) as printed; one lifting at the optimal residual; the
program without cells; liftings at the residual, split on signs; (19)."""

SPLITS = 100
"""Most liftings of a split bound."""

RANK, KINDS, EACH = 3, 3, 8
"""Principal directions of the digits, which digits, and how many of each."""

SPIRAL_POINTS = 12
"""Points an arm, of which the first is the origin."""


@dataclass(frozen=True, eq=False)
class RelaxationTable(CertifiedResult):
    """Lower bounds of p* by several relaxations, one row a problem.

    Parameters
    ----------
    samples : (k,) int array
    shares : (k,) array
        ``beta / kappa(Y)``.
    primal, dual : (k,) arrays
        Certified: ``dual <= p* <= primal``.
    lower : (k, 5) array
        What is proved by each of ``METHODS``.
    upper : (k, 5) array
        What each cannot exceed: the objective at a feasible point of its program, or
        ``primal`` where that is lower.
    seconds : (k, 6) array
        Processor time of each, then of training to ``primal`` and ``dual``.
    """

    METHODS: ClassVar[tuple[str, ...]] = METHODS

    samples: np.ndarray
    shares: Array
    primal: Array
    dual: Array
    lower: Array
    upper: Array
    seconds: Array

    @property
    def proved(self) -> Array:
        """The lower bounds as shares of ``primal``, (k, 5)."""
        return self.lower / self.primal[:, None]

    @property
    def width(self) -> Array:
        """The largest distance of both sides of a method, as a share of p*, (k,)."""
        return ((self.upper - self.lower) / self.primal[:, None]).max(axis=1)

    def column(self, method: str) -> tuple[Array, Array]:
        """Return lower and upper side of one method, as shares of p*, (k,) each."""
        place = METHODS.index(method)
        return self.lower[:, place] / self.primal, self.upper[:, place] / self.dual


def relaxation_data(name: str, seed: int = 0) -> tuple[Array, Array]:
    """Return one of the data sets on which relaxations are compared.

    Parameters
    ----------
    name : str
        "teacher" (25, 2), that of section 5.1; "spiral" (33, 2), without the samples
        at the origin; "normal 3" (12, 3) and "normal 4" (10, 4), both sides normal;
        "pentagon" (5, 3) of Chapter 9; "white" (5, 5), samples of unit length at right
        angles whose targets are a regular pentagon; "digits" (24, 3), the first
        principal directions of three kinds of MNIST digits.
    seed : int

    Returns
    -------
    X : (n, r) array
    Y : (n, c) array

    Raises
    ------
    ValueError
        If there is no such data set.
    """
    if name not in DATA_SETS:
        raise ValueError(
            f"relaxation_data needs one of {', '.join(map(repr, DATA_SETS))}; got "
            f"{name!r}."
        )
    return DATA_SETS[name](np.random.default_rng(seed))


def _spiral(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return a small spiral without the samples that no network can answer."""
    X, Y = spiral(SPIRAL_POINTS, rng)
    seen = X.any(axis=1)
    return X[seen], Y[seen]


def _white(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return five orthonormal samples and a regular pentagon of targets."""
    return np.eye(5), regular_pentagon()


def _digits(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return digits in their first principal directions, of mean square one."""
    pack = load_images("mnist_train_100")
    kept = first_images(pack.labels, range(KINDS), EACH)
    pixels = pack.images.reshape(len(pack.images), -1)[kept] / PIXEL
    left, sigma, _ = np.linalg.svd(pixels, full_matrices=False)
    X = (left * sigma)[:, :RANK]
    return X / np.sqrt(np.mean(X**2)), one_hot(pack.labels[kept], KINDS)


def _pentagon(rng: np.random.Generator) -> tuple[Array, Array]:
    """Return the pentagon, which is not random."""
    return pentagon_data()


DATA_SETS = {
    "teacher": partial(gaussian_teacher, 25, 2, 5, 100, init="torch"),
    "spiral": _spiral,
    "normal 3": gaussian_draw(12, 3, 3),
    "normal 4": gaussian_draw(10, 4, 3),
    "pentagon": _pentagon,
    "white": _white,
    "digits": _digits,
}


def compare_relaxations(
    *, data: str, shares: Sequence[float] = (0.5, 0.1, 0.02), seed: int = 0
) -> RelaxationTable:
    """Bound p* by every relaxation, for several weight decays on one data set.

    Parameters
    ----------
    data : str
        A name that :func:`relaxation_data` knows.
    shares : sequence of float
        ``beta / kappa(Y)``, between 0 and 1.
    seed : int

    Returns
    -------
    RelaxationTable
        A row for each share.
    """
    X, Y = relaxation_data(data, seed)
    return _table([(X, Y, share) for share in shares])


def grow_relaxations(
    *,
    sizes: Sequence[int] = (8, 16, 24, 32),
    rank: int = 3,
    outputs: int = 3,
    share: float = 0.1,
    seed: int = 0,
) -> RelaxationTable:
    """Bound p* by every relaxation on normal data, for growing numbers of samples.

    Parameters
    ----------
    sizes : sequence of int
    rank, outputs : int
    share : float
        ``beta / kappa(Y)``.
    seed : int

    Returns
    -------
    RelaxationTable
        A row for each size.
    """
    rng = np.random.default_rng(seed)
    drawn = [gaussian_draw(n, rank, outputs)(rng) for n in sizes]
    return _table([(X, Y, share) for X, Y in drawn])


def _table(problems: Sequence[tuple[Array, Array, float]]) -> RelaxationTable:
    """Measure one problem after the other."""
    rows = [_measure(*problem) for problem in problems]
    return RelaxationTable(*(np.array(column) for column in zip(*rows, strict=True)))


def _measure(X: Array, Y: Array, share: float) -> tuple:
    """Return a row of the table."""
    problem, ask = _problem_at(reduce_rank(X).coordinates, Y, share)
    X = problem.X
    proof, last = _timed(lambda: solve(problem, bound=ask).certificate)
    split = partial(bound_by_signs, problem, proof.Z)
    bounds = {
        "gated": lambda: solve_relaxation(problem, cover_by_gates(cover_by_cells(X))),
        "residual": partial(split, 1),
        "lifted": partial(solve_lifted, problem),
        "split": partial(split, SPLITS),
        "cells": lambda: solve_relaxation(problem, cover_by_cells(X)),
    }
    found, seconds = zip(*(_timed(bounds[name]) for name in METHODS), strict=True)
    lower = [side.dual for side in found]
    upper = [min(side.primal, proof.primal) for side in found]
    times = [*seconds, last]
    return len(X), share, proof.primal, proof.dual, lower, upper, times


def _problem_at(X: Array, Y: Array, share: float) -> tuple[Problem, Oracle]:
    """Return the problem with ``beta = share * kappa(Y)``, and the oracle of its X."""
    ask = Oracle(X)
    return Problem(X, Y, share * ask(Y).value), ask


def _timed(question: Callable[[], Any]) -> tuple[Any, float]:
    """Return an answer and the processor time that it took."""
    start = process_time()
    answer = question()
    return answer, process_time() - start


class _Proved(Bounds):
    """A bound that is its own program: both sides are what is proved."""

    def __init__(self, value: float) -> None:
        """Take the value proved."""
        self.primal = self.dual = value


def bound_by_signs(problem: Problem, Z: Array, nodes: int) -> Bounds:
    """Bound p* by any dual point, whose kappa is bounded by liftings alone.

    Parameters
    ----------
    problem : Problem
        With X of full column rank.
    Z : (n, c) array
    nodes : int
        Most liftings: with one, no sign is decided.

    Returns
    -------
    Bounds
        Both sides are what is proved.
    """
    limits = {"level": 0.0, "nodes": nodes, "seconds": np.inf}
    found = search_signs(problem.X, Z, problem.beta, **limits)
    return _Proved(proved_value(problem, Z, found.bound))


@dataclass(frozen=True, eq=False)
class SampledGates(CertifiedResult):
    """Programs over a sample of the cells, with and without their inequalities.

    Parameters
    ----------
    gates : (k,) int array
        Random directions drawn.
    cells : (k, draws) int array
        Different cells that they lie in.
    free : (k, draws) array
        Value of (12) as printed over these cells only: no bound of p*.
    inside : (k, draws) array
        Value of (17) over these cells only: that of a network, at least p*.
    primal, dual : float
        Certified: ``dual <= p* <= primal``.
    every : float
        Value of (12) as printed over all cells: at most p*.
    """

    gates: np.ndarray
    cells: np.ndarray
    free: Array
    inside: Array
    primal: float
    dual: float
    every: float


def sample_gates(
    *,
    samples: int = 20,
    gates: Sequence[int] = (5, 20, 80),
    draws: int = 5,
    share: float = 0.1,
    seed: int = 0,
) -> SampledGates:
    """Solve gated and cone-constrained programs over the cells of random directions.

    Parameters
    ----------
    samples : int
        Of normal data of rank 3 with 3 outputs.
    gates : sequence of int
        Numbers of random directions, increasing; a draw keeps those it has.
    draws : int
    share : float
        ``beta / kappa(Y)``.
    seed : int

    Returns
    -------
    SampledGates
    """
    rng = np.random.default_rng(seed)
    X, Y = gaussian_draw(samples, 3, 3)(rng)
    problem, ask = _problem_at(reduce_rank(X).coordinates, Y, share)
    X = problem.X
    covers = cover_by_gates(cover_by_cells(X)), cover_by_simplices(X)
    rows = []
    for _ in range(draws):
        seen = rng.standard_normal((gates[-1], 3)) @ X.T >= 0
        rows.append([_sampled(problem, covers, seen[:m]) for m in gates])
    cells, free, inside = np.array(rows).transpose(2, 1, 0)
    proof = solve(problem, bound=ask).certificate
    every = solve_relaxation(problem, covers[0]).value
    sides = proof.primal, proof.dual, every
    return SampledGates(np.array(gates), cells.astype(int), free, inside, *sides)


@dataclass(frozen=True, eq=False)
class GateFactors(CertifiedResult):
    """How far free gates stay below p* where samples and inputs grow together.

    Parameters
    ----------
    samples : (k,) int array
    primal, dual : (k, draws) arrays
        Certified: ``dual <= p* <= primal``.
    gated : (k, draws) array
        Value of (12) as printed over all cells, at most p*.
    """

    samples: np.ndarray
    primal: Array
    dual: Array
    gated: Array

    @property
    def factor(self) -> Array:
        """At least this is p* over the optimum with free gates, (k, draws)."""
        return self.dual / self.gated


def measure_gate_factors(
    *,
    inputs: Sequence[int] = (1, 2, 3, 4),
    ratio: int = 4,
    draws: int = 5,
    share: float = 0.1,
    seed: int = 0,
) -> GateFactors:
    """Compare p* with the program of free gates on normal data of a fixed shape.

    Parameters
    ----------
    inputs : sequence of int
        At most 4: all cells are listed.
    ratio : int
        Samples per input.
    draws : int
        Of X and of one output, both standard normal.
    share : float
        ``beta / kappa(Y)``.
    seed : int

    Returns
    -------
    GateFactors
    """
    rng = np.random.default_rng(seed)
    rows = [
        [
            _gate_factor(*gaussian_draw(ratio * d, d, 1)(rng), share)
            for _ in range(draws)
        ]
        for d in inputs
    ]
    sides = np.array(rows).transpose(2, 0, 1)
    return GateFactors(ratio * np.array(inputs), *sides)


def _gate_factor(X: Array, Y: Array, share: float) -> tuple[float, float, float]:
    """Return both sides of p* and the value with free gates."""
    problem, ask = _problem_at(X, Y, share)
    proof = solve(problem, bound=ask).certificate
    gated = solve_relaxation(problem, cover_by_gates(cover_by_cells(X)))
    return proof.primal, proof.dual, gated.value


def _sampled(
    problem: Problem, covers: tuple[Cover, Cover], seen: np.ndarray
) -> tuple[int, float, float]:
    """Return how many cells were seen, and the values over them alone."""
    patterns = {row.tobytes() for row in seen}
    values = []
    for cover in covers:
        kept = tuple(r for r in cover.regions if r.pattern.tobytes() in patterns)
        part = replace(cover, regions=kept, exact=False)
        values.append(solve_relaxation(problem, part).value)
    return len(patterns), *values
