"""The convex master: (17) over given simplicial cones, by an interior point method.

Each cone, with rays W, brings a block ``M = [[S, V], [V^T, T]]`` that is positive
semidefinite with ``S >= 0``, costs ``beta/2 (tr W S W^T + tr T)`` and answers ``A V``,
where A holds the activations of the rays. Blocks meet in the answers only, so that a
step costs one system of size n c, or of the blocks' joint size where that is less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError, lu_solve
from scipy.linalg.lapack import dgetrf

from lib.losses import Squared
from lib.numerics import Array
from lib.problem import Problem

STEPS = 60
"""Most steps; 10 to 25 are usual."""

BACK = 0.98
"""Share of the way to the boundary of the cones that a step goes."""

SHORTEST = 1e-6
"""A step so short means that rounding has the better of it."""

ROUNDING = 1e-14
"""Relative difference of two values that are the same."""

PATIENCE = 3
"""Steps in a row that may gain nothing; more are rounding."""

REFINEMENTS = 4
"""Times that the equation of a step is looked at, and the step corrected but last."""

FEASIBLE = 1e-7
"""Relative residual of the linear equations below which values mean what they say."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A simplicial cone of input weights on which activations are linear.

    Parameters
    ----------
    rays : (r, k) array
        Columns of W, linearly independent unit vectors.
    active : (n, k) array
        What the layer answers to each ray.
    """

    rays: Array
    active: Array


@dataclass(frozen=True, eq=False)
class MasterPoint:
    """Where the interior point method stopped; nothing of it is proved.

    Parameters
    ----------
    grams : tuple of (k, k) arrays
        S of each piece: the hull of ``s s^T`` over its neurons ``u = W s``.
    Z : (n, c) array
        The dual variable: no neuron of the pieces has ``|Z^T h(u)|`` above beta by
        more than the accuracy of the point.
    """

    grams: tuple[Array, ...]
    Z: Array


def solve_master(
    problem: Problem, pieces: Sequence[Piece], *, tolerance: float
) -> MasterPoint:
    """Solve (17) restricted to some pieces.

    Mehrotra's predictor and corrector along the directions of Nesterov and Todd, from
    a start that is central but infeasible. With k <= 4 rays the doubly nonnegative S
    are completely positive, so that the program is convex training restricted to the
    neurons of the pieces; beyond, it is a relaxation of that, and Z stays valid.

    Parameters
    ----------
    problem : Problem
        Any loss and pooling. Its X serves only to make Z.
    pieces : sequence of Piece
        At least one.
    tolerance : float
        Gap at which to stop, in units of the value. It stops before where rounding
        allows no step.

    Returns
    -------
    MasterPoint

    Notes
    -----
    Equation (17). A step is O(P (k + c)^3 + N K min(N, K)) with N = n c, where n is at
    most the number of rays and outputs for the squared loss, and K = P k c.
    """
    problem, pieces, basis = _with_fewer_rows(problem, pieces)
    system = _System(problem, pieces)
    system.run(tolerance)
    return MasterPoint(system.grams, system.Z if basis is None else basis @ system.Z)


def couplings(problem: Problem, pieces: Sequence[Piece]) -> int:
    """Return the entries N K of the largest matrix of :func:`solve_master`."""
    rows, count = _size(problem, pieces)
    return rows * count * problem.Y.shape[1] ** 2


def _size(problem: Problem, pieces: Sequence[Piece]) -> tuple[int, int]:
    """Return how many samples, or what stands for them, and rays there are."""
    n, c = problem.Y.shape
    count = sum(piece.rays.shape[1] for piece in pieces)
    joined = type(problem.loss) is Squared
    return min(n, count + c) if joined else n, count


def _with_fewer_rows(
    problem: Problem, pieces: Sequence[Piece]
) -> tuple[Problem, Sequence[Piece], Array | None]:
    """Rotate the samples of the squared loss into the span of rays and targets.

    Returns what stands for problem and pieces there, and the orthonormal basis of that
    span, None where it has as many dimensions as there are samples.
    """
    rows, count = _size(problem, pieces)
    if rows == len(problem.Y):
        return problem, pieces, None
    both = np.hstack([*(piece.active for piece in pieces), problem.Y])
    basis, R = np.linalg.qr(both)
    ends = np.cumsum([piece.rays.shape[1] for piece in pieces])
    actives = np.split(R[:, :count], ends[:-1], axis=1)
    fewer = [Piece(p.rays, A) for p, A in zip(pieces, actives, strict=True)]
    # Only loss, beta and Y are read; X keeps the shape that pooling asks for.
    X = np.zeros((len(R) * problem.pooling, problem.X.shape[1]))
    return replace(problem, X=X, Y=R[:, count:]), fewer, basis


@dataclass(frozen=True, eq=False)
class _Step:
    """A change of M, D, s and nu of the pieces of one size."""

    M: Array
    D: Array
    s: Array
    nu: Array

    def __add__(self, other: _Step) -> _Step:
        """Return the sum of two changes."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return _Step(*(one + two for one, two in pairs))


