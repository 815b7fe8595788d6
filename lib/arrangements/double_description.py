"""Cutting cones by hyperplanes, each cone known by its rays (double description).

A ray carries the set of walls on which it lies, as bits. Two rays span an edge if
no third ray lies on all the walls that they share; a cut adds a ray on every edge
that it crosses, and recomputes it from its walls, so that errors do not add up.
"""

from collections import namedtuple
from itertools import product

import numpy as np

from lib.numerics import Array
from lib.numerics.compiled import compiled, inner, normalise, remove

RAY_TOLERANCE = 1e-11
"""A unit ray whose sine to a wall is below this lies on the wall. Rays are accurate
to a few roundings over the sine at which their walls meet."""

INDEPENDENT = 1e-9
"""Sine above which a wall adds a direction to those chosen to recompute a ray."""

Pile = namedtuple("Pile", "rays bits starts levels signs open")
"""Open cones, the last on top: cone i owns the rays ``starts[i]`` up to
``starts[i + 1]`` of rays (s, r) with bits (s, words), has been cut by the first
``levels[i]`` walls, and lies on the sides ``signs[i]`` (k,) of them."""

Harvest = namedtuple("Harvest", "signs witnesses rays starts cells")
"""Finished cells: their sides, a unit vector inside, and their rays as in a pile."""

Table = namedtuple("Table", "heights basis residue")
"""Work space: a height for each ray, and for recomputing a ray."""


