"""The bound of a cone for one output: a linear function, and its projection.

With one output ``|z^T (X u)_+|`` is the larger of two differences of convex functions.
On a cone each lies below a linear one: a rectifier of positive weight below its
interpolant between the rays, one of negative weight below ``slope`` times its argument,
whatever the slope from 0 to 1. The greatest value of a linear function over the unit
vectors of a cone is the length of a projection, so that nothing is lost but what
rectifiers bend inside of the cone, and slopes can be chosen to lose least.
"""

from collections import namedtuple

import numpy as np

from lib.numerics.compiled import compiled, factorise, inner

PASSES = 8
"""Most improvements of the slopes of a cone; more prune hardly more."""

ON_RAYS = 1e-13
"""Share of its largest value up to which a linear function may be missed at a ray
before another ray is taken in; what is missed is added to the bound."""

SINGULAR = 1e-14
"""Squared sine of a ray to others below which it is not taken in with them."""

Slopes = namedtuple(
    "Slopes", "convex values slopes coordinates trial free gram part factor nearest"
)
"""Work space of one thread: a function at the rays, its convex part, and the rest."""


def make_slopes(n, r):
    """Allocate the work space of a thread."""
    free, square = np.zeros(r, dtype=np.bool_), [np.zeros((r, r)) for _ in range(3)]
    one, two, three, four, five = (np.zeros(r) for _ in range(5))
    return Slopes(one, two, np.zeros(n), three, four, free, *square, five)


@compiled
def bound_one_output(points, node, heights, level, work):
    """Bound ``|z^T (X u)_+| / |u|`` on a node; return it and the point to cut by.

    ``heights[q, i]`` is ``x_j . w_i`` of the q-th undecided point j. The search of
    better slopes ends where the bound is below the level.
    """
    for i in range(len(node.rays)):
        for k in range(i + 1):
            work.gram[i, k] = work.gram[k, i] = inner(node.rays[i], node.rays[k])
    upper, cut = _bound_sign(points, node, heights, 1.0, level, work)
    lower, other = _bound_sign(points, node, heights, -1.0, level, work)
    return (lower, other) if lower > upper else (upper, cut)


@compiled
def _bound_sign(points, node, heights, sign, level, work):
    """Bound ``sign z^T (X u)_+ / |u|``, and find the point that loses most."""
    Z, undecided = points.Z, node.undecided
    _interpolate(points, node, heights, sign, work)
    best = np.inf
    for step in range(PASSES):
        work.values[:] = work.convex
        for q in range(len(undecided)):
            z = sign * Z[undecided[q], 0]
            if z < 0.0:
                for i in range(len(work.values)):
                    work.values[i] += z * work.slopes[q] * heights[q, i]
        best = min(best, project(node.rays, work))
        if best <= level or step == PASSES - 1:
            break
        # Frank-Wolfe: half the squared length of the projection is smooth and convex.
        for q in range(len(undecided)):
            if sign * Z[undecided[q], 0] < 0.0:
                active = 1.0 if inner(heights[q], work.coordinates) > 0.0 else 0.0
                work.slopes[q] += 2.0 / (step + 3.0) * (active - work.slopes[q])
    return best, _loses_most(points, node, heights, sign, work)


@compiled
def _interpolate(points, node, heights, sign, work):
    """Write what is decided and the interpolants at the rays; start the slopes."""
    for i in range(len(node.rays)):
        work.convex[i] = sign * inner(node.A[0], node.rays[i])
    for q in range(len(node.undecided)):
        z = sign * points.Z[node.undecided[q], 0]
        above = below = 0.0
        for i in range(len(node.rays)):
            height = heights[q, i]
            above += max(height, 0.0)
            below += max(-height, 0.0)
            if z > 0.0:
                work.convex[i] += z * max(height, 0.0)
        work.slopes[q] = above / (above + below)


@compiled
def _loses_most(points, node, heights, sign, work):
    """Return the undecided point with the largest loss at the projection."""
    shares, most, cut = work.coordinates, -1.0, 0
    for q in range(len(node.undecided)):
        z = sign * points.Z[node.undecided[q], 0]
        height = inner(shares, heights[q])
        loss = -z * (max(height, 0.0) - work.slopes[q] * height)
        if z > 0.0:
            loss = -z * max(height, 0.0)
            for i in range(len(shares)):
                loss += z * shares[i] * max(heights[q, i], 0.0)
        if loss > most:
            most, cut = loss, q
    return cut


@compiled
def project(rays, work):
    """Bound ``values . l / |sum l_i w_i|`` over ``l >= 0``, and write the best ``l``.

    By the method of Lawson and Hanson. Its end is only trusted as far as it goes: any
    y with ``y . w_i >= values[i]`` at all rays bounds by its length. If y misses some
    by ``short``, then ``y + short sum_i w_i`` does not, for the rays are at right
    angles or less.
    """
    shares, values, free, y = work.coordinates, work.values, work.free, work.nearest
    size = len(values)
    shares[:], free[:] = 0.0, False
    largest = np.abs(values).max()
    for _ in range(3 * size):
        missed, new = ON_RAYS * largest, -1
        for i in range(size):
            pull = values[i] - inner(work.gram[i], shares)
            if not free[i] and pull > missed:
                missed, new = pull, i
        if new < 0:
            break
        free[new] = True
        if not _walk(work):
            free[new] = False
            break
    y[:], short = 0.0, 0.0
    for i in range(size):
        for a in range(size):
            y[a] += shares[i] * rays[i, a]
    for i in range(size):
        short = max(short, values[i] - inner(y, rays[i]))
    return np.sqrt(inner(y, y)) + size * short


@compiled
def _walk(work):
    """Go to the best free coordinates, and free no longer those that reach zero."""
    shares, trial, free = work.coordinates, work.trial, work.free
    while _solve(work):
        step, drop = 1.0, -1
        for i in range(len(shares)):
            if free[i] and trial[i] <= 0.0:
                share = shares[i] / (shares[i] - trial[i])
                if share < step:
                    step, drop = share, i
        for i in range(len(shares)):
            if free[i]:
                shares[i] += step * (trial[i] - shares[i])
        if drop < 0:
            return True
        free[drop], shares[drop] = False, 0.0
    return False


@compiled
def _solve(work):
    """Solve ``gram l = values`` for the free coordinates; False if near singular."""
    free, trial, part, factor = work.free, work.trial, work.part, work.factor
    size = len(trial)
    for i in range(size):
        trial[i] = work.values[i] if free[i] else 0.0
        for j in range(i + 1):
            part[i, j] = work.gram[i, j] if free[i] and free[j] else 1.0 * (i == j)
    if not factorise(part, factor, SINGULAR):
        return False
    for i in range(size):
        for k in range(i):
            trial[i] -= factor[i, k] * trial[k]
        trial[i] /= factor[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            trial[i] -= factor[k, i] * trial[k]
        trial[i] /= factor[i, i]
    return True
