"""The regularisation path: certified optima for many values of beta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.frank_wolfe import DEFAULT_TOLERANCE, Solution, solve
from lib.problem import Array, Problem


@dataclass(frozen=True, eq=False)
class Path:
    """Solutions of one problem for decreasing betas.

    Parameters
    ----------
    betas : (k,) array
        Decreasing.
    solutions : tuple of Solution
        One for each beta, with its certificate.
    """

    betas: Array
    solutions: tuple[Solution, ...]

    @property
    def primal(self) -> Array:
        """The objective reached at each beta, (k,)."""
        return np.array([s.certificate.primal for s in self.solutions])

    @property
    def dual(self) -> Array:
        """The bound proved at each beta, (k,)."""
        return np.array([s.certificate.dual for s in self.solutions])

    @property
    def neurons(self) -> np.ndarray:
        """Neurons of each network, (k,)."""
        return np.array([s.network.width for s in self.solutions])


def path(
    problem: Problem,
    betas: Sequence[float],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    rounds: int = 200,
) -> Path:
    """Solve a problem for many betas, each from the network of the one above it.

    From ``beta_max`` (:func:`lib.certificate.beta_max`) on the network is zero;
    below, neurons appear one by one and stay for a while, so that the solution for
    one beta is a good start for the next.

    Parameters
    ----------
    problem : Problem
        Its own beta is not used.
    betas : sequence of float
        In any order, positive; solved from the largest to the smallest.
    tolerance, rounds
        As in :func:`lib.frank_wolfe.solve`, for each beta.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If there is no beta or one is not positive and finite.

    Notes
    -----
    The curves of Figure 3. One :func:`lib.frank_wolfe.solve` a beta.
    """
    order = np.sort(np.asarray(betas, dtype=np.float64).ravel())[::-1]
    if order.size == 0 or not (np.isfinite(order).all() and order[-1] > 0):
        raise ValueError(
            f"betas must be positive and finite, at least one; got {betas!r}."
        )
    solutions: list[Solution] = []
    for beta in order:
        start = solutions[-1].network if solutions else None
        task = replace(problem, beta=float(beta))
        solutions.append(solve(task, start=start, tolerance=tolerance, rounds=rounds))
    return Path(order, tuple(solutions))
