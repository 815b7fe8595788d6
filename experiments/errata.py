"""Smallest cases behind the errata: what Algorithm 1 needs of its step and loss."""

from dataclasses import dataclass

import numpy as np

from lib.cone_pca import oracle
from lib.numerics import Array

BREADTH = 4_000
"""Directions on which the optimum of the l1 example is searched, a quarter circle."""


def constant_steps(alpha: float, steps: int) -> Array:
    """Run Algorithm 1 on ``X = Y = t = 1`` with one step size throughout.

    Parameters
    ----------
    alpha : float
        The paper allows ``(0, 2)``.
    steps : int

    Returns
    -------
    (steps + 1,) array
        ``V`` of the cell ``u >= 0``, from zero on. The feasible set is ``|V| <= 1``,
        and 1 is optimal.

    Examples
    --------
    >>> constant_steps(1.5, 3).tolist()
    [0.0, 1.5, -2.25, 2.625]
    """
    values = [0.0]
    for _ in range(steps):
        # The best of the atoms 1 and -1: the sign of the residual.
        atom = 1.0 if values[-1] <= 1 else -1.0
        values.append((1 - alpha) * values[-1] + alpha * atom)
    return np.array(values)


@dataclass(frozen=True, eq=False)
class AbsoluteLoss:
    """Frank-Wolfe on ``|F - Y|_1``, of which only a subgradient exists.

    Parameters
    ----------
    reached : (steps,) array
        The least loss up to each step.
    optimum : float
        The least loss over the same ball, by another route.
    """

    reached: Array
    optimum: float


def absolute_loss(steps: int) -> AbsoluteLoss:
    """Run Algorithm 1 with the sum of absolute errors, one output, and t = 1.

    ``X = diag(1, 2)`` and ``Y = (0.1, 10)``. Both targets are positive, so that the
    best outputs lie on the ellipse of the single neurons, which is scanned.
    """
    X, Y = np.diag([1.0, 2.0]), np.array([0.1, 10.0])
    F, best = np.zeros(2), []
    for k in range(steps):
        R = np.sign(Y - F)[:, None]
        u = oracle(X, R).direction
        h = np.maximum(X @ u, 0)
        F = F + 2 / (k + 2) * (np.sign(h @ R[:, 0]) * h - F)
        best.append(np.abs(F - Y).sum())
    angle = np.linspace(0, np.pi / 2, BREADTH)
    ellipse = np.stack([np.cos(angle), 2 * np.sin(angle)], axis=1)
    optimum = np.abs(ellipse - Y).sum(axis=1).min()
    return AbsoluteLoss(np.minimum.accumulate(best), float(optimum))
