"""Analytic centres of cut sets: the interior points from which A.5 cuts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from lib.numerics import EPS, Array

NEWTON_STEPS = 60
"""More than enough from a strictly feasible start; the centre need not be exact."""

DECREMENT = 1e-3
"""Squared Newton decrement at which a centre is near enough to cut from."""

STAGES = 12
"""Most halvings of the distance to a ball that the start is outside of: a query
need not gain more than a factor of 4000."""

BACKTRACK = 0.5
"""Factor by which a step is shortened until it stays inside and goes down."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """Constraints on Z that every feasible Z meets.

    Parameters
    ----------
    H : (n, m) array
        Activations ``(X u_k)_+`` of unit neurons.
    G : (m, c) array or None
        Unit outputs: then cut k is linear, ``<h_k g_k^T, Z> <= beta``, as in A.5.
        None: it is the cone ``|Z^T h_k| <= beta``, all outputs at once.
    beta : float
    """

    H: Array
    G: Array | None
    beta: float

    def pulls(self, Z: Array) -> Array:
        """Return ``Z^T h_k``, (m, c), or its part along ``g_k``, (m, 1)."""
        pulls = self.H.T @ Z
        return pulls if self.G is None else (pulls * self.G).sum(1, keepdims=True)

    def slacks(self, Z: Array) -> Array:
        """Return what is left of each cut, (m,): ``beta^2 - |.|^2`` or ``beta - .``."""
        pulls = self.pulls(Z)
        if self.G is not None:
            return self.beta - pulls[:, 0]
        return self.beta**2 - (pulls * pulls).sum(axis=1)

    def forces(self, Z: Array) -> Array:
        """Return minus the derivative of each log slack by ``h_k^T Z``, (m, c)."""
        normals = 2 * self.pulls(Z) if self.G is None else self.G
        return normals / self.slacks(Z)[:, None]


@dataclass(frozen=True, eq=False)
class Barrier:
    """``-w log(rho^2 - |Z - Y|^2) - sum_k log slack_k(Z)``, convex in Z.

    The ball holds the points with a better dual value than the best known; its
    weight w, the number of cuts, keeps it as strong as all of them together.
    """

    cuts: Cuts
    Y: Array
    radius2: float

    @property
    def weight(self) -> float:
        """``w``, at least 1."""
        return max(self.cuts.H.shape[1], 1.0)

    def room(self, Z: Array) -> float:
        """Return ``rho^2 - |Z - Y|^2``, positive inside the ball."""
        return self.radius2 - float(np.vdot(Z - self.Y, Z - self.Y))

    def value(self, Z: Array) -> float:
        """Return the barrier, infinity outside."""
        room, slacks = self.room(Z), self.cuts.slacks(Z)
        if not (room > 0 and (slacks > 0).all()):
            return np.inf
        return float(-self.weight * np.log(room) - np.log(slacks).sum())

    def gradient(self, Z: Array) -> Array:
        """Return the gradient, (n, c)."""
        ball = 2 * self.weight / self.room(Z) * (Z - self.Y)
        return ball + self.cuts.H @ self.cuts.forces(Z)

    def hessian(self, Z: Array) -> Array:
        """Return the Hessian, (n c, n c), of Z flattened row by row."""
        room, H, offset = self.room(Z), self.cuts.H, (Z - self.Y).ravel()
        forces = self.cuts.forces(Z).T
        rows = (H[:, None, :] * forces[None, :, :]).reshape(Z.size, -1)  # (n c, m)
        matrix = rows @ rows.T
        if self.cuts.G is None:
            curvature = (H * (2 / self.cuts.slacks(Z))) @ H.T
            matrix += np.kron(curvature, np.eye(Z.shape[1]))
        matrix += 4 * self.weight / room**2 * np.outer(offset, offset)
        # A ridge of rounding size keeps the factorization alive where cuts abound.
        ridge = Z.size * EPS * np.diag(matrix).max()
        matrix[np.diag_indices_from(matrix)] += 2 * self.weight / room + ridge
        return matrix

    def multipliers(self, Z: Array) -> Array:
        """Return output weights V, (m, c), with ``H V = Y - Z`` at the centre.

        The gradient vanishes there, so the cuts' own forces, in units of the
        ball's, are a network whose residual is Z. Its gap is at most half of the
        room that is left in the ball.
        """
        return self.room(Z) / (2 * self.weight) * self.cuts.forces(Z)


def analytic_centre(
    barrier: Barrier, start: Array, margin: float
) -> tuple[Array, Array]:
    """Minimise the barrier from a point inside all cuts, by damped Newton steps.

    Parameters
    ----------
    barrier : Barrier
    start : (n, c) array
        Strictly inside every cut. It may lie outside the ball, which is then
        widened to hold it and shrunk in stages. A centre halves the distance of
        ``|Z - Y|^2`` to its least value over the cuts, and the ball is widened by a
        tenth, so the stages end unless the cuts rule out any better point.
    margin : float
        Room given to a point at least, positive: a small part of the gap.

    Returns
    -------
    Z : (n, c) array
        Near the centre; if the ball is not reached in STAGES, near that of the
        wider ball of the last stage.
    V : (m, c) array
        The multipliers there.

    Notes
    -----
    Appendix A.5. O((n c)^3 + m (n c)^2) a step.
    """
    Z, room = start, barrier.room(start)
    for _ in range(STAGES):
        if room > 0:
            Z = _newton(barrier, Z)
            return Z, barrier.multipliers(Z)
        wider = barrier.radius2 - room + max(margin, -room / 10)
        stage = replace(barrier, radius2=wider)
        Z = _newton(stage, Z)
        room = barrier.room(Z)
    return Z, stage.multipliers(Z)


def _newton(barrier: Barrier, Z: Array) -> Array:
    """Run damped Newton steps until the decrement is small."""
    value = barrier.value(Z)
    for _ in range(NEWTON_STEPS):
        gradient = barrier.gradient(Z)
        factor = linalg.cho_factor(barrier.hessian(Z), check_finite=False)
        step = -linalg.cho_solve(factor, gradient.ravel()).reshape(Z.shape)
        slope = float(np.vdot(gradient, step))
        if -slope <= DECREMENT:
            break
        t = 1.0
        while (there := barrier.value(Z + t * step)) > value + 0.1 * t * slope:
            t *= BACKTRACK
            if t < 1e-12:
                return Z
        Z, value = Z + t * step, there
    return Z
