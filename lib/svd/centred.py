"""The optimum on whitened, de-meaned data with one-hot labels, in closed form.

De-meaned data are never spike-free, so Theorem 2 says nothing of them. Their symmetry
does: every class can be lit alone, at the price of ``sqrt(n / (n - n_j))``.
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
    """The optimal network for one-hot labels on centred white data.

    Parameters
    ----------
    network : Network
        At most a neuron a class.
    certificate : Certificate
        Its gap is the rounding and the deviation of the data.
    prices : (c,) array
        ``sqrt(n / (n - n_j))``, by which beta is multiplied for class j in (16).
    """

    network: Network
    certificate: Certificate
    prices: Array


def demeaned_closed_form(problem: Problem, deviation: float) -> Demeaned:
    """Solve (5) for ``X X^T = I - 1 1^T / n`` and one-hot Y, no class above a half.

    A neuron is its preactivations w on the samples, ``1^T w = 0`` and ``|u| = |w|``.
    Let ``h = (w)_+`` be positive on s samples and ``t_j`` its sum over class j, which
    has ``n_j <= n / 2``. The rest of w sums to minus ``T = sum t_j``, so ``|w|^2 >=
    |h|^2 + T^2 / (n - s)``, and ``|h|^2 >= sum t_j^2 / s_j`` for s_j positive samples
    of class j. As ``T^2 >= sum t_j^2``, ``s >= s_j`` and ``s_j <= n_j``: ``|w|^2 >= sum
    t_j^2 / kappa_j^2`` with ``kappa_j^2 = n_j (n - n_j) / n``. Hence the residual ``Y
    diag(rho)``, ``rho_j = min(1, beta / kappa_j)``, of the network that lights each
    class alone is feasible for (11), and ``p* = sum_j n_j (rho_j - rho_j^2 / 2)``.

    Parameters
    ----------
    problem : Problem
    deviation : float
        A bound of ``|X X^T - (I - 1 1^T / n)|`` in the Frobenius norm.

    Raises
    ------
    ValueError
        If the labels are not one-hot, a class has no sample, or one has more than half
        of them: then a neuron on part of the class is cheaper.

    Notes
    -----
    Not in the paper, whose section 5.2 de-means. O(n c d).
    """
    sizes, n = _class_sizes(problem.Y), len(problem.Y)
    kappas = _class_norms(sizes)
    left = np.maximum(1 - problem.beta / kappas, 0.0)  # 1 - rho
    lit = np.flatnonzero(left)
    if len(lit):
        Y = problem.Y[:, lit]
        W = Y - (1 - Y) * (sizes / (n - sizes))[lit]  # |w_j| = n_j / kappa_j
        V = (left[:, None] * np.eye(len(sizes)))[lit]
        network = Network(W.T @ problem.X, V).balanced()  # w = X u for centred w
    else:
        network = Network.zero(*problem.shape[1:])
    bound = _LabelOracle(problem.X, problem.Y, deviation)
    proof = certify(problem, network, refine=0, bound=bound)
    return Demeaned(network, proof, np.sqrt(n / (n - sizes)))


def _class_norms(sizes: Array) -> Array:
    """Return ``sqrt(n_j (n - n_j) / n)``, (c,): kappa of each class indicator."""
    n = sizes.sum()
    return np.sqrt(sizes * (n - sizes) / n)


def _class_sizes(Y: Array) -> Array:
    """Return how many samples each class has, (c,), if all have some, none most."""
    sizes = Y.sum(axis=0)
    one_hot = ((Y == 0) | (Y == 1)).all() and (Y.sum(axis=1) == 1).all()
    if not one_hot or sizes.min() < 1 or 2 * sizes.max() > len(Y):
        raise ValueError(
            "demeaned_closed_form needs one-hot labels with a sample of each class and "
            f"no class of more than half of the samples; got Y {Y.shape} with column "
            f"sums {np.unique(sizes)}. For other labels train and certify."
        )
    return sizes


@dataclass(frozen=True, eq=False)
class _LabelOracle:
    """Bounds kappa of matrices near multiples of the columns of the labels."""

    X: Array
    Y: Array
    deviation: float

    def __call__(self, Z: Array) -> Maximum:
        """Bound ``kappa(Z) <= max_j rho_j kappa_j + |Z - Y diag(rho)|``, best rho."""
        X, Y, sizes = self.X, self.Y, self.Y.sum(axis=0)
        rho = (Z * Y).sum(axis=0) / sizes
        rest = float(np.linalg.norm(Z - Y * rho))
        values = np.abs(rho) * _class_norms(sizes)
        j = int(np.argmax(values))
        u = (Y[:, j] - (1 - Y[:, j]) * sizes[j] / (len(Y) - sizes[j])) @ X
        bound = _moved(float(values[j]) + rest, X, Z, self.deviation)
        return _at(X, Z, u / np.linalg.norm(u), bound)


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
