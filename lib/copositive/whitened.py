"""(20) for whitened data as an n x n problem, by a splitting method, with its proof.

For ``X X^T = I`` put ``W = X U X^T``. Then (20) asks for a doubly nonnegative W of size
n, whatever the number of inputs and outputs:

    min 1/2 tr Y^T (I + 2 W)^-1 Y + beta^2 tr W    over    W >= 0 psd and entrywise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib.certificate.solution import REACHED
from lib.copositive.bounds import ProvedValue, bound_eigenvalue
from lib.copositive.cover import spike_free_looseness
from lib.copositive.relaxation import kernel_value
from lib.losses import SQUARED, feasible_scale
from lib.numerics import EPS, Array
from lib.problem import Problem, reduce_rank
from lib.problem.problem import require_limits

OVER_RELAXATION = 1.7
"""Over-relaxation of the splitting, between 1 and 2."""

CHECK_EVERY = 20
"""Steps between two evaluations of the bounds, which cost about as much as five."""

UNBALANCED = 4.0
"""Ratio of primal and dual residual at which the penalty is adapted."""

INTERIORS = (1e-3, 1e-5, 1e-7, 1e-9)
"""Least eigenvalues of ``I - N / beta^2`` to try. Larger ones shrink N more, smaller
ones are worse conditioned; which proves most depends on the data."""


@dataclass(frozen=True, eq=False)
class WhitenedProof:
    """A feasible point of the dual of (20) for whitened X.

    Parameters
    ----------
    Z : (n, c) array
    N : (n, n) array
        Symmetric, ``N >= 0`` entrywise, ``lambda_max(Z Z^T + N) <= beta^2``.
    value : float
        Proved lower bound of (20), and for whitened X also of (5).
    """

    Z: Array
    N: Array
    value: float


@dataclass(frozen=True, eq=False)
class Whitened(ProvedValue):
    """A solution of (20) for whitened X, from both sides.

    Parameters
    ----------
    value : float
        Objective at W.
    proof : WhitenedProof
        The best lower bound proved.
    W : (n, n) array
        Doubly nonnegative up to rounding; ``U = X^T W X``.
    steps : int
    converged : bool
    status : str
        A sentence that says why it stopped.
    looseness : float
        ``p* <= looseness * value``: ``sqrt 2``, or 1 for n <= 4 or targets of rank 1.
    """

    value: float
    proof: WhitenedProof
    W: Array
    steps: int
    converged: bool
    status: str
    looseness: float


def solve_whitened(
    Y: Array,
    beta: float,
    *,
    tolerance: float = 1e-6,
    steps: int = 5000,
    progress: Callable[[int, float, float], None] | None = None,
) -> Whitened:
    """Solve (20) for ``X X^T = I``: doubly nonnegative programming of size n.

    It equals ``min 1/2 |Y - F|^2 + beta/2 (tr U + tr T)`` over ``M = [U F; F^T T]``
    positive semidefinite with U >= 0 entrywise, ``U = 2 beta W``. Of these two
    demands the first is met by cutting negative eigenvalues of M; for the second
    the blocks fall apart: a nonnegative part, a least squares step, a shift. The
    alternating direction method of multipliers makes both agree.

    Only ``Y Y^T`` matters: Y is first replaced by its coordinates, (n, rank Y).

    Parameters
    ----------
    Y : (n, c) array
    beta : float
    tolerance : float
        Relative gap at which to stop.
    steps : int
        Most steps.
    progress : callable, optional
        Called with (step, value, bound) at every evaluation.

    Returns
    -------
    Whitened
        ``proof.value <= optimum <= value``, the left side proved.

    Raises
    ------
    ValueError
        If Y or beta are not those of a :class:`Problem`, or a limit is not positive.

    Notes
    -----
    Equation (20), Figure 4. An eigenvalue decomposition of size n + rank(Y) a step.

    Examples
    --------
    >>> found = solve_whitened(np.eye(2), 0.5)
    >>> bool(found.proof.value <= 0.75 * (1 + 1e-12)), found.relative_gap <= 1e-6
    (True, True)
    """
    checked = Problem(np.ones((len(Y), 1)), Y, beta)
    require_limits("solve_whitened", tolerance=tolerance, steps=steps)
    outputs, taken = reduce_rank(checked.Y), 0
    best = _Best(outputs.coordinates, checked.beta)
    split = _Splitting(outputs.coordinates, checked.beta)
    while taken < steps and best.relative_gap > tolerance:
        taken += 1
        split.advance()
        if taken % CHECK_EVERY and taken != steps:
            continue
        best.improve(*split.candidates())
        if progress is not None:
            progress(taken, best.value, best.proof.value)
        split.balance(taken)
    proof = prove_whitened(
        checked.Y, checked.beta, best.proof.Z @ outputs.basis.T, best.proof.N
    )
    converged = best.relative_gap <= tolerance
    status = REACHED if converged else f"The limit of {steps} steps was reached."
    loose = spike_free_looseness(outputs.coordinates.shape[1], len(Y))
    return Whitened(best.value, proof, best.W, taken, converged, status, loose)


class _Splitting:
    """The iterates: M with the blocks right, the scaled multiplier L, the penalty."""

    def __init__(self, Y: Array, beta: float) -> None:
        self.Y, self.beta = Y, beta
        self.n, c = Y.shape
        size = self.n + c
        self.M, self.L = np.zeros((size, size)), np.zeros((size, size))
        self.cone = self.M
        # Multipliers are about beta/2 times the identity, and M about as large as Y.
        self.penalty = beta / 2 * np.sqrt(size) / (float(np.linalg.norm(Y)) or 1.0)
        self.residuals = 0.0, 0.0

    def advance(self) -> None:
        """Make one step: cut eigenvalues, over-relax, set the blocks, update L."""
        self.cone = _positive_part(self.M - self.L)
        target = OVER_RELAXATION * self.cone + (1 - OVER_RELAXATION) * self.M + self.L
        blocks = self._set_blocks(target)
        moved = self.penalty * float(np.linalg.norm(blocks - self.M))
        self.residuals = float(np.linalg.norm(self.cone - blocks)), moved
        self.M, self.L = blocks, target - blocks

    def _set_blocks(self, target: Array) -> Array:
        """Minimise the separable part of the objective near ``target``."""
        n, rho = self.n, self.penalty
        blocks = target - self.beta / (2 * rho) * np.eye(len(target))
        blocks[:n, :n] = np.maximum(blocks[:n, :n], 0.0)
        F = (self.Y + 2 * rho * target[:n, n:]) / (1 + 2 * rho)
        blocks[:n, n:], blocks[n:, :n] = F, F.T
        return blocks

    def candidates(self) -> tuple[Array, Array, Array]:
        """Return W, the residual Y - F and the multiplier N of W >= 0."""
        n = self.n
        # The penalty times L is the gradient of the separable part: beta/2 I - N'.
        N = self.beta / 2 * np.eye(n) - self.penalty * self.L[:n, :n]
        W = self.cone[:n, :n] / (2 * self.beta)
        residual = self.Y - self.M[:n, n:]
        return W, residual, 2 * self.beta * np.maximum((N + N.T) / 2, 0.0)

    def balance(self, step: int) -> None:
        """Adapt the penalty to the ratio of residuals, ever less, so that it ends."""
        factor = 1.0 + 0.5 / (1.0 + step / (10 * CHECK_EVERY))
        primal, dual = self.residuals
        if primal > UNBALANCED * dual:
            self.penalty, self.L = self.penalty * factor, self.L / factor
        elif dual > UNBALANCED * primal:
            self.penalty, self.L = self.penalty / factor, self.L * factor


def _positive_part(S: Array) -> Array:
    """Return the nearest positive semidefinite matrix. O(n^3)."""
    values, vectors = np.linalg.eigh(S)
    kept = vectors[:, values > 0]
    return (kept * values[values > 0]) @ kept.T


class _Best(ProvedValue):
    """The best W and the best dual point so far."""

    def __init__(self, Y: Array, beta: float) -> None:
        n = len(Y)
        self.Y, self.beta = Y, beta
        self.W = np.zeros((n, n))
        self.value = 0.5 * float(np.vdot(Y, Y))
        self.proof = WhitenedProof(np.zeros_like(Y), self.W, 0.0)

    def improve(self, W: Array, residual: Array, N: Array) -> None:
        """Take what is better in a new pair of candidates."""
        W = _doubly_nonnegative(W)
        value, Z = kernel_value(self.Y, self.beta, W, float(np.trace(W)))
        if value < self.value:
            self.W, self.value = W, value
        for candidate in (Z, residual):
            for point in _feasible(candidate, N, self.beta):
                proof = prove_whitened(self.Y, self.beta, *point)
                if proof.value > self.proof.value:
                    self.proof = proof


def _doubly_nonnegative(W: Array) -> Array:
    """Lift the negative entries of a psd W; a dominant diagonal keeps it psd."""
    missing = np.maximum(-W, 0.0)
    return W + missing + np.diag(missing.sum(axis=1))


def _feasible(Z: Array, N: Array, beta: float) -> list[tuple[Array, Array]]:
    """Return points (Z', N') near (Z, N) with ``Z' Z'^T + N' <= beta^2 I``.

    N is scaled so that ``B = beta^2 I - N'`` is positive definite. Then the singular
    values of ``B^-1/2 Z`` are cut to 1: unlike a scaling of Z this changes only the
    directions that are too long.
    """
    values, vectors = np.linalg.eigh(N / beta**2)
    points = []
    for interior in INTERIORS:
        scale = min(1.0, (1 - interior) / max(values[-1], EPS))
        roots = np.sqrt(1 - scale * values)
        inner = (vectors.T @ Z) / roots[:, None] / beta
        left, sigma, right = np.linalg.svd(inner, full_matrices=False)
        cut = (left * np.minimum(sigma, 1.0)) @ right
        points.append((beta * vectors @ (roots[:, None] * cut), scale * N))
        if scale == 1.0:
            break
    return points


def prove_whitened(Y: Array, beta: float, Z: Array, N: Array) -> WhitenedProof:
    """Check ``lambda_max(Z Z^T + N) <= beta^2``, scaling if need be: a lower bound.

    For whitened X the ReLU only ever sees h >= 0 with ``|h| <= |u|``, and for such
    h and any N >= 0: ``|Z^T h|^2 <= h^T (Z Z^T + N) h <= lambda_max |h|^2``. So
    kappa(Z) is at most the root of the largest eigenvalue, and the same holds with
    ``tr Z^T W Z`` for all doubly nonnegative W. No solver enters, only a Cholesky
    factorisation with its rounding.

    Parameters
    ----------
    Y : (n, c) array
    beta : float
    Z : (n, c) array
    N : (n, n) array
        Symmetric and nonnegative; the proof is refused otherwise.

    Returns
    -------
    WhitenedProof
        The best multiple ``s Z`` with ``s^2 N``.

    Raises
    ------
    ValueError
        If N is not symmetric, not nonnegative or not of the size of Z.

    Notes
    -----
    The dual of (20) for whitened X. O(n^2 c + n^3).
    """
    if N.shape != (len(Z), len(Z)) or not (N >= 0).all() or not (N == N.T).all():
        low = float(N.min(initial=0.0))
        raise ValueError(
            f"prove_whitened needs a symmetric N >= 0 of shape {(len(Z), len(Z))}; got "
            f"shape {N.shape} with least entry {low!r}. Clip and symmetrise it."
        )
    top = bound_eigenvalue(Z @ Z.T + N)
    # Rounding of the product and of the sum, in the Frobenius norm.
    rounding = (Z.shape[1] + 2) * EPS * float(np.vdot(Z, Z) + np.linalg.norm(N))
    kappa = np.sqrt(max(top + rounding, 0.0)) * (1 + 4 * EPS)
    scale = feasible_scale(Y, Z, beta, float(kappa))
    return WhitenedProof(scale * Z, scale**2 * N, SQUARED.dual(scale * Z, Y))
