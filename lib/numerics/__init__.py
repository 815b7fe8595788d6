"""What all else counts in: arrays of floats, their units, and what rounding leaves.

Every function scales by powers of two first, which is exact, so that no square of an
entry overflows or vanishes.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky
from threadpoolctl import ThreadpoolController

__all__ = [
    "EPS",
    "Array",
    "numerical_rank",
    "on_one_thread",
    "proved_psd",
    "require_count",
    "require_finite",
    "unit_of",
    "unit_rows",
]

Array = NDArray[np.float64]

EPS = float(np.finfo(float).eps)
"""Distance from 1 to the next number, 2.2e-16: a rounding errs by at most half of it,
relatively."""

on_one_thread = ThreadpoolController().wrap(limits=1, user_api="blas")
"""Decorates what calls BLAS on many small matrices, over which its threads would fight:
up to 25 times the processor's time for the same result."""


def require_finite(
    name: str, matrix: Array, remedy: str = "Remove or impute them."
) -> None:
    """Refuse NaN and infinity in a matrix, and say where the first one stands."""
    bad = ~np.isfinite(matrix)
    if bad.any():
        row, column = (int(k) for k in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} must be finite; got {matrix[row, column]} at row {row}, "
            f"column {column} ({int(bad.sum())} such entries). {remedy}"
        )


def require_count(name: str, count: int) -> None:
    """Refuse what is no whole number from 1 on."""
    if not (isinstance(count, int | np.integer) and count >= 1):
        raise ValueError(f"{name} must be a whole number >= 1; got {count!r}.")


def unit_of(matrix: Array) -> float:
    """Return a power of two near the largest entry, 1 for a matrix of zeros.

    Dividing by it is exact but for entries that are then below 1e-308.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest > 0 else 1.0


def unit_rows(X: Array, *, zeros: bool = True) -> Array:
    """Return the rows of X, (n, d), scaled to length 1; zero rows stay zero, or go.

    Examples
    --------
    >>> unit_rows(np.array([[0.0, 4e200], [0.0, 0.0]])).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    largest = np.abs(X).max(axis=1, initial=0.0, keepdims=True)
    X = np.ldexp(X, -np.frexp(largest)[1])
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    rows = X / np.where(lengths > 0, lengths, 1.0)
    return rows if zeros else rows[rows.any(axis=1)]


def numerical_rank(sigma: Array, shape: tuple[int, ...]) -> int:
    """Return how many singular values of a matrix are above its rounding.

    Parameters
    ----------
    sigma : (k,) array
        Decreasing.
    shape : tuple of int
        Of the matrix: rounding is ``max(shape) eps sigma_1``.
    """
    return int((sigma > max(shape) * EPS * sigma[0]).sum())


def proved_psd(lower: Array, error: float) -> bool:
    """Prove that a symmetric matrix is positive semidefinite, by Cholesky.

    If the factorisation of the matrix less ``error + 2 gamma trace`` on its diagonal
    runs to completion in floating point, every matrix within ``error`` of this one is
    positive semidefinite.

    Parameters
    ----------
    lower : (n, n) array
        Its lower triangle is read, and overwritten.
    error : float
        A bound of the norm of what rounding has done to the matrix.

    Returns
    -------
    bool
        False means that there is no proof.

    Notes
    -----
    Rump (2006). O(n^3).
    """
    size = len(lower)
    gamma = (size + 2) * EPS / (1 - (size + 2) * EPS)
    diagonal = np.diag(lower)
    allowance = error + 2 * gamma * float(np.abs(diagonal).sum())
    lower[np.diag_indices(size)] = diagonal - allowance
    try:
        cholesky(lower, lower=True, check_finite=False, overwrite_a=True)
    except LinAlgError:
        return False
    return True
