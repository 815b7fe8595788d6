"""From solutions of convex programs to networks, by several factors or by none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.certificate import Certificate
from lib.copositive import (
    Relaxation,
    cover_by_simplices,
    pentagon,
    pentagon_matrix,
    solve_relaxation,
)
from lib.frank_wolfe import solve
from lib.problem import Problem
from lib.recovery import (
    SPLITS,
    Recovery,
    recover_from_activations,
    recover_from_blocks,
    recover_from_relaxation,
)


@dataclass(frozen=True, eq=False)
class SplitOptimum:
    """The blocks of one optimum of (12), split in several ways.

    Parameters
    ----------
    problem : Problem
    program : Relaxation
        (17), and so (12) with the gauge, over simplicial pieces of all cells.
    recoveries : dict of str to Recovery
        For each of ``lib.recovery.SPLITS``, the network of all pieces.
    from_grams : Recovery
        The network of the matrices U_i of (17).
    """

    problem: Problem
    program: Relaxation
    recoveries: dict[str, Recovery]
    from_grams: Recovery

    @property
    def excess(self) -> dict[str, float]:
        """``objective / p* - 1`` of each network, with the proved bound for p*."""
        bound = self.program.dual
        return {way: found.cost / bound - 1 for way, found in self.recoveries.items()}


def split_optimum(problem: Problem) -> SplitOptimum:
    """Solve (12) with the gauge over all pieces and split its blocks in each way.

    Parameters
    ----------
    problem : Problem
        Squared loss, full column rank up to 4, few samples.

    Raises
    ------
    ValueError
        As :func:`lib.copositive.solve_relaxation` and
        :func:`lib.copositive.cover_by_simplices`, or if the columns of X are
        dependent: blocks then live in its row space.

    Notes
    -----
    Remark 5.1 and (49).
    """
    cover = cover_by_simplices(problem.X)
    if cover.X.shape != problem.X.shape:
        raise ValueError(
            f"split_optimum needs X of full column rank; got X {problem.X.shape} of "
            f"rank {cover.X.shape[1]}. Reduce it with reduce_rank first."
        )
    program = solve_relaxation(problem, cover)
    patterns = np.array([region.pattern for region in cover.regions])
    rays = [region.basis for region in cover.regions]
    told = problem, patterns, rays, program.blocks
    found = {way: recover_from_blocks(*told, split=s) for way, s in SPLITS.items()}
    from_grams = recover_from_relaxation(problem, program)
    return SplitOptimum(problem, program, found, from_grams)


@dataclass(frozen=True, eq=False)
class Stated:
    """What a program stated, the network made of it, and the certified optimum.

    Parameters
    ----------
    problem : Problem
    recovery : Recovery
    optimum : Certificate
        Of the network of :func:`lib.frank_wolfe.solve`.
    """

    problem: Problem
    recovery: Recovery
    optimum: Certificate


def state_and_recover(
    rng: np.random.Generator, *, beta: float = 0.6, white_beta: float = 0.3
) -> dict[str, Stated]:
    """Recover networks from programs that are tight and from some that are not.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws starts of the search for a factor.
    beta : float
        Of the pentagon's data, below 0.8165.
    white_beta : float
        Of whitened data ``X = I`` of order five with ``Y Y^T = (M + beta Q)^2``, where
        Q projects on the range of ``M = pentagon_matrix()``. Without a condition on
        signs ``W = M / (2 beta)`` solves (20), by soft-thresholding, so it does with.

    Returns
    -------
    dict of str to Stated
        ``"cells"``: (19) on the pentagon's data; ``"pieces"``: (17) on them;
        ``"whitened"``: (20).
    """
    case = pentagon(beta)
    optimum = solve(case.problem).certificate
    found = {
        name: Stated(case.problem, recover_from_relaxation(case.problem, told), optimum)
        for name, told in {"cells": case.printed, "pieces": case.repaired}.items()
    }
    values, vectors = np.linalg.eigh(pentagon_matrix())
    Y = vectors[:, 2:] * (values[2:] + white_beta)  # M has rank 3
    white = Problem(np.eye(5), Y, white_beta)
    W = pentagon_matrix() / (2 * white_beta)
    network = recover_from_activations(white, W, rng=rng)
    found["whitened"] = Stated(white, network, solve(white).certificate)
    return found
