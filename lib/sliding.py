"""The sliding step: move neurons until the gradient is zero.

With its activation pattern held, a neuron is linear in the data and (5) is a
smooth problem in both layers. Newton's method then places the neurons far more
precisely than ever more atoms could.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from lib.fit import Fit, Held, hold
from lib.problem import Array, Network, Problem, objective
from lib.rounding import EPS

NEWTON_STEPS = 300
"""Steps between two changes of pattern: convergence is quadratic near a solution."""

LEAST_DAMPING = 1e-14
"""In units of the largest curvature: a few roundings of the Hessian."""

MOST_DAMPING = 1e3
"""From here on steps are too short to move anything."""

MODULUS_SIZE = 150
"""Most unknowns for which eigenvectors are computed where H is indefinite."""

DEAD = 1e-13
"""Share of the weight decay below which a neuron is dropped: a few roundings."""

VANISHED = 1e-26
"""Share of the first weight decay below which even the last neuron is zero."""

WALL_TOLERANCE = 1e-9
"""A neuron whose sine to a wall is below this sits on the wall and stays there."""

ROUNDINGS = 16 * EPS
"""Of a height above a wall after a step, in units of the length before it."""

VANISHING = 1e-12
"""Share of its length before at which a neuron has become rounding."""

NEAR_WALLS = 256
"""Walls watched around a neuron; it is stopped before it can meet another one."""

VISIBLE = 1e-13
"""Relative decrease of the objective that is more than its rounding."""


CROSSING_STEPS = 20
"""Most Newton steps across walls; where data are dense the objective is smooth."""

CROSSING_GAIN = 1e-9
"""Relative decrease of the objective below which crossing walls is left to rounds."""


@dataclass(frozen=True, eq=False)
class _Walls:
    """The walls around each neuron that it must not cross.

    ``normals[k]`` are unit normals turned inward, (K, d); ``open`` marks those on
    which the neuron does not already sit. No other wall meets the cone of tangent
    ``reach[k]`` around the unit vector ``anchor[k]``.
    """

    normals: Array
    open: np.ndarray
    anchor: Array
    reach: Array

    def room(self, U: Array, step: Array) -> Array:
        """Return how far along its step each neuron can go, (m,), inf if free."""
        height = np.einsum("kwd,kd->kw", self.normals, U)
        speed = np.einsum("kwd,kd->kw", self.normals, step)
        meets = self.open & (speed < 0)
        ratio = np.full(height.shape, np.inf)
        with np.errstate(over="ignore"):
            np.divide(np.maximum(height, 0.0), -speed, out=ratio, where=meets)
        return np.minimum(ratio.min(axis=1, initial=np.inf), self._known(U, step))

    def of(self, neurons: np.ndarray) -> _Walls:
        """Return the walls of some of the neurons."""
        parts = (self.normals, self.open, self.anchor, self.reach)
        return _Walls(*(part[neurons] for part in parts))

    def touched(self, U: Array, before: Array) -> _Walls:
        """Return the same walls with those closed on which the neurons now sit.

        A neuron that was much longer ``before`` has the rounding of that length.
        """
        height = np.einsum("kwd,kd->kw", self.normals, U)
        rounding = ROUNDINGS * np.linalg.norm(before, axis=1)
        reached = np.maximum(WALL_TOLERANCE * np.linalg.norm(U, axis=1), rounding)
        away = np.abs(height) > reached[:, None]
        return _Walls(self.normals, self.open & away, self.anchor, self.reach)

    def exhausted(self, U: Array) -> bool:
        """Tell whether a neuron has come near to walls that are not listed."""
        along = (U * self.anchor).sum(axis=1)
        aside = np.linalg.norm(U - along[:, None] * self.anchor, axis=1)
        known = np.isinf(self.reach)
        limit = np.where(known, 0.0, self.reach) * along
        return bool((~known & (aside > 0.999 * limit)).any())

    def _known(self, U: Array, step: Array) -> Array:
        """Return where each neuron leaves the cone in which the walls are known.

        The first root t > 0 of ``|aside + t q|^2 = reach^2 (along + t g)^2``.
        """
        along, g = (U * self.anchor).sum(1), (step * self.anchor).sum(1)
        aside = U - along[:, None] * self.anchor
        q = step - g[:, None] * self.anchor
        with np.errstate(invalid="ignore", divide="ignore"):
            bend = (q * q).sum(1) - (self.reach * g) ** 2
            tilt = (aside * q).sum(1) - self.reach**2 * along * g
            room = np.maximum((self.reach * along) ** 2 - (aside * aside).sum(1), 0.0)
            pace = tilt + np.sqrt(tilt * tilt + bend * room)
            return np.where(np.isfinite(self.reach) & (pace > 0), room / pace, np.inf)


@dataclass(frozen=True, eq=False)
class _Faces:
    """Neurons as coordinates ``a`` in the spans of their faces, patterns held.

    Neuron k is the sum of ``a_i basis[i]`` over the coordinates i it owns.
    """

    basis: Array
    owner: np.ndarray
    fit: Fit
    beta: float

    def inputs(self, a: Array) -> Array:
        """Return the input weights at coordinates ``a``, (m, d)."""
        return self._by_owner(a[:, None] * self.basis)

    def smooth(self, a: Array, V: Array) -> _Point:
        """Return the objective and its slopes at ``(a, V)``."""
        W = a[:, None] * V[self.owner]  # (N, c)
        loss, M, F = self.fit.slope(W)
        value = loss + self.beta / 2 * float(a @ a + np.vdot(V, V))
        by_a = (M * V[self.owner]).sum(1) + self.beta * a
        by_V = self._by_owner(a[:, None] * M) + self.beta * V
        return _Point(a, V, value, np.concatenate([by_a, by_V.ravel()]), M, F)

    def hessian(self, point: _Point) -> Array:
        """Return the Hessian over ``(a, V)``, (N + m c, N + m c).

        The curvature of the loss pulled back through ``W = a_i v_owner(i)``, plus
        that of this product, plus beta.
        """
        a, V, M = point.a, point.V, point.M
        N, (m, c) = len(a), V.shape
        C = self.fit.curvature(point.F)
        outputs, A = V[self.owner], a[:, None] * self._membership  # (N, c), (N, m)
        H = np.zeros((N + m * c, N + m * c))
        cross = H[:N, N:].reshape(N, m, c)
        last = H[N:, N:].reshape(m, c, m, c)
        if len(C) == 1:
            CA = C[0, 0] @ A
            H[:N, :N] = C[0, 0] * (outputs @ outputs.T)
            cross += CA[:, :, None] * outputs[:, None, :]
            last[:, range(c), :, range(c)] = A.T @ CA
        else:
            CA = C @ A  # (c, c, N, m)
            H[:N, :N] = np.einsum("ik,klij,jl->ij", outputs, C, outputs, optimize=True)
            cross += np.einsum("ik,klij->ijl", outputs, CA)
            last += np.einsum("ia,klib->akbl", A, CA, optimize=True)
        cross[np.arange(N), self.owner] += M
        H[N:, :N] = H[:N, N:].T
        H[N:, N:] = (H[N:, N:] + H[N:, N:].T) / 2
        H[np.diag_indices_from(H)] += self.beta
        return H

    @cached_property
    def _membership(self) -> Array:
        """``1`` where a coordinate belongs to a neuron, (N, m)."""
        return (self.owner[:, None] == np.arange(self.owner[-1] + 1)).astype(float)

    def _by_owner(self, rows: Array) -> Array:
        """Add up the rows that belong to one neuron, (m, k)."""
        starts = np.flatnonzero(np.diff(self.owner, prepend=-1))
        return np.add.reduceat(rows, starts, axis=0)


@dataclass(frozen=True, eq=False)
class _Point:
    """A point ``(a, V)`` with objective, gradient, loss gradient M and outputs F."""

    a: Array
    V: Array
    value: float
    gradient: Array
    M: Array
    F: Array


def slide(
    problem: Problem,
    network: Network,
    *,
    rotate: bool = True,
    steps: float = np.inf,
) -> Network:
    """Lower the objective (5) of a network, each neuron within its closed cell.

    Newton's method on both layers at once. A neuron that runs into a wall is
    pinned to it and goes on along the wall; it never leaves it again, which is
    the business of the next Frank-Wolfe round.

    Parameters
    ----------
    problem : Problem
        Any rank, loss and pooling.
    network : Network
        Neurons with a zero side are dropped.
    rotate : bool
        If false, neurons keep their directions: the group lasso of the master
        problem, solved to rounding.
    steps : float
        Most Newton steps in all, for networks so large that each one counts.

    Returns
    -------
    Network
        Balanced and of no larger objective, up to rounding; stationary within
        the cells and walls if Newton converged.

    Notes
    -----
    Each Newton step is O((m (r + c))^3) besides the curvature of the loss.
    """
    network = _without_dead(network)
    least = VANISHED * network.path_norm
    data = hold(problem, network.U)
    walls = _walls(problem, network.U) if rotate else _origin(network.U)
    for _ in range(1 + problem.X.shape[1] * network.width):
        if network.width == 0:
            break
        faces, a = _faces(data, walls, network.U, rotate)
        here = faces.smooth(a, network.V)
        point, stopped, taken = _newton(faces, walls, here, steps)
        steps -= taken
        moved = Network(faces.inputs(point.a), point.V)
        before = faces.inputs(a)
        alive = _alive(moved, least) & _ahead(moved.U, before, rotate)
        network = Network(moved.U[alive], moved.V[alive]).balanced()
        if not stopped or steps <= 0:
            break
        data, walls = data.of(alive), walls.of(alive)
        if rotate:
            walls = walls.touched(moved.U[alive], before[alive])
        if walls.exhausted(moved.U[alive]):
            walls = _walls(problem, moved.U[alive])
    return network


def _alive(network: Network, least: float = 0.0) -> np.ndarray:
    """Tell which neurons add more than rounding and ``least``, (m,) bool."""
    share = np.linalg.norm(network.U, axis=1) * np.linalg.norm(network.V, axis=1)
    return share > max(DEAD * share.sum(), least)


def _ahead(U: Array, before: Array, rotate: bool) -> np.ndarray:
    """Tell which neurons have not run into the origin, (m,) bool.

    What rounding leaves of those may point anywhere.
    """
    sizes = np.linalg.norm(before, axis=1)
    here = np.linalg.norm(U, axis=1) > VANISHING * sizes
    return here & (rotate | ((U * before).sum(axis=1) > 0))


def _without_dead(network: Network) -> Network:
    """Balance the neurons and drop those that add nothing beyond rounding."""
    alive = _alive(network)
    return Network(network.U[alive], network.V[alive]).balanced()


def _faces(data: Held, walls: _Walls, U: Array, rotate: bool) -> tuple[_Faces, Array]:
    """Find the face of each neuron and its coordinates there."""
    bases = []
    for k, u in enumerate(U):
        ray = u[None, :] / np.linalg.norm(u)
        touched = walls.normals[k][~walls.open[k]]
        bases.append(_null_space(touched, ray) if rotate else ray)
    owner = np.repeat(np.arange(len(U)), [len(basis) for basis in bases])
    basis = np.vstack(bases)
    a = (basis * U[owner]).sum(axis=1)
    return _Faces(basis, owner, data.along(basis, owner), data.problem.beta), a


def _walls(problem: Problem, U: Array) -> _Walls:
    """Find the nearest walls of each neuron and turn their normals inward."""
    lengths = np.linalg.norm(problem.X, axis=1)
    normals = problem.X[lengths > 0] / lengths[lengths > 0, None]
    near = min(NEAR_WALLS, len(normals))
    reach = np.full(len(U), np.inf)
    kept = np.empty((len(U), near, U.shape[1]))
    anchor = U / np.linalg.norm(U, axis=1, keepdims=True)
    for k, u in enumerate(anchor):
        height = normals @ u
        chosen = np.arange(near)
        if near < len(normals):
            order = np.argpartition(np.abs(height), near)[: near + 1]
            chosen, reach[k] = order[:-1], np.abs(height[order[-1]])
        kept[k] = normals[chosen] * np.where(height[chosen] < 0, -1.0, 1.0)[:, None]
    return _Walls(kept, np.full((len(U), near), True), anchor, reach).touched(U, U)


def _origin(U: Array) -> _Walls:
    """Return the only wall on a ray: the origin."""
    rays = U / np.linalg.norm(U, axis=1, keepdims=True)
    return _Walls(
        rays[:, None, :], np.full((len(U), 1), True), rays, np.full(len(U), np.inf)
    )


def _null_space(walls: Array, ray: Array) -> Array:
    """Return an orthonormal basis of the common plane of walls, at least the ray."""
    if len(walls) == 0:
        return np.eye(ray.shape[1])
    _, sigma, Qt = np.linalg.svd(walls)
    rank = int((sigma > 10 * WALL_TOLERANCE).sum())
    return Qt[rank:] if rank < ray.shape[1] else ray


def _newton(
    faces: _Faces, walls: _Walls, here: _Point, steps: float
) -> tuple[_Point, bool, int]:
    """Run damped Newton until it converges or a neuron is stopped by a wall.

    Returns the point, whether a neuron was stopped, and the steps taken.
    """
    damping, most = LEAST_DAMPING, int(min(NEWTON_STEPS, steps))
    for taken in range(most):
        hessian = faces.hessian(here)
        scale = np.abs(np.diag(hessian)).max()
        while True:
            step = _damped(hessian, damping * scale, here.gradient)
            there, stopped = _tried(faces, walls, here, step)
            if there is not None:
                break
            if step is not None and _is_rounding(here, step):
                return here, False, taken
            damping *= 10.0
            if damping > MOST_DAMPING:
                return here, False, taken
        here, damping = there, max(damping / 100.0, LEAST_DAMPING)
        if stopped:
            return here, True, taken + 1
    return here, False, most


def _damped(hessian: Array, damping: float, gradient: Array) -> Array | None:
    """Return ``-(H + damping)^-1 g``, a descent direction.

    Where H is not positive definite a small one is replaced by its modulus, which
    follows curved valleys; of a large one more damping is asked, by None.
    """
    shifted = hessian.copy()
    shifted[np.diag_indices_from(shifted)] += damping
    try:
        factor = cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False)
    except LinAlgError:
        if len(gradient) > MODULUS_SIZE:
            return None
        curvature, modes = np.linalg.eigh(hessian)
        return -modes @ ((modes.T @ gradient) / (np.abs(curvature) + damping))
    return -cho_solve(factor, gradient, check_finite=False)


def _tried(
    faces: _Faces, walls: _Walls, here: _Point, step: Array | None
) -> tuple[_Point | None, bool]:
    """Take a step, each neuron at most to its wall; None if it does not improve.

    If stopping each neuron at its own wall does not improve, all stop where the
    first one does, which is a shorter step in the same direction.
    """
    if step is None:
        return None, False
    N = len(here.a)
    room = walls.room(faces.inputs(here.a), faces.inputs(step[:N]))
    shares = np.minimum(room, 1.0)
    stopped = bool((room <= 1.0).any())
    for share in (shares, np.full_like(shares, shares.min())):
        taken = step.copy()
        taken[:N] *= share[faces.owner]
        if not stopped or share is not shares:
            taken[N:] *= share.min()
        there = faces.smooth(*_moved(here, taken))
        if _improves(here, there, taken) or (stopped and there.value < here.value):
            return there, stopped
        if not stopped:
            break
    return None, False


def _moved(here: _Point, step: Array) -> tuple[Array, Array]:
    """Return the coordinates and output weights after a step."""
    N = len(here.a)
    return here.a + step[:N], here.V + step[N:].reshape(here.V.shape)


def _improves(here: _Point, there: _Point, step: Array) -> bool:
    """Tell whether a step lowers the objective, or at rounding level the slope."""
    if not _is_rounding(here, step):
        return here.value - there.value >= -1e-4 * float(here.gradient @ step)
    return bool(np.linalg.norm(there.gradient) < 0.9 * np.linalg.norm(here.gradient))


def _is_rounding(here: _Point, step: Array) -> bool:
    """Tell whether the decrease that a step promises drowns in rounding."""
    return -float(here.gradient @ step) <= VISIBLE * abs(here.value)


def cross(problem: Problem, network: Network) -> Network:
    """Lower the objective (5) of a network by Newton steps that may cross walls.

    Curvature and slope are those of the present patterns, the decrease is that of
    the true objective. With many samples the cells are tiny, and the objective is
    nearly smooth across them: this goes in a few steps where :func:`slide` would go
    a cell at a time.

    Parameters
    ----------
    problem : Problem
    network : Network

    Returns
    -------
    Network
        Balanced and of no larger objective.

    Notes
    -----
    A step is O(n m (d + c)) and O((m (d + c))^3).
    """
    network, damping = _without_dead(network), LEAST_DAMPING
    value, gain = objective(problem, network), np.inf
    for _ in range(CROSSING_STEPS if network.width else 0):
        faces, here = _free(problem, network)
        hessian = faces.hessian(here)
        trial, damping = _crossed(problem, faces, here, hessian, damping)
        if trial is None:
            break
        lower = objective(problem, trial)
        network, gain, value = trial, value - lower, lower
        if gain <= CROSSING_GAIN * value:
            break
    return _without_dead(network)


def _free(problem: Problem, network: Network) -> tuple[_Faces, _Point]:
    """Describe neurons that may move anywhere, with their present patterns."""
    m, d = network.U.shape
    basis, owner = np.tile(np.eye(d), (m, 1)), np.repeat(np.arange(m), d)
    fit = hold(problem, network.U).along(basis, owner)
    faces = _Faces(basis, owner, fit, problem.beta)
    return faces, faces.smooth(network.U.ravel(), network.V)


def _crossed(
    problem: Problem, faces: _Faces, here: _Point, hessian: Array, damping: float
) -> tuple[Network | None, float]:
    """Find a damping whose step lowers the true objective; None if there is none."""
    scale = np.abs(np.diag(hessian)).max()
    while damping <= MOST_DAMPING:
        step = _damped(hessian, damping * scale, here.gradient)
        if step is not None:
            a, V = _moved(here, step)
            trial = Network(faces.inputs(a), V)
            promise = -float(here.gradient @ step)
            if objective(problem, trial) <= here.value - 1e-4 * promise:
                return trial, max(damping / 100.0, LEAST_DAMPING)
        damping *= 10.0
    return None, damping