def make_pile(k: int, r: int, size: int) -> Pile:
    """Allocate room for ``size`` rays of open cones; a pile is k + 2 cones deep."""
    return Pile(
        np.zeros((size, r)),
        np.zeros((size, (k + 63) // 64), dtype=np.uint64),
        np.zeros(k + 3, dtype=np.int64),
        np.zeros(k + 2, dtype=np.int64),
        np.zeros((k + 2, k), dtype=np.int8),
        np.zeros(1, dtype=np.int64),
    )


def enlarged(pile: Pile, factor: int) -> Pile:
    """Return the pile with room for ``factor`` times as many rays."""
    rays = np.concatenate([pile.rays] + [np.zeros_like(pile.rays)] * (factor - 1))
    bits = np.concatenate([pile.bits] + [np.zeros_like(pile.bits)] * (factor - 1))
    return pile._replace(rays=rays, bits=bits)


def make_harvest(k: int, r: int, cells: int, rays: int) -> Harvest:
    """Allocate room for finished cells and their rays."""
    return Harvest(
        np.zeros((cells, k), dtype=np.int8),
        np.zeros((cells, r)),
        np.zeros((rays, r)),
        np.zeros(cells + 1, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
    )


def make_table(k: int, r: int, size: int) -> Table:
    """Allocate the work space for cones of up to ``size`` rays."""
    return Table(np.zeros(size), np.zeros((r, r)), np.zeros((k, r)))


def independent_first(normals: Array) -> tuple[np.ndarray, Array]:
    """Return an order in which the first r normals span all, and their basis."""
    residue = normals.copy()
    order, basis = list(range(len(normals))), []
    for step in range(min(normals.shape)):
        sizes = np.linalg.norm(residue[order[step:]], axis=1)
        best = step + int(sizes.argmax())
        if sizes.max() <= RAY_TOLERANCE:
            break
        order[step], order[best] = order[best], order[step]
        basis.append(residue[order[step]] / np.linalg.norm(residue[order[step]]))
        for _ in range(2):
            residue -= np.outer(residue @ basis[-1], basis[-1])
    return np.array(order, dtype=np.int64), np.array(basis).reshape(
        -1, normals.shape[1]
    ).T


def simplicial_cones(walls: Array, size: int) -> Pile:
    """Return a pile of the cones of the first r walls, (k, r), the first positive.

    There are ``2^(r - 1)``; the one positive for all of them lies at the bottom.
    """
    k, r = walls.shape
    edges = np.linalg.inv(walls[:r]).T  # edge i is on all of the r walls but i
    edges /= np.linalg.norm(edges, axis=1)[:, None]
    pile = make_pile(k + 2 ** (r - 1), r, max(size, r * 2**r))
    pile = pile._replace(signs=np.ascontiguousarray(pile.signs[:, :k]))
    ones = np.uint64(sum(1 << i for i in range(r)))
    for cone, signs in enumerate(product([1, -1], repeat=r - 1)):
        full = np.array([1, *signs])
        pile.rays[cone * r : (cone + 1) * r] = edges * full[:, None]
        pile.bits[cone * r : (cone + 1) * r, 0] = [
            ones ^ np.uint64(1 << i) for i in range(r)
        ]
        pile.signs[cone, :r], pile.levels[cone] = full, r
        pile.starts[cone + 1] = (cone + 1) * r
    pile.open[0] = 2 ** (r - 1)
    return pile


@compiled
def popcount(word):
    """Return the number of bits set."""
    count = 0
    while word:
        word &= word - np.uint64(1)
        count += 1
    return count


@compiled
def shared(bits, i, j):
    """Return how many walls two rays share."""
    count = 0
    for w in range(bits.shape[1]):
        count += popcount(bits[i, w] & bits[j, w])
    return count


@compiled
def are_adjacent(pile, i, j, first, last):
    """Tell whether two rays of a cone span one of its edges."""
    bits, r = pile.bits, pile.rays.shape[1]
    if shared(bits, i, j) < r - 2:
        return False
    if shared(bits, i, i) == r - 1 or shared(bits, j, j) == r - 1:
        return True  # at a simple ray any r - 2 of its walls meet in an edge
    for k in range(first, last):
        if k in (i, j):
            continue
        on_all = True
        for w in range(bits.shape[1]):
            both = bits[i, w] & bits[j, w]
            if both & ~bits[k, w]:
                on_all = False
                break
        if on_all:
            return False
    return True


@compiled
def measure_rays(pile, walls, table):
    """Write the height of the top cone's rays over its next wall: (below, above)."""
    top = pile.open[0] - 1
    wall = pile.levels[top]
    first = pile.starts[top]
    below = above = False
    for i in range(first, pile.starts[top + 1]):
        height = inner(pile.rays[i], walls[wall])
        if height > RAY_TOLERANCE:
            above = True
        elif height < -RAY_TOLERANCE:
            below = True
        else:
            height = 0.0
            pile.bits[i, wall >> 6] |= np.uint64(1) << np.uint64(wall & 63)
        table.heights[i - first] = height
    return below, above


@compiled
def polish(pile, walls, table, i):
    """Move ray i onto the walls whose bits it has, and to unit length.

    Of these walls the most independent are orthonormalised and projected away.
    """
    ray, r, count = pile.rays[i], pile.rays.shape[1], 0
    for k in range(len(walls)):
        if pile.bits[i, k >> 6] >> np.uint64(k & 63) & np.uint64(1):
            table.residue[count] = walls[k]
            count += 1
    for step in range(r - 1):
        best, size = 0, 0.0
        for k in range(count):
            here = inner(table.residue[k], table.residue[k])
            if here > size:
                best, size = k, here
        if size <= INDEPENDENT * INDEPENDENT:
            break
        axis = table.basis[step]
        axis[:] = table.residue[best]
        normalise(axis)
        for k in range(count):
            remove(axis, table.residue[k])
        remove(axis, ray)
    normalise(ray)


@compiled
def cross_edge(pile, walls, table, ends, new):
    """Write the ray at which edge ``ends`` meets the next wall as ray ``new``."""
    i, j = ends
    top = pile.open[0] - 1
    wall, first = pile.levels[top], pile.starts[top]
    a, b = abs(table.heights[i - first]), abs(table.heights[j - first])
    for k in range(pile.rays.shape[1]):
        pile.rays[new, k] = (b * pile.rays[i, k] + a * pile.rays[j, k]) / (a + b)
    for w in range(pile.bits.shape[1]):
        pile.bits[new, w] = pile.bits[i, w] & pile.bits[j, w]
    pile.bits[new, wall >> 6] |= np.uint64(1) << np.uint64(wall & 63)
    polish(pile, walls, table, new)


@compiled
def copy_ray(pile, source, target):
    """Copy one ray with its bits."""
    pile.rays[target] = pile.rays[source]
    pile.bits[target] = pile.bits[source]


@compiled
def split_cone(pile, walls, table):
    """Replace the top cone by its part above and its part below the next wall.

    False if there is no room: the pile is then as before. The parts are built
    behind the cone, first the rays on the wall, then above, then below.
    """
    top = pile.open[0] - 1
    first, last, capacity = pile.starts[top], pile.starts[top + 1], len(pile.rays)
    end = last
    for i in range(first, last):
        if table.heights[i - first] == 0.0:
            if end >= capacity:
                return False
            copy_ray(pile, i, end)
            end += 1
        elif table.heights[i - first] > 0.0:
            for j in range(first, last):
                if table.heights[j - first] < 0.0 and are_adjacent(
                    pile, i, j, first, last
                ):
                    if end >= capacity:
                        return False
                    cross_edge(pile, walls, table, (i, j), end)
                    end += 1
    flat = end - last
    if end + flat + last - first > capacity:
        return False
    place(pile, table, last, flat)
    return True


@compiled
def place(pile, table, last, flat):
    """Put the parts of the top cone, whose rays on the wall start at ``last``."""
    top = pile.open[0] - 1
    first = pile.starts[top]
    end = last + flat
    for i in range(first, last):
        if table.heights[i - first] > 0.0:
            copy_ray(pile, i, end)
            end += 1
    middle = end
    for i in range(flat):
        copy_ray(pile, last + i, end)
        end += 1
    for i in range(first, last):
        if table.heights[i - first] < 0.0:
            copy_ray(pile, i, end)
            end += 1
    for i in range(last, end):
        copy_ray(pile, i, i - last + first)
    wall = pile.levels[top]
    pile.signs[top + 1] = pile.signs[top]
    pile.signs[top, wall], pile.signs[top + 1, wall] = 1, -1
    pile.levels[top] = pile.levels[top + 1] = wall + 1
    pile.starts[top + 1] = first + middle - last
    pile.starts[top + 2] = first + end - last
    pile.open[0] += 1


@compiled
def reap(pile, harvest):
    """Move the top cone, cut by all walls, to the harvest; False if it is full."""
    top, cell = pile.open[0] - 1, harvest.cells[0]
    first, count = pile.starts[top], pile.starts[top + 1] - pile.starts[top]
    start = harvest.starts[cell]
    if cell >= len(harvest.signs) or start + count > len(harvest.rays):
        return False
    harvest.signs[cell] = pile.signs[top]
    witness = harvest.witnesses[cell]
    witness[:] = 0.0
    for i in range(count):
        harvest.rays[start + i] = pile.rays[first + i]
        for a in range(len(witness)):
            witness[a] += pile.rays[first + i, a]
    normalise(witness)
    harvest.starts[cell + 1] = start + count
    harvest.cells[0] += 1
    pile.open[0] -= 1
    return True


@compiled
def cut_cones(pile, walls, table, harvest):
    """Cut the open cones by all walls, depth first: 0 done, 1 harvest full, 2 room."""
    while pile.open[0] > 0:
        top = pile.open[0] - 1
        wall = pile.levels[top]
        if wall == len(walls):
            if not reap(pile, harvest):
                return 1
            continue
        if pile.starts[top + 1] - pile.starts[top] > len(table.heights):
            return 2
        below, above = measure_rays(pile, walls, table)
        if below and above:
            if not split_cone(pile, walls, table):
                return 2
        else:
            pile.signs[top, wall] = -1 if below else 1
            pile.levels[top] += 1
    return 0


@compiled
def clip_cone(pile, walls, table):
    """Keep the part of the one open cone above all walls: False if out of room.

    The cone may become flat, or nothing but the origin: then it has no rays.
    """
    while pile.levels[0] < len(walls):
        if pile.starts[1] > len(table.heights):
            return False
        below, above = measure_rays(pile, walls, table)
        if below and above:
            if not split_cone(pile, walls, table):
                return False
            pile.open[0] = 1
        else:
            if below:
                keep_flat(pile, table)
            pile.signs[0, pile.levels[0]] = 1
            pile.levels[0] += 1
    return True


@compiled
def keep_flat(pile, table):
    """Keep only those rays of the one open cone that lie on the wall."""
    kept = 0
    for i in range(pile.starts[1]):
        if table.heights[i] == 0.0:
            copy_ray(pile, i, kept)
            kept += 1
    pile.starts[1] = kept
