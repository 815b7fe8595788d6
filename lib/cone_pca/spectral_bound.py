"""A bound of kappa at any rank that needs no search: one scaling of the samples."""

import numpy as np

from lib.numerics import EPS, Array

SCALINGS = 60
"""Rounds of improving the scaling; later ones gain less than a per cent."""


def relaxed_bound(X: Array, Z: Array) -> float:
    """Bound ``max_{|u|<=1} |Z^T (X u)_+|`` by eigenvalues, in any dimension.

    With ``(t)_+ = t/2 + |t|/2`` the norm is at most ``|p| + |q|``, ``p = Z^T X u
    / 2`` and ``q = Z^T |X u| / 2``. For every scaling with ``Z^T diag(1/s) Z <= I``
    also ``Z Z^T <= diag(s)``, so ``|q|^2 <= u^T X^T diag(s) X u / 4``, and for every
    ``t > 0`` the square is at most ``(1 + t) |p|^2 + (1 + 1/t) |q|^2``: a quadratic
    form, whose largest eigenvalue bounds it. The scaling is improved by the weights
    that the top eigenvectors of both conditions ask for.

    Parameters
    ----------
    X : (n, r) array
    Z : (n, c) array

    Returns
    -------
    float
        Proved, rounding included; at most a small factor above kappa for residuals.

    Notes
    -----
    O(n (r^2 + c^2)) a round.
    """
    sizes, weights = np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1)
    used = (sizes > 0) & (weights > 0)
    if not used.any():
        return 0.0
    X, Z = X[used], Z[used]
    r, c = X.shape[1], Z.shape[1]
    V, K = np.eye(r) / r, np.eye(c) / c
    best, linear = np.inf, Z.T @ X / 2
    for step in range(SCALINGS):
        s = np.sqrt(_forms(Z, K) / _forms(X, V))
        level, v, k = _level(X, Z, s, linear)
        best = min(best, level)
        V, K = _mixed(V, v, step), _mixed(K, k, step)
    mass = float(sizes @ weights)
    return best * (1 + 64 * EPS) + (len(X) + 16 * (r + c)) * EPS * mass


def _forms(rows: Array, matrix: Array) -> Array:
    """Return ``x^T matrix x`` of each row, kept positive."""
    return np.maximum(((rows @ matrix) * rows).sum(axis=1), np.finfo(float).tiny)


def _mixed(matrix: Array, vector: Array, step: int) -> Array:
    """Mix in a unit vector, ever less, never to nothing."""
    share = 1.0 / (step + 3)
    return (1 - share) * matrix + share * np.outer(vector, vector)


def _level(X: Array, Z: Array, s: Array, linear: Array) -> tuple[float, Array, Array]:
    """Return the bound of one scaling and the eigenvectors that limit it."""
    strain, modes = np.linalg.eigh((Z / s[:, None]).T @ Z)
    P, Q = linear.T @ linear, (X * s[:, None]).T @ X * (strain[-1] / 4)
    t = np.sqrt(np.linalg.norm(Q, 2) / max(np.linalg.norm(P, 2), EPS * EPS))
    t = min(max(t, 1e-8), 1e8)
    values, vectors = np.linalg.eigh((1 + t) * P + (1 + 1 / t) * Q)
    return float(np.sqrt(values[-1])), vectors[:, -1], modes[:, -1]
