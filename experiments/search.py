"""How often ascent misses kappa, and how many cones a proof of kappa needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.result import Result
from lib.arrangements import generic_cell_count
from lib.cone_pca import Limits, correlation, oracle
from lib.cone_pca.ascent import ascend
from lib.cone_pca.branch_and_bound import bound_cone, branch_and_bound
from lib.cone_pca.simplicial_cones import Points, make_points
from lib.frank_wolfe import solve
from lib.numerics import Array
from lib.problem import Problem, residual

PROVED_EXCESS = 1e-3
"""Residuals are proved to have kappa below ``beta (1 + PROVED_EXCESS)``: the gap of
a thousandth that a practical certificate asks for."""

CONE_SAMPLES = 4000
"""Directions tried in a cone, where its bound is compared with them."""

TRAINED_WITHIN = 1e-8
"""Relative gap to which the networks are trained whose residuals are searched."""


@dataclass(frozen=True, eq=False)
class Ascents(Result):
    """What multi-start ascent reaches, on several draws of data.

    Parameters
    ----------
    starts : (s,) int array
        Numbers of random starts.
    power : (draws, s) array
        Best value of power ascent after so many starts, in units of kappa.
    climbs : (draws, s) array
        The same of climbs that mind the walls, :func:`lib.cone_pca.ascent.ascend`.
    slack : (draws,) array
        ``bound / kappa - 1`` of the oracle that judges them.
    X, Z : (n, r) and (n, c) array
        The draw of which power ascent from all starts misses most.
    """

    starts: np.ndarray
    power: Array
    climbs: Array
    slack: Array
    X: Array
    Z: Array

    def misses(self, method: str, excess: float) -> np.ndarray:
        """Count the draws in which a method stays below ``(1 - excess) kappa``."""
        return (getattr(self, method) < 1 - excess).sum(axis=0)

    def table(self) -> dict[str, Array]:
        """Return the worst and the mean share of kappa by number of starts."""
        told = {"starts": self.starts}
        for name in ("power", "climbs"):
            reached = getattr(self, name)
            told[f"{name}_worst"] = reached.min(axis=0)
            told[f"{name}_mean"] = reached.mean(axis=0)
        return told


def power_ascent(X: Array, Z: Array, U: Array, steps: int = 100) -> Array:
    """Return the best value on the way of power steps from each row of U, (k,).

    A step is ``u <- A^T A u`` with ``A = Z^T D(u) X``, then scaled to unit length:
    the method one would write first. It may fall when it crosses a wall, so the
    best value on the way counts; where the cell's matrix vanishes at u it stays.

    Parameters
    ----------
    X : (n, d) array
    Z : (n, c) array
    U : (k, d) array
        Unit vectors.
    steps : int
    """
    best = correlation(X, Z, U)
    for _ in range(steps):
        heights = X @ U.T
        pulls = Z @ (Z.T @ np.maximum(heights, 0.0))  # (n, k)
        G = (pulls * (heights > 0)).T @ X
        lengths = np.linalg.norm(G, axis=1, keepdims=True)
        U = np.where(lengths > 0, G / np.where(lengths > 0, lengths, 1.0), U)
        best = np.maximum(best, correlation(X, Z, U))
    return best


def compare_ascents(
    *,
    samples: int = 100,
    outputs: int = 3,
    rank: int = 3,
    draws: int = 100,
    starts: tuple[int, ...] = (1, 3, 10, 30, 100),
    seed: int = 0,
) -> Ascents:
    """Let ascents from random starts look for kappa, and the oracle judge them.

    Parameters
    ----------
    samples, outputs, rank : int
        n, c and r of the standard normal X and Z.
    draws : int
        Data sets.
    starts : tuple of int
        Increasing; the first starts of the largest number are the smaller ones.
    seed : int

    Notes
    -----
    An oracle call and ``starts[-1]`` ascents of O(n (r + c)) a step for each draw.
    """
    rng, rows, data = np.random.default_rng(seed), [], []
    for _ in range(draws):
        X, Z = (rng.standard_normal((samples, k)) for k in (rank, outputs))
        U = rng.standard_normal((starts[-1], rank))
        U /= np.linalg.norm(U, axis=1, keepdims=True)
        top = oracle(X, Z)
        climbed = correlation(X, Z, ascend(make_points(X, Z), U))
        reached = np.maximum.accumulate([power_ascent(X, Z, U), climbed], axis=1)
        shares = reached[:, np.array(starts) - 1] / top.value
        rows.append((*shares, top.bound / top.value - 1))
        data.append((X, Z))
    power, climbs, slack = (np.array(column) for column in zip(*rows, strict=True))
    worst = int(power[:, -1].argmin())
    return Ascents(np.array(starts), power, climbs, slack, *data[worst])


def shrink_cone(
    points: Points, widths: Sequence[float], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Compare the bound of a cone with its directions while it shrinks to a ray.

    Parameters
    ----------
    points : Points
    widths : sequence of float
        1 is the positive orthant, 0 its middle ray.
    rng : numpy.random.Generator
        Of the ``CONE_SAMPLES`` directions tried in each cone.

    Returns
    -------
    sampled : (k,) array
        Largest ``|Z^T (X u)_+|`` among them.
    bounds : (k,) array
        :func:`lib.cone_pca.branch_and_bound.bound_cone`, an upper bound for
        the whole cone.
    """
    r = points.X.shape[1]
    middle, sampled, bounds = np.ones((1, r)) / np.sqrt(r), [], []
    for width in widths:
        rays = middle + width * (np.eye(r) - middle)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        inside = rng.exponential(size=(CONE_SAMPLES, r)) @ rays
        inside /= np.linalg.norm(inside, axis=1, keepdims=True)
        sampled.append(correlation(points.X, points.Z, inside).max())
        bounds.append(bound_cone(points, rays))
    return np.array(sampled), np.array(bounds)


