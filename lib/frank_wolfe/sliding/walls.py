"""The walls of the cells around neurons, and how far each neuron can go.

Crossing the wall of a sample changes the activation pattern of a neuron. In the
closed cell between its walls a neuron is linear in the data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lib.master.faces import span_of
from lib.numerics import EPS, Array
from lib.numerics.compiled import compiled
from lib.problem import Problem

WALL_TOLERANCE = 1e-9
"""A neuron whose sine to a wall is below this sits on the wall and stays there."""

ROUNDINGS = 16 * EPS
"""Of a height above a wall after a step, in units of the length before it."""

NEAR_WALLS = 256
"""Walls watched around a neuron; it is stopped before it can meet another one."""


@dataclass(frozen=True, eq=False)
class Walls:
    """The walls around each neuron that it must not cross.

    Parameters
    ----------
    normals : (m, K, d) array
        Unit normals for each neuron, turned inward.
    open : (m, K) bool array
        The walls on which the neuron does not already sit.
    anchor : (m, d) array
        Unit vectors.
    reach : (m,) array
        No other wall meets the cone of this tangent around the anchor.
    """

    normals: Array
    open: np.ndarray
    anchor: Array
    reach: Array

    def room(self, U: Array, step: Array) -> Array:
        """Return how far along its step each neuron can go, (m,), inf if free.

        O(m K d).
        """
        return _room(self.normals, self.open, self.anchor, self.reach, U, step)

    def of(self, neurons: np.ndarray) -> Walls:
        """Return the walls of some of the neurons."""
        parts = (self.normals, self.open, self.anchor, self.reach)
        return Walls(*(part[neurons] for part in parts))

    def touched(self, U: Array, before: Array) -> Walls:
        """Return the same walls with those closed on which the neurons now sit.

        A neuron that was much longer ``before`` has the rounding of that length.
        """
        height = np.einsum("kwd,kd->kw", self.normals, U)
        rounding = ROUNDINGS * np.linalg.norm(before, axis=1)
        reached = np.maximum(WALL_TOLERANCE * np.linalg.norm(U, axis=1), rounding)
        away = np.abs(height) > reached[:, None]
        return Walls(self.normals, self.open & away, self.anchor, self.reach)

    def exhausted(self, U: Array) -> bool:
        """Tell whether a neuron has come near to walls that are not listed."""
        along = (U * self.anchor).sum(axis=1)
        aside = np.linalg.norm(U - along[:, None] * self.anchor, axis=1)
        known = np.isinf(self.reach)
        limit = np.where(known, 0.0, self.reach) * along
        return bool((~known & (aside > 0.999 * limit)).any())

    def face(self, neuron: int, ray: Array) -> Array:
        """Return an orthonormal basis of the span of the face a neuron sits on.

        The common plane of the walls that are closed to it, at least its ray.
        """
        closed = self.normals[neuron][~self.open[neuron]]
        return span_of(closed, ray)


def nearest_walls(problem: Problem, U: Array) -> Walls:
    """Find the nearest walls of each neuron, (m, d); those it sits on are closed.

    O(n m d).
    """
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
    return Walls(kept, np.full((len(U), near), True), anchor, reach).touched(U, U)


def origin(U: Array) -> Walls:
    """Return the only wall on the ray of each neuron: the origin."""
    rays = U / np.linalg.norm(U, axis=1, keepdims=True)
    return Walls(
        rays[:, None, :], np.full((len(U), 1), True), rays, np.full(len(U), np.inf)
    )


@compiled
def _room(normals, is_open, anchor, reach, U, step):
    """Return where each neuron meets a wall, or those not listed, (m,)."""
    m, walls, d = normals.shape
    free = np.empty(m)
    for k in range(m):
        free[k] = _known(anchor[k], reach[k], U[k], step[k])
        for w in range(walls):
            if not is_open[k, w]:
                continue
            height, speed = 0.0, 0.0
            for i in range(d):
                height += normals[k, w, i] * U[k, i]
                speed += normals[k, w, i] * step[k, i]
            if speed < 0.0:
                free[k] = min(free[k], max(height, 0.0) / -speed)
    return free


@compiled
def _known(anchor, reach, u, step):
    """Return where a neuron leaves the cone in which its walls are known.

    The first root t > 0 of ``|aside + t q|^2 = reach^2 (along + t g)^2``, where
    ``u = along anchor + aside`` and ``step = g anchor + q``.
    """
    if np.isinf(reach):
        return np.inf
    along, g = 0.0, 0.0
    for i in range(len(u)):
        along += u[i] * anchor[i]
        g += step[i] * anchor[i]
    bend, tilt, room = (
        -((reach * g) ** 2),
        -(reach**2) * along * g,
        (reach * along) ** 2,
    )
    for i in range(len(u)):
        aside, q = u[i] - along * anchor[i], step[i] - g * anchor[i]
        bend += q * q
        tilt += aside * q
        room -= aside * aside
    room = max(room, 0.0)
    under = tilt * tilt + bend * room
    pace = tilt + np.sqrt(under) if under >= 0.0 else 0.0
    return room / pace if pace > 0.0 else np.inf
