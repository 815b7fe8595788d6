"""How far a network is from the optimum, proved from both sides.

A certificate says that it is at most so far; a neuron or a change of scale that lowers
the objective says that it is at least so far. A small gap moreover says where every
optimum must lie.
"""

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from lib.certificate.weak_duality import Certificate, certify
from lib.cone_pca import AnyOracle, Limits, Oracle
from lib.networks import as_network
from lib.numerics import Array
from lib.problem import Network, Problem, objective, residual

ROUNDING = 1e-12
"""Relative rounding of an objective, which is a sum taken in pairs."""


@dataclass(frozen=True, eq=False)
class Improvement:
    """A network with one neuron more, or with its outputs on another scale.

    Parameters
    ----------
    network : Network
        A new neuron is its last, balanced.
    gain : float
        By at least so much its objective is lower, up to rounding; 0 where the
        step does not help, and then the network is the old one.
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


def rescale(problem: Problem, network: Network) -> Improvement:
    """Balance the neurons and multiply the outputs by the factor that surely pays.

    With the path norm S, the factor ``1 + e`` changes the loss by at most ``-e <R, F> +
    e^2 L |F|^2 / 2`` and the penalty by ``e beta S``. The best ``e >= -1`` is ``(<R, F>
    - beta S) / (L |F|^2)``, or -1, the zero network, if that is larger.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling.
    network : Network

    Returns
    -------
    Improvement
        Its gain, exact for the squared loss, is that of balancing, ``beta (w - S)``
        with the weight decay w, and ``(<R, F> - beta S)^2 / (2 L |F|^2)`` for the
        factor, if it is not zero.

    Notes
    -----
    Section 3.2: the direction of (14) in which a radius is too small or too large.
    O(n m (d + c)).

    Examples
    --------
    >>> problem = Problem([[1.0]], [[3.0]], beta=1.0)  # optimal output 2
    >>> step = rescale(problem, Network([[1.0]], [[1.0]]))
    >>> step.gain, step.network.path_norm.__round__(12)
    (0.5, 2.0)
    """
    F, size = problem.predict(network), network.path_norm
    excess = float(np.vdot(problem.loss.residual(F, problem.Y), F))
    excess -= problem.beta * size
    curvature = problem.loss.smoothness * float(np.vdot(F, F))
    step = max(excess / curvature, -1.0) if curvature > 0 else -1.0
    gain = step * excess - step**2 * curvature / 2
    gain += problem.beta * (network.weight_decay - size)
    if gain <= 0:
        return Improvement(network, 0.0)
    even, root = network.balanced(), np.sqrt(1 + step)
    return Improvement(Network(root * even.U, root * even.V), gain)


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
    rescaling : Improvement
        Of the best scale of the outputs.
    """

    certificate: Certificate
    improvement: Improvement
    rescaling: Improvement

    @property
    def least(self) -> float:
        """A lower bound: what the better step gains, in units of the objective."""
        primal = self.certificate.primal
        gain = max(self.improvement.gain, self.rescaling.gain)
        return gain / primal if primal > 0 else 0.0

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
    Equation (11) and the steps of :func:`add_neuron` and :func:`rescale`. An oracle
    call, and O(n (d + c)) for each local maximum.

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
    best = max(tried, key=attrgetter("gain"))
    return Distance(proof, best, rescale(problem, network))


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Where the outputs and the dual variable of every optimum must lie.

    Parameters
    ----------
    problem : Problem
    certificate : Certificate
        Of the network.
    outputs : (n, c) array
        Of the network on the samples.
    radius : float
        Bounds ``|Z - Z*|`` for the dual optimum Z*, which is unique, with the Z of the
        certificate. Z* is minus the gradient of the loss at every optimum.
    output_radius : float
        Bounds ``|F - F*|``; infinite for losses that are not strongly convex.
    """

    problem: Problem
    certificate: Certificate
    outputs: Array
    radius: float
    output_radius: float

    @property
    def residual_radius(self) -> float:
        """Bounds ``|R - Z*|`` for the residual R of the network.

        For labels this is how far its probabilities are from the optimal ones.
        """
        loss = self.problem.loss
        R = loss.residual(self.outputs, self.problem.Y)
        apart = float(np.linalg.norm(R - self.certificate.Z)) + self.radius
        return min(apart, loss.smoothness * self.output_radius)

    def meets(self, other: "Neighbourhood") -> bool:
        """Tell whether both can hold one optimum, as those of one problem must."""
        apart = np.linalg.norm(self.outputs - other.outputs)
        dual = np.linalg.norm(self.certificate.Z - other.certificate.Z)
        return bool(
            apart <= self.output_radius + other.output_radius
            and dual <= self.radius + other.radius
        )

    def excludes(self, directions: Array) -> np.ndarray:
        """Tell of which directions no optimal network has a neuron, (k,).

        Parameters
        ----------
        directions : (k, d) array
            Of any length.

        Notes
        -----
        There ``|Z^T h(u)| + radius |h(u)| < beta |u|``, so that ``|Z*^T h(u)|`` is
        below beta, which every neuron of an optimum attains. O(k n (d + c)).
        """
        U = np.atleast_2d(np.asarray(directions, dtype=np.float64))
        hidden = self.problem.features(U)
        reach = np.linalg.norm(hidden.T @ self.certificate.Z, axis=1)
        reach += self.radius * np.linalg.norm(hidden, axis=0)
        return reach < self.problem.beta * np.linalg.norm(U, axis=1) * (1 - ROUNDING)


def locate(
    problem: Problem, network: Network | Any, certificate: Certificate
) -> Neighbourhood:
    """Bound how far outputs and residual of a network are from those of any optimum.

    The loss plus the gauge is as strongly convex in the outputs as the loss, with
    modulus mu, and the dual as strongly concave as the conjugate, with modulus ``1 /
    L``. So ``mu |F - F*|^2 + |Z - Z*|^2 / L <= 2 gap``.

    Parameters
    ----------
    problem : Problem
        Of any loss and pooling.
    network : Network or torch.nn.Sequential
    certificate : Certificate
        Of this network.

    Returns
    -------
    Neighbourhood

    Raises
    ------
    ValueError
        If the certificate is of another network.

    Notes
    -----
    Equations (11) and (78). O(n m (d + c)).

    Examples
    --------
    >>> problem = Problem([[1.0]], [[3.0]], beta=1.0)
    >>> network = Network([[1.0]], [[1.0]])  # its output is 1, the optimal one is 2
    >>> found = locate(problem, network, certify(problem, network))
    >>> bool(1 <= found.output_radius < 1.5), found.excludes([[-1.0]]).tolist()
    (True, [True])
    """
    network, primal = as_network(network), certificate.primal
    value = objective(problem, network)
    if not np.isclose(value, primal, rtol=1e-9):
        raise ValueError(
            f"certificate must be that of the network, whose objective is {value:g}; "
            f"got one with primal {primal:g}. Take certify(problem, network)."
        )
    gap, loss = max(certificate.gap, 0.0) + ROUNDING * primal, problem.loss
    moved = float(np.linalg.norm(loss.repair(certificate.Z, problem.Y)))
    radius = float(np.sqrt(2 * loss.smoothness * gap)) + moved
    outer = np.sqrt(2 * gap / loss.convexity) if loss.convexity > 0 else np.inf
    outputs = problem.predict(network)
    return Neighbourhood(problem, certificate, outputs, radius, float(outer))
