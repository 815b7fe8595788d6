"""Simplicial cones: what branch and bound knows of ``|Z^T (X u)_+|`` on each.

A node is the cone of r unit rays, at right angles or less to each other. Points on
one side of it are decided and form the linear part ``A``; the rest is undecided.
"""

from collections import namedtuple

import numpy as np

from lib.cone_pca.one_output import bound_one_output, make_slopes
from lib.numerics.compiled import (
    compiled,
    diagonalise,
    inner,
    is_positive_semidefinite,
    normalise,
    orthonormalise,
)

SIDE_TOLERANCE = 1e-13
"""A point whose sine to every ray of a cone is above minus this counts as active
there: some hundred roundings, so that a cut through a ray leaves it on the wall."""

OUTSIDE = 1e-12
"""An eigenvector with a coordinate below minus this leaves the cone. Rays are unit,
so one that does not by so little is still, up to that sine, inside; its eigenvalue
bounds the face either way."""

Points = namedtuple("Points", "X Z sizes weights")
"""Data: X (n, r), Z (n, c), ``sizes[j] = |x_j|`` and ``weights[j] = |z_j|``."""

Node = namedtuple("Node", "rays A undecided depth")
"""An open cone: its rays (r, r), one a row, the map A (c, r) of the decided points,
which points are undecided, and the number of cuts above it."""

Scratch = namedtuple(
    "Scratch", "heights images shares spread upper gram slack comparison factor slopes"
)
"""Work space of one thread for the bound of one node."""

FaceScratch = namedtuple("FaceScratch", "rays basis triangle image form vectors needed")
"""Work space of one thread for the faces of one cone."""


def make_points(X: np.ndarray, Z: np.ndarray) -> Points:
    """Return data with the lengths of their rows, as the searches take them.

    Parameters
    ----------
    X : (n, r) array
        Of full column rank, with entries of order one, like Z.
    Z : (n, c) array
    """
    return Points(X, Z, np.linalg.norm(X, axis=1), np.linalg.norm(Z, axis=1))


def make_scratch(n: int, r: int, c: int) -> Scratch:
    """Allocate the work space of a thread."""
    square = [np.zeros((r, r)) for _ in range(5)]
    heights, images = np.zeros((n, r)), np.zeros((r, c))
    slopes = make_slopes(n, r)
    return Scratch(heights, images, np.zeros(n), np.zeros(r), *square, slopes)


def make_face_scratch(r: int, c: int) -> FaceScratch:
    """Allocate the work space of a thread for the faces of a cone."""
    rays, basis, triangle, form, vectors = (np.zeros((r, r)) for _ in range(5))
    needed = np.zeros(2**r, dtype=np.bool_)
    return FaceScratch(rays, basis, triangle, np.zeros((r, c)), form, vectors, needed)


@compiled
def undecided_cone(points, rays, depth):
    """Return the node of some rays on which no point is decided yet."""
    A = np.zeros((points.Z.shape[1], points.X.shape[1]))
    return Node(rays.copy(), A, np.arange(len(points.X)).astype(np.int32), depth)


@compiled
def settle(points, node, heights):
    """Decide the points on one side of a node; return it with those that are left.

    ``heights[q, i]`` becomes ``x_j . w_i`` of the q-th undecided point j.
    """
    rays, A, undecided, depth = node
    X, r, kept = points.X, len(rays), 0
    for j in undecided:
        low, high = np.inf, -np.inf
        for i in range(r):
            height = inner(rays[i], X[j])
            heights[kept, i] = height
            low, high = min(low, height), max(high, height)
        allowance = SIDE_TOLERANCE * points.sizes[j]
        if low >= -allowance:
            for a in range(len(A)):
                for k in range(r):
                    A[a, k] += points.Z[j, a] * X[j, k]
        elif high > allowance:
            undecided[kept] = j
            kept += 1
    return Node(rays, A, undecided[:kept], depth)


