"""The optimum on whitened, de-meaned data with balanced classes, in closed form.

De-meaned data are never spike-free, so Theorem 2 says nothing of them. Their symmetry
does: every class can be lit alone, at the price of ``sqrt(n / (n - k))``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.certificate import Certificate, certify
from lib.oracle import Maximum
from lib.problem import Array, Network, Problem

ROUNDING = 1e-12
"""Relative rounding of the bound below: sums over n samples and c classes."""


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
    proof = certify(problem, network, bound=_Bound(problem.Y, deviation))
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
class _Bound:
    """Bounds kappa of matrices near a multiple of the labels."""

    Y: Array
    deviation: float

    def __call__(self, X: Array, Z: Array) -> Maximum:
        """Bound ``kappa(Z) <= rho kappa(Y) + |Z - rho Y|``, rho the best multiple."""
        n, k = len(self.Y), self.Y.sum(axis=0)[0]
        rho = float(np.vdot(Z, self.Y)) / n
        rest = float(np.linalg.norm(Z - rho * self.Y))
        kappa = abs(rho) * np.sqrt(k * (n - k) / n) + rest
        # With |X X^T - C| <= e the activations move by at most e |u|.
        moved = self.deviation * float(np.linalg.norm(Z, 2))
        u = (self.Y[:, 0] - (1 - self.Y[:, 0]) * k / (n - k)) @ X
        u = u / np.linalg.norm(u)
        value = float(np.linalg.norm(np.maximum(X @ u, 0.0) @ Z))
        bound = max((kappa + moved) * (1 + ROUNDING), value)
        return Maximum(value, bound, u, u[None], np.array([value]))
