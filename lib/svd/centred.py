"""The optimum on whitened, de-meaned data with balanced classes, in closed form.

De-meaned data are never spike-free, so Theorem 2 says nothing of them. Their symmetry
does: every class can be lit alone, at the price of ``sqrt(n / (n - k))``.
"""

from dataclasses import dataclass

import numpy as np

from lib.certificate import Certificate, certify
from lib.cone_pca import Maximum, correlation
from lib.cone_pca.maximum import ranked
from lib.numerics import Array
from lib.problem import Network, Problem

ROUNDING = 1e-12
"""Relative rounding of the bounds below: sums over n samples and c classes."""

CLIMBS = 50
"""Steps uphill from which :class:`CentredOracle` takes its value."""


@dataclass(frozen=True, eq=False)
class Demeaned:
    """The optimal network for balanced one-hot labels on centred white data.

    Parameters
    ----------
    network : Network
        A neuron a class, or none.
    certificate : Certificate
        Its gap is the rounding and the deviation of the data.
    price : float
        ``sqrt(n / (n - k))``, by which beta is multiplied in (16).
    """

    network: Network
    certificate: Certificate
    price: float


def demeaned_closed_form(problem: Problem, deviation: float) -> Demeaned:
    """Solve (5) for ``X X^T = I - 1 1^T / n`` and one-hot Y with k samples a class.

    A neuron is its preactivations w on the samples, ``1^T w = 0`` and ``|u| = |w|``.
    Let ``h = (w)_+`` be positive on s samples and ``t_j`` its sum over class j. The
    rest of w sums to minus ``T = sum t_j``, so ``|w|^2 >= |h|^2 + T^2 / (n - s)``, and
    ``|h|^2 >= sum t_j^2 / s_j`` for s_j positive samples of class j. As ``T^2 >= sum
    t_j^2``, ``s >= s_j`` and ``s_j <= k <= n / 2``: ``|w|^2 >= sum t_j^2 (1/k + 1/(n -
    k))``. Hence ``kappa(Y)^2 = max sum t_j^2 / |w|^2 = k (n - k) / n``, and the
    residual ``rho Y`` of the network that lights each class alone is feasible for (11).

    Parameters
    ----------
    problem : Problem
    deviation : float
        A bound of ``|X X^T - (I - 1 1^T / n)|`` in the Frobenius norm.

    Raises
    ------
    ValueError
        If the labels are not one-hot with equally many samples of each of two or more
        classes.

    Notes
    -----
    Not in the paper, whose section 5.2 de-means. O(n c d).
    """
    k, (n, _, c) = _class_size(problem.Y), problem.shape
    price = float(np.sqrt(n / (n - k)))
    level = problem.beta * price / np.sqrt(k)  # rho
    if level >= 1:
        network = Network.zero(*problem.shape[1:])
    else:
        size = np.sqrt((1 - level) / (np.sqrt(k) * price))
        W = (problem.Y - (1 - problem.Y) * k / (n - k)) * size
        weights = W.T @ problem.X  # (c, d): w = X u for centred w
        network = Network(weights, np.eye(c) * (1 - level) / size).balanced()
    bound = _LabelOracle(problem.X, problem.Y, deviation)
    proof = certify(problem, network, refine=0, bound=bound)
    return Demeaned(network, proof, price)


def _class_size(Y: Array) -> int:
    """Return how many samples each class has, if that is one number."""
    sizes = Y.sum(axis=0)
    one_hot = ((Y == 0) | (Y == 1)).all() and (Y.sum(axis=1) == 1).all()
    if not one_hot or len(sizes) < 2 or (sizes != sizes[0]).any():
        raise ValueError(
            "demeaned_closed_form needs one-hot labels with equally many samples of "
            f"each of two or more classes; got Y {Y.shape} with column sums "
            f"{np.unique(sizes)}. For other labels train and certify."
        )
    return int(sizes[0])


@dataclass(frozen=True, eq=False)
class _LabelOracle:
    """Bounds kappa of matrices near a multiple of the labels."""

    X: Array
    Y: Array
    deviation: float

    def __call__(self, Z: Array) -> Maximum:
        """Bound ``kappa(Z) <= rho kappa(Y) + |Z - rho Y|``, rho the best multiple."""
        X, n, k = self.X, len(self.Y), self.Y.sum(axis=0)[0]
        rho = float(np.vdot(Z, self.Y)) / n
        rest = float(np.linalg.norm(Z - rho * self.Y))
        kappa = abs(rho) * np.sqrt(k * (n - k) / n) + rest
        u = (self.Y[:, 0] - (1 - self.Y[:, 0]) * k / (n - k)) @ X
        return _at(X, Z, u / np.linalg.norm(u), _moved(kappa, X, Z, self.deviation))


def _moved(kappa: float, X: Array, Z: Array, deviation: float) -> float:
    """Return a bound for X from one for the exact ``C = I - 1 1^T / n``.

    Centring ``X u`` moves it by at most ``|1^T X| / sqrt n``, and then its length is
    at most ``sqrt(1 + deviation)``, as ``|C X X^T C| <= 1 + deviation``.
    """
    drift = float(np.linalg.norm(X.sum(axis=0))) / np.sqrt(len(X))
    moved = kappa * (1 + deviation) + drift * float(np.linalg.norm(Z, 2))
    return float(moved * (1 + ROUNDING))


@dataclass(frozen=True, eq=False)
class CentredOracle:
    """Bounds ``|Z^T (X u)_+|`` over unit u for ``X X^T = I - 1 1^T / n``.

    The entries of ``w = X u`` sum to zero, so those that are not in ``h = (w)_+`` have
    the squared length ``(1^T h)^2 / n`` at least, and ``|Z^T h|^2`` is at most the top
    eigenvalue of ``(I + 1 1^T / n)^(-1/2) Z Z^T (I + 1 1^T / n)^(-1/2)``: the mean of
    Z counts for ``1 / sqrt 2`` only.

    Parameters
    ----------
    X : (n, d) array
    deviation : float
        A bound of ``|X X^T - (I - 1 1^T / n)|`` in the Frobenius norm.

    Notes
    -----
    The constraint of (11) on data that are never spike-free. O(n c^2 + n d) a call.
    """

    X: Array
    deviation: float

    def __call__(self, Z: Array) -> Maximum:
        """Bound kappa of Z, (n, c); the value is that of a climb, a lower bound."""
        X = self.X
        shrunk = Z - (1 - np.sqrt(0.5)) * Z.mean(axis=0)
        left, sigma, _ = np.linalg.svd(shrunk, full_matrices=False)
        top = left[:, 0] * (1.0 if left[:, 0].sum() >= 0 else -1.0)
        u = _climb(X, Z, np.maximum(top, 0.0) @ X)
        return _at(X, Z, u, _moved(float(sigma[0]), X, Z, self.deviation))


def _at(X: Array, Z: Array, u: Array, bound: float) -> Maximum:
    """Return what a unit vector attains, with the bound."""
    values = correlation(X, Z, u[None])
    return ranked(u[None], values, max(bound, float(values[0])))


def _climb(X: Array, Z: Array, u: Array) -> Array:
    """Ascend ``|Z^T (X u)_+|`` on the sphere; each step maximises a linear bound."""
    for _ in range(CLIMBS):
        u = u / np.linalg.norm(u)
        h = np.maximum(X @ u, 0.0)
        u = ((h > 0) * (Z @ (Z.T @ h))) @ X
    return u / np.linalg.norm(u)