class _Blocks:
    """The pieces with k rays: their M, D and, for each pair of rays, s and nu.

    ``D = [[W^T W - N, -A^T zeta], [-zeta^T A, I]]`` is the multiplier of ``M >= 0``,
    with half of nu for ``s = S_ij`` at the places i, j and j, i of N.
    """

    def __init__(self, pieces: Sequence[Piece], places: list[int], c: int) -> None:
        """Stack the pieces at their places; c outputs."""
        self.places = places
        self.A = np.stack([pieces[place].active for place in places])  # (P, n, k)
        W = np.stack([pieces[place].rays for place in places])
        self.k = k = W.shape[2]
        self.i, self.j = np.triu_indices(k, 1)
        pairs = range(len(self.i))
        self.pairs = np.zeros((len(self.i), k, k))
        self.pairs[pairs, self.i, self.j] = self.pairs[pairs, self.j, self.i] = 0.5
        self.cost = np.tile(np.eye(k + c), (len(places), 1, 1))
        self.cost[:, :k, :k] = W.swapaxes(1, 2) @ W

    def start(self, size: float) -> None:
        """Take the central point whose S is ``size (I + 1 1^T)``."""
        k = self.k
        one = np.tile(np.eye(self.cost.shape[1]), (len(self.places), 1, 1))
        self.M, self.D = size * one, one
        self.M[:, :k, :k] += size
        self.D[:, :k, :k] = np.linalg.inv(np.eye(k) + 1.0)
        self.nu = np.ones((len(self.places), len(self.i)))
        self.s = size * self.nu

    @property
    def degree(self) -> int:
        """How many complementary products there are."""
        return self.M.shape[0] * self.M.shape[1] + self.s.size

    @property
    def product(self) -> float:
        """The sum of the complementary products."""
        return float(np.vdot(self.M, self.D) + np.vdot(self.s, self.nu))

    def answers(self, V: Array) -> Array:
        """Return ``sum A V``, (n, c)."""
        k = self.k
        return self.A.transpose(1, 0, 2).reshape(-1, len(V) * k) @ V.reshape(
            len(V) * k, -1
        )

    def multiplier(self, zeta: Array, nu: Array) -> Array:
        """Return the linear part of D."""
        k = self.k
        D = np.zeros_like(self.M)
        D[:, :k, :k] = -np.tensordot(nu, self.pairs, 1)
        D[:, :k, k:] = -self.A.swapaxes(1, 2) @ zeta
        D[:, k:, :k] = D[:, :k, k:].swapaxes(1, 2)
        return D

    def measure(self, zeta: Array) -> float:
        """Find the residuals of D and s; return the largest."""
        self.off_D = self.cost + self.multiplier(zeta, self.nu) - self.D
        self.off_s = self.M[:, self.i, self.j] - self.s
        return float(np.abs(self.off_D).max())

    def scale(self) -> Array:
        """Find the scaling point ``W = G G^T``; return dV by dzeta as a square root.

        With ``W = [[a, b], [b^T, t]]`` and ``dy = A^T dzeta`` the change of V is
        ``a dy t + b dy^T b`` less what the pairs take back; (n c, P k c).

        Raises
        ------
        LinAlgError
            Where rounding has left M or D indefinite.
        """
        k, (P, size) = self.k, self.M.shape[:2]
        c = size - k
        L, R = np.linalg.cholesky(self.M), np.linalg.cholesky(self.D)
        _, self.spectrum, Qt = np.linalg.svd(R.swapaxes(1, 2) @ L)
        self.G = (L @ Qt.swapaxes(1, 2)) / np.sqrt(self.spectrum)[:, None, :]
        self.W = self.G @ self.G.swapaxes(1, 2)
        a, b, t = self.W[:, :k, :k], self.W[:, :k, k:], self.W[:, k:, k:]
        K = np.einsum("pij,pab->piajb", a, t) + np.einsum("pib,pja->piajb", b, b)
        K = K.reshape(P, k * c, k * c)
        left = a[:, None] @ self.pairs
        H = (left @ a[:, None])[:, :, self.i, self.j]
        H[:, range(len(self.i)), range(len(self.i))] += self.s / self.nu
        self.H = np.linalg.inv(H)
        # <pair, W offdiag(dy) W> = <J, dy>, and the V of W pair W is J / 2.
        self.J = 2 * (left @ b[:, None]).reshape(P, -1, k * c)
        K -= 0.5 * self.J.swapaxes(1, 2) @ self.H @ self.J
        values, Q = np.linalg.eigh((K + K.swapaxes(1, 2)) / 2)
        root = Q * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        tall = (self.A @ root.reshape(P, k, -1)).reshape(P, -1, c, k * c)
        return tall.transpose(1, 2, 0, 3).reshape(-1, P * k * c)

    def aim(self, target: float, second: _Step | None) -> Array:
        """Aim at products of ``target``, second-order terms included.

        Returns the change of V at ``dzeta = 0``, (P, k, c).
        """
        size, k = self.M.shape[1], self.k
        C = np.zeros_like(self.M)
        C[:, range(size), range(size)] = target - self.spectrum**2
        pairs = target - self.s * self.nu
        if second is not None:
            C -= (second.M @ second.D + second.D @ second.M) / 2
            pairs = pairs - second.s * second.nu
        spectrum = self.spectrum
        self.goal = 2 * C / (spectrum[:, :, None] + spectrum[:, None, :])
        self.goal_s = pairs / self.nu
        G = self.G
        self.base = G @ self.goal @ G.swapaxes(1, 2) - self.W @ self.off_D @ self.W
        self.right = self.goal_s - self.off_s - self.base[:, self.i, self.j]
        dnu = (self.H @ self.right[:, :, None])[:, None, :, 0]
        dV = (dnu @ self.J).reshape(len(dnu), k, -1)
        return self.base[:, :k, k:] + 0.5 * dV

    def step(self, dzeta: Array, *, aimed: bool = True) -> _Step:
        """Return the step for dzeta in scaled coordinates, M and D times G.

        If not ``aimed``, only what dzeta changes: by that a step can be corrected.
        """
        dy = (self.A.swapaxes(1, 2) @ dzeta).reshape(len(self.M), -1, 1)
        right = self.right[:, :, None] * aimed - self.J @ dy
        dnu = (self.H @ right)[:, :, 0]
        dD = self.off_D * aimed + self.multiplier(dzeta, dnu)
        scaled = self.G.swapaxes(1, 2) @ dD @ self.G
        ds = self.goal_s * aimed - self.s / self.nu * dnu
        return _Step(self.goal * aimed - scaled, scaled, ds, dnu)

    def room(self, scaled: _Step) -> float:
        """Return how far a step may go before something turns indefinite."""
        unit = 1 / np.sqrt(self.spectrum)
        ends = [
            np.linalg.eigvalsh(d * unit[:, :, None] * unit[:, None, :]).min()
            for d in (scaled.M, scaled.D)
        ]
        ends += [
            (scaled.s / self.s).min(initial=0),
            (scaled.nu / self.nu).min(initial=0),
        ]
        worst = float(min(ends))
        return -1 / worst if worst < 0 else np.inf

    def change(self, step: _Step) -> Array:
        """Return the change of V in a step, (P, k, c)."""
        k = self.k
        return self.G[:, :k] @ step.M @ self.G[:, k:].swapaxes(1, 2)

    def move(self, step: _Step, share: float) -> None:
        """Go a share of a step."""
        M = self.M + share * (self.G @ step.M @ self.G.swapaxes(1, 2))
        back = np.linalg.inv(self.G)
        D = self.D + share * (back.swapaxes(1, 2) @ step.D @ back)
        self.M, self.D = (M + M.swapaxes(1, 2)) / 2, (D + D.swapaxes(1, 2)) / 2
        self.s, self.nu = self.s + share * step.s, self.nu + share * step.nu


