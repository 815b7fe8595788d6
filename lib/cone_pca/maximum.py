"""What is known of ``kappa(Z) = max_{|u|<=1} |Z^T (X u)_+|``, however it was found."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lib.numerics import Array, require_finite


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

    def mapped(self, basis: Array, unit: float) -> "Maximum":
        """Return what this says of ``unit * X @ basis.T``, if it is about X.

        Parameters
        ----------
        basis : (d, r) array
            Orthonormal columns, or orthonormal rows that keep all candidates' lengths.
        unit : float
            A power of two.
        """
        return Maximum(
            self.value * unit,
            self.bound * unit,
            basis @ self.direction,
            self.candidates @ basis.T,
            self.candidate_values * unit,
        )


class AnyOracle(Protocol):
    """What ``bound=`` takes: anything that bounds kappa for one X, asked with Z alone.

    It is made for an X, keeps it, and is refused by a problem with another. This
    package has :class:`lib.cone_pca.Oracle` and :class:`lib.cone_pca.Counted`,
    :mod:`lib.svd` two for white data.
    """

    X: Array
    """The data, (n, d), that it was made for."""

    def __call__(self, Z: Array) -> Maximum:
        """Bound kappa of Z, (n, c); ``value <= kappa <= bound``."""


def check_data(X: Array, caller: str) -> None:
    """Refuse data from which nothing can be proved."""
    if X.ndim != 2:
        raise ValueError(
            f"{caller} needs X (n, d) and Z (n, c) with the same n; got X {X.shape}."
        )
    require_finite("X", X)


def check_dual(X: Array, Z: Array, caller: str) -> None:
    """Refuse Z of a shape that does not fit, or of which nothing can be proved."""
    if Z.ndim != 2 or len(X) != len(Z):
        raise ValueError(
            f"{caller} needs X (n, d) and Z (n, c) with the same n; got X {X.shape} "
            f"and Z {Z.shape}."
        )
    diverged = "It is often a residual: a network whose weights diverged has none."
    require_finite("Z", Z, diverged)


def silent(d: int) -> Maximum:
    """Return the maximum over data without a nonzero row: no neuron ever fires."""
    return ranked(np.eye(1, d), np.zeros(1), 0.0)


def correlation(X: Array, Z: Array, U: Array) -> Array:
    """Return ``|Z^T (X u)_+|`` for each row u of U, (k,). O(n k (d + c))."""
    return np.linalg.norm(np.maximum(X @ U.T, 0.0).T @ Z, axis=1)


def masses(X: Array, Z: Array) -> Array:
    """Return ``|z_j| |x_j|``, (n,), the most that sample j adds to any sum."""
    return np.linalg.norm(X, axis=1) * np.linalg.norm(Z, axis=1)


def ranked(U: Array, values: Array, bound: float) -> Maximum:
    """Sort candidates by value, the best first."""
    order = np.argsort(-values, kind="stable")
    U, values = U[order], values[order]
    return Maximum(float(values[0]), bound, U[0], U, values)