@compiled
def center(points, node, scratch):
    """Write ``A_c w_i`` for each ray and return the undecided point to cut by.

    An undecided ``(x_j . u)_+`` is ``share x_j . u`` plus a remainder, convex and
    nonnegative; the share gives the rays on both sides the same sum of remainders.
    """
    heights, images = scratch.heights, scratch.images
    r, c = images.shape
    for i in range(r):
        for a in range(c):
            images[i, a] = inner(node.A[a], node.rays[i])
    heaviest, cut = -1.0, 0
    for q in range(len(node.undecided)):
        j = node.undecided[q]
        above = below = high = low = 0.0
        for i in range(r):
            height = heights[q, i]
            if height > 0.0:
                above += height
                high = max(high, height)
            else:
                below -= height
                low = max(low, -height)
        share = above / (above + below)
        scratch.shares[q] = share
        weight = points.weights[j] * min(high, low)
        if weight > heaviest:
            heaviest, cut = weight, q
        for i in range(r):
            for a in range(c):
                images[i, a] += share * heights[q, i] * points.Z[j, a]
    return cut


@compiled
def remainder(share, height):
    """Return ``(t)_+ - share t``, the part of a rectifier that is not linear."""
    return (1.0 - share) * height if height > 0.0 else -share * height


@compiled
def majorise(points, node, scratch):
    """Write a matrix with ``|Z^T (X u)_+|^2 <= l^T upper l`` at ``u = sum l_i w_i``.

    With ``p = A_c u`` and the remainders ``q = sum_j z_j r_j(u)`` it bounds
    ``|p|^2 + 2 q.p + |q|^2``. A remainder lies below its interpolant on the rays,
    ``z_j . p`` is linear and below the interpolant of its positive parts, and
    ``|q| <= sum |z_j| r_j``; products of interpolants are entries of ``upper``.
    """
    heights, images, upper = scratch.heights, scratch.images, scratch.upper
    r, c = images.shape
    scratch.spread[:] = 0.0
    for i in range(r):
        for k in range(i + 1):
            upper[i, k] = inner(images[i], images[k])
    for q in range(len(node.undecided)):
        j, share = node.undecided[q], scratch.shares[q]
        weight = points.weights[j]
        for k in range(r):
            pull = 0.0
            for a in range(c):
                pull += points.Z[j, a] * images[k, a]
            pull = max(pull, 0.0)
            rest_k = remainder(share, heights[q, k])
            scratch.spread[k] += weight * rest_k
            upper[k, k] += 2.0 * rest_k * pull
            if pull > 0.0:
                for i in range(k):
                    upper[k, i] += pull * remainder(share, heights[q, i])
                for i in range(k + 1, r):
                    upper[i, k] += pull * remainder(share, heights[q, i])
    for i in range(r):
        for k in range(i + 1):
            upper[i, k] += scratch.spread[i] * scratch.spread[k]
            scratch.gram[i, k] = inner(node.rays[i], node.rays[k])


@compiled
def is_below(level, scratch):
    """Prove ``|Z^T (X u)_+| <= level |u|`` on the cone; False if the proof fails.

    ``level^2 gram - upper`` must be copositive. It is if its diagonal with its
    negative entries is positive semidefinite, or if it is so itself: a positive
    semidefinite matrix plus a nonnegative one.
    """
    square = level * level
    slack, comparison = scratch.slack, scratch.comparison
    for i in range(len(slack)):
        for k in range(i + 1):
            slack[i, k] = square * scratch.gram[i, k] - scratch.upper[i, k]
            comparison[i, k] = slack[i, k] if i == k else min(slack[i, k], 0.0)
        if slack[i, i] <= 0.0:
            return False
    if is_positive_semidefinite(comparison, scratch.factor):
        return True
    return is_positive_semidefinite(slack, scratch.factor)


@compiled
def least_level(scratch):
    """Return about the least level that :func:`is_below` proves."""
    largest = 0.0
    for i in range(len(scratch.upper)):
        for k in range(i + 1):
            largest = max(largest, scratch.upper[i, k])
    # Rays at right angles or less: (sum l)^2 <= r sum l^2 <= r |u|^2.
    low, high = 0.0, np.sqrt(largest * len(scratch.upper))
    for _ in range(30):
        middle = 0.5 * (low + high)
        if is_below(middle, scratch):
            high = middle
        else:
            low = middle
    return high