@dataclass(frozen=True, eq=False)
class SearchSizes(Result):
    """Cones that branch and bound looks at, beside the number of cells.

    Parameters
    ----------
    n : (k,) int array
    cells : (k,) int array
        P of points in general position.
    random : (k,) int array
        Nodes to prove kappa of a Gaussian Z to 1e-10.
    residual : (k,) int array
        Nodes to prove that kappa of an optimal residual is at most beta, up to
        ``PROVED_EXCESS``.
    neurons : (k,) int array
        Of the optimal networks: at so many directions the residual reaches beta.
    """

    n: np.ndarray
    cells: np.ndarray
    random: np.ndarray
    residual: np.ndarray
    neurons: np.ndarray


def count_nodes(
    *,
    sizes: tuple[int, ...] = (12, 25, 50, 100, 200),
    outputs: int = 3,
    rank: int = 3,
    share: float = 0.1,
    seed: int = 0,
) -> SearchSizes:
    """Search for kappa of Gaussian targets, and of what training leaves of them.

    Parameters
    ----------
    sizes : tuple of int
        Numbers of samples.
    outputs, rank : int
    share : float
        ``beta / kappa(Y)`` of the training problems.
    seed : int

    Notes
    -----
    Threads share what they find by the clock, so counts differ a little from run to
    run.
    """
    rng, rows = np.random.default_rng(seed), []
    for n in sizes:
        X, Y = (rng.standard_normal((n, k)) for k in (rank, outputs))
        kappa = oracle(X, Y).value
        problem = Problem(X, Y, share * kappa)
        network = solve(problem, tolerance=TRAINED_WITHIN).network
        R, level = residual(problem, network), problem.beta * (1 + PROVED_EXCESS)
        random = branch_and_bound(make_points(X, Y), kappa, Limits())
        trained = branch_and_bound(make_points(X, R), 0.0, Limits(level=level))
        counts = generic_cell_count(n, rank), random.nodes, trained.nodes
        rows.append((n, *counts, network.width))
    return SearchSizes(*np.array(rows, dtype=np.int64).T)
