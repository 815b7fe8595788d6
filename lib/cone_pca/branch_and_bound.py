"""Branch and bound for ``kappa = max |Z^T (X u)_+|``: both cores, anytime, proved.

The sphere is covered by the ``2^r`` orthants. A cone is done when a bound for it is
below the level; otherwise it is halved where an undecided wall cuts its longest
edge, until nothing is undecided and the form ``|A u|`` is solved on its faces.
"""

from __future__ import annotations

import os
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from time import monotonic

import numpy as np

from lib.cone_pca.simplicial_cones import (
    SIDE_TOLERANCE,
    Points,
    Stack,
    center,
    halve,
    is_below,
    least_level,
    majorise,
    make_face_scratch,
    make_scratch,
    make_stack,
    settle,
    top_of_cone,
)
from lib.numerics import EPS, Array
from lib.numerics.compiled import compiled

OPEN_NODES = 512
"""Open nodes that a thread may hold; depth first they are a few per cut above."""

STACK_BYTES = 2**27
"""Memory for the open nodes of a thread; less than OPEN_NODES fit if n is large."""

FOUND = 64
"""Maxima that a thread can report in one turn; the last are the best."""

LEFT_NODES = 2**14
"""Nodes that a thread can leave open in one turn."""

NODE_BUDGET = 64
"""Cones looked at below an open node before others get their turn ..."""

MANY_OPEN = 2**14
"""... and as many times more as there are this many nodes open: depth first saves
memory."""

TURN_SECONDS = 0.05
"""Time of a turn: then threads share what they found and the clock is read."""

Log = namedtuple("Log", "level tolerance open nodes deepest found directions")
"""What one thread counts, as arrays of one entry, and the maxima it found."""

Nodes = namedtuple("Nodes", "rays depths levels")
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
        Most time to take; the clock is read every ``TURN_SECONDS``.
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
def explore(points, stack, work, log, budget):
    """Prune, solve or halve the open nodes, the last first, within ``budget``."""
    scratch, faces, u = work
    while 0 < log.open[0] < len(stack.counts) and log.nodes[0] < budget:
        log.nodes[0] += 1
        log.open[0] -= 1
        top = log.open[0]
        log.deepest[0] = max(log.deepest[0], stack.depths[top])
        left = settle(points, stack, top, scratch.heights)
        cut = center(points, stack, top, scratch)
        majorise(points, stack, top, scratch)
        if is_below(log.level[0], scratch):
            continue
        if left > 0:
            halve(stack, top, scratch.heights, cut)
            log.open[0] += 2
            continue
        log.nodes[1] += 1
        value = top_of_cone(stack.maps[top], stack.rays[top], log.level[0], faces, u)
        if value > log.level[0]:
            log.level[0] = value * (1.0 + log.tolerance[0])
            log.directions[log.found[0] % len(log.directions)] = u
            log.found[0] += 1


@compiled
def load(points, stack, log, rays, depth):
    """Make one node the only open one; everything is undecided again."""
    stack.rays[0] = rays
    stack.maps[0] = 0.0
    for j in range(len(points.X)):
        stack.undecided[0, j] = j
    stack.counts[0] = len(points.X)
    stack.depths[0] = depth
    log.open[0] = 1


@compiled
def appraise(points, stack, scratch, top):
    """Return the least level provable for an open node."""
    settle(points, stack, top, scratch.heights)
    center(points, stack, top, scratch)
    majorise(points, stack, top, scratch)
    return least_level(scratch)


@compiled
def visit(points, stack, work, log, batch):
    """Explore below each node of a batch; put what stays open into its ``left``.

    Returns how many nodes were visited and how many are left: when ``left`` might
    not hold what one more node leaves, the rest of the batch is not visited.
    """
    given, left, budget = batch
    kept = 0
    for i in range(len(given.levels)):
        if kept + len(stack.counts) > len(left.levels):
            return i, kept
        if given.levels[i] <= log.level[0]:
            continue
        load(points, stack, log, given.rays[i], given.depths[i])
        explore(points, stack, work, log, log.nodes[0] + budget)
        for top in range(log.open[0]):
            left.rays[kept] = stack.rays[top]
            left.depths[kept] = stack.depths[top]
            bound = appraise(points, stack, work[0], top)
            left.levels[kept] = min(bound, given.levels[i])
            kept += 1
    return len(given.levels), kept


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
    worker = _Worker(points)
    load(points, worker.stack, worker.log, rays, 0)
    return float(appraise(points, worker.stack, worker.work[0], 0))


