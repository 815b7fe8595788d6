"""A bound of ``|Z^T (X u)_+|`` from the products of what is known of a rectifier.

With ``h = (X u)_+`` and ``g = (-X u)_+`` all entries are nonnegative, ``h - g = X u``
and ``h_j g_j = 0``. So for every matrix N of multipliers that is nonnegative, except
for the pairs ``(h_j, g_j)`` where it is free, ``y^T N y >= 0`` at ``y = (h, g)``, and::

    lambda |u|^2 - |Z^T h|^2 - y^T N y >= 0  for all u and h, with g = h - X u,

proves ``|Z^T (X u)_+|^2 <= lambda |u|^2``: it says that a matrix of size n + r is
positive semidefinite. A solver looks for good multipliers; the proof does not trust it.
"""

from collections import namedtuple
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh, svd

from lib.numerics import EPS, Array, proved_psd

HALF = np.sqrt(0.5)

RELAXED = 1.6
"""Over-relaxation of the multiplier step; 1 takes a half more steps."""

BALANCE = 2.0
"""Ratio of the residuals beyond which the penalty changes by ``PENALTY_CHANGE``."""

PENALTY_CHANGE = 1.5

BLOCK_STEPS = 20
"""Steps between two proofs; a proof costs about as much as two of them."""

SINGLE_PRECISION = 400
"""With more undecided points than this, steps are in single precision: multipliers
need no more, and the proof is in double precision in any case."""

SHIFTS = 10.0 ** np.arange(-6.0, 0.6, 0.5)
"""Shares of the free multipliers tried on top of the least that is feasible."""

MARGINS = 1e-9 * 4.0 ** np.arange(0, 16)
"""Relative margins above the computed lambda at which the proof is tried."""

UnitPoints = namedtuple("UnitPoints", "X Z weights scale slack")
"""Points with unit rows of X (n, r), rows of Z in units of ``scale``, ``|z_j|``, and
what the rounding of all this can hide of kappa, in the units of the caller."""

FLAT = 1e-9
"""Relative singular value below which points do not see a direction."""

SplittingState = namedtuple("SplittingState", "S Y penalty")
"""Where a solver stands: slack S and primal matrix Y, both (s, s), and its penalty."""


def unit_points(X: Array, Z: Array, value: float) -> UnitPoints:
    """Drop points that are nothing, and scale so that kappa is about one.

    The scale is a power of two, so only the division by ``|x_j|`` rounds.

    Parameters
    ----------
    X : (n, r) array
    Z : (n, c) array
    value : float
        About kappa, positive.
    """
    sizes, weights = np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1)
    used = (sizes > 0) & (weights > 0)
    sizes, mass = sizes[used], float(sizes @ weights)
    scale = 2.0 ** np.floor(np.log2(value))
    Z = Z[used] * sizes[:, None] / scale
    # A row of X errs by r / 2 + 3 roundings, one of Z by 2, a decided sum by n.
    slack = (len(X) + X.shape[1] + 16) * EPS * mass
    return UnitPoints(
        X[used] / sizes[:, None], Z, np.linalg.norm(Z, axis=1), scale, slack
    )