@compiled
def is_pruned(points, node, level, scratch):
    """Tell whether a settled node is below the level, and if not where to cut it."""
    if points.Z.shape[1] == 1:
        bound, cut = bound_one_output(
            points, node, scratch.heights, level, scratch.slopes
        )
        return bound <= level, cut
    cut = center(points, node, scratch)
    majorise(points, node, scratch)
    return is_below(level, scratch), cut


@compiled
def appraise(points, node, scratch):
    """Return the least level provable for an open node."""
    node = settle(points, node, scratch.heights)
    if points.Z.shape[1] == 1:
        return bound_one_output(points, node, scratch.heights, 0.0, scratch.slopes)[0]
    center(points, node, scratch)
    majorise(points, node, scratch)
    return least_level(scratch)


@compiled
def halve(node, heights, cut):
    """Return the two halves of a node, cut where a point meets an edge.

    The longest edge that the ``cut``-th undecided point crosses is split at the
    crossing. Any point of the edge would do: the halves always cover the cone.
    """
    rays, A, undecided, depth = node
    i, k = np.argmax(heights[cut]), np.argmin(heights[cut])
    middle = -heights[cut, k] * rays[i] + heights[cut, i] * rays[k]
    normalise(middle)
    other = rays.copy()
    rays[k] = other[i] = middle
    return (
        Node(rays, A, undecided, depth + 1),
        Node(other, A.copy(), undecided.copy(), depth + 1),
    )


@compiled
def top_of_face(A, mask, rays, scratch):
    """Maximise ``|A u|`` on the span of some rays: (value, inside, size of face).

    The unit maximiser goes to ``scratch.rays[0]``. ``inside`` is 1 if it lies in
    the cone of these rays, 0 if not, -1 if the rays are dependent. If the top
    eigenvector is outside, the maximum over the cone is on the boundary also when
    the eigenvalue is multiple: from any other top eigenvector inside, the way to
    the one outside meets the boundary at the same value.
    """
    r = len(rays)
    size = 0
    for i in range(r):
        if mask >> i & 1:
            scratch.rays[size] = rays[i]
            size += 1
    basis, triangle = scratch.basis[:size], scratch.triangle[:size, :size]
    if not orthonormalise(scratch.rays[:size], basis, triangle):
        return np.inf, -1
    image, form = scratch.image[:size], scratch.form[:size, :size]
    for i in range(size):
        for a in range(len(A)):
            image[i, a] = inner(A[a], basis[i])
        for k in range(i + 1):
            form[i, k] = inner(image[i], image[k])
            form[k, i] = form[i, k]
    vectors = scratch.vectors[:size, :size]
    diagonalise(form, vectors)
    best = np.argmax(np.diag(form))
    y = vectors[:, best]
    for a in range(r):
        scratch.rays[0, a] = 0.0
        for i in range(size):
            scratch.rays[0, a] += y[i] * basis[i, a]
    return np.sqrt(max(form[best, best], 0.0)), orient(y, triangle, scratch.rays[0])


@compiled
def orient(y, triangle, u):
    """Solve ``triangle^T l = y`` in place; 1 if l has one sign, u then inward."""
    size = len(y)
    low, high = 0.0, 0.0
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            y[i] -= triangle[k, i] * y[k]
        y[i] /= triangle[i, i]
        low, high = min(low, y[i]), max(high, y[i])
    if low >= -OUTSIDE:
        return 1
    if high <= OUTSIDE:
        u[:] = -u
        return 1
    return 0


@compiled
def top_of_cone(A, rays, level, scratch, u):
    """Return the larger of ``level`` and the maximum of ``|A u|`` over the cone.

    Face by face: one with a top eigenvalue below the level is done, and so are its
    own faces.
    The maximiser is written to ``u``. At most ``2^r - 1`` faces.
    """
    r = len(rays)
    scratch.needed[:] = False
    scratch.needed[2**r - 1] = True
    for mask in range(2**r - 1, 0, -1):
        if not scratch.needed[mask]:
            continue
        value, inside = top_of_face(A, mask, rays, scratch)
        if value <= level:
            continue
        if inside == 1:
            level = value
            u[:] = scratch.rays[0]
        else:
            for i in range(r):
                if mask >> i & 1:
                    scratch.needed[mask ^ (1 << i)] = True
    return level
