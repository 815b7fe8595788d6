"""Cutting cones by hyperplanes, each cone known by its rays (double description).

A ray carries the set of walls on which it lies. Two rays span an edge if no third ray
lies on all the walls that they share; a cut adds a ray on every edge that it crosses,
and recomputes it from its walls, so that errors do not add up.
"""

# numba loses what is written to an array of a namedtuple in a function that also has a
# list comprehension: such writes are in functions of their own, advance and part_of.

from collections import namedtuple

import numpy as np

from lib.numerics import Array
from lib.numerics.compiled import compiled, inner, normalise, remove

RAY_TOLERANCE = 1e-11
"""A unit ray whose sine to a wall is below this lies on the wall. Rays are accurate
to a few roundings over the sine at which their walls meet."""

INDEPENDENT = 1e-9
"""Sine above which a wall adds a direction to those chosen to recompute a ray."""

Part = namedtuple("Part", "rays on sides level")
"""A cone between walls: rays (m, r), which of the k walls each is ``on`` (m, k), and
the ``sides`` (k,) of the first ``level`` walls, by which the cone has been cut."""


def independent_first(normals: Array) -> tuple[np.ndarray, Array, Array, Array]:
    """Order unit normals, (k, d), so that the first r of them span all.

    Returns
    -------
    order : (k,) int array
    basis : (d, r) array
        Orthonormal columns that span the normals.
    walls : (k, r) array
        The normals in this order and basis.
    edges : (r, r) array
        Unit rays of the cone of the first r walls; ray i is on all of them but i.
    """
    residue = normals.copy()
    order, axes = list(range(len(normals))), []
    for step in range(min(normals.shape)):
        sizes = np.linalg.norm(residue[order[step:]], axis=1)
        best = step + int(sizes.argmax())
        if sizes.max() <= RAY_TOLERANCE:
            break
        order[step], order[best] = order[best], order[step]
        axes.append(residue[order[step]] / np.linalg.norm(residue[order[step]]))
        for _ in range(2):
            residue -= np.outer(residue @ axes[-1], axes[-1])
    basis = np.array(axes).reshape(-1, normals.shape[1]).T
    walls = normals[order] @ basis
    edges = np.linalg.inv(walls[: len(axes)]).T
    edges /= np.linalg.norm(edges, axis=1)[:, None]
    return np.array(order, dtype=np.int64), basis, walls, edges


@compiled
def simplicial_cone(walls, edges, number):
    """Return one of the ``2^(r - 1)`` cones of the first r walls, the first positive.

    Cone 0 is positive for all of them.
    """
    k, r = walls.shape
    sides, on = np.zeros(k, dtype=np.int8), np.zeros((r, k), dtype=np.bool_)
    for i in range(r):
        sides[i] = -1 if number >> (r - 1 - i) & 1 else 1
        on[i, :r] = True
        on[i, i] = False
    return Part(edges * sides[:r].reshape(r, 1), on, sides, r)


@compiled
def are_adjacent(on, walls, i, j, r):
    """Tell whether ray i, on these walls, and ray j span an edge; in r dimensions."""
    shared = 0
    for wall in walls:
        shared += on[j, wall]
    if shared < r - 2:
        return False
    if len(walls) == r - 1 or on[j].sum() == r - 1:
        return True  # at a simple ray any r - 2 of its walls meet in an edge
    for k in range(len(on)):
        held = 0
        for wall in walls:
            held += on[j, wall] & on[k, wall]
        if held == shared and k not in (i, j):
            return False
    return True


@compiled
def advance(cone, walls, clipped):
    """Pass all walls up to the first that cuts a cone.

    Returns the cone before that wall and the heights of its rays over it, 0 for those
    on it. A cone to be ``clipped`` is cut by what it is all below, too.
    """
    rays, on, sides, level = cone
    heights = np.zeros(len(rays))
    while level < len(walls):
        low = high = 0.0
        for i in range(len(rays)):
            height = inner(rays[i], walls[level])
            if abs(height) <= RAY_TOLERANCE:
                height = 0.0
                on[i, level] = True
            heights[i] = height
            low, high = min(low, height), max(high, height)
        if low < 0.0 and (clipped or high > 0.0):
            break
        sides[level] = 1 if high > 0.0 else -1
        level += 1
    return Part(rays, on, sides, level), heights


