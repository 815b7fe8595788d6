"""What is known of ``kappa(Z) = max_{|u|<=1} |Z^T (X u)_+|``, however it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.numerics import Array


@dataclass(frozen=True, eq=False)
class Maximum:
    """What an oracle knows of ``kappa = max_{|u|<=1} |Z^T (X u)_+|``.

    Parameters
    ----------
    value : float
        ``|Z^T (X u)_+|`` at ``direction``, a lower bound of kappa.
    bound : float
        A proved upper bound of kappa, rounding included.
    direction : (d,) array
        Unit vector that attains ``value``.
    candidates : (k, d) array
        Unit vectors at the local maxima, the best first.
    candidate_values : (k,) array
        ``|Z^T (X u)_+|`` there, decreasing.
    """

    value: float
    bound: float
    direction: Array
    candidates: Array
    candidate_values: Array


Oracle = Callable[[Array, Array], Maximum]
"""Anything that bounds kappa: ``oracle(X, Z)``."""


def check_pair(X: Array, Z: Array, caller: str) -> None:
    """Refuse shapes that do not fit and data from which nothing can be proved."""
    if X.ndim != 2 or Z.ndim != 2 or len(X) != len(Z):
        raise ValueError(
            f"{caller} needs X (n, d) and Z (n, c) with the same n; got X {X.shape} "
            f"and Z {Z.shape}."
        )
    if not (np.isfinite(X).all() and np.isfinite(Z).all()):
        raise ValueError(
            f"{caller} needs finite X and Z; got {int((~np.isfinite(X)).sum())} bad "
            f"entries in X and {int((~np.isfinite(Z)).sum())} in Z. Z is often a "
            "residual: a network whose weights have diverged has none."
        )


def silent(d: int) -> Maximum:
    """Return the maximum over data without a nonzero row: no neuron ever fires."""
    none = np.eye(1, d)
    return Maximum(0.0, 0.0, none[0], none, np.zeros(1))


def correlation(X: Array, Z: Array, U: Array) -> Array:
    """Return ``|Z^T (X u)_+|`` for each row u of U, (k,). O(n k (d + c))."""
    return np.linalg.norm(np.maximum(X @ U.T, 0.0).T @ Z, axis=1)


def masses(X: Array, Z: Array) -> Array:
    """Return ``|z_j| |x_j|``, (n,), the most that sample j adds to any sum."""
    return np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)


def ranked(directions_: Array, values: Array, bound: float) -> Maximum:
    """Sort candidates by value, the best first."""
    order = np.argsort(-values, kind="stable")
    U, values = directions_[order], values[order]
    return Maximum(float(values[0]), bound, U[0], U, values)
