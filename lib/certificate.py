"""How far a network is from the global optimum, proved by weak duality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.oracle import Maximum, oracle
from lib.problem import Array, Network, Problem, objective, residual

Oracle = Callable[[Array, Array], Maximum]
"""Anything that bounds kappa: ``oracle(X, Z)``."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """A primal value, a dual bound, and the dual point that proves it.

    ``dual <= p* <= primal``, so the network is optimal up to ``gap``.

    Parameters
    ----------
    primal : float
        Objective (5) of the network.
    dual : float
        ``<Z, Y> - |Z|^2 / 2``, the objective (11) at ``Z``.
    Z : (n, c) array
        A feasible point of (11): ``kappa(Z) <= beta``.
    kappa : Maximum
        What the oracle said of ``kappa`` at the network's residual. Its
        direction is the neuron that would improve the network most.
    """

    primal: float
    dual: float
    Z: Array
    kappa: Maximum

    @property
    def gap(self) -> float:
        """``primal - dual``, an upper bound of ``primal - p*``."""
        return self.primal - self.dual

    @property
    def relative_gap(self) -> float:
        """``gap / primal``; 0 when both values are 0."""
        return self.gap / self.primal if self.primal > 0 else 0.0

    def __str__(self) -> str:
        """Return the certificate in one line."""
        return (
            f"primal {self.primal:.10g}, dual {self.dual:.10g}, "
            f"relative gap {self.relative_gap:.1e}"
        )


def certify(
    problem: Problem, network: Network, *, bound: Oracle = oracle
) -> Certificate:
    """Bound the distance of any network from the optimum of (5).

    The residual ``R = Y - F`` is the optimal dual variable when F is optimal.
    For any other network ``Z = s R`` with ``0 <= s <= beta / kappa(R)`` is still
    feasible for (11), and weak duality turns its objective into a lower bound of
    p*. Nothing is assumed of the network, of how it was found, or of any solver;
    only the oracle's proved upper bound of kappa enters.

    Parameters
    ----------
    problem : Problem
    network : Network
        On the inputs and outputs of the problem, of any width.
    bound : callable
        The oracle, where another than :func:`lib.oracle.oracle` is wanted.

    Returns
    -------
    Certificate
        The best multiple ``s`` of the residual.

    Raises
    ------
    ValueError
        If the shapes of network and problem do not fit.
    NotImplementedError
        If X has rank 3 or more and no other oracle is given.

    Notes
    -----
    Equation (11). An oracle call and O(n m (d + c)).
    """
    R = residual(problem, network)
    kappa = bound(problem.X, R)
    Z = dual_scale(problem.Y, R, problem.beta, kappa.bound) * R
    return Certificate(objective(problem, network), dual_value(problem.Y, Z), Z, kappa)


def dual_scale(Y: Array, R: Array, beta: float, kappa_bound: float) -> float:
    """Return the feasible ``s`` for which ``s R`` has the largest dual value.

    ``s <R, Y> - s^2 |R|^2 / 2`` peaks at ``<R, Y> / |R|^2``; feasibility asks
    ``s kappa(R) <= beta``.
    """
    energy = float(np.vdot(R, R))
    if energy == 0.0:
        return 0.0
    best = max(float(np.vdot(R, Y)) / energy, 0.0)
    # Rounding s down by a few units keeps the product below beta.
    cap = beta / kappa_bound * (1 - 4 * np.finfo(float).eps) if kappa_bound else np.inf
    return min(best, cap)


def dual_value(Y: Array, Z: Array) -> float:
    """Return ``-1/2 |Z - Y|^2 + 1/2 |Y|^2``, the objective of (11)."""
    return float(np.vdot(Z, Y) - 0.5 * np.vdot(Z, Z))
