"""How far a network is from the optimum, proved from both sides.

A certificate says that it is at most so far; a neuron that lowers the objective says
that it is at least so far.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from lib.certificate.weak_duality import Certificate, certify
from lib.cone_pca import AnyOracle, Limits, Oracle
from lib.networks import as_network
from lib.numerics import Array
from lib.problem import Network, Problem, residual


@dataclass(frozen=True, eq=False)
class Improvement:
    """A network with one neuron more.

    Parameters
    ----------
    network : Network
        Its last neuron is the new one, balanced.
    gain : float
        By at least so much its objective is lower, up to rounding; 0 where the
        direction does not help, and then the network is the old one.
    """

    network: Network
    gain: float


def add_neuron(problem: Problem, network: Network, direction: Array) -> Improvement:
    """Add the neuron of a direction with the step that surely pays.

    Let ``k = |R^T h(u)|`` for the unit vector u of the direction. A neuron ``u, e g``
    with g along ``R^T h(u)`` changes the loss by at most ``-e k + e^2 L |h|^2 / 2``,
    where L is the smoothness of the loss, and weight decay by ``beta e``. The best e
    is ``(k - beta) / (L |h|^2)``.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling.
    network : Network
    direction : (d,) array
        Not zero; ``certificate.direction`` is the best one known.

    Returns
    -------
    Improvement
        With ``gain = (k - beta)^2 / (2 L |h|^2)``, exact for the squared loss.

    Raises
    ------
    ValueError
        If the direction is zero or has another length than the inputs.

    Notes
    -----
    Section 3.2: the step of Frank-Wolfe on (5). O(n m (d + c)).
    """
    u = np.asarray(direction, dtype=np.float64)
    if u.shape != problem.X.shape[1:] or not u.any():
        raise ValueError(
            f"direction must be a nonzero vector of {problem.X.shape[1]} entries, the "
            f"inputs; got shape {u.shape} and norm {np.linalg.norm(u):g}. Take "
            "certificate.direction."
        )
    u = u / np.linalg.norm(u)
    h = problem.features(u[None, :])[:, 0]
    pull = residual(problem, network).T @ h
    excess = float(np.linalg.norm(pull)) - problem.beta
    if excess <= 0:
        return Improvement(network, 0.0)
    curvature = problem.loss.smoothness * float(h @ h)
    size = np.sqrt(excess / curvature)
    v = pull / np.linalg.norm(pull)
    grown = Network(np.vstack([network.U, size * u]), np.vstack([network.V, size * v]))
    return Improvement(grown, excess**2 / (2 * curvature))


def within(X: Array, seconds: float) -> Oracle:
    """Return the oracle with a limit on its time, which only matters from rank 3 on.

    Parameters
    ----------
    X : (n, d) array
    seconds : float
        For each call. The bound is proved whenever it stops.

    Raises
    ------
    ValueError
        If the time is not positive and finite.
    """
    if not 0 < seconds < np.inf:
        raise ValueError(
            f"seconds must be positive and finite; got {seconds!r}. Without a limit "
            "take Oracle(X)."
        )
    return Oracle(X, limits=Limits(seconds=seconds))


@dataclass(frozen=True, eq=False)
class Distance:
    """What is proved of ``1 - p* / objective`` of a network.

    Parameters
    ----------
    certificate : Certificate
    improvement : Improvement
        Of the neuron that gains most among the local maxima of ``|R^T h(u)|``.
    """

    certificate: Certificate
    improvement: Improvement

    @property
    def least(self) -> float:
        """A lower bound: what the neuron gains, in units of the objective."""
        primal = self.certificate.primal
        return self.improvement.gain / primal if primal > 0 else 0.0

    @property
    def most(self) -> float:
        """An upper bound: the relative gap of the certificate."""
        return self.certificate.relative_gap

    def __str__(self) -> str:
        """Return both sides in one line."""
        return (
            f"objective {self.certificate.primal:.6g}, above the optimum by "
            f"{self.least:.2%} to {self.most:.2%} of it"
        )


def measure(
    problem: Problem, network: Network | Any, *, bound: AnyOracle | None = None
) -> Distance:
    """Prove from both sides how far a network is from the optimum of (5).

    Parameters
    ----------
    problem : Problem
    network : Network or torch.nn.Sequential
    bound : callable, optional
        An oracle made for the problem's X; one with limits loosens the upper side.

    Returns
    -------
    Distance

    Raises
    ------
    ValueError
        If the shapes of network and problem do not fit.

    Notes
    -----
    Equation (11) and the step of :func:`add_neuron`. An oracle call, and O(n (d + c))
    for each local maximum.

    Examples
    --------
    >>> problem = Problem([[1, 0], [0, 1]], [1, -1], beta=0.5)
    >>> found = measure(problem, Network.zero(2, 1))
    >>> found.least <= 0.25 <= found.most  # the optimum is a quarter below 1
    True
    """
    network = as_network(network)
    proof = certify(problem, network, bound=bound)
    tried = [add_neuron(problem, network, u) for u in proof.kappa.candidates]
    return Distance(proof, max(tried, key=attrgetter("gain")))