class _Worker:
    """A thread's own stack, work space and log."""

    def __init__(self, points: Points) -> None:
        """Allocate for these points."""
        self.points = points
        n, r = points.X.shape
        c = points.Z.shape[1]
        size = min(OPEN_NODES, STACK_BYTES // (4 * n + 8 * r * (r + c)))
        self.stack: Stack = make_stack(max(size, 2 * r + 2), n, r, c)
        self.work = make_scratch(n, r, c), make_face_scratch(r, c), np.zeros(r)
        self.left = _room(LEFT_NODES, r)
        counts = [np.zeros(k, dtype=np.int64) for k in (1, 2, 1, 1)]
        self.log = Log(np.zeros(1), np.zeros(1), *counts, np.zeros((FOUND, r)))

    def run(self, given: Nodes, level: float, tolerance: float, budget: int) -> Nodes:
        """Explore below these nodes; return those left open, with their bounds."""
        log = self.log
        log.level[0], log.tolerance[0] = level, tolerance
        log.nodes[:] = log.found[:] = 0
        batch = given, self.left, budget
        visited, kept = visit(self.points, self.stack, self.work, log, batch)
        return join([pick(given, slice(visited, None)), pick(self.left, slice(kept))])

    @property
    def directions(self) -> Array:
        """The maxima found in the last turn."""
        return self.log.directions[: min(int(self.log.found[0]), FOUND)].copy()


def _room(size: int, r: int) -> Nodes:
    """Allocate for nodes."""
    return Nodes(np.zeros((size, r, r)), np.zeros(size, dtype=np.int64), np.zeros(size))


def _orthants(r: int) -> Nodes:
    """Return the ``2^r`` cones between the axes, which cover the sphere."""
    rays = np.array([np.diag(signs) for signs in product([1.0, -1.0], repeat=r)])
    return Nodes(rays, np.zeros(2**r, dtype=np.int64), np.full(2**r, np.inf))


def pick(nodes: Nodes, which: slice | np.ndarray) -> Nodes:
    """Return copies of some nodes."""
    return Nodes(*(np.array(part[which]) for part in nodes))


def join(parts: list[Nodes]) -> Nodes:
    """Return the nodes of all parts."""
    return Nodes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def branch_and_bound(points: Points, value: float, limits: Limits) -> Outcome:
    """Bound kappa of the points, given a value that it is known to reach.

    Every cone is pruned by a proof, solved on its faces, or covered by its halves,
    and open cones keep the bound they had: so the bound holds whenever the search
    stops. Threads work depth first for a turn on the open cones of largest bound.

    Parameters
    ----------
    points : Points
        Of rank r, with entries of X and Z of order one.
    value : float
        Lower bound of kappa, such as a climb finds; 0 will do.
    limits : Limits

    Returns
    -------
    Outcome

    Notes
    -----
    Rounding is bounded by :func:`slack` and included. O(n r (r + c)) a node.
    """
    search = Search(points, max(limits.level, value * (1 + limits.tolerance)), limits)
    search.run()
    return search.outcome()


class Search:
    """The open nodes and the clock of one branch and bound.

    Parameters
    ----------
    points : Points
    level : float
        Cones whose bound is below it are done.
    limits : Limits
        Its ``level`` is not looked at here.
    nodes : Nodes, optional
        The cones to search; the orthants, which cover everything, by default.
    hands : int, optional
        Threads; two by default, if there are two cores.
    """

    def __init__(
        self,
        points: Points,
        level: float,
        limits: Limits,
        *,
        nodes: Nodes | None = None,
        hands: int | None = None,
    ) -> None:
        """Open the nodes and start the clock."""
        r = points.X.shape[1]
        hands = hands or min(2, os.cpu_count() or 1)
        self.workers = [_Worker(points) for _ in range(hands)]
        self.points, self.level, self.limits = points, level, limits
        self.open = _orthants(r) if nodes is None else nodes
        self.found = [np.zeros((0, r))]
        self.nodes = self.leaves = self.deepest = 0
        self.size, self.started = 64, monotonic()

    def run(self, enough: float = np.inf) -> None:
        """Search until a limit is reached or ``enough`` nodes are open."""
        while 0 < len(self.open.levels) < enough and not self.is_over():
            self.turn()

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

    def is_over(self) -> bool:
        """Tell whether a limit is reached."""
        late = monotonic() - self.started >= self.limits.seconds
        return late or self.nodes >= self.limits.nodes

    def turn(self) -> None:
        """Let the threads explore below the open nodes of largest bound."""
        started, hands = monotonic(), len(self.workers)
        worst = np.argsort(-self.open.levels, kind="stable")
        later = pick(self.open, worst[self.size * hands :])
        deals = [worst[k : self.size * hands : hands] for k in range(hands)]
        budget = NODE_BUDGET * (1 + len(worst) // MANY_OPEN)
        arguments = self.level, self.limits.tolerance, budget
        with ThreadPoolExecutor(hands) as pool:
            jobs = [
                pool.submit(worker.run, pick(self.open, deal), *arguments)
                for worker, deal in zip(self.workers, deals, strict=True)
            ]
        left = join([later, *(job.result() for job in jobs)])
        self._record()
        self.open = pick(left, left.levels > self.level)
        slow = monotonic() - started > TURN_SECONDS
        self.size = max(self.size // 2, 1) if slow else 2 * self.size

    def _record(self) -> None:
        """Add up what the threads counted and share the best level."""
        for worker in self.workers:
            self.nodes += int(worker.log.nodes[0])
            self.leaves += int(worker.log.nodes[1])
            self.deepest = max(self.deepest, int(worker.log.deepest[0]))
            self.level = max(self.level, float(worker.log.level[0]))
            self.found.append(worker.directions)


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
    - A leaf's eigenvalues and coordinates are those of a form and of rays changed
      by ``O(r^2)`` roundings each (Jacobi, Gram-Schmidt twice).
    """
    mass = float(points.sizes @ points.weights)
    n, r = points.X.shape
    c = points.Z.shape[1]
    roundings = 6 * r * (n + r + c + 16) + np.sqrt(r) * (r + 4) * deepest + 32 * r**2
    return (np.sqrt(r) * SIDE_TOLERANCE + roundings * EPS) * mass