@compiled
def polish(ray, walls):
    """Move a ray onto some walls, (w, r), and to unit length; they are overwritten.

    The most independent of them are orthonormalised and projected away.
    """
    for _ in range(len(ray) - 1):
        best, size = 0, 0.0
        for k in range(len(walls)):
            here = inner(walls[k], walls[k])
            if here > size:
                best, size = k, here
        if size <= INDEPENDENT * INDEPENDENT:
            break
        axis = walls[best]
        normalise(axis)
        remove(axis, ray)
        for k in range(len(walls)):
            if k != best:
                remove(axis, walls[k])
        axis[:] = 0.0
    normalise(ray)


@compiled
def cut(cone, walls, heights):
    """Return the parts of a cone above and below its next wall."""
    m, level, r = len(heights), cone.level, walls.shape[1]
    flat, edges = rays_on_wall(cone.on, heights, r)
    rays = np.empty((m + len(edges), r))
    on = np.empty((m + len(edges), len(walls)), dtype=np.bool_)
    rays[:m], on[:m] = cone.rays, cone.on
    for new in range(m, len(rays)):
        i, j = edges[new - m]
        a, b = heights[i], -heights[j]
        for k in range(r):
            rays[new, k] = (b * rays[i, k] + a * rays[j, k]) / (a + b)
        for k in range(len(walls)):
            on[new, k] = on[i, k] & on[j, k]
        on[new, level] = True
        polish(rays[new], walls[on[new]])
    above = np.array(flat + [i for i in range(m) if heights[i] > 0.0])
    below = np.array(flat + [i for i in range(m) if heights[i] < 0.0])
    return part_of(cone, rays[above], on[above], 1), part_of(
        cone, rays[below], on[below], -1
    )


@compiled
def rays_on_wall(on, heights, r):
    """Return which rays are on the next wall, and the edges that cross it.

    The rays that these add are numbered from ``len(heights)`` on.
    """
    flat, edges = [0 for _ in range(0)], [(0, 0) for _ in range(0)]
    for i in range(len(heights)):
        if heights[i] == 0.0:
            flat.append(i)
        if heights[i] <= 0.0:
            continue
        mine = np.flatnonzero(on[i])
        for j in range(len(heights)):
            if heights[j] < 0.0 and are_adjacent(on, mine, i, j, r):
                flat.append(len(heights) + len(edges))
                edges.append((i, j))
    return flat, edges


@compiled
def part_of(cone, rays, on, side):
    """Return the part of a cone on one side of its next wall, which has these rays."""
    sides = cone.sides.copy()
    sides[cone.level] = side
    return Part(rays, on, sides, cone.level + 1)


@compiled
def finish(stack, walls):
    """Cut the last open cone by all walls; its upper parts stay open on the way."""
    cone, heights = advance(stack.pop(), walls, False)
    while cone.level < len(walls):
        above, below = cut(cone, walls, heights)
        stack.append(above)
        cone, heights = advance(below, walls, False)
    witness = np.zeros(walls.shape[1])
    for i in range(len(cone.rays)):
        for a in range(len(witness)):
            witness[a] += cone.rays[i, a]
    normalise(witness)
    return cone.sides, witness, cone.rays


@compiled
def cut_cones(walls, edges, most):
    """Yield the cells on the positive side of the first wall, ``most`` at a time.

    Depth first, from the cones of the first r walls with their ``edges``. Of the cells
    the sides (p, k), all rays, and where those of each end.
    """
    stack = [simplicial_cone(walls, edges, i) for i in range(2 ** (len(edges) - 1))]
    while len(stack) > 0:
        cells = [finish(stack, walls)]
        while len(stack) > 0 and len(cells) < most:
            cells.append(finish(stack, walls))
        ends = np.cumsum(np.array([len(rays) for _, _, rays in cells]))
        sides = np.empty((len(cells), len(walls)), dtype=np.int8)
        witnesses = np.empty((len(cells), walls.shape[1]))
        table = np.empty((ends[-1], walls.shape[1]))
        for i in range(len(cells)):
            sides[i], witnesses[i], rays = cells[i]
            table[ends[i] - len(rays) : ends[i]] = rays
        yield sides, witnesses, table, ends


@compiled
def clip_cone(walls, edges):
    """Return the rays of the cone above all walls, from those of the first r.

    The cone may become flat, or nothing but the origin: then it has no rays.
    """
    cone, heights = advance(simplicial_cone(walls, edges, 0), walls, True)
    while cone.level < len(walls):
        above, _ = cut(cone, walls, heights)
        cone, heights = advance(above, walls, True)
    return cone.rays
