"""Climbing to local maxima of ``|Z^T (X u)_+|``: fast, precise, and no proof.

What is found is a neuron worth adding and a lower bound of kappa; the maximum
itself is the business of branch and bound.
"""

from collections import namedtuple

import numpy as np

from lib.cone_pca.simplicial_cones import Points
from lib.numerics import Array
from lib.numerics.compiled import (
    compiled,
    diagonalise,
    inner,
    normalise,
    orthonormalise,
    remove,
)

POWER_STEPS = 40
"""Power steps before the walls are minded; they cross many cells at once."""

CLIMB_STEPS = 200
"""Most moves from wall to wall; a climb that runs out is merely less precise."""

STEEP = 1e-10
"""Slope, in units of the value, above which leaving a wall is an ascent: below it
are the roundings of a sum over the data."""

Climb = namedtuple("Climb", "A form vectors walls basis triangle pull goal signs")
"""Work space of one climb."""


def make_climb(n: int, r: int, c: int) -> Climb:
    """Allocate the work space of one thread."""
    form, vectors, walls, basis, triangle = (np.zeros((r, r)) for _ in range(5))
    pull, goal, signs = np.zeros(r), np.zeros(r), np.zeros(n, dtype=np.int8)
    return Climb(
        np.zeros((c, r)), form, vectors, walls, basis, triangle, pull, goal, signs
    )


@compiled
def gather(points, signs, A):
    """Write ``A = Z^T D X`` with D the positive signs. O(n c r)."""
    A[:] = 0.0
    for j in range(len(signs)):
        if signs[j] > 0:
            for a in range(len(A)):
                z = points.Z[j, a]
                for k in range(A.shape[1]):
                    A[a, k] += z * points.X[j, k]


@compiled
def turn(points, work, j, sign):
    """Give sample j a sign, 0 on its wall, and correct ``A``."""
    change = (1.0 if sign > 0 else 0.0) - (1.0 if work.signs[j] > 0 else 0.0)
    work.signs[j] = sign
    if change != 0.0:
        for a in range(len(work.A)):
            for k in range(work.A.shape[1]):
                work.A[a, k] += change * points.Z[j, a] * points.X[j, k]


@compiled
def look(points, u, signs):
    """Write the sign of each ``x_j . u``."""
    for j in range(len(signs)):
        signs[j] = 1 if inner(points.X[j], u) > 0.0 else -1


@compiled
def draw(A, u, pull):
    """Write ``A^T A u`` to ``pull`` and return ``|A u|``."""
    pull[:] = 0.0
    total = 0.0
    for a in range(len(A)):
        share = inner(A[a], u)
        total += share * share
        for k in range(len(u)):
            pull[k] += share * A[a, k]
    return np.sqrt(total)


@compiled
def power(points, u, work):
    """Run power steps ``u <- A(u)^T A(u) u`` while the value grows."""
    last = 0.0
    for _ in range(POWER_STEPS):
        look(points, u, work.signs)
        gather(points, work.signs, work.A)
        value = draw(work.A, u, work.pull)
        if value <= last * (1.0 + 1e-3):
            break
        last = value
        u[:] = work.pull
        normalise(u)


@compiled
def project(work, size, vector):
    """Remove from ``vector`` its part along the first ``size`` walls."""
    for i in range(size):
        remove(work.basis[i], vector)


@compiled
def aim(work, size, u):
    """Write to ``goal`` the top eigenvector on the common plane of the walls."""
    r = len(u)
    for i in range(r):
        work.goal[:] = 0.0
        work.goal[i] = 1.0
        project(work, size, work.goal)
        draw(work.A, work.goal, work.pull)
        project(work, size, work.pull)
        work.form[i] = work.pull
    diagonalise(work.form, work.vectors)
    best = np.argmax(np.diag(work.form))
    sign = 1.0 if inner(work.vectors[:, best], u) >= 0.0 else -1.0
    work.goal[:] = sign * work.vectors[:, best]
    project(work, size, work.goal)


@compiled
def first_wall(points, u, across, reach, signs):
    """Return (sample, angle) of the first wall on the arc from u along ``across``."""
    hit, angle = -1, reach
    for j in range(len(signs)):
        if signs[j] == 0:
            continue
        speed = signs[j] * inner(points.X[j], across)
        if speed < 0.0:
            height = max(signs[j] * inner(points.X[j], u), 0.0)
            there = np.arctan2(height, -speed)
            if there < angle:
                hit, angle = j, there
    return hit, angle


