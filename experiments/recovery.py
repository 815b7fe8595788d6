"""From solutions of convex programs to networks, by several factors or by none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.counterexample import pentagon
from lib.certificate import Certificate
from lib.copositive import (
    Relaxation,
    cover_by_simplices,
    solve_relaxation,
)
from lib.frank_wolfe import solve
from lib.numerics import Array
from lib.problem import Network, Problem
from lib.recovery import (
    Recovery,
    recover_from_activations,
    recover_from_blocks,
    recover_from_relaxation,
    split_block,
)
from lib.recovery.semi_nmf import NEGLIGIBLE, require_in_span


def split_by_rays(block: Array, rays: Array) -> Network:
    """Write a block as ``W A`` with the rays W as neurons: a semi-NMF, at any cost.

    Exact, and what a reader of Remark 5.1 may try first; but ``sum_j |u_j| |v_j|``
    is not the least, and grows with the angles between the rays.

    Parameters
    ----------
    block : (d, c) array
    rays : (d, k) array

    Returns
    -------
    Network
        ``U^T V`` is the block; ``path_norm`` is the cost. At most k neurons.

    Raises
    ------
    ValueError
        As :func:`split_block`.

    Notes
    -----
    Remark 5.1 and (49) without the gauge. O(d k (k + c)).
    """
    require_in_span(block, rays)
    weights = np.linalg.lstsq(rays, block)[0]
    used = weights.any(axis=1)
    return Network(rays.T[used], weights[used])


def split_by_shift(block: Array, rays: Array) -> Network:
    """Write a block by its singular vectors, moved into the cone: a semi-NMF.

    Some singular vectors leave the cone. Adding just enough of ``w``, the sum of the
    unit rays, to each of these brings it in, and one neuron along w takes off what
    was added. So ``rank + 1`` neurons always suffice, one more than any
    factorisation needs; the cost is what it is.

    Parameters
    ----------
    block : (d, c) array
    rays : (d, k) array

    Returns
    -------
    Network
        ``U^T V`` is the block; ``path_norm`` is the cost.

    Raises
    ------
    ValueError
        As :func:`split_block`.

    Notes
    -----
    Remark 5.1 cites Gillis and Kumar (2015) for such factors. O(d k (k + c)).
    """
    require_in_span(block, rays)
    W = rays / np.linalg.norm(rays, axis=0)
    left, sigma, right = np.linalg.svd(block, full_matrices=False)
    kept = sigma > NEGLIGIBLE * sigma[0]
    root = np.sqrt(sigma[kept])
    shares = np.linalg.pinv(W) @ (left[:, kept] * root)  # (k, q)
    signs = np.where(-shares.min(axis=0) <= shares.max(axis=0), 1.0, -1.0)
    shares, weights = shares * signs, (signs * root)[:, None] * right[kept]
    shifts = np.maximum(-shares.min(axis=0), 0.0)
    U = np.column_stack([W @ (shares + shifts), W.sum(axis=1)])
    V = np.vstack([weights, -shifts @ weights])
    used = V.any(axis=1)
    return Network(U.T[used], V[used])


SPLITS = {
    "rays as neurons": split_by_rays,
    "shifted vectors": split_by_shift,
    "least cost": split_block,
}
"""Ways to write a block as neurons of its cone, all exact; only the last keeps cost."""


@dataclass(frozen=True, eq=False)
class SplitOptimum:
    """The blocks of one optimum of (12), split in several ways.

    Parameters
    ----------
    problem : Problem
    program : Relaxation
        (17), and so (12) with the gauge, over simplicial pieces of all cells.
    recoveries : dict of str to Recovery
        For each of ``SPLITS``, the network of all pieces.
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


def pentagon_matrix() -> Array:
    """Return a doubly nonnegative matrix of order 5 that is not completely positive.

    ``M_kl = cos(2 pi (k - l) / 5) + cos(pi / 5)``: the Gram matrix of the pentagon
    plus a constant that makes its negative entries zero.

    Returns
    -------
    (5, 5) array
        ``<H, M> = (25 - 15 sqrt 5) / 4 < 0`` with H of :func:`horn_matrix`.

    Examples
    --------
    >>> M = pentagon_matrix()
    >>> bool(M.min() >= 0), round(float(np.vdot(horn_matrix(), M)), 6)
    (True, -2.135255)
    """
    turns = 2 * np.pi / 5 * np.arange(5)
    M = np.cos(np.subtract.outer(turns, turns)) + np.cos(np.pi / 5)
    return np.where(horn_matrix() + np.eye(5) == 1, 0.0, M)


def horn_matrix() -> Array:
    """Return Horn's copositive matrix of order 5: ``x^T H x >= 0`` for ``x >= 0``.

    1 on the diagonal and for vertices of the pentagon that are not neighbours, -1 for
    neighbours. A matrix M with ``<H, M> < 0`` is not completely positive.

    Returns
    -------
    (5, 5) array

    Notes
    -----
    Hall and Newman (1963).
    """
    apart = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    return np.where((apart == 1) | (apart == 4), -1.0, 1.0)
