"""How many questions to the oracle a solver needs, as the problem grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.result import Result
from lib.cone_pca import Counted, Oracle
from lib.cutting_plane import Bundle, Centre, solve_dual
from lib.frank_wolfe import solve
from lib.numerics import Array
from lib.problem import Problem

RULES = {
    "centre": Centre(),
    "linear": Centre(linear=True),
    "kelley": Bundle(),
    "bundle": Bundle(0.5),
}
"""The cutting plane methods, by the names that the book gives them."""


@dataclass(frozen=True, eq=False)
class Questions(Result):
    """Questions until the relative gap was proved, one entry a problem.

    Parameters
    ----------
    n, c : (k,) int arrays
    centre, linear, kelley, bundle : (k,) int arrays
        Of the cutting plane methods in ``RULES``.
    frank_wolfe : (k,) int array
    guaranteed : (k,) array
        What is enough for centroids, :func:`centroid_questions`.
    """

    n: np.ndarray
    c: np.ndarray
    centre: np.ndarray
    linear: np.ndarray
    kelley: np.ndarray
    bundle: np.ndarray
    frank_wolfe: np.ndarray
    guaranteed: Array


def centroid_questions(problem: Problem, tolerance: float) -> float:
    """Return how many questions at centroids are enough in any case.

    With ``N = n c`` unknowns, ``N ln(2 |Y| sigma_1(X) / (tolerance beta))`` over
    ``ln(e / (e - 1))`` of them leave a network on the neurons of the cuts, and a dual
    value of at least ``(1 - tolerance)`` times its objective: each cut through a
    centroid takes away ``1/e`` of the volume at least (Gruenbaum 1960), and the
    points of such value fill a known share of it.

    Parameters
    ----------
    problem : Problem
        With squared loss and ``beta < kappa(Y)``.
    tolerance : float
    """
    n, _, c = problem.shape
    reach = np.linalg.norm(problem.Y) * np.linalg.norm(problem.X, 2) / problem.beta
    return float(n * c * np.log(2 * reach / tolerance) / (1 - np.log(np.e - 1)))


def count_questions(
    *,
    samples: tuple[int, ...] = (5, 10, 20, 40),
    outputs: tuple[int, ...] = (1, 3, 5),
    share: float = 0.1,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Questions:
    """Solve Gaussian problems in the plane by every method and count its questions.

    Parameters
    ----------
    samples, outputs : tuple of int
        All pairs n, c.
    share : float
        ``beta / kappa(Y)``, below 1.
    tolerance : float
        Relative gap to prove.
    seed : int
    """
    rng, rows = np.random.default_rng(seed), []
    for n, c in ((n, c) for n in samples for c in outputs):
        X, Y = rng.standard_normal((n, 2)), rng.standard_normal((n, c))
        bound = Oracle(X)
        problem = Problem(X, Y, share * bound(Y).value)
        asked = [Counted(bound) for _ in range(len(RULES) + 1)]
        for counter, rule in zip(asked, RULES.values(), strict=False):
            solve_dual(problem, rule, tolerance=tolerance, bound=counter)
        solve(problem, tolerance=tolerance, bound=asked[-1])
        calls = [counter.calls for counter in asked]
        rows.append((n, c, *calls, centroid_questions(problem, tolerance)))
    *counts, guaranteed = (np.array(column) for column in zip(*rows, strict=True))
    return Questions(*counts, guaranteed)
