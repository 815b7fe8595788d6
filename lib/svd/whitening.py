"""ZCA whitening of the samples, with and without removing their mean."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from lib.numerics import EPS, Array
from lib.problem import as_matrix


@dataclass(frozen=True, eq=False)
class Whitening:
    """Whitened samples and the map that whitens others the same way.

    Parameters
    ----------
    X : (n, d) array
        The whitened samples: the orthogonal matrix nearest to the samples if their
        rank is n, then ``X X^T = I``.
    mean : (d,) array
        What was subtracted from each sample; zeros without de-meaning.
    basis : (d, r) array
        Orthonormal basis of the row space.
    scales : (r,) array
        Singular values of the samples in that basis, decreasing.
    deviation : float
        ``|X X^T - I|`` in the Frobenius norm: rounding if rank and number of
        samples agree, and at least 1 for de-meaned data.
    """

    X: Array
    mean: Array
    basis: Array
    scales: Array
    deviation: float

    def apply(self, X: Array) -> Array:
        """Whiten other samples, (k, d), with the mean and map of these. O(k d r)."""
        coordinates = (np.asarray(X, dtype=np.float64) - self.mean) @ self.basis
        return (coordinates / self.scales) @ self.basis.T


def whiten(X: Array, *, demean: bool) -> Whitening:
    """Whiten samples by zero-phase component analysis (ZCA).

    With the compact SVD ``X = P S Q^T`` the samples become ``P Q^T = X (Q S^-1
    Q^T)``: of all maps that make the covariance the identity on the row space,
    the one that moves the samples least.

    Parameters
    ----------
    X : (n, d) array_like
    demean : bool
        Whether to subtract the mean of each feature first, as the paper does. Then
        ``1^T X = 0``, so ``X X^T = I - 1 1^T / n`` at best, and Theorem 2 does not
        apply: no neuron but 0 has ``X u >= 0``.

    Returns
    -------
    Whitening

    Raises
    ------
    ValueError
        If X is not a finite matrix, or is constant and to be de-meaned.

    Notes
    -----
    Sections 3.3 and 5.2. Singular values below ``max(n, d) eps`` of the largest
    count as zero. O(n d min(n, d)).

    Examples
    --------
    >>> X = np.random.default_rng(0).standard_normal((3, 5))
    >>> white = whiten(X, demean=False)
    >>> np.allclose(white.X @ white.X.T, np.eye(3))
    True
    """
    X = as_matrix("X", X)
    n, d = X.shape
    mean = X.mean(axis=0) if demean else np.zeros(d)
    centred = X - mean
    P, scales, Qt = linalg.svd(centred, full_matrices=False)
    rounding = max(n, d) * EPS * np.linalg.norm(X)
    rank = int((scales > rounding).sum())
    if rank == 0:
        what = "differ from their mean" if demean else "not all be zero"
        raise ValueError(f"To be whitened, the samples must {what}; got X {X.shape}.")
    white = P[:, :rank] @ Qt[:rank]
    return Whitening(white, mean, Qt[:rank].T, scales[:rank], deviation(white))


def deviation(X: Array) -> float:
    """Return ``|X X^T - I|`` in the Frobenius norm. O(n^2 d)."""
    gram = X @ X.T
    gram[np.diag_indices_from(gram)] -= 1.0
    return float(np.linalg.norm(gram))
