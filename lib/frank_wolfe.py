"""Fully corrective Frank-Wolfe on the penalised problem: training to a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.certificate import Certificate, certify
from lib.master import group_lasso
from lib.oracle import Maximum
from lib.problem import Array, Network, Problem, reduce_rank
from lib.sliding import WALL_TOLERANCE, slide

DEFAULT_TOLERANCE = 1e-9
"""Relative gap to prove: far below what a figure can show, and well above the
rounding of a sum of squares."""

NEW_NEURONS = 64
"""Most neurons added in a round; more only makes the master slower."""

NEGLIGIBLE = 1e-9
"""Share of the path norm below which the master's zeros are taken for zero."""

VALUE_ROUNDING = 1e-13
"""Relative difference of two objectives that rounding can explain."""

MERGE_COSINE = 0.999
"""Neurons of one cell with input and output weights this aligned become one."""


@dataclass(frozen=True, eq=False)
class Round:
    """One round: the value reached, the bound proved, and the neurons used."""

    primal: float
    dual: float
    kappa: float
    neurons: int


@dataclass(frozen=True, eq=False)
class Solution:
    """A trained network and the proof of how good it is.

    Parameters
    ----------
    network : Network
        On the inputs of the problem, balanced, without dead neurons.
    certificate : Certificate
        Of that network, computed after the fact by :func:`lib.certificate.certify`.
    history : tuple of Round
        One entry a round, from the zero network on.
    status : str
        A sentence that says why the solver stopped.
    converged : bool
        Whether the certificate reached the tolerance asked for.
    """

    network: Network
    certificate: Certificate
    history: tuple[Round, ...]
    status: str
    converged: bool


def solve(
    problem: Problem,
    *,
    tolerance: float = DEFAULT_TOLERANCE,
    rounds: int = 200,
    progress: Callable[[Round], None] | None = None,
) -> Solution:
    """Train a ReLU network to a certified global optimum of (5).

    Problem (5) is convex in the measure that the neurons form: by Lemma 4 it
    minimises ``loss + beta * gauge``, and the gauge has the atoms
    ``(X u)_+ g^T``. Each round certifies the network, adds a neuron at every
    local maximum of ``|R^T (X u)_+|`` above beta, finds the best output weights
    of all neurons (a group lasso), and slides them inside their cells. The
    objective decreases in every round, and the certificate closes when no
    direction is above beta. No radius t has to be guessed.

    Parameters
    ----------
    problem : Problem
        X of rank at most 2.
    tolerance : float
        Relative certified gap at which to stop.
    rounds : int
        Most rounds.
    progress : callable, optional
        Called with each :class:`Round`.

    Returns
    -------
    Solution
        Not converging is a status, not an error: the network is the best found
        and its certificate is valid.

    Raises
    ------
    ValueError
        If ``tolerance`` or ``rounds`` is not positive.
    NotImplementedError
        If X has rank 3 or more.

    Notes
    -----
    Section 3.2 without the bisection of (14). A round costs an oracle call,
    O(n log n + n c), plus a master program independent of n.
    """
    if not (tolerance > 0 and rounds >= 1):
        raise ValueError(
            f"solve needs tolerance > 0 and rounds >= 1; got tolerance = "
            f"{tolerance!r}, rounds = {rounds!r}."
        )
    reduced = reduce_rank(problem.X)
    inner = Problem(reduced.coordinates, problem.Y, problem.beta)
    network, history, status = _search(inner, tolerance, rounds, progress)
    lifted = reduced.lift(network)
    certificate = certify(problem, lifted)
    converged = certificate.relative_gap <= tolerance
    return Solution(lifted, certificate, tuple(history), status, converged)


def _search(
    problem: Problem,
    tolerance: float,
    rounds: int,
    progress: Callable[[Round], None] | None,
) -> tuple[Network, list[Round], str]:
    """Run the rounds in reduced coordinates; the heart of :func:`solve`."""
    network = Network.zero(problem.X.shape[1], problem.Y.shape[1])
    proof = certify(problem, network)
    history: list[Round] = []
    for _ in range(rounds):
        history.append(_report(network, proof, progress))
        if proof.relative_gap <= tolerance:
            return network, history, "The relative gap reached the tolerance."
        fresh = _improving(proof.kappa, problem.beta)
        if len(fresh) == 0:
            return network, history, "No neuron improves the network any more."
        better, its_proof = _round(problem, network, fresh)
        if not _is_better(its_proof, proof):
            return network, history, "The round improved neither value nor gap."
        network, proof = better, its_proof
    return network, history, f"The limit of {rounds} rounds was reached."


