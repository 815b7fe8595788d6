"""Fewer coordinates in which gradient descent is exactly the same.

The gradient of the loss by ``u_j`` is a combination of the rows of X. So the part of
``u_j`` in their span evolves on its own, and the part off it only decays: it follows a
linear recursion, the same for all its entries. The gradient by ``v_j`` is ``sum_i h_ij
(F - Y)_i``, whose rows are in the span of the rows of V and Y: if V starts in the row
space of Y it stays there. A part of V off it does not just decay, as ``F = H V`` feels
it, so Y allows a reduction for such starts only.
"""

from dataclasses import dataclass

import numpy as np

from lib.numerics import Array
from lib.problem import reduce_rank

WHITENED_WITHIN = 1e-10
"""Largest distance of ``X X^T`` from a projector of the rank of X that counts as 0."""

NO_REST = 1e-12
"""Share of squared weights off the row space below which there are none."""

MOST_NULL = 16
"""Most directions that a projector may lack to be stored by what it lacks."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Input weights in the row space of X: ``coordinates = U @ basis``.

    Parameters
    ----------
    rows : (n, r) array or None
        ``X @ basis``. None for whitened data, ``X X^T = I - N N^T``: with ``basis =
        X^T`` the coordinates are the preactivations ``X u`` themselves.
    basis : (d, r) array or None
        Columns with ``basis basis^T`` the projector onto the row space; None if that
        is everything and the coordinates are U.
    null : (n, k) array or None
        N, orthonormal, where the data are whitened; the coordinates are orthogonal
        to it, and so must be each gradient.
    """

    rows: Array | None
    basis: Array | None
    null: Array | None = None

    @property
    def rank(self) -> int:
        """How many coordinates there are."""
        return (self.rows if self.basis is None else self.basis).shape[1]

    def encode(self, U: Array) -> tuple[Array, float]:
        """Return the coordinates, (m, r), and the squared norm of the rest."""
        if self.basis is None:
            return U, 0.0
        coordinates = U @ self.basis
        whole = float(np.vdot(U, U))
        # By Pythagoras, to a few roundings of the whole.
        off = whole - float(np.vdot(coordinates, coordinates))
        return coordinates, off if off > NO_REST * whole else 0.0

    def rest(self, U: Array) -> Array:
        """Return the part of U off the row space, (m, d)."""
        return U - (U @ self.basis) @ self.basis.T

    def decode(self, coordinates: Array, share: float, start: Array) -> Array:
        """Return U, (m, d), with the rest decayed to ``share`` of that at start."""
        if self.basis is None:
            return coordinates
        moved = coordinates - share * (start @ self.basis)
        return moved @ self.basis.T + share * start


def reduce_inputs(X: Array) -> Inputs:
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
    null = _missing(X @ X.T) if n <= d else None
    if null is not None:
        return Inputs(None, np.ascontiguousarray(X.T), null)
    reduced = reduce_rank(X)
    if reduced.coordinates.shape[1] == d:
        return Inputs(X, None)
    return Inputs(reduced.coordinates, reduced.basis)


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


@dataclass(frozen=True, eq=False)
class Outputs:
    """Targets, and output weights, in the row space of Y.

    Parameters
    ----------
    targets : (n, q) array
        ``Y @ basis``.
    basis : (c, q) array or None
        Orthonormal columns; None if the targets are Y.
    """

    targets: Array
    basis: Array | None

    def encode(self, V: Array) -> Array:
        """Return the coordinates, (m, q), of the part in the row space."""
        return V if self.basis is None else V @ self.basis

    def decode(self, coordinates: Array) -> Array:
        """Return V, (m, c)."""
        return coordinates if self.basis is None else coordinates @ self.basis.T


def reduce_outputs(Y: Array) -> Outputs:
    """Turn the targets into the coordinates of their row space, (n, rank Y)."""
    reduced = reduce_rank(Y)
    if reduced.coordinates.shape[1] == Y.shape[1]:
        return Outputs(Y, None)
    return Outputs(reduced.coordinates, reduced.basis)
