"""Branch and bound for ``kappa = max |Z^T (X u)_+|``: both cores, anytime, proved.

The sphere is covered by the ``2^r`` orthants. A cone is done when a bound for it is
below the level; otherwise it is halved where an undecided wall cuts its longest
edge, until nothing is undecided and the form ``|A u|`` is solved on its faces.

The open cones cover all that is not yet proved. Any of them can be searched anywhere,
for a while, by a worker that knows the points and the level; what it leaves open comes
back with its bounds and is dealt again. Parts end by counts and not by the clock, so
the search is the same whatever does it, unless its time is limited.
"""

import os
from collections import namedtuple
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from time import time

import numpy as np

from lib.cone_pca.simplicial_cones import (
    SIDE_TOLERANCE,
    Points,
    appraise,
    halve,
    is_pruned,
    make_face_scratch,
    make_scratch,
    settle,
    top_of_cone,
    undecided_cone,
)
from lib.numerics import EPS, Array
from lib.numerics.compiled import compiled

FOUND = 64
"""Maxima that a part can report; the last are the best."""

CONE_BUDGET = 64
"""Cones looked at below an open one before others get their turn ..."""

MANY_OPEN = 2**14
"""... and as many times more as there are this many open: depth first saves memory."""

TURN_OPERATIONS = 2**25
"""Operations after which a worker reads the clock, some 50 ms."""

PARTS, FIRST = 4, 512
"""Parts of a round, and cones in one of the first; they double, to ``TURN_OPERATIONS``
operations ..."""

SHARED_PARTS, SHARED_LENGTH = 64, 256
"""... and what they are for an executor: so many that no worker is idle for long, and
some 10 s each, so that a part is worth sending."""

Log = namedtuple("Log", "level tolerance nodes leaves deepest found directions")
"""What one part counts, as arrays of one entry, and the maxima it found."""

Cones = namedtuple("Cones", "rays depths levels")
"""Open cones: rays (k, r, r), cuts above each (k,), proved bounds (k,)."""


