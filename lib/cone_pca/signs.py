"""Branch and bound on the signs of points, for ranks at which cones are too many.

A node fixes the sides of some points, and its bound is that of
:mod:`lib.cone_pca.lifting`: tight enough at the root that few nodes are needed, at
any rank.
"""

import heapq
from dataclasses import dataclass
from itertools import count
from time import monotonic

import numpy as np

from lib.cone_pca.lifting import (
    BLOCK_STEPS,
    Lifting,
    Splitting,
    SplittingState,
    UnitPoints,
    lift,
    proved_level,
    unit_points,
)
from lib.numerics import EPS, Array

MOST_LIFTED = 2500
"""Most points that are lifted: forms of twice as many rows, some 100 MB each."""

MOST_BRANCHED = 250
"""Most points for which signs are decided; with more, a node is worth more steps."""

BLOCKS = 10
"""Blocks of steps of a visit, at least two of them."""

STALLED = 0.05
"""Share of the excess over the level that a block must gain to earn another."""

WORTH_ANOTHER = 0.5
"""Share of the excess that a visit must have removed to earn another before the
node is split."""

PRECISION = 1e-5
"""Relative excess at which to stop: multipliers of a first-order method are no
better, and the search over cones continues from there."""

OpenSigns = tuple[float, int, np.ndarray, SplittingState | None]
"""Minus its bound, a number, the sides of the points, and where a solver stood."""


@dataclass(frozen=True, eq=False)
class LiftedBound:
    """What the search proved.

    Parameters
    ----------
    bound : float
        Proved upper bound of kappa, rounding included.
    directions : (k, r) array
        Directions worth climbing from.
    nodes : int
        Visits to nodes.
    """

    bound: float
    directions: Array
    nodes: int


def search_signs(
    X: Array, Z: Array, value: float, *, level: float, nodes: float, seconds: float
) -> LiftedBound:
    """Bound ``max_{|u|<=1} |Z^T (X u)_+|`` by lifting, splitting on signs.

    The open node of largest bound is improved; if more steps promise little, the
    point that weighs most while its lifting has it on both sides is decided both
    ways. The bound is the largest of the open nodes, and holds whenever it stops.

    Parameters
    ----------
    X : (n, r) array
        Of full column rank, with entries of order one, like Z.
    Z : (n, c) array
    value : float
        A value that kappa is known to reach.
    level : float
        Stop when the bound is within ``PRECISION`` of the larger of this and value.
    nodes, seconds : float
        Most visits, and time after which no new block of steps is begun.

    Returns
    -------
    LiftedBound
        Infinite with no nodes if there are more than ``MOST_LIFTED`` points.

    Notes
    -----
    O((n + r)^3) a step, some hundred steps a node.
    """
    search = _SignSearch(X, Z, value, max(level, value) * (1 + PRECISION))
    deadline = monotonic() + seconds
    if 0 < len(search.points.X) <= MOST_LIFTED and value > 0:
        while search.heap and search.nodes < nodes and monotonic() < deadline:
            search.visit(deadline)
    return search.outcome()


class _SignSearch:
    """The open nodes of one search."""

    def __init__(self, X: Array, Z: Array, value: float, level: float) -> None:
        """Scale the points, and open the node in which nothing is decided."""
        self.points: UnitPoints = unit_points(X, Z, max(value, np.finfo(float).tiny))
        self.level = max(level - self.points.slack, 0.0) / self.points.scale
        self.heap: list[OpenSigns] = []
        self.directions: list[Array] = []
        self.nodes, self.ticket = 0, count()
        self.push(np.inf, np.zeros(len(self.points.X), dtype=np.int8), None)

    def push(
        self, bound: float, sides: np.ndarray, state: SplittingState | None
    ) -> None:
        """Open a node; the one of largest bound is the next."""
        heapq.heappush(self.heap, (-bound, next(self.ticket), sides, state))

    def visit(self, deadline: float) -> None:
        """Improve the worst node, then drop it, keep it or split it."""
        bound, _, sides, state = heapq.heappop(self.heap)
        bound, self.nodes = -bound, self.nodes + 1
        lifting = lift(self.points, sides)
        solver = Splitting(lifting, state)
        before, bound = bound, self.improve(lifting, solver, bound, deadline)
        if bound <= self.level:
            return
        self.directions.append(_leading(solver))
        pays = before - self.level > (bound - self.level) / (1 - WORTH_ANOTHER)
        many = len(self.points.X) > MOST_BRANCHED
        if many or pays or len(lifting.X) == 0 or monotonic() > deadline:
            self.push(bound, sides, solver.state)
        else:
            self.split(bound, sides, lifting, solver)

    def improve(
        self, lifting: Lifting, solver: Splitting, bound: float, deadline: float
    ) -> float:
        """Run blocks of steps while they pay; return the best proved bound."""
        for block in range(BLOCKS):
            solver.run(BLOCK_STEPS)
            before, bound = bound, min(bound, proved_level(lifting, solver.N))
            stalled = before - bound < STALLED * (bound - self.level)
            if bound <= self.level or monotonic() > deadline or (block and stalled):
                break
        return bound

    def split(
        self, bound: float, sides: np.ndarray, lifting: Lifting, solver: Splitting
    ) -> None:
        """Decide the point that weighs most on both sides, one way and the other."""
        free = np.flatnonzero(sides == 0)
        k = len(free)
        diagonal = np.diag(solver.Y)
        both = np.minimum(diagonal[:k], diagonal[k : 2 * k])
        # Entries of y carry the units of the lifting; the product with Z has none.
        chosen = free[int(np.argmax(both * (lifting.Z**2).sum(axis=1)))]
        for side in (1, -1):
            child = sides.copy()
            child[chosen] = side
            labels = lift(self.points, child).labels
            kept = (lifting.labels == labels[:, None]).argmax(axis=1)
            state = SplittingState(
                solver.S[np.ix_(kept, kept)],
                solver.Y[np.ix_(kept, kept)],
                solver.penalty,
            )
            self.push(bound, child, state)

    def outcome(self) -> LiftedBound:
        """Return the bound of the worst open node, in the units of the caller."""
        directions = np.array(self.directions).reshape(-1, self.points.X.shape[1])
        highest = max([self.level, *(-node[0] for node in self.heap)])
        bound = highest * self.points.scale * (1 + 8 * EPS)
        return LiftedBound(bound + self.points.slack, directions, self.nodes)


def _leading(solver: Splitting) -> Array:
    """Return the direction u that the lifting holds for the most likely, unit."""
    average = (solver.U @ solver.Y @ solver.U.T).astype(np.float64)
    return np.linalg.eigh(average)[1][:, -1]
