"""Nonnegative orthonormal bases of subspaces: when they exist, and which."""

import numpy as np
from scipy import linalg

from lib.numerics import Array


def nonnegative_basis(Q: Array) -> tuple[Array, float]:
    """Turn an orthonormal basis into a nonnegative one, if the subspace has one.

    Nonnegative orthogonal vectors have disjoint supports. If ``H`` is such a basis
    and ``Q = H O``, each row of Q is a multiple ``>= 0`` of one row of the orthogonal
    O: the rows point in k orthogonal directions, and the projector ``Q Q^T`` is
    nonnegative with blocks of rank one. Pivoted Gram-Schmidt on the rows picks one
    row of each direction, so it finds O and ``H = Q O^T`` up to signs.

    Parameters
    ----------
    Q : (n, k) array
        Orthonormal columns, such as the singular vectors of one singular value.
        Of one-hot labels they span the class indicators, whatever LAPACK returns.

    Returns
    -------
    basis : (n, k) array
        Orthonormal columns that span the subspace.
    violation : float
        How far its entries reach below 0. Zero, up to rounding, exactly when the
        subspace has a nonnegative orthonormal basis; this is then it.

    Notes
    -----
    What Theorem 2 leaves open where singular values coincide. O(n k^2).

    Examples
    --------
    >>> turned = np.array([[0.6, 0.8], [0.8, -0.6], [0.0, 0.0]])
    >>> nonnegative_basis(turned)[0].round(12) + 0.0
    array([[1., 0.],
           [0., 1.],
           [0., 0.]])
    """
    turn, _, _ = linalg.qr(Q.T, mode="economic", pivoting=True)
    H = Q @ turn
    peaks = np.abs(H).argmax(axis=0)
    H = H * np.where(H[peaks, np.arange(H.shape[1])] < 0, -1.0, 1.0)
    return H, float(max(-H.min(initial=0.0), 0.0))
