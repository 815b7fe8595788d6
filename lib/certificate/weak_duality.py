"""How far a network is from the global optimum, proved by weak duality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.cone_pca import AnyOracle, Maximum
from lib.cone_pca.kappa import oracle_for
from lib.losses import STAY_INSIDE, best_scale
from lib.networks import as_network
from lib.numerics import Array, on_one_thread
from lib.problem import Bounds, Network, Problem, residual

REFINEMENTS = 3
"""Newton steps on the dual point; each is taken only while it proves more."""

PEAK = 1e-3
"""Local maxima so near to beta take part in the refinement of a dual point."""

MOST_PEAKS = 512
"""Most local maxima that take part, the highest first."""

MOST_ACTIVATIONS = 10_000_000
"""Most activations held at once for them, 80 MB."""

GRAM_ROUNDING = 1e-14
"""Relative size below which an eigenvalue of a Gram matrix is rounding."""


@dataclass(frozen=True, eq=False)
class Certificate(Bounds):
    """A primal value, a dual bound, and the dual point that proves it.

    ``dual <= p* <= primal``, so the network is optimal up to ``gap``.

    Parameters
    ----------
    primal : float
        Objective (5) of the network, rounded.
    dual : float
        ``-loss*(-Z)``, the objective (78) at ``Z``, (11) for the squared loss; a
        bound for its rounding is taken off.
    Z : (n, c) array
        A feasible point of (78): ``kappa(Z) <= beta``.
    kappa : Maximum
        What the oracle said of ``kappa`` at the network's residual. Its
        direction is the neuron that would improve the network most.
    """

    primal: float
    dual: float
    Z: Array
    kappa: Maximum

    @property
    def direction(self) -> Array:
        """The input weights, (d,), of the neuron that would help most.

        It lowers the objective to first order where ``kappa.value > beta``.
        """
        return self.kappa.direction

    def __str__(self) -> str:
        """Return the certificate in one line."""
        return (
            f"primal {self.primal:.10g}, dual {self.dual:.10g}, "
            f"relative gap {self.relative_gap:.1e}"
        )


@on_one_thread
def certify(
    problem: Problem,
    network: Network | Any,
    *,
    refine: int = REFINEMENTS,
    bound: AnyOracle | None = None,
) -> Certificate:
    """Bound the distance of any network from the optimum of (5).

    The residual ``R = -grad loss(F)`` is the optimal dual variable when F is
    optimal. For any other network ``Z = s R`` with ``0 <= s <= beta / kappa(R)``
    is still feasible for (78), and weak duality turns its objective into a lower
    bound of p*. Nothing is assumed of the network, of how it was found, or of any
    solver; only the oracle's proved upper bound of kappa enters.

    Parameters
    ----------
    problem : Problem
        With any loss and pooling.
    network : Network or torch.nn.Sequential
        On the inputs and outputs of the problem, of any width. From PyTorch:
        ``Linear, ReLU, Linear``, see :func:`lib.networks.from_torch`.
    refine : int
        Most Newton steps on the dual point. Near an optimum they take the bound
        below the rounding of the network's outputs; elsewhere there are none. Each
        costs an oracle call.
    bound : callable, optional
        A :class:`lib.cone_pca.Oracle` made for the problem's X, where one is at hand
        or its own limits are wanted.

    Returns
    -------
    Certificate
        The best multiple ``s`` of the residual, or a refined point if that proves
        more.

    Raises
    ------
    ValueError
        If the shapes of network and problem do not fit, ``refine`` is not a whole
        number from 0 on, or ``bound`` was made for other data.

    Notes
    -----
    Equations (11) and (78). An oracle call and O(n m (d + c)); near an optimum up to
    ``refine`` more calls.

    Examples
    --------
    Any network is judged, here one with a single neuron where two are needed.

    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> proof = certify(problem, Network([[0.5**0.5, 0.0]], [[0.5**0.5]]))
    >>> proof.dual <= 0.75 <= proof.primal
    True
    >>> print(proof)
    primal 0.875, dual 0.59375, relative gap 3.2e-01
    """
    if not (isinstance(refine, int | np.integer) and refine >= 0):
        raise ValueError(
            f"refine must be a whole number of steps >= 0; got {refine!r}. 0 takes the "
            "best multiple of the residual."
        )
    network = _fitting(problem, as_network(network))
    bound = oracle_for(problem.X, bound)
    F = problem.predict(network)
    R = problem.loss.residual(F, problem.Y)
    primal = problem.loss.value(F, problem.Y) + problem.beta * network.weight_decay
    kappa = bound(problem.spread(R))
    proof = _proof(problem, primal, R, kappa)
    return _refined(problem, network, proof, refine, bound)


def from_dual_point(
    problem: Problem, primal: float, Z: Array, bound: AnyOracle
) -> Certificate:
    """Prove what a multiple of Z proves, wherever Z is from.

    Parameters
    ----------
    problem : Problem
    primal : float
        The objective of some network.
    Z : (n, c) array
        Any dual point.
    bound : callable
        An oracle made for the problem's X.

    Returns
    -------
    Certificate
        Its ``kappa`` is that of Z.

    Notes
    -----
    Equations (11) and (78). An oracle call.
    """
    return _proof(problem, primal, Z, bound(problem.spread(Z)))


def proved_value(problem: Problem, Z: Array, kappa_bound: float) -> float:
    """Return the largest lower bound of p* that a multiple of Z proves.

    For points whose kappa is bounded by other means than an oracle, such as averages
    of points that are feasible for other betas.

    Parameters
    ----------
    problem : Problem
    Z : (n, c) array
        Any dual point.
    kappa_bound : float
        A proved upper bound of ``kappa(Z)``.

    Returns
    -------
    float
        The objective (78) at the best multiple that ``kappa_bound`` allows, its
        rounding taken off.

    Notes
    -----
    Equations (11) and (78). O(n c).
    """
    return problem.loss.dual(_scaled(problem, Z, kappa_bound), problem.Y)


def _proof(problem: Problem, primal: float, R: Array, kappa: Maximum) -> Certificate:
    """Return the certificate that a multiple of R gives."""
    Z = _scaled(problem, R, kappa.bound)
    return Certificate(primal, problem.loss.dual(Z, problem.Y), Z, kappa)


def _refined(
    problem: Problem, network: Network, proof: Certificate, steps: int, bound: AnyOracle
) -> Certificate:
    """Move the dual point to where the local maxima of ``|Z^T h(u)|`` equal beta.

    Scaling lowers all of Z for the sake of a few directions that stick out by
    rounding. This lowers those directions alone, by the smallest change of Z that
    does so to first order.
    """
    most = min(MOST_PEAKS, MOST_ACTIVATIONS // len(problem.X))
    best, kappa = proof, proof.kappa
    Z = problem.loss.residual(problem.predict(network), problem.Y)
    for _ in range(steps if most else 0):
        peaks = kappa.candidate_values > problem.beta * (1 - PEAK)
        if not peaks.any() or kappa.value > problem.beta * (1 + PEAK):
            break
        Z = Z + _correction(problem, Z, kappa.candidates[peaks][:most])
        kappa = bound(problem.spread(Z))
        trial = _proof(problem, proof.primal, Z, kappa)
        if trial.dual <= best.dual:
            break
        best = Certificate(trial.primal, trial.dual, trial.Z, proof.kappa)
    return best


def _correction(problem: Problem, Z: Array, U: Array) -> Array:
    """Return the least change of Z that makes ``|Z^T h(u)| = beta`` to first order.

    The rows ``h_k g_k^T`` with ``g_k`` along ``Z^T h_k`` have the Gram matrix
    ``(H^T H) * (G G^T)``, so that only (k, k) is solved.
    """
    H = problem.features(U)
    pull = H.T @ Z
    values = np.linalg.norm(pull, axis=1)
    G = pull / values[:, None]
    gram = (H.T @ H) * (G @ G.T)
    excess = problem.beta - values
    shares = np.linalg.lstsq(gram, excess, rcond=GRAM_ROUNDING)[0]
    return H @ (shares[:, None] * G)


def _fitting(problem: Problem, network: Network) -> Network:
    """Refuse a network with other inputs than the data, and name a likely cause."""
    d, inputs = problem.X.shape[1], network.U.shape[1]
    if inputs == d:
        return network
    remedy = "Project or pad the inputs."
    if inputs == d + 1:
        remedy = "If its first layer has a bias, pass with_ones(X) as X."
    raise ValueError(
        f"The network must have {d} inputs, the columns of X; got U "
        f"{network.U.shape}. {remedy}"
    )


def _scaled(problem: Problem, R: Array, kappa_bound: float) -> Array:
    """Return the feasible multiple of R with the largest dual value.

    Where rounding may have left the domain of the conjugate, the loss speaks of a
    point nearby; ``kappa`` there is larger by at most the sum of ``|z_j - z'_j|
    |x_j|``, and that is kept free below beta.
    """
    if kappa_bound == 0.0:
        return best_scale(problem.loss, R, problem.Y, np.inf) * R
    rows = np.linalg.norm(problem.X, axis=1)[:, None]
    reach = problem.pool(rows)[:, 0]  # sum of |x| over the patches of a sample
    slack = 2 * float(problem.loss.repair(R, problem.Y) @ reach)
    cap = max(problem.beta - slack, 0.0) / kappa_bound * STAY_INSIDE
    s = best_scale(problem.loss, R, problem.Y, cap)
    moved = float(problem.loss.repair(s * R, problem.Y) @ reach)
    return s * R if moved <= slack else 0.0 * R


def beta_max(problem: Problem, *, bound: AnyOracle | None = None) -> Maximum:
    """Return kappa of the residual of the zero network.

    For ``beta >= kappa`` the zero network is optimal, for smaller ones it is not;
    ``value`` and ``bound`` enclose the threshold. The problem's own beta is not
    used.

    Notes
    -----
    Equation (78) at ``F = 0``: R is feasible and closes the gap.

    Examples
    --------
    >>> threshold = beta_max(Problem([[1, 0], [0, 1]], [1, -1], beta=0.5))
    >>> round(threshold.value, 9), round(threshold.bound, 9)
    (1.0, 1.0)
    """
    R = residual(problem, Network.zero(*problem.shape[1:]))
    return oracle_for(problem.X, bound)(problem.spread(R))