@compiled
def advance(points, u, work):
    """Go from u towards ``goal``, up to the first wall: (sample or -1, angle)."""
    along = inner(work.goal, u)
    work.pull[:] = work.goal - along * u
    across = np.sqrt(inner(work.pull, work.pull))
    if across < 1e-14:
        return -1, 0.0
    work.pull[:] /= across
    hit, angle = first_wall(points, u, work.pull, np.arctan2(across, along), work.signs)
    u[:] = np.cos(angle) * u + np.sin(angle) * work.pull
    normalise(u)
    return hit, angle


@compiled
def raise_walls(points, work, touching, size):
    """Orthonormalise the normals of the walls; False if they are dependent."""
    for i in range(size):
        j = touching[i]
        work.walls[i] = points.X[j] / points.sizes[j]
    return orthonormalise(
        work.walls[:size], work.basis[:size], work.triangle[:size, :size]
    )


@compiled
def release(points, u, work, touching, size):
    """Leave the wall off which the value rises most; return the new number of walls.

    To first order the walls that u touches contribute separately, so they are
    asked one by one, each along its own direction within the others.
    """
    steepest, leave, sign = 0.0, -1, 0
    for i in range(size):
        touching[i], touching[size - 1] = touching[size - 1], touching[i]
        raise_walls(points, work, touching, size - 1)
        j = touching[size - 1]
        off = work.goal
        off[:] = points.X[j] / points.sizes[j]
        project(work, size - 1, off)
        value = draw(work.A, u, work.pull)
        slope = inner(work.pull, off)
        gain = 0.0
        for a in range(len(work.A)):
            gain += inner(work.A[a], u) * points.Z[j, a]
        up = slope + gain * inner(points.X[j], off)
        scale = np.sqrt(inner(off, off)) * value
        if up / scale > max(steepest, STEEP * value):
            steepest, leave, sign = up / scale, j, 1
        if -slope / scale > max(steepest, STEEP * value):
            steepest, leave, sign = -slope / scale, j, -1
        touching[i], touching[size - 1] = touching[size - 1], touching[i]
    if leave < 0:
        return size
    for i in range(size):
        if touching[i] == leave:
            touching[i] = touching[size - 1]
            break
    turn(points, work, leave, sign)
    return size - 1


@compiled
def climb(points, u, work):
    """Climb from u to a local maximum, in place.

    On each face the arc to its top eigenvector rises all the way. A wall met is
    kept if the value falls on both sides of it, and crossed or left otherwise.
    """
    power(points, u, work)
    look(points, u, work.signs)
    touching = np.zeros(len(u), dtype=np.int64)
    size = 0
    gentle = False
    gather(points, work.signs, work.A)
    for _ in range(CLIMB_STEPS):
        raise_walls(points, work, touching, size)
        if gentle:
            draw(work.A, u, work.pull)
            work.goal[:] = work.pull
            project(work, size, work.goal)
        else:
            aim(work, size, u)
        hit, angle = advance(points, u, work)
        gentle = hit >= 0 and angle < 1e-12 and not gentle
        if hit >= 0:
            size = meet(points, work, touching, size, hit)
        left = release(points, u, work, touching, size)
        if hit < 0 and left == size and angle < 1e-9:
            break
        gentle = gentle or left < size
        size = left


@compiled
def meet(points, work, touching, size, hit):
    """Add a wall, or cross it where it is dependent on those already met."""
    if size < len(touching) - 1:
        touching[size] = hit
        if raise_walls(points, work, touching, size + 1):
            turn(points, work, hit, 0)
            return size + 1
    turn(points, work, hit, -work.signs[hit])
    return size


@compiled
def climb_all(points, directions, work):
    """Climb from every row of ``directions``, in place."""
    for i in range(len(directions)):
        climb(points, directions[i], work)


def ascend(points: Points, starts: Array) -> Array:
    """Return the ends of the climbs from unit vectors, (k, r)."""
    ends = np.array(starts, dtype=np.float64)
    n, r = points.X.shape
    climb_all(points, ends, make_climb(n, r, points.Z.shape[1]))
    return ends