@dataclass(frozen=True, eq=False)
class Lifting:
    """The products of a rectifier on the cone where some signs are decided.

    ``y`` has the entries ``h_j`` and ``g_j`` of the undecided points, then ``|x_j .
    u|`` of the decided ones; each in units of ``units[j]``.

    Parameters
    ----------
    labels : (s,) int array
        Which of ``h_0 .. h_{n-1}, g_0 .. g_{n-1}`` the entries of y are.
    X : (k, r) array
        Undecided points.
    Z : (k, c) array
    A : (c, r) array
        ``Z^T D X`` of the points decided as active.
    sides : (m, r) array
        Decided points, oriented such that ``sides @ u >= 0``.
    frame : tuple of array
        Of the orthonormal basis of all y: ``(h + g) / sqrt 2`` is free, and the rest
        of y is ``E v``, E (s, q), where ``u = back v``, back (r, q).
    """

    labels: np.ndarray
    X: Array
    Z: Array
    A: Array
    sides: Array
    frame: tuple[Array, Array]

    @property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the free multipliers stand: ``(h_j, g_j)`` of undecided points."""
        k = np.arange(len(self.X))
        return np.concatenate([k, k + len(k)]), np.concatenate([k + len(k), k])


def lift(points: UnitPoints, sides: np.ndarray) -> Lifting:
    """Return the lifting where ``sides[j] x_j . u >= 0`` for nonzero sides.

    Entries of y are scaled by powers of two near the root of ``|z_j|``, which
    balances the solver's steps and rounds nothing.
    """
    n = len(points.X)
    free, fixed = np.flatnonzero(sides == 0), np.flatnonzero(sides != 0)
    on = np.flatnonzero(sides > 0)
    units = np.exp2(np.round(0.5 * np.log2(points.weights / points.weights.max())))
    XU, Z = points.X * units[:, None], points.Z / units[:, None]
    X, D = XU[free], sides[fixed, None] * XU[fixed]
    Q, sigma, Vt = svd(np.vstack([X * HALF, D]), full_matrices=False)
    seen = sigma > FLAT * sigma[0]
    Q, back, k = Q[:, seen], Vt[seen].T / sigma[seen], len(free)
    E = np.vstack([Q[:k] * HALF, -Q[:k] * HALF, Q[k:]])
    labels = np.concatenate([free, free + n, np.where(sides > 0, 0, n)[fixed] + fixed])
    return Lifting(labels, X, Z[free], points.Z[on].T @ points.X[on], D, (E, back))


def from_frame(lifting: Lifting, V: Array) -> Array:
    """Return the vectors y of coordinates V, (k + q, p), in the orthonormal basis."""
    k = len(lifting.X)
    mean, rest = V[:k] * HALF, lifting.frame[0] @ V[k:]
    return np.vstack([rest[:k] + mean, rest[k : 2 * k] + mean, rest[2 * k :]])


def to_frame(lifting: Lifting, W: Array) -> Array:
    """Return the form W, (s, s) and symmetric, in the orthonormal basis of all y."""
    k, E = len(lifting.X), lifting.frame[0]
    both = W[:k] + W[k : 2 * k]
    side = both @ E * W.dtype.type(HALF)
    mean = (both[:, :k] + both[:, k : 2 * k]) / 2
    return np.block([[mean, side], [side.T, E.T @ W @ E]])


def roots(lifting: Lifting) -> tuple[Array, Array]:
    """Return matrices that map y to ``u``, (r, s), and to ``Z^T (X u)_+``, (c, s)."""
    E, back = lifting.frame
    U = back @ E.T
    C = lifting.A @ U
    C[:, : len(lifting.X)] += lifting.Z.T
    return U, C


class Splitting:
    """Alternating directions for the best multipliers of a lifting.

    It minimises lambda subject to ``lambda J = C + N + S``, with J and C the forms
    ``|u|^2`` and ``|Z^T (X u)_+|^2`` of y, N as in the head of this module, and S
    nonnegative on all y. The primal matrix Y stands for averages of ``y y^T``.
    """

    def __init__(self, lifting: Lifting, state: SplittingState | None = None) -> None:
        """Start from zero or from where a solver stood."""
        size = len(lifting.labels)
        single = len(lifting.X) > SINGLE_PRECISION
        kind = np.float32 if single else np.float64
        if state is None:
            state = SplittingState(
                np.zeros((size, size), kind), np.zeros((size, size), kind), 1
            )
        self.S, self.Y, self.penalty = state
        U, C = roots(lifting)
        self.U, self.C = U.astype(kind), C.astype(kind)
        self.size, self.reach = float(np.sum((U @ U.T) ** 2)), np.linalg.norm(C @ C.T)
        self.N = np.zeros((size, size), kind)
        self.level = self.change = 0.0
        frame = tuple(part.astype(kind) for part in lifting.frame)
        self.lifting = lifting if not single else replace(lifting, frame=frame)

    @property
    def state(self) -> SplittingState:
        """What another solver can start from."""
        return SplittingState(self.S, self.Y, self.penalty)

    def run(self, steps: int) -> None:
        """Take steps, then balance the penalty."""
        for _ in range(steps):
            self.step()
        slack = self.change / (1 + self.reach)
        outside = self.outside()
        if slack > BALANCE * outside:
            self.penalty *= PENALTY_CHANGE
        elif outside > BALANCE * slack:
            self.penalty /= PENALTY_CHANGE

    def step(self) -> None:
        """Improve lambda, N and S one after the other, then Y."""
        U, C = self.U, self.C
        G = self.S + self.Y / self.penalty
        share = np.sum(U @ (self.N + G) * U) + np.sum((U @ C.T) ** 2)
        self.level = float((share - 1 / self.penalty) / self.size)
        W = (self.level * U).T @ U - C.T @ C
        self.N = admit(self.lifting, W - G)
        W -= self.N + self.Y / self.penalty
        form = to_frame(self.lifting, W)
        values, vectors = eigh(
            form, subset_by_value=(-np.inf, 0.0), overwrite_a=True, check_finite=False
        )
        F = from_frame(self.lifting, vectors * np.sqrt(-self.penalty * values))
        Y = (F @ F.T).astype(W.dtype, copy=False)
        self.S = W + Y / self.penalty
        self.change = float(np.linalg.norm(self.Y - Y)) / self.penalty
        self.Y = (1 - RELAXED) * self.Y + RELAXED * Y

    def outside(self) -> float:
        """Return how far Y is from what averages of ``y y^T`` satisfy."""
        wrong = np.minimum(self.Y, 0)
        wrong[self.lifting.pairs] = self.Y[self.lifting.pairs]
        trace = float(np.sum(self.U @ self.Y * self.U))
        size = 1 + float(np.linalg.norm(self.Y))
        return float(np.linalg.norm(wrong)) / size + abs(trace - 1)


def admit(lifting: Lifting, N: Array) -> Array:
    """Return the nearest admissible multipliers: nonnegative but for the pairs."""
    free = N[lifting.pairs]
    N = np.maximum(N, 0)
    N[lifting.pairs] = free
    return N


def proved_level(lifting: Lifting, N: Array) -> float:
    """Return a proved bound of ``|Z^T (X u)_+|`` over the cone, from any multipliers.

    In the variables (u, h) the statement is that ``S = diag(lambda I, 0) - Q`` is
    positive semidefinite, with Q the form of ``|Z^T h + A u|^2 + y^T N y``. Adding
    ``-t sum_j h_j g_j`` makes the block of h definite; then lambda is an eigenvalue
    of its Schur complement. Only a Cholesky factorisation of S, less a bound of all
    rounding, is trusted (Rump 2006).

    Parameters
    ----------
    lifting : Lifting
    N : (s, s) array
        Negative entries outside the pairs are put to zero.

    Returns
    -------
    float
        In the units of the lifting; infinite if these multipliers prove nothing.

    Notes
    -----
    O((n + r)^3).
    """
    N = admit(lifting, (N + N.T) / 2).astype(np.float64)
    if not np.isfinite(N).all():
        return float(np.inf)
    Q = form_of(lifting, N)
    r = lifting.A.shape[1]
    values, vectors = eigh(Q[r:, r:], check_finite=False)
    best, shift = np.inf, 0.0
    least = max(float(values.max(initial=0.0)), 0.0)
    across, X = vectors.T @ Q[r:, :r], vectors.T @ lifting.X
    for t in least + SHIFTS:
        mixed = across + t / 2 * X
        schur = Q[:r, :r] + (mixed.T / (t - values)) @ mixed
        level = float(np.linalg.eigvalsh(schur)[-1])
        if level < best:
            best, shift = level, t
    Q[r:, :r] += shift / 2 * lifting.X
    Q[np.arange(r, len(Q)), np.arange(r, len(Q))] -= shift
    return verified(Q, best, r, formation_error(lifting, N, shift))


def form_of(lifting: Lifting, N: Array) -> Array:
    """Return ``|Z^T h + A u|^2 + y^T N y`` as a form of (u, h), N symmetric."""
    root = np.hstack([lifting.A, lifting.Z.T])
    return root.T @ root + on_rectifiers(lifting, on_rectifiers(lifting, N).T)


def on_rectifiers(lifting: Lifting, rows: Array) -> Array:
    """Return linear forms of y as forms of (u, h), with ``g = h - X u``."""
    k = len(lifting.X)
    by_h, by_g = rows[:, :k], rows[:, k : 2 * k]
    by_u = rows[:, 2 * k :] @ lifting.sides - by_g @ lifting.X
    return np.hstack([by_u, by_h + by_g])


def formation_error(lifting: Lifting, N: Array, shift: float) -> float:
    """Bound the norm of the rounding in the form of :func:`form_of`, shifted by t.

    ``y = E (u, h)`` with E made of ones, of X and of the decided points, so each sum
    errs by as many roundings as it has terms, of at most ``|E|^T |N| |E|``.
    """
    X, Z, A, D = lifting.X, lifting.Z, lifting.A, lifting.sides
    terms = len(lifting.labels) + sum(A.shape) + 8
    gamma = terms * EPS / (1 - terms * EPS)
    reach = 1 + (1 + np.linalg.norm(X)) ** 2 + np.linalg.norm(D) ** 2
    form = (np.linalg.norm(Z) + np.linalg.norm(A)) ** 2
    return float(gamma * (form + (np.linalg.norm(N) + shift) * reach))


def verified(Q: Array, level: float, r: int, error: float) -> float:
    """Return the root of a lambda, little above ``level``, that Cholesky confirms."""
    corner = np.arange(len(Q)) < r
    for margin in MARGINS:
        square = level + margin * max(abs(level), 1e-3)
        S = -Q
        S[np.diag_indices(len(Q))] += np.where(corner, square, 0.0)
        # Four roundings of the sums here.
        sums = 4 * EPS * (float(np.abs(np.diag(S)).sum()) + abs(square))
        if proved_psd(S, error + sums):
            return float(np.sqrt(max(square, 0.0))) * (1 + 4 * EPS)
    return float(np.inf)