class _System:
    """All blocks and the dual variable ``zeta = Z / beta`` that they share."""

    def __init__(self, problem: Problem, pieces: Sequence[Piece]) -> None:
        """Group the pieces by their number of rays, and start."""
        self.problem, Y = problem, problem.Y
        sizes: dict[int, list[int]] = {}
        for place, piece in enumerate(pieces):
            sizes.setdefault(piece.rays.shape[1], []).append(place)
        groups = sizes.values()
        self.blocks = [_Blocks(pieces, places, Y.shape[1]) for places in groups]
        self.zeta, self.value, self.dual = np.zeros_like(Y), np.inf, -np.inf
        self.idle = 0
        rows = sum(len(b.places) * b.cost.shape[1] for b in self.blocks)
        largest = problem.loss.value(self.zeta, Y) / problem.beta
        for block in self.blocks:
            block.start(largest / rows)
        self.best, self.Z = [block.M for block in self.blocks], self.zeta

    @property
    def grams(self) -> tuple[Array, ...]:
        """S of each piece, in their order."""
        found = {
            place: M[: b.k, : b.k]
            for b, best in zip(self.blocks, self.best, strict=True)
            for place, M in zip(b.places, best, strict=True)
        }
        return tuple(found[place] for place in sorted(found))

    def run(self, tolerance: float) -> None:
        """Take steps until the gap is below the tolerance, or as far as they go."""
        for _ in range(STEPS):
            target = self.measure(tolerance)
            if target == 0.0:
                break
            try:
                factor = self.factor()
            except LinAlgError:
                break
            _, trial, room = self.direction(factor, 0.0, [None] * len(self.blocks))
            target *= (1 - min(room, 1.0)) ** 3
            dzeta, steps, room = self.direction(factor, target, trial)
            share = self.bent(min(BACK * room, 1.0), dzeta, steps)
            if not (share > SHORTEST and np.isfinite(dzeta).all()):
                break
            self.zeta = self.zeta + share * dzeta
            for block, step in zip(self.blocks, steps, strict=True):
                block.move(step, share)

    def measure(self, tolerance: float) -> float:
        """Find all residuals; return the mean product, 0 where all is done.

        M is always feasible and zeta nearly, so that each side has its own value, and
        the best of either is kept: rounding may spoil them later.
        """
        problem, blocks = self.problem, self.blocks
        F = sum(b.answers(b.M[:, : b.k, b.k :]) for b in blocks)
        R = problem.loss.residual(F, problem.Y)
        self.F, self.off = F, problem.beta * self.zeta - R
        off = max(block.measure(self.zeta) for block in blocks)
        cost = 0.5 * sum(float(np.vdot(b.cost, b.M)) for b in blocks)
        value = problem.loss.value(F, problem.Y) + problem.beta * cost
        gap = self.value - self.dual
        if value <= self.value * (1 + ROUNDING):
            self.value, self.best = min(value, self.value), [b.M for b in blocks]
        dual = problem.loss.dual(problem.beta * self.zeta, problem.Y)
        if off <= FEASIBLE and dual > self.dual:
            self.dual, self.Z = dual, problem.beta * self.zeta
        gains = self.value - self.dual < gap or not np.isfinite(gap)
        self.idle = 0 if gains else self.idle + 1
        if self.idle > PATIENCE or self.value - self.dual <= tolerance * self.value:
            return 0.0
        return sum(b.product for b in blocks) / sum(b.degree for b in blocks)

    def bent(self, share: float, dzeta: Array, steps: list[_Step]) -> float:
        """Shorten a step until it lowers the residual of a loss that is not squared.

        Where its slope is straight, as beyond Huber's bends, a full step may go
        anywhere.
        """
        problem = self.problem
        if type(problem.loss) is Squared:
            return share
        changes = zip(self.blocks, steps, strict=True)
        dF = sum(block.answers(block.change(step)) for block, step in changes)
        here = float(np.abs(self.off).max())
        rounding = FEASIBLE * float(np.abs(problem.beta * self.zeta).max())
        while share > SHORTEST:
            R = problem.loss.residual(self.F + share * dF, problem.Y)
            there = np.abs(problem.beta * (self.zeta + share * dzeta) - R).max()
            if there <= (1 - share / 4) * here + rounding:
                break
            share /= 2
        return share

    def factor(self) -> Callable[[Array], Array]:
        """Return the solution of ``beta dzeta + B K dzeta = right``, with B = loss''.

        K is the square of what the blocks return; where it has few columns, the
        system is solved in these.
        """
        beta, (n, c) = self.problem.beta, self.zeta.shape
        tall = np.hstack([block.scale() for block in self.blocks])
        B = self.problem.loss.curvature(self.F, self.problem.Y)
        bent = tall
        if B is not None:
            rows = tall.reshape(n, c, -1)
            bent = np.einsum("nab,nbk->nak", B, rows).reshape(tall.shape)
        wide = tall.shape[0] <= tall.shape[1]
        matrix = bent @ tall.T if wide else tall.T @ bent
        matrix[np.diag_indices_from(matrix)] += beta
        *lu, failed = dgetrf(matrix)
        if failed:
            raise LinAlgError("Rounding has left the system singular.")
        if wide:
            return lambda right: lu_solve(lu, right, check_finite=False)

        def solved(right: Array) -> Array:
            inner = lu_solve(lu, tall.T @ right, check_finite=False)
            return (right - bent @ inner) / beta

        return solved

    def direction(
        self,
        solved: Callable[[Array], Array],
        target: float,
        seconds: Sequence[_Step | None],
    ) -> tuple[Array, list[_Step], float]:
        """Return dzeta, the scaled steps, and how far they may go."""
        problem, blocks = self.problem, self.blocks
        pairs = zip(blocks, seconds, strict=True)
        dF = sum(block.answers(block.aim(target, second)) for block, second in pairs)
        B = problem.loss.curvature(self.F, problem.Y)
        bent = dF if B is None else np.einsum("nab,nb->na", B, dF)
        dzeta = solved(-(self.off + bent).ravel()).reshape(self.zeta.shape)
        steps = [block.step(dzeta) for block in blocks]
        # What rounding has left of the equation is solved for again while that helps.
        kept, last = (dzeta, steps), np.inf
        for _ in range(REFINEMENTS):
            dF = sum(b.answers(b.change(s)) for b, s in zip(blocks, steps, strict=True))
            bent = dF if B is None else np.einsum("nab,nb->na", B, dF)
            left = self.off + problem.beta * dzeta + bent
            size = float(np.abs(left).max())
            if not size < last:
                break
            kept, last = (dzeta, steps), size
            more = solved(-left.ravel()).reshape(dzeta.shape)
            pairs = zip(blocks, steps, strict=True)
            dzeta = dzeta + more
            steps = [step + block.step(more, aimed=False) for block, step in pairs]
        dzeta, steps = kept
        rooms = [b.room(step) for b, step in zip(blocks, steps, strict=True)]
        return dzeta, steps, min(rooms)
