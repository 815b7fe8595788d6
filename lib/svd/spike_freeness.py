"""Spike-free data, the paper's (7): one linear regime stands for all of them."""

from dataclasses import dataclass

import numpy as np

from lib.numerics import EPS, Array, numerical_rank
from lib.problem import as_matrix
from lib.svd.nonnegative import nonnegative_basis

ROUNDINGS = 64
"""Roundings, times the condition of X, that an entry which should be 0 may show."""


@dataclass(frozen=True, eq=False)
class SpikeFree:
    """Whether X is spike-free, and a neuron that shows it if not.

    Parameters
    ----------
    holds : bool
    status : str
        A sentence that says why.
    witness : (d,) array or None
        A unit u whose activations ``(X u)_+`` are ``X w`` for no w of length 1
        or less; None if X is spike-free.
    excess : float
        For the witness: how far the shortest such w exceeds length 1, or infinity
        if ``(X u)_+`` is not in the range of X at all. 0 if X is spike-free.
    """

    holds: bool
    status: str
    witness: Array | None
    excess: float


def spike_free(X: Array) -> SpikeFree:
    """Decide whether ``{(X u)_+ : |u| <= 1} = {X u : |u| <= 1, X u >= 0}``.

    The definition asks for two things. The range of X must be closed under the
    positive part. Such a subspace of R^n is spanned by vectors ``e_k >= 0`` with
    disjoint supports (its coordinates are lattice homomorphisms, and those that are
    not multiples of each other are independent), so ``X = E W`` with independent
    rows ``w_k``: the samples are multiples ``>= 0`` of r independent ones. And the
    shortest w must not be longer than u, which for independent rows means ``b^T K a
    <= 0`` for all ``a, b >= 0`` with disjoint supports, ``K = (W W^T)^-1``: no
    entry of K off the diagonal may be positive. Both are tests of r^2 numbers; no
    cell is enumerated.

    Parameters
    ----------
    X : (n, d) array_like

    Returns
    -------
    SpikeFree
        Exact up to rounding: what is within ``ROUNDINGS`` of 0 counts as 0. A
        negative answer carries a witness that can be checked by hand.

    Raises
    ------
    ValueError
        If X is not a finite matrix.

    Notes
    -----
    Equation (7). De-meaned data, ``1^T X = 0``, never pass: no ``e_k >= 0`` other
    than 0 is in their range. Whitened data, ``X X^T = I``, always do. O(n d^2).

    Examples
    --------
    >>> spike_free([[1.0, 0.0], [0.0, 1.0]]).holds
    True
    >>> spike_free([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]).holds
    False
    """
    X = as_matrix("X", X)
    P, sigma, _ = np.linalg.svd(X, full_matrices=False)
    rank = numerical_rank(sigma, X.shape)
    if rank == 0:
        return SpikeFree(True, "X is zero, so no neuron is ever active.", None, 0.0)
    tolerance = ROUNDINGS * EPS * sigma[0] / sigma[rank - 1]
    E, violation = nonnegative_basis(P[:, :rank])
    if violation > tolerance:
        return _leaves_the_range(X, P[:, :rank])
    return _too_long(E.T @ X, tolerance)


def _leaves_the_range(X: Array, P: Array) -> SpikeFree:
    """Return a neuron whose activations are no linear function of the data.

    A column y of the projector with a negative entry is one: if its positive and
    negative part were in the range, ``|y_-|^2 = -<y, y_->`` would be minus an entry
    of ``y_-`` where y is positive, so 0. Without negative entries some block has a
    pair i, j with ``Q_ij^2 < Q_ii Q_jj``, and ``Q (e_i - Q_ij / Q_jj e_j)`` is one.
    """
    Q = P @ P.T
    i, j = np.unravel_index(np.argmin(Q), Q.shape)
    y = Q[:, j]
    if Q[i, j] >= -EPS * ROUNDINGS:
        diagonal = np.diag(Q)
        j = int(np.argmax(((Q > 0) * np.outer(diagonal, diagonal) - Q * Q).max(axis=0)))
        i = int(np.argmax((Q[j] > 0) * diagonal - Q[j] ** 2 / Q[j, j]))
        y = Q[:, i] - Q[i, j] / Q[j, j] * Q[:, j]
    witness = np.linalg.pinv(X) @ y
    status = (
        "The range of X is not closed under the positive part: a neuron's "
        "activations need not be linear in the data."
    )
    return SpikeFree(False, status, witness / np.linalg.norm(witness), np.inf)


def _too_long(W: Array, tolerance: float) -> SpikeFree:
    """Test the inverse Gram matrix of independent rows W, (r, d), entry by entry."""
    inverse = np.linalg.pinv(W)  # (d, r)
    lengths = np.linalg.norm(inverse, axis=0)
    cosines = (inverse.T @ inverse) / np.outer(lengths, lengths)
    np.fill_diagonal(cosines, -1.0)
    i, j = np.unravel_index(np.argmax(cosines), cosines.shape)
    if cosines[i, j] <= tolerance:
        status = (
            "Every neuron's activations are linear in the data, at no larger weight."
        )
        return SpikeFree(True, status, None, 0.0)
    # On independent rows: e_i needs a longer neuron than e_i - t e_j.
    u = inverse[:, i] - cosines[i, j] * lengths[i] / lengths[j] * inverse[:, j]
    excess = float(lengths[i] / np.linalg.norm(u) - 1)
    status = (
        "Every neuron's activations are linear in the data, but some only at a "
        f"larger weight: by {excess:.2g} of its length."
    )
    return SpikeFree(False, status, u / np.linalg.norm(u), excess)