def _report(
    network: Network, proof: Certificate, progress: Callable[[Round], None] | None
) -> Round:
    """Make the entry of this round and hand it to ``progress``."""
    entry = Round(proof.primal, proof.dual, proof.kappa.value, network.width)
    if progress is not None:
        progress(entry)
    return entry


def _round(
    problem: Problem, network: Network, fresh: Array
) -> tuple[Network, Certificate]:
    """Add neurons, correct all output weights, slide; return the better outcome."""
    data = problem.X, problem.Y, problem.beta
    corrected = _corrected(problem, np.vstack([network.U, fresh]))
    corrected = slide(*data, corrected, rotate=False)
    best = corrected, certify(problem, corrected)
    for start in (_merged(problem, corrected), corrected):
        slid = slide(*data, start)
        proof = certify(problem, slid)
        if _is_better(proof, best[1]):
            best = slid, proof
            break
    return best


def _is_better(new: Certificate, old: Certificate) -> bool:
    """Compare by value, or by proved gap where values differ by rounding only.

    Near the optimum the value is quadratic in the distance and the gap linear,
    so half of the digits of the gap are invisible in the value.
    """
    rounding = VALUE_ROUNDING * old.primal
    if abs(new.primal - old.primal) <= rounding:
        return new.gap < old.gap
    return new.primal < old.primal


def _improving(kappa: Maximum, beta: float) -> Array:
    """Return the local maximisers above beta, the best first, (k, r)."""
    return kappa.candidates[kappa.candidate_values > beta][:NEW_NEURONS]


def _corrected(problem: Problem, U: Array) -> Network:
    """Return the network with the best output weights for the directions of U."""
    U = U / np.linalg.norm(U, axis=1, keepdims=True)
    H = np.maximum(problem.X @ U.T, 0.0)
    V = group_lasso(H.T @ H, H.T @ problem.Y, problem.beta)
    sizes = np.linalg.norm(V, axis=1)
    alive = sizes > NEGLIGIBLE * sizes.sum()
    return Network(U[alive], V[alive]).balanced()


def _merged(problem: Problem, network: Network) -> Network:
    """Join neurons of one closed cell that point the same way in both layers.

    ``u_1 v_1^T + u_2 v_2^T`` with parallel output weights is one neuron of the
    same cell, and by the triangle inequality a cheaper one.
    """
    U = network.U / np.linalg.norm(network.U, axis=1, keepdims=True)
    V = network.V / np.linalg.norm(network.V, axis=1, keepdims=True)
    signs = _signs(problem.X, U)
    alike = (U @ U.T > MERGE_COSINE) & (V @ V.T > MERGE_COSINE)
    groups: list[list[int]] = []
    for k in range(network.width):
        home = (g for g in groups if alike[k, g].all() and _share_cell(signs[[k, *g]]))
        group = next(home, None)
        if group is None:
            groups.append([k])
        else:
            group.append(k)
    joined = [_join(network, group) for group in groups]
    return Network(
        np.array([u for u, _ in joined]).reshape(-1, network.U.shape[1]),
        np.array([v for _, v in joined]).reshape(-1, network.V.shape[1]),
    )


def _signs(X: Array, U: Array) -> Array:
    """Return the sign of each ``x_j . u_k``, (m, n), 0 on a wall."""
    height = U @ X.T
    height[np.abs(height) <= WALL_TOLERANCE * np.linalg.norm(X, axis=1)] = 0.0
    return np.sign(height)


def _share_cell(signs: Array) -> bool:
    """Tell whether neurons lie in one closed cell: no sample sees both signs."""
    return bool((signs.max(axis=0) - signs.min(axis=0) < 2).all())


def _join(network: Network, group: list[int]) -> tuple[Array, Array]:
    """Return the neuron nearest to ``sum_k u_k v_k^T`` over a group, balanced."""
    block = network.U[group].T @ network.V[group]  # (r, c)
    share = np.linalg.norm(network.V[group], axis=1)
    u = share @ network.U[group]
    return u, u @ block / (u @ u)