@dataclass(frozen=True, eq=False)
class Limits:
    """When a search may stop.

    Parameters
    ----------
    level : float
        Nothing below it matters: the proved bound need not be less than this.
    tolerance : float
        Relative distance of bound and value at which to stop.
    nodes : float
        Most cones to look at.
    seconds : float
        Most time to take; the clock is read about every 50 ms.
    """

    level: float = 0.0
    tolerance: float = 1e-10
    nodes: float = np.inf
    seconds: float = np.inf


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a search proved.

    Parameters
    ----------
    bound : float
        Proved upper bound of kappa.
    directions : (k, r) array
        Unit vectors, each of larger value than all before it when it was found.
    nodes : int
        Cones looked at.
    leaves : int
        Cones in which nothing was undecided and that no bound had pruned.
    complete : bool
        Whether the search ended by itself.
    """

    bound: float
    directions: Array
    nodes: int
    leaves: int
    complete: bool


@compiled
def explore(points, stack, work, log, most):
    """Prune, solve or halve the open nodes, the last first, up to so many nodes."""
    scratch, faces, u = work
    while len(stack) > 0 and log.nodes[0] < most:
        log.nodes[0] += 1
        node = settle(points, stack.pop(), scratch.heights)
        log.deepest[0] = max(log.deepest[0], node.depth)
        pruned, cut = is_pruned(points, node, log.level[0], scratch)
        if pruned:
            continue
        if len(node.undecided) > 0:
            stack.extend(halve(node, scratch.heights, cut))
            continue
        log.leaves[0] += 1
        value = top_of_cone(node.A, node.rays, log.level[0], faces, u)
        if value > log.level[0]:
            log.level[0] = value * (1.0 + log.tolerance[0])
            log.directions[log.found[0] % len(log.directions)] = u
            log.found[0] += 1


@compiled
def visit(points, cones, work, log, budget):
    """Explore below each cone; return the rays, depths and bounds of what stays open.

    Cones below the level are done.
    """
    left = []
    for i in range(len(cones.levels)):
        if cones.levels[i] > log.level[0]:
            stack = [undecided_cone(points, cones.rays[i], cones.depths[i])]
            explore(points, stack, work, log, log.nodes[0] + budget)
            for node in stack:
                bound = min(appraise(points, node, work[0]), cones.levels[i])
                left.append((node.rays, node.depth, bound))
    rays = np.empty((len(left), *cones.rays.shape[1:]))
    depths, levels = np.empty(len(left), dtype=np.int64), np.empty(len(left))
    for i in range(len(left)):
        rays[i], depths[i], levels[i] = left[i]
    return rays, depths, levels


def bound_cone(points: Points, rays: Array) -> float:
    """Bound ``|Z^T (X u)_+|`` over the unit vectors of one cone, without a search.

    This is the bound by which :func:`branch_and_bound` prunes: rectifiers of one sign
    are linear; of the others a linear share is taken and the rest interpolated
    between the rays, and the quadratic form that results is bounded by copositivity.

    Parameters
    ----------
    points : Points
    rays : (r, r) array
        Independent unit rays, one a row, at right angles or less to each other.

    Returns
    -------
    float
        An upper bound, up to :func:`slack` and the few digits of a bisection.

    Raises
    ------
    ValueError
        If the rays are not r unit vectors at right angles or less.

    Notes
    -----
    O(n r (r + c)).
    """
    r = points.X.shape[1]
    gram = rays @ rays.T
    fits = gram.shape == (r, r) and rays.shape[1] == r
    if not fits or np.abs(np.diag(gram) - 1).max() > 1e-9 or gram.min() < -1e-9:
        raise ValueError(
            f"bound_cone needs {r} unit rays at right angles or less; got rays "
            f"{rays.shape} with products down to {gram.min():.2g}. Cut the cone first."
        )
    scratch = make_scratch(*points.X.shape, points.Z.shape[1])
    return float(appraise(points, undecided_cone(points, rays, 0), scratch))


def pick(cones: Cones, which: slice | np.ndarray) -> Cones:
    """Return copies of some cones."""
    return Cones(*(np.array(part[which]) for part in cones))


def above(parts: list[Cones], level: float) -> Cones:
    """Return the cones of all parts that are not below a level, the worst first."""
    joined = Cones(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    order = np.argsort(-joined.levels, kind="stable")
    return pick(joined, order[joined.levels[order] > level])


def _orthants(r: int) -> Cones:
    """Return the ``2^r`` cones between the axes, which cover the sphere."""
    rays = np.array([np.diag(signs) for signs in product([1.0, -1.0], repeat=r)])
    return Cones(rays, np.zeros(2**r, dtype=np.int64), np.full(2**r, np.inf))


@dataclass(frozen=True, eq=False)
class Part:
    """Cones for one worker, with all that it has to know.

    Parameters
    ----------
    points : Points
    cones : Cones
    level, tolerance : float
        Cones below the level are done; a value found raises it.
    budget : int
        Cones looked at below an open one in a turn.
    most : float
        Cones to look at, up to a turn.
    deadline : float
        When to stop, as :func:`time.time` has it.
    """

    points: Points
    cones: Cones
    level: float
    tolerance: float
    budget: int
    most: float
    deadline: float


def explore_part(part: Part) -> tuple[Cones, Log]:
    """Search below the cones of a part, in one thread, until a limit is reached.

    Returns
    -------
    cones : Cones
        Those still open: every cone of the part is pruned by a proof at the level of
        the log or below, solved, or covered by these.
    log : Log
        What was found and counted.
    """
    points, cones = part.points, part.cones
    (n, r), c = points.X.shape, points.Z.shape[1]
    work = make_scratch(n, r, c), make_face_scratch(r, c), np.zeros(r)
    counts = (np.zeros(1, dtype=np.int64) for _ in range(4))
    given = np.array([part.level]), np.array([part.tolerance])
    log = Log(*given, *counts, np.zeros((FOUND, r)))
    size = max(TURN_OPERATIONS // (part.budget * operations(points)), 1)
    while True:  # a turn also if there is no time at all: so rounds come to an end
        left = Cones(*visit(points, pick(cones, slice(size)), work, log, part.budget))
        cones = above([left, pick(cones, slice(size, None))], log.level[0])
        done = len(cones.levels) == 0 or log.nodes[0] >= part.most
        if done or time() >= part.deadline:
            return cones, log


def operations(points: Points) -> int:
    """Return about how many operations a cone costs."""
    (n, r), c = points.X.shape, points.Z.shape[1]
    return n * r * (r + c)


def branch_and_bound(
    points: Points, value: float, limits: Limits, executor: Executor | None = None
) -> Outcome:
    """Bound kappa of the points, given a value that it is known to reach.

    Every cone is pruned by a proof, solved on its faces, or covered by its halves,
    and open cones keep the bound they had: so the bound holds whenever the search
    stops. In each round the open cones are dealt to parts, the largest bounds round
    robin; rounds grow, so that the first ones make cones for all.

    Parameters
    ----------
    points : Points
        Of rank r, with entries of X and Z of order one.
    value : float
        Lower bound of kappa, such as a climb finds; 0 will do.
    limits : Limits
        ``nodes`` is kept up to a turn of each part.
    executor : concurrent.futures.Executor, optional
        Where parts are searched; threads, one for each core, by default. A part
        carries the points, O(n (r + c)), and its cones, r^2 numbers each.

    Returns
    -------
    Outcome

    Notes
    -----
    Rounding is bounded by :func:`slack` and included. O(n r (r + c)) a node.
    """
    search = _Search(points, max(limits.level, value * (1 + limits.tolerance)), limits)
    parts, turns = (PARTS, 1) if executor is None else (SHARED_PARTS, SHARED_LENGTH)
    threads = nullcontext(executor) if executor else ThreadPoolExecutor(os.cpu_count())
    with threads as pool:
        while not search.is_over():
            for explored in pool.map(explore_part, search.deal(parts, turns)):
                search.take(*explored)
            search.join()
    return search.outcome()


class _Search:
    """The open cones of one branch and bound, and what is known so far."""

    def __init__(self, points: Points, level: float, limits: Limits) -> None:
        """Open the orthants and start the clock."""
        self.points, self.level, self.limits = points, level, limits
        self.open, self.back = _orthants(points.X.shape[1]), []
        self.found = [np.zeros((0, points.X.shape[1]))]
        self.nodes = self.leaves = self.deepest = self.rounds = 0
        self.deadline = time() + limits.seconds

    def is_over(self) -> bool:
        """Tell whether nothing is open or a limit is reached."""
        spent = time() >= self.deadline or self.nodes >= self.limits.nodes
        return spent or len(self.open.levels) == 0

    def deal(self, parts: int, turns: int) -> list[Part]:
        """Deal the open cones, in the order of their bounds."""
        budget = CONE_BUDGET * (1 + len(self.open.levels) // MANY_OPEN)
        most = max(turns * TURN_OPERATIONS // operations(self.points), 1)
        most = min(most, FIRST * 2**self.rounds, self.limits.nodes - self.nodes)
        common = self.level, self.limits.tolerance, budget, most, self.deadline
        dealt = (pick(self.open, slice(k, None, parts)) for k in range(parts))
        self.rounds += 1
        return [Part(self.points, cones, *common) for cones in dealt if len(cones[0])]

    def take(self, cones: Cones, log: Log) -> None:
        """Add up what a part found and counted."""
        self.back.append(cones)
        self.level = max(self.level, float(log.level[0]))
        self.found.append(log.directions[: log.found[0]])
        self.nodes += int(log.nodes[0])
        self.leaves += int(log.leaves[0])
        self.deepest = max(self.deepest, int(log.deepest[0]))

    def join(self) -> None:
        """Open what the parts left open."""
        self.open, self.back = above(self.back, self.level), []

    def outcome(self) -> Outcome:
        """Return what is proved so far."""
        highest = self.open.levels.max(initial=self.level)
        return Outcome(
            float(highest) * (1 + 4 * EPS) + slack(self.points, self.deepest),
            np.concatenate(self.found),
            self.nodes,
            self.leaves,
            len(self.open.levels) == 0,
        )


def slack(points: Points, deepest: int) -> float:
    """Bound what rounding and tolerances can hide from the search.

    In units of the mass ``sum_j |z_j| |x_j|``, the Lipschitz constant of
    ``|Z^T (X u)_+|``. Rays of a cone are at right angles or less, so a unit u in
    it has coordinates of sum at most ``sqrt(r)``.

    - A point counted as active has ``x_j . w_i >= -SIDE_TOLERANCE |x_j|`` at the
      rays, so ``x_j . u`` is at most ``sqrt(r)`` times that below its rectifier.
    - A cut puts the new ray on the edge up to ``r + 4`` roundings, so the halves
      cover the cone up to as much, ``sqrt(r)`` times, at each of ``deepest`` cuts.
    - Entries of the majorant are sums of at most ``n + r + c`` terms; each errs by
      that many roundings of a product of the mass and the level (a cone is only
      pruned if the parts of its diagonal are below the level's square), and
      ``(sum l)^2 <= r``; six covers the factors of the three parts.
    - With one output, a linear function at the rays is a sum of as many terms; what it
      is missed by there is part of the bound.
    - A leaf's eigenvalues and coordinates are those of a form and of rays changed
      by ``O(r^2)`` roundings each (Jacobi, Gram-Schmidt twice).
    """
    mass = float(points.sizes @ points.weights)
    n, r = points.X.shape
    c = points.Z.shape[1]
    roundings = 6 * r * (n + r + c + 16) + np.sqrt(r) * (r + 4) * deepest + 32 * r**2
    return (np.sqrt(r) * SIDE_TOLERANCE + roundings * EPS) * mass
