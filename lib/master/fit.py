"""The loss as a function of the weights of one linear layer: value, slope, curvature.

Both the master problem and the sliding step see the data only through the
activations H, (n, N), of neurons whose patterns are held: ``W -> loss(H W, Y)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lib.losses import Loss, Squared
from lib.numerics import Array
from lib.problem import Problem
from lib.problem.problem import ROW_BLOCK

FEW_ROWS = 2048
"""Below so many samples nothing is gained by joining them."""


@dataclass(frozen=True, eq=False)
class Fit:
    """``W -> loss(H W, Y)`` for W of shape (N, c).

    Parameters
    ----------
    H : (n, N) array
    Y : (n, c) array
    loss : Loss
    """

    H: Array
    Y: Array
    loss: Loss

    @cached_property
    def gram(self) -> Array:
        """``H^T H``, (N, N)."""
        return self.H.T @ self.H

    def slope(self, W: Array) -> tuple[float, Array, Array]:
        """Return the loss, its gradient in W, (N, c), and the outputs ``H W``."""
        F = self.H @ W
        return (
            self.loss.value(F, self.Y),
            -(self.H.T @ self.loss.residual(F, self.Y)),
            F,
        )

    def curvature(self, F: Array) -> Array:
        """Return ``C[k, l] = H^T diag(B_kl) H`` with the loss's Hessian blocks B.

        (1, 1, N, N) where B is the identity, else (c, c, N, N). O(n N^2 c^2).
        """
        B = self.loss.curvature(F, self.Y)
        if B is None:
            return self.gram[None, None]
        c, N = B.shape[1], self.H.shape[1]
        C = np.empty((c, c, N, N))
        for k in range(c):
            for j in range(k + 1):
                C[k, j] = (self.H * B[:, k, j, None]).T @ self.H
                C[j, k] = C[k, j].T
        return C


@dataclass(frozen=True, eq=False)
class Held:
    """The data as m neurons see them while they keep their patterns ``X u > 0``.

    For the squared loss of many samples these are fewer rows with the same values:
    samples with one joint pattern see one linear map, so they can be replaced by
    the triangular factor of their ``[X Y]``.

    Parameters
    ----------
    X : (n, d) array
    Y : (n, c) array
    active : (n, m) bool array
    problem : Problem
        Whose loss and pooling hold.
    """

    X: Array
    Y: Array
    active: np.ndarray
    problem: Problem

    def along(self, basis: Array, owner: np.ndarray) -> Fit:
        """Return the fit of neurons that move along directions.

        ``W[i]`` multiplies the activations along ``basis[i]``, (N, d), of neuron
        ``owner[i]``. O(n N d).
        """
        loss, pool = self.problem.loss, self.problem.pool
        H, Y = pool(self.active[:, owner] * (self.X @ basis.T)), self.Y
        if type(loss) is Squared and len(H) > H.shape[1] + Y.shape[1]:
            both = np.linalg.qr(np.hstack([H, Y]), mode="r")
            H, Y = both[:, : H.shape[1]], both[:, H.shape[1] :]
        return Fit(H, Y, loss)

    def of(self, neurons: np.ndarray) -> Held:
        """Return the same data for some of the neurons."""
        return replace(self, active=self.active[:, neurons])


def hold(problem: Problem, U: Array) -> Held:
    """Hold the patterns of the neurons in the rows of U, (m, d).

    O(n m d) for patterns and, where samples are joined, O(n (d + c)^2) for
    factors; then no (n, m) is kept.
    """
    linear = type(problem.loss) is Squared and problem.pooling == 1
    if linear and len(problem.X) > FEW_ROWS:
        return Held(*_joined(problem.X, problem.Y, U), problem)
    return Held(problem.X, problem.Y, problem.X @ U.T > 0, problem)


def _joined(X: Array, Y: Array, U: Array) -> tuple[Array, Array, Array]:
    """Replace the samples of each joint pattern by a triangular factor of few rows."""
    blocks = range(0, len(X), ROW_BLOCK)
    bits = [np.packbits(X[k : k + ROW_BLOCK] @ U.T > 0, axis=1) for k in blocks]
    packed = np.vstack(bits)
    order, starts = _groups(packed)
    both = np.hstack([X, Y])[order]
    ends = np.append(starts[1:], len(X))
    spans = zip(starts, ends, strict=True)
    factors = [np.linalg.qr(both[a:b], mode="r") for a, b in spans]
    rows = np.vstack(factors)
    patterns = np.unpackbits(packed[order[starts]], axis=1, count=len(U)) > 0
    active = np.repeat(patterns, [len(factor) for factor in factors], axis=0)
    return rows[:, : X.shape[1]], rows[:, X.shape[1] :], active


def _groups(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an order in which equal rows are neighbours, and where groups start."""
    width = -packed.shape[1] % 8
    words = np.ascontiguousarray(np.pad(packed, ((0, 0), (0, width)))).view(np.uint64)
    order = np.lexsort(words.T)
    words = words[order]
    fresh = np.append(True, (words[1:] != words[:-1]).any(axis=1))
    return order, np.flatnonzero(fresh)
