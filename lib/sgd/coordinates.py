"""Fewer coordinates in which gradient descent is exactly the same.

The gradient of the loss by ``u_j`` is a combination of the rows of X. So the part of
``u_j`` in their span evolves on its own, and the part off it only decays: it follows a
linear recursion, the same for all its entries. The gradient by ``v_j`` is ``sum_i h_ij
(F - Y)_i``, whose rows are in the span of the rows of V and Y. So V stays in the span
of its start and Y, which is small if there are more outputs than neurons and samples,
and in that of Y if it starts there. A part off that does not just decay, as ``F = H V``
feels it.
"""

from dataclasses import dataclass

import numpy as np

from lib.numerics import EPS, Array, proved_psd
from lib.problem import reduce_rank

WHITENED_WITHIN = 1e-10
"""Largest distance of ``X X^T`` from a projector of the rank of X that counts as 0."""

NO_REST = 1e-12
"""Share of squared weights off the row space below which there are none."""

MOST_NULL = 16
"""Most directions that a projector may lack to be stored by what it lacks."""


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Weights of one layer in a row space: ``coordinates = weights @ basis``.

    Parameters
    ----------
    rows : (n, r) array or None
        X, or the targets Y, as ``X @ basis``. None for whitened data, ``X X^T = I - N
        N^T``: with ``basis = X^T`` the coordinates are the preactivations ``X u``
        themselves.
    basis : (d, r) array or None
        Columns with ``basis basis^T`` the projector onto the row space; None if that
        is everything and the coordinates are the weights.
    null : (n, k) array or None
        N, orthonormal, where the data are whitened and have one; the coordinates are
        orthogonal to it, and so must be each gradient.
    """

    rows: Array | None
    basis: Array | None = None
    null: Array | None = None

    @property
    def rank(self) -> int:
        """How many coordinates there are."""
        return (self.rows if self.basis is None else self.basis).shape[1]

    def encode(self, weights: Array) -> tuple[Array, float]:
        """Return the coordinates, (m, r), and the squared norm of the rest."""
        if self.basis is None:
            return weights, 0.0
        coordinates = weights @ self.basis
        whole = float(np.vdot(weights, weights))
        # By Pythagoras, to a few roundings of the whole.
        off = whole - float(np.vdot(coordinates, coordinates))
        return coordinates, off if off > NO_REST * whole else 0.0

    def decode(self, coordinates: Array, share: float, start: Array) -> Array:
        """Return weights, (m, d), with the rest decayed to ``share`` of that at start.

        For output weights, which have none off the row space of Y, that is 0.
        """
        if self.basis is None:
            return coordinates
        moved = coordinates - share * (start @ self.basis)
        return moved @ self.basis.T + share * start


def in_row_space(matrix: Array) -> Coordinates:
    """Return the coordinates of A.2, those of the matrix itself at full column rank."""
    reduced = reduce_rank(matrix)
    if reduced.coordinates.shape[1] == matrix.shape[1]:
        return Coordinates(matrix)
    return Coordinates(reduced.coordinates, reduced.basis)


def with_starts(targets: Coordinates, Y: Array, starts: list[Array]) -> Coordinates:
    """Return coordinates of the span of Y and all starting V, if that is not all.

    Parameters
    ----------
    targets : Coordinates
        Those to keep if no fewer will do.
    Y : (n, c) array
    starts : list of (m, c) arrays

    Notes
    -----
    The squared loss only. O(k^2 c) for k rows in all.
    """
    rows = np.vstack([Y, *starts])
    if targets.basis is not None or len(rows) >= rows.shape[1]:
        return targets
    basis = np.linalg.qr(rows.T)[0]
    return Coordinates(Y @ basis, basis)


def reduce_inputs(X: Array) -> Coordinates:
    """Choose the coordinates of the input weights.

    For whitened data they are the preactivations, and an epoch needs no product
    with X at all; otherwise those of A.2 if the rank is below d, else U itself.

    Parameters
    ----------
    X : (n, d) array

    Notes
    -----
    Appendix A.2. O(n^2 d) for n <= d, plus an SVD if the data are not whitened.
    """
    n, d = X.shape
    gram = X @ X.T if n <= d else None
    null = None if gram is None else _missing(gram)
    if null is None:
        square = n == d and proved_psd(gram, n * EPS * float(np.trace(gram)))
        return Coordinates(X) if square else in_row_space(X)
    return Coordinates(None, np.ascontiguousarray(X.T), null if null.shape[1] else None)


def _missing(gram: Array) -> Array | None:
    """Return N with ``gram = I - N N^T`` and few columns; None if there is none."""
    n = len(gram)
    rest = np.eye(n) - gram
    k = round(float(np.trace(rest)))
    if not 0 <= k <= min(MOST_NULL, n - 1):
        return None
    # A projector of rank k has its range from any k independent combinations.
    null = np.linalg.qr(rest @ np.random.default_rng(0).standard_normal((n, k)))[0]
    return null if np.linalg.norm(rest - null @ null.T) <= WHITENED_WITHIN else None
